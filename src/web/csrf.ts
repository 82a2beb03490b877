import type { Context, Middleware } from 'koa';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
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

export function createCsrf({ keyedHash, issuer }: { keyedHash: KeyedHash; issuer: string }): Csrf {
  const make = (ctx: Context, scope: string): Buffer => keyedHash.hash('csrf', (ctx.state as SenderState).device, scope);
  return {
    token: (ctx, scope) => make(ctx, scope).toString('base64url'),
    check(ctx, scope, token) {
      if (isForeign(ctx, issuer)) throw new Refused(403, 'errors.foreign-origin');
      if (token === undefined || !keyedHash.equal(Buffer.from(token, 'base64url'), make(ctx, scope))) throw new Refused(403, 'errors.stale-form');
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
