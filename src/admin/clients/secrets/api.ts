import { z } from 'zod';
import type { Client } from '../../../domain/client.ts';
import { Problem } from '../../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../../api-route.ts';
import { readReason, reason } from '../../api-reason.ts';
import { createGetHand, unwrap } from '../api-problems.ts';
import { clientParams } from '../api-shapes.ts';
import type { FindHand } from '../hands.ts';
import { isPrivileged } from '../privileged.ts';
import type { ClientService } from '../service.ts';
import type { ClientSecrets } from './service.ts';

const DAY = 86_400;
const secret = z.object({
  number: z.int(),
  created_by: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().optional().describe('When it ends or has ended.'),
  last_used_at: z.iso.datetime().optional().describe('To the hour.'),
});
const answer = z.object({ secrets: z.array(secret) });
const days = z.int().min(0).max(9999);

const present = ({ secrets }: Client): z.infer<typeof answer> => ({
  secrets: secrets.map(({ number, createdBy, createdAt, expiresAt, lastUsedAt }) => ({
    number,
    created_by: createdBy,
    created_at: createdAt.toISOString(),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
    ...(lastUsedAt === undefined ? {} : { last_used_at: lastUsedAt.toISOString() }),
  })),
});

export interface SecretRoutesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly secrets: ClientSecrets;
  readonly findHand: FindHand;
}

/** Secrets of clients for machines, as on the page of the console. */
export function secretRoutes({ clients, secrets, findHand }: SecretRoutesDeps): ApiRoute[] {
  const getHand = createGetHand(findHand);

  async function getClient(id: string): Promise<Client> {
    const found = await clients.find(id);
    if (found === undefined) return unwrap({ ok: false, refusal: { reason: 'client-unknown', id } });
    return found;
  }
  /** A secret of such a client would be a way past the rights of whoever asks for it. */
  async function refusePrivileged(id: string): Promise<void> {
    if (isPrivileged((await getClient(id)).metadata.scope))
      throw new Problem(
        403,
        'client-privileged',
        'The secrets of what has rights at this API are made by the command line alone.',
      );
  }

  return [
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/secrets',
      summary: 'The secrets of a client, without what they are; those that have ended too.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer,
      handle: async ({ params: { client_id: id } }) => present(await getClient(id)),
    }),
    apiRoute({
      method: 'post',
      path: '/clients/{client_id}/secrets',
      summary:
        'Make another secret, which is in this answer alone. The newest of the former ones stays good for `overlap_days`; older ones end at once.',
      scope: 'admin:clients:write',
      params: clientParams,
      body: z.strictObject({ overlap_days: days.default(14), lifetime_days: days.optional(), reason }),
      answer: answer.extend({ client_secret: z.string() }),
      async handle({ params: { client_id: id }, body, by }) {
        const hand = await getHand(by, 'clients.write');
        await refusePrivileged(id);
        const { overlap_days: overlap, lifetime_days: lifetime = 0 } = body;
        const made = unwrap(
          await secrets.add(
            id,
            { overlapSeconds: overlap * DAY, lifetimeSeconds: lifetime === 0 ? undefined : lifetime * DAY },
            { by: hand.by, reason: readReason(body.reason) },
          ),
        );
        return { ...present(made.client), client_secret: made.newSecret.reveal() };
      },
    }),
    apiRoute({
      method: 'post',
      path: '/clients/{client_id}/secrets/{number}/end',
      summary: 'End one of two secrets at once.',
      scope: 'admin:clients:write',
      params: clientParams.extend({ number: z.coerce.number().int().min(1).max(9_999_999) }),
      body: z.strictObject({ reason }),
      answer,
      async handle({ params: { client_id: id, number }, body, by }) {
        const hand = await getHand(by, 'clients.write');
        await refusePrivileged(id);
        return present(unwrap(await secrets.end(id, number, { by: hand.by, reason: readReason(body.reason) })));
      },
    }),
  ];
}
