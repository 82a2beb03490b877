import { errors, type Client, type Configuration } from 'oidc-provider';
import { adminScopes } from '../domain/admin-scope.ts';
import { mayUse, scopesFor, type Api, type ApiRights } from '../domain/api.ts';
import { scopes } from '../domain/claims.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Changes } from '../store/changes.ts';
import type { Store } from '../store/store.ts';
import { memberOf } from './client-rules.ts';
import { holding } from './held.ts';

export interface ApiDirectory {
  /** Stopped ones are not found. */
  find(identifier: string): Promise<Api | undefined>;
}

/** RFC 8707, 2: an absolute URI. Nothing else is looked for, and PostgreSQL takes no NUL. */
const IDENTIFIER = /^[\x21-\x7e]{1,255}$/;

/** APIs that take our tokens, held in the process. */
export function createApiDirectory({
  store,
  clock,
  changes,
}: {
  readonly store: Pick<Store, 'apis'>;
  readonly clock: Clock;
  readonly changes?: Pick<Changes, 'mark'>;
}): ApiDirectory {
  const held = holding({ load: (identifier) => store.apis.find(identifier), clock, changes, topic: 'apis' });
  return {
    async find(identifier) {
      const api = IDENTIFIER.test(identifier) ? await held(identifier) : undefined;
      return api?.status === 'active' ? api : undefined;
    },
  };
}

const rightsOf = (client: Client): ApiRights | undefined => memberOf(client, 'resources') as ApiRights | undefined;

/**
 * Resource indicators (RFC 8707). Where the token endpoint names none, a request with `openid` gets the token for
 * userinfo, as if there were no APIs; one without gets the token for the one API it was granted.
 */
export const createResourceIndicators = (
  apis: ApiDirectory,
): NonNullable<NonNullable<Configuration['features']>['resourceIndicators']> => ({
  enabled: true,
  useGrantedResource: () => false,
  async getResourceServerInfo(ctx, identifier, client) {
    const api = await apis.find(identifier);
    // One answer for both: which APIs there are is no business of who may not use them.
    if (api === undefined || !mayUse(api, rightsOf(client)))
      throw new errors.InvalidTarget('no such API, or not for this client');
    const allowed = scopesFor(api, rightsOf(client)).map(({ name }) => name);
    const denied = api.scopes
      .map(({ name }) => name)
      .filter((name) => ctx.oidc.requestParamScopes.has(name) && !allowed.includes(name));
    // Left out in silence it would be missed later, at the API.
    if (denied.length > 0)
      throw new errors.InvalidScope('requested scope is not allowed at this API', denied.join(' '));
    return {
      audience: api.identifier,
      scope: allowed.join(' '),
      accessTokenTTL: api.tokenSeconds,
      accessTokenFormat: api.tokenFormat,
      ...(api.tokenFormat === 'jwt' ? { jwt: { sign: { alg: api.tokenAlgorithm } } } : {}),
    };
  },
});

const OURS = new Set([...scopes, ...adminScopes]);

/**
 * Of the scopes of a token those that its client may have today: at its API; or, where it is for none, of ours those
 * that the client is registered for. A refresh token names those of APIs too, which are looked at when it is used.
 */
function stillIn(token: { readonly scopes: ReadonlySet<string> }, holder: Client, api: Api | undefined): string {
  const still = new Set(
    api === undefined ? (holder.scope ?? '').split(' ') : scopesFor(api, rightsOf(holder)).map(({ name }) => name),
  );
  return [...token.scopes].filter((scope) => still.has(scope) || (api === undefined && !OURS.has(scope))).join(' ');
}

/**
 * A client learns of its own tokens, and the machine of an API of those that were made for it; what others hold is no
 * concern of theirs. For a stopped API nothing is good any more, nor for a client that may do nothing there by now; and
 * no token is told to be good for a scope that was taken from its client since.
 */
export const createIntrospectionPolicy =
  (
    apis: ApiDirectory,
  ): NonNullable<NonNullable<NonNullable<Configuration['features']>['introspection']>['allowedPolicy']> =>
  async (ctx, client, token) => {
    const { aud, clientId } = token as { aud?: string; clientId?: string };
    const api = aud === undefined ? undefined : await apis.find(aud);
    if (aud !== undefined && api === undefined) return false;
    const isOwn = clientId === client.clientId;
    const guarded = memberOf(client, 'may_introspect');
    if (!isOwn && !(aud !== undefined && Array.isArray(guarded) && guarded.includes(aud))) return false;
    const holder = isOwn || clientId === undefined ? client : await ctx.oidc.provider.Client.find(clientId);
    if (holder === undefined || (api !== undefined && !mayUse(api, rightsOf(holder)))) return false;
    // The answer tells what stands in the token, which is written nowhere from here.
    Object.assign(token, { scope: stillIn(token, holder, api) });
    return true;
  };

/**
 * What an API may know of the sign-in behind a token (RFC 9068, 2.2.1): how strong and how old it is, and nothing of
 * the person.
 */
export const describeSignIn: NonNullable<Configuration['extraTokenClaims']> = (ctx, token) => {
  if (token.aud === undefined || token.kind !== 'AccessToken') return undefined;
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = ctx.oidc.entities;
  const source = code ?? device ?? refresh;
  const { acr, authTime } = (source ?? {}) as { acr?: string; authTime?: number };
  return { ...(acr === undefined ? {} : { acr }), ...(authTime === undefined ? {} : { auth_time: authTime }) };
};
