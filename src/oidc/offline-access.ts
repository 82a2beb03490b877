import type { Adapter, AdapterPayload, Configuration } from 'oidc-provider';
import { OFFLINE_SCOPE } from '../domain/claims.ts';
import { honours } from '../domain/session.ts';
import type { People } from './people.ts';

interface Lifetimes {
  readonly interactionSeconds: number;
  readonly sessionSeconds: number;
  readonly offlineSeconds: number;
}

/**
 * Whether tokens end with the session they came from. Those of `offline_access` do not: the library takes that scope only
 * with `prompt=consent` and from clients with refresh tokens (OpenID Connect Core, 11), and registrations name it.
 */
export const endsWithSession: NonNullable<Configuration['expiresWithSession']> = (_ctx, source) => !source.scopes.has(OFFLINE_SCOPE);

/** How long grants and refresh tokens live. Rotation lengthens nothing: what outlives a session is asked for again one day. */
export function offlineTtl({ interactionSeconds, sessionSeconds, offlineSeconds }: Lifetimes): Pick<NonNullable<Configuration['ttl']>, 'Grant' | 'RefreshToken'> {
  return {
    // The grant is made when the sign-in begins, and must not end before its tokens.
    Grant: (_ctx, grant) => (grant.getOIDCScope().split(' ').includes(OFFLINE_SCOPE) ? offlineSeconds + interactionSeconds : sessionSeconds),
    RefreshToken: (ctx, token) => {
      if (!token.scopes.has(OFFLINE_SCOPE)) return sessionSeconds;
      return (ctx).oidc.entities.RotatedRefreshToken?.remainingTTL ?? offlineSeconds;
    },
  };
}

/**
 * Whether a grant of before is good for offline access that is asked for now: what is given today lives from today, and a
 * grant that was made without it ends with its session, whatever is added to it.
 */
export const isRecentOffline = (grant: { readonly iat?: number; getOIDCScope(): string } | undefined, { interactionSeconds }: Pick<Lifetimes, 'interactionSeconds'>, nowSeconds: number): boolean =>
  grant?.getOIDCScope().split(' ').includes(OFFLINE_SCOPE) === true && (grant.iat ?? 0) > nowSeconds - interactionSeconds;

const ISSUED = new Set(['AccessToken', 'AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/**
 * Storage that finds no token which its account does not honour. A token that ends with its session is judged there; one
 * that outlives it ends by itself when the account is suspended, its password replaced or all its sessions ended.
 */
export function honouredWithoutSession(model: string, adapter: Adapter, people: Pick<People, 'standingOf'>): Adapter {
  if (!ISSUED.has(model)) return adapter;

  async function honoured(found: Awaited<ReturnType<Adapter['find']>>): Promise<AdapterPayload | undefined> {
    if (found?.accountId === undefined || found.expiresWithSession === true) return found ?? undefined;
    const standing = await people.standingOf(found.accountId);
    // A refresh token of the tenth rotation is as old as the sign-in that it came from.
    return standing !== undefined && honours(standing, found.authTime ?? found.iat ?? 0) ? found : undefined;
  }

  return {
    ...adapter,
    find: async (id) => honoured(await adapter.find(id)),
    findByUserCode: async (userCode) => honoured(await adapter.findByUserCode(userCode)),
  };
}
