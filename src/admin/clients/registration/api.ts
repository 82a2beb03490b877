import { z } from 'zod';
import type { InitialToken } from '../../../store/registration-tokens.ts';
import { Problem } from '../../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../../api-route.ts';
import { createGetHand } from '../api-problems.ts';
import type { FindHand } from '../hands.ts';
import type { Hand } from '../versions.ts';
import type { InitialTokenRefusal, InitialTokens } from './tokens.ts';

const token = z.object({
  id: z.uuid(),
  team: z.string(),
  max: z.int(),
  used: z.int(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  revoked_at: z.iso.datetime().optional(),
});

const present = ({ id, team, most, used, createdAt, expiresAt, revokedAt }: InitialToken): z.infer<typeof token> => ({
  id,
  team,
  max: most,
  used,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
  ...(revokedAt === undefined ? {} : { revoked_at: revokedAt.toISOString() }),
});

const words: Readonly<Record<InitialTokenRefusal, readonly [member: string, what: string]>> = {
  team: ['team', 'must be one line of 3 to 100 characters'],
  days: ['expires_days', 'must be 1 to 90'],
  most: ['max', 'must be 1 to 100'],
  operator: ['operated_by', 'is no account'],
  taken: ['id', 'is taken'],
};

/** The operator who answers for the machine: they approve nothing that comes by the token. */
const personOf = ({ involved }: Hand): string | undefined =>
  involved.find((one) => one.startsWith('operator:'))?.slice('operator:'.length);

/** Initial access tokens (RFC 7591) for machines, as on the page of the console. */
export function teamRoutes({
  initialTokens,
  findHand,
}: {
  initialTokens: InitialTokens;
  findHand: FindHand;
}): ApiRoute[] {
  const getHand = createGetHand(findHand);
  return [
    apiRoute({
      method: 'get',
      path: '/initial-tokens',
      summary: 'Which teams may register client applications by themselves.',
      scope: 'admin:clients:read',
      answer: z.object({ initial_tokens: z.array(token) }),
      handle: async () => ({ initial_tokens: (await initialTokens.list()).map(present) }),
    }),
    apiRoute({
      method: 'post',
      path: '/initial-tokens',
      summary: 'Let a team register client applications, as drafts. The token is in this answer alone.',
      scope: 'admin:clients:write',
      body: z.strictObject({ team: z.string().max(200), expires_days: z.int(), max: z.int() }),
      answer: token.extend({ initial_access_token: z.string() }),
      async handle({ body: { team, expires_days: days, max: most }, by }) {
        const hand = await getHand(by, 'clients.write');
        const made = await initialTokens.make({ team, days, most, handedBy: personOf(hand) }, hand.by);
        if (made.ok) return { ...present(made.value.token), initial_access_token: made.value.value.reveal() };
        const [member, what] = words[made.refusal];
        throw new Problem(422, 'invalid', 'The token cannot be made so.', {
          fields: [{ field: `body.${member}`, what }],
        });
      },
    }),
    apiRoute({
      method: 'post',
      path: '/initial-tokens/{id}/revoke',
      summary: 'The team registers nothing more by it, and manages nothing that it registered.',
      scope: 'admin:clients:write',
      params: z.strictObject({ id: z.uuid() }),
      answer: z.object({ revoked: z.literal(true) }),
      async handle({ params: { id }, by }) {
        const hand = await getHand(by, 'clients.write');
        if (!(await initialTokens.revoke(id, hand.by)))
          throw new Problem(404, 'initial-token-unknown', 'There is no such token, or it was revoked already.');
        return { revoked: true as const };
      },
    }),
  ];
}
