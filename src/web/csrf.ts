import type { Context, Middleware } from 'koa';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Random } from '../ports/random/random.ts';
import { isLetInStill } from './let-in.ts';
import { Refused } from './refused.ts';
import type { SenderState } from './sender.ts';

export interface Csrf {
  /** The token for forms of this page, bound to the browser and to `scope` (an interaction's uid, say). */
  token(ctx: Context, scope: string): string;
  /**
   * @param options.held  the caller knows that this browser holds a signed cookie of this very scope: then the mark of
   *                      the browser may be another by now, where the browser itself says that a page of ours sent the
   *                      form.
   * @throws {Refused} `foreign-origin` or `stale-form`.
   */
  check(ctx: Context, scope: string, token: string | undefined, options?: { readonly held?: boolean }): void;
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

/** Half of it is drawn, half says by whom and for which scope. */
const SALT_BYTES = 16;
const DRAWN_BYTES = 8;
const TOKEN_BYTES = SALT_BYTES + 32;

export function createCsrf({
  keyedHash,
  random,
  issuer,
}: {
  keyedHash: KeyedHash;
  random: Random;
  issuer: string;
}): Csrf {
  const proof = (ctx: Context, scope: string, salt: Buffer): Buffer =>
    keyedHash.hash('csrf', (ctx.state as SenderState).device, scope, salt.toString('base64url'));
  const sign = (scope: string, drawn: Buffer): Buffer =>
    keyedHash.hash('csrf-page', scope, drawn.toString('base64url')).subarray(0, SALT_BYTES - DRAWN_BYTES);
  const isOurs = (scope: string, salt: Buffer): boolean =>
    keyedHash.equal(salt.subarray(DRAWN_BYTES), sign(scope, salt.subarray(0, DRAWN_BYTES)));
  return {
    // Salted anew for each page: pages are compressed, and a secret that repeats beside text that a stranger chooses
    // can be guessed from their length (BREACH).
    token(ctx, scope) {
      const drawn = random.bytes(DRAWN_BYTES);
      const salt = Buffer.concat([drawn, sign(scope, drawn)]);
      return Buffer.concat([salt, proof(ctx, scope, salt)]).toString('base64url');
    },
    check(ctx, scope, token, { held = false } = {}) {
      if (isForeign(ctx, issuer)) throw new Refused(403, 'errors.foreign-origin');
      const bytes = Buffer.from(token ?? '', 'base64url');
      const salt = bytes.subarray(0, SALT_BYTES);
      if (keyedHash.equal(bytes.subarray(SALT_BYTES), proof(ctx, scope, salt))) return;
      // Tabs that a new browser opens at the same moment each get a mark, and one of them stays. `same-origin` is what
      // no other site can have said.
      if (held && bytes.length === TOKEN_BYTES && ctx.get('sec-fetch-site') === 'same-origin' && isOurs(scope, salt))
        return;
      throw new Refused(403, 'errors.stale-form');
    },
  };
}

/**
 * Refuses a form that another site sent or that another page made, and one whose body took its time and whose sender
 * would not be let in any more; `form()` must have read it before.
 * @param options  of `Csrf.check`.
 */
export const guardForm =
  (csrf: Csrf, scopeOf: (ctx: Context) => string, options: { readonly held?: boolean } = {}): Middleware =>
  async (ctx, next) => {
    csrf.check(ctx, scopeOf(ctx), (ctx.state as { form?: ReadonlyMap<string, string> }).form?.get('csrf'), options);
    if (await isLetInStill(ctx)) await next();
  };
