import type { Configuration, KoaContextWithOIDC, default as Provider } from 'oidc-provider';
import { OFFLINE_SCOPE } from '../domain/claims.ts';
import { honours } from '../domain/session.ts';
import type { People } from './people.ts';
import type { Judge } from './state/judged.ts';

type GrantModel = InstanceType<Provider['Grant']>;

export interface Lifetimes {
  readonly interactionSeconds: number;
  readonly sessionSeconds: number;
  readonly offlineSeconds: number;
}

/**
 * Whether tokens end with the session they came from. Those of `offline_access` do not: the library takes that scope
 * only with `prompt=consent` and from clients with refresh tokens (OpenID Connect Core, 11), and registrations name it.
 */
export const endsWithSession: NonNullable<Configuration['expiresWithSession']> = (_ctx, source) =>
  !source.scopes.has(OFFLINE_SCOPE);

/** How much longer a grant lives than what is made from it, so that it need not be written anew at each sign-in. */
const SPARE_SECONDS = 86_400;

const isOffline = (grant: Pick<GrantModel, 'getOIDCScope'>): boolean =>
  grant.getOIDCScope().split(' ').includes(OFFLINE_SCOPE);

/** How long the longest grant lives: whatever a store keeps of grants, it must keep for so long. */
export const longestGrantSeconds = ({ interactionSeconds, sessionSeconds, offlineSeconds }: Lifetimes): number =>
  interactionSeconds + Math.max(sessionSeconds, offlineSeconds) + SPARE_SECONDS;

/** A grant is made when a sign-in begins, and its tokens when that ends. */
const grantSeconds = (grant: Pick<GrantModel, 'getOIDCScope'>, lifetimes: Lifetimes): number =>
  isOffline(grant)
    ? longestGrantSeconds(lifetimes)
    : lifetimes.interactionSeconds + lifetimes.sessionSeconds + SPARE_SECONDS;

/**
 * Has a grant of before live as long as what is made from it now: a session goes on with each sign-in, and its grants
 * with it. Tokens of `offline_access` keep the end they were given.
 *
 * @returns whether its end has moved, and the grant is to be written.
 */
export function prolong(grant: GrantModel, lifetimes: Lifetimes, nowSeconds: number): boolean {
  const neededUntil = nowSeconds + lifetimes.interactionSeconds + lifetimes.sessionSeconds;
  if (grant.exp === undefined || grant.exp >= neededUntil) return false;
  grant.exp = neededUntil + SPARE_SECONDS;
  return true;
}

/** No token outlives the grant it was made from: it would say so of itself, and be good for nothing. */
export const withinGrant = (ctx: KoaContextWithOIDC | undefined, seconds: number): number =>
  Math.max(1, Math.min(seconds, ctx?.oidc.entities.Grant?.remainingTTL ?? seconds));

/**
 * How long grants and refresh tokens live. Rotation lengthens nothing: what outlives a session is asked for again one
 * day.
 */
export function offlineTtl(lifetimes: Lifetimes): Pick<NonNullable<Configuration['ttl']>, 'Grant' | 'RefreshToken'> {
  return {
    Grant: (_ctx, grant) => grantSeconds(grant, lifetimes),
    RefreshToken: (ctx, token) => {
      if (!token.scopes.has(OFFLINE_SCOPE)) return withinGrant(ctx, lifetimes.sessionSeconds);
      return withinGrant(ctx, ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? lifetimes.offlineSeconds);
    },
  };
}

/**
 * Whether a grant of before is good for offline access that is asked for now: what is given today lives from today, and
 * a grant that was made without it ends with its session, whatever is added to it.
 */
export const isRecentOffline = (
  grant: GrantModel | undefined,
  { interactionSeconds }: Pick<Lifetimes, 'interactionSeconds'>,
  nowSeconds: number,
): boolean => grant !== undefined && isOffline(grant) && grant.iat > nowSeconds - interactionSeconds;

const ISSUED = new Set(['AccessToken', 'AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/**
 * Of tokens: whether the account honours it. One that ends with its session is judged there; one that outlives it ends
 * by itself when the account is suspended, its password replaced or all its sessions ended.
 */
export const honouredByAccount = (model: string, people: Pick<People, 'standingOf'>): readonly Judge[] =>
  ISSUED.has(model)
    ? [
        ({ accountId, expiresWithSession, authTime, iat }) => {
          if (accountId === undefined || expiresWithSession === true) return true;
          // A refresh token of the tenth rotation is as old as the sign-in that it came from.
          return people
            .standingOf(accountId)
            .then((standing) => standing !== undefined && honours(standing, authTime ?? iat ?? 0));
        },
      ]
    : [];
