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
import type { ClientKeys } from './service.ts';

const DAY = 86_400;
const thumbprint = z
  .string()
  .regex(/^[\w-]{43}$/)
  .describe('RFC 7638, SHA-256.');
const key = z.object({
  thumbprint,
  key: z.record(z.string(), z.unknown()).describe('As it is registered.'),
  live: z.boolean(),
  last: z.boolean().describe('The only one of its use: it is not ended here.'),
  in_effect_since: z.iso.datetime().optional().describe('Without a break, as far as the history goes back.'),
  expires_at: z.iso.datetime().optional().describe('When it ends or has ended: its member `exp`.'),
});
const answer = z.object({
  jwks_uri: z.string().optional().describe('Keys at an address of the service it changes by itself.'),
  keys: z.array(key),
});

export interface KeyRoutesDeps {
  readonly clients: Pick<ClientService, 'find'>;
  readonly keys: ClientKeys;
  readonly findHand: FindHand;
}

/** Keys of clients for machines, as on the page of the console. */
export function keyRoutes({ clients, keys, findHand }: KeyRoutesDeps): ApiRoute[] {
  const getHand = createGetHand(findHand);

  async function getClient(id: string): Promise<Client> {
    const found = await clients.find(id);
    if (found === undefined) return unwrap({ ok: false, refusal: { reason: 'client-unknown', id } });
    return found;
  }
  async function present(client: Client): Promise<z.input<typeof answer>> {
    const { jwks_uri: uri } = client.metadata;
    return {
      ...(typeof uri === 'string' ? { jwks_uri: uri } : {}),
      keys: (await keys.list(client)).map((one) => ({
        thumbprint: one.thumbprint,
        key: { ...one.key },
        live: one.isLive,
        last: one.isLast,
        ...(one.since === undefined ? {} : { in_effect_since: one.since.toISOString() }),
        ...(one.endsAt === undefined ? {} : { expires_at: one.endsAt.toISOString() }),
      })),
    };
  }

  return [
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/keys',
      summary: 'The keys in the registration of a client, with their age and end.',
      scope: 'admin:clients:read',
      params: clientParams,
      answer,
      handle: async ({ params: { client_id: id } }) => present(await getClient(id)),
    }),
    apiRoute({
      method: 'post',
      path: '/clients/{client_id}/keys/{thumbprint}/end',
      summary: 'End one of several keys, at once or after some days. A key is added by a change of the member `jwks`.',
      scope: 'admin:clients:write',
      params: clientParams.extend({ thumbprint }),
      body: z.strictObject({ after_days: z.int().min(0).max(9999).default(0), reason }),
      answer,
      async handle({ params: { client_id: id, thumbprint: which }, body, by }) {
        const hand = await getHand(by, 'clients.write');
        if (isPrivileged((await getClient(id)).metadata.scope))
          throw new Problem(
            403,
            'client-privileged',
            'The keys of what has rights at this API are changed by the command line alone.',
          );
        return present(
          unwrap(
            await keys.end(
              id,
              which,
              { afterSeconds: body.after_days * DAY },
              { hand, reason: readReason(body.reason) },
            ),
          ),
        );
      },
    }),
  ];
}
