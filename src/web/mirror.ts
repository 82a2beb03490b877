import type { Context, Middleware, Next } from 'koa';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Clock } from '../ports/clock/clock.ts';

export const MIRROR_PATH = '/doctor';
const GOOD_FOR_SECONDS = 60;

const proofAt = (keyedHash: Pick<KeyedHash, 'hash'>, second: number): Buffer =>
  keyedHash.hash('doctor', String(second));

/** Shows that one holds the keyring; good for a minute. */
export const proveDoctor = (keyedHash: Pick<KeyedHash, 'hash'>, now: Date): string => {
  const second = Math.floor(now.getTime() / 1000);
  return `Doctor ${second}.${proofAt(keyedHash, second).toString('base64url')}`;
};

/**
 * Tells `sso doctor` through how many hands its request came. To everybody else there is nothing here: how many proxies
 * there are is what somebody would like to know who forges an address.
 *
 * Stands before `forwarded`, which replaces what the proxies said.
 */
export function mirror({ keyedHash, clock }: { readonly keyedHash: KeyedHash; readonly clock: Clock }): Middleware {
  const answer = async (ctx: Context, next: Next): Promise<void> => {
    const [, second = '', proof = ''] = /^Doctor (\d{1,12})\.([\w-]{43})$/.exec(ctx.get('authorization')) ?? [];
    const isFresh = Math.abs(clock.now().getTime() / 1000 - Number(second)) <= GOOD_FOR_SECONDS;
    if (
      proof === '' ||
      !isFresh ||
      !keyedHash.equal(Buffer.from(proof, 'base64url'), proofAt(keyedHash, Number(second)))
    ) {
      await next();
      return;
    }
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      hops: [...ctx.get('x-forwarded-for').split(','), ctx.req.socket.remoteAddress ?? '']
        .map((hop) => hop.trim())
        .filter((hop) => hop !== ''),
    };
  };
  return (ctx, next): Promise<void> => (ctx.path === MIRROR_PATH ? answer(ctx, next) : next());
}
