import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Expiring } from './expiring.ts';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** A logout token is sent as soon as it is made. */
const OLDEST_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 30;
/** How long a token must be remembered so that it cannot come twice. */
export const REPLAY_SECONDS = OLDEST_SECONDS + 2 * CLOCK_SKEW_SECONDS;

/** Whose sessions end: one (`sid`), or all of a subject. At least one of the two is there. */
export interface LogoutNotice {
  readonly sub: string | undefined;
  readonly sid: string | undefined;
}

export interface LogoutTokenDeps {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: JWTVerifyGetKey;
  /** Token ids already accepted; lives `REPLAY_SECONDS`. */
  readonly seen: Expiring<true>;
  readonly clock: Clock;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What the signature does not settle (Back-Channel Logout 1.0, 2.6, steps 4 to 8). */
function readNotice({ sub, sid, nonce, events, jti }: JWTPayload): Result<LogoutNotice & { jti: string }, string> {
  if (!isObject(events) || !isObject(events[LOGOUT_EVENT])) return refuse('the token announces no logout');
  // A nonce marks an ID token: it must not pass for the other kind.
  if (nonce !== undefined) return refuse('the token carries a nonce');
  const id = text(jti);
  if (id === undefined) return refuse('the token has no id');
  const notice = { sub: text(sub), sid: text(sid) };
  if (notice.sub === undefined && notice.sid === undefined)
    return refuse('the token names neither subject nor session');
  return ok({ ...notice, jti: id });
}

/**
 * Checks a logout token and reads whose sessions end. Each token is accepted once.
 *
 * @returns a refusal in words where the token is forged, stale, replayed or no logout token at all.
 * @throws  where there is no connection to the issuer's keys.
 * Source: OpenID Connect Back-Channel Logout 1.0, section 2.6.
 */
export async function readLogoutToken(
  token: string,
  { issuer, clientId, keys, seen, clock }: LogoutTokenDeps,
): Promise<Result<LogoutNotice, string>> {
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      // Named, not taken from the token: "none" and the client secret as a key are out of the question.
      algorithms: ['ES256'],
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      maxTokenAge: OLDEST_SECONDS,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: clock.now(),
    }));
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return refuse(error.message);
  }

  const notice = readNotice(payload);
  if (!notice.ok) return notice;
  const { jti, ...whose } = notice.value;
  if (seen.get(jti) !== undefined) return refuse('the token was used before');
  seen.set(jti, true);
  return ok(whose);
}
