import { z } from 'zod';
import { fromApiId, seenOf, toApiId, type Api } from '../../domain/api.ts';
import { clientStatuses } from '../../domain/client.ts';
import type { Permission } from '../../domain/operator.ts';
import type { Result } from '../../domain/result.ts';
import { Problem } from '../../web/problem.ts';
import { readReason, reason } from '../api-reason.ts';
import { apiRoute, type ApiRoute, type Machine } from '../api-route.ts';
import { apiChanges, apiDocument, toDocument } from './forms.ts';
import { rightFor, type ApiAction } from './screens.ts';
import type { ApiRefusal, ApiService } from './service.ts';

const id = z.string().max(400).describe('The identifier in base64url, without padding.');
const shown = z.object({
  id,
  identifier: z.string(),
  name: z.string(),
  scopes: z.array(z.object({ name: z.string(), means: z.object({ id: z.string(), en: z.string() }) })),
  token_format: z.string(),
  token_algorithm: z.string(),
  token_seconds: z.int(),
  status: z.enum(['active', 'disabled']),
  seen: z.string().describe('Names this state, for a change that must not meet another one.'),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
const user = z.object({
  client_id: z.string(),
  name: z.string(),
  status: z.enum(clientStatuses),
  scopes: z.array(z.string()).optional().describe('What it may ask for; not there where it may ask for nothing.'),
  may_introspect: z.boolean(),
});
const params = z.strictObject({ id });

const present = (api: Api): z.input<typeof shown> => {
  const { scopes, ...document } = toDocument(api);
  return {
    id: toApiId(api.identifier),
    ...document,
    scopes: [...scopes],
    status: api.status,
    seen: seenOf(api),
    created_at: api.createdAt.toISOString(),
    updated_at: api.updatedAt.toISOString(),
  };
};

const details: Readonly<
  Record<Exclude<ApiRefusal['reason'], 'api-document'>, readonly [status: number, words: string]>
> = {
  'api-taken': [409, 'There is an API of that identifier.'],
  'api-unknown': [404, 'There is no such API.'],
  'api-changed': [409, 'Somebody else changed the API meanwhile; nothing was saved. Read it again.'],
};

function unwrap<T>(result: Result<T, ApiRefusal>): T {
  if (result.ok) return result.value;
  const { refusal } = result;
  if (refusal.reason === 'api-document')
    throw new Problem(422, 'invalid', 'The API is not acceptable.', {
      fields: refusal.problems.map(({ field, what }) => ({ field: `body.${field}`, what })),
    });
  const [status, words] = details[refusal.reason];
  throw new Problem(status, refusal.reason, words);
}

function identifierOf(text: string): string {
  const identifier = fromApiId(text);
  if (identifier === undefined) throw new Problem(404, 'api-unknown', details['api-unknown'][1]);
  return identifier;
}

export interface ApiRoutesDeps {
  readonly apis: ApiService;
  /** Who acts by a machine. @throws {Problem} where nobody with that right stands behind it. */
  readonly getHand: (by: Machine, permission: Permission) => Promise<{ readonly by: string }>;
}

/** APIs that take access tokens, for machines: as on the pages of the console. */
export function apiRoutes({ apis, getHand }: ApiRoutesDeps): ApiRoute[] {
  const turn = (action: ApiAction, summary: string): ApiRoute =>
    apiRoute({
      method: 'post',
      path: `/apis/{id}/${action}`,
      summary,
      scope: action === 'disable' ? 'admin:clients:write' : 'admin:clients:approve',
      params,
      body: z.strictObject({ reason }),
      answer: shown,
      async handle({ params: { id: text }, body, by: machine }) {
        const { by } = await getHand(machine, rightFor[action]);
        return present(
          unwrap(
            await apis.setStatus(identifierOf(text), action === 'disable' ? 'disabled' : 'active', {
              by,
              reason: readReason(body.reason),
            }),
          ),
        );
      },
    });

  return [
    apiRoute({
      method: 'get',
      path: '/apis',
      summary: 'Every API that takes access tokens from here.',
      scope: 'admin:clients:read',
      answer: z.object({ apis: z.array(shown) }),
      handle: async () => ({ apis: (await apis.list()).map(present) }),
    }),
    apiRoute({
      method: 'get',
      path: '/apis/{id}',
      summary: 'One API, with the clients that may ask for its tokens or watch over them.',
      scope: 'admin:clients:read',
      params,
      answer: shown.extend({ clients: z.array(user) }),
      async handle({ params: { id: text } }) {
        const identifier = identifierOf(text);
        const found = await apis.find(identifier);
        const api = unwrap(
          found === undefined
            ? { ok: false, refusal: { reason: 'api-unknown', identifier } }
            : { ok: true, value: found },
        );
        const users = await apis.usersOf(identifier);
        return {
          ...present(api),
          clients: users.map(({ id: clientId, name, status, scopes, introspects }) => ({
            client_id: clientId,
            name,
            status,
            ...(scopes === undefined ? {} : { scopes: [...scopes] }),
            may_introspect: introspects,
          })),
        };
      },
    }),
    apiRoute({
      method: 'post',
      path: '/apis',
      summary: 'Register an API. No client may ask for its tokens before its own registration says so.',
      scope: 'admin:clients:write',
      body: apiDocument,
      answer: shown,
      async handle({ body, by: machine }) {
        const { by } = await getHand(machine, 'clients.write');
        return present(unwrap(await apis.create(body, by)));
      },
    }),
    apiRoute({
      method: 'patch',
      path: '/apis/{id}',
      summary: 'Replace the members given, within two seconds everywhere; `scopes` as a whole. The identifier stays.',
      scope: 'admin:clients:write',
      params,
      body: apiChanges.extend({ seen: z.string().max(100).optional(), reason }),
      answer: shown,
      async handle({ params: { id: text }, body: { seen, reason: why, ...changes }, by: machine }) {
        const { by } = await getHand(machine, 'clients.write');
        return present(unwrap(await apis.update(identifierOf(text), changes, { by, reason: readReason(why), seen })));
      },
    }),
    turn('disable', 'Stop an API: no token is issued for it within two seconds, and none is good at introspection.'),
    turn('enable', 'Start a stopped API again.'),
  ];
}
