import type { Context, Middleware } from 'koa';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Random } from '../ports/random/random.ts';
import { Refused } from './refused.ts';
import type { SenderState } from './sender.ts';

export interface Csrf {
  /** The token for forms of this page, bound to the browser and to `scope` (an interaction's uid, say). */
  token(ctx: Context, scope: string): string;
  /** @throws {Refused} `foreign-origin` or `stale-form`. */
  check(ctx: Context, scope: string, token: string | undefined): void;
}

/**
 * Whether the browser says that another site sent the form. `Sec-Fetch-Site` speaks where it exists; older browsers
 * send `Origin`, and `null` in it (a page without referrer, a sandbox) says nothing either way: the token decides.
 */
function isForeign(ctx: Context, issuer: string): boolean {
  const site = ctx.get('sec-fetch-site');
  if (site !== '') return site !== 'same-origin' && site !== 'none';
  const origin = ctx.get('origin');
  return origin !== '' && origin !== 'null' && origin !== new URL(issuer).origin;
}

const SALT_BYTES = 16;

export function createCsrf({ keyedHash, random, issuer }: { keyedHash: KeyedHash; random: Random; issuer: string }): Csrf {
  const proof = (ctx: Context, scope: string, salt: Buffer): Buffer => keyedHash.hash('csrf', (ctx.state as SenderState).device, scope, salt.toString('base64url'));
  return {
    // Salted anew for each page: pages are compressed, and a secret that repeats beside text that a stranger chooses
    // can be guessed from their length (BREACH).
    token(ctx, scope) {
      const salt = random.bytes(SALT_BYTES);
      return Buffer.concat([salt, proof(ctx, scope, salt)]).toString('base64url');
    },
    check(ctx, scope, token) {
      if (isForeign(ctx, issuer)) throw new Refused(403, 'errors.foreign-origin');
      const bytes = Buffer.from(token ?? '', 'base64url');
      const salt = bytes.subarray(0, SALT_BYTES);
      if (!keyedHash.equal(bytes.subarray(SALT_BYTES), proof(ctx, scope, salt))) throw new Refused(403, 'errors.stale-form');
    },
  };
}

/** Refuses a form that another site sent or that another page made; `form()` must have read it before. */
export const guardForm =
  (csrf: Csrf, scopeOf: (ctx: Context) => string): Middleware =>
  (ctx, next) => {
    csrf.check(ctx, scopeOf(ctx), (ctx.state as { form?: ReadonlyMap<string, string> }).form?.get('csrf'));
    return next();
  };
