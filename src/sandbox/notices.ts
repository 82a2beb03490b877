import { signJws } from '../crypto/jws.ts';
import type { NoticeKind } from '../domain/check-scenarios.ts';
import { epochSeconds } from '../domain/session.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LIFE_SECONDS = 120;
const LONG_AGO_SECONDS = 7200;

type Jwk = Readonly<Record<string, unknown>>;

export interface NoticesDeps {
  /** Guarded: the address was registered by somebody. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly issuer: string;
}

export interface NoticeWish {
  readonly kind: NoticeKind;
  readonly uri: string;
  readonly clientId: string;
  readonly sub: string;
  readonly sid: string | undefined;
  /** The key of the sandbox, or one that only claims to be it. */
  readonly key: Jwk;
}

/** What the service answered; status 0 where it did not. */
export interface NoticeAnswer {
  readonly status: number;
  readonly error?: string;
}

/** Sends a service one logout token, good or bad (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.8). */
export function createNotices({
  fetch,
  clock,
  random,
  issuer,
}: NoticesDeps): (wish: NoticeWish) => Promise<NoticeAnswer> {
  function tokenOf({ kind, clientId, sub, sid, key }: NoticeWish): string {
    const iat = epochSeconds(clock.now()) - (kind === 'expired' ? LONG_AGO_SECONDS : 0);
    const payload = {
      iss: issuer,
      aud: clientId,
      sub,
      sid,
      iat,
      exp: iat + LIFE_SECONDS,
      jti: random.uuid(),
      events: { [EVENT]: {} },
      ...(kind === 'nonce' ? { nonce: random.uuid() } : {}),
    };
    return signJws(key, { typ: 'logout+jwt', kid: key.kid }, payload);
  }

  return async (wish) => {
    try {
      const response = await fetch(wish.uri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'cache-control': 'no-store' },
        body: new URLSearchParams({ logout_token: tokenOf(wish) }).toString(),
      });
      await response.body?.cancel();
      return { status: response.status };
    } catch (error) {
      const codes = [error, (error as { cause?: unknown }).cause].map(
        (one) => (one as { code?: unknown } | undefined)?.code,
      );
      return { status: 0, error: codes.includes('OUTBOUND_REFUSED') ? 'address-refused' : 'unreachable' };
    }
  };
}
