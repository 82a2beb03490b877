import type { Context, Middleware } from 'koa';
import { LOGO_NAME, logoTypes, type LogoExtension } from '../domain/logo/logo.ts';
import type { Clock } from '../ports/clock/clock.ts';
import { Refused } from './refused.ts';

export type FindLogo = (name: string) => Promise<{ readonly bytes: Buffer } | undefined>;

const KEPT_MS = 60_000;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Pictures and nothing else: opened by itself it is a document without script, without origin, without anything to
 * load.
 */
export function answerLogo(ctx: Context, name: string, bytes: Buffer, caching: string): void {
  const extension = name.slice(name.lastIndexOf('.') + 1) as LogoExtension;
  ctx.set({
    'Cache-Control': caching,
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
  });
  ctx.type = logoTypes[extension];
  ctx.body = bytes;
}

/** What was asked for lately, the newest last: most pages show the same few. */
function createKeep(clock: Clock) {
  const held = new Map<string, { readonly bytes: Buffer; readonly until: number }>();
  let size = 0;
  const drop = (name: string): void => {
    size -= held.get(name)?.bytes.length ?? 0;
    held.delete(name);
  };
  return {
    get(name: string): Buffer | undefined {
      const entry = held.get(name);
      if (entry !== undefined && entry.until > clock.now().getTime()) return entry.bytes;
      drop(name);
      return undefined;
    },
    set(name: string, bytes: Buffer): void {
      drop(name);
      held.set(name, { bytes, until: clock.now().getTime() + KEPT_MS });
      size += bytes.length;
      for (const oldest of held.keys()) {
        if (size <= MOST_BYTES) break;
        drop(oldest);
      }
    },
  };
}

/** `/logos/<hash>.<ending>`: the logos of services, for everybody and for ever; another picture has another address. */
export function serveLogos({ find, clock }: { readonly find: FindLogo; readonly clock: Clock }): Middleware {
  const keep = createKeep(clock);
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/logos/')) {
      await next();
      return;
    }
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') throw new Refused(405, 'errors.method');
    const name = ctx.path.slice('/logos/'.length);
    if (!LOGO_NAME.test(name)) throw new Refused(404, 'errors.not-found');
    const held = keep.get(name);
    const bytes = held ?? (await find(name))?.bytes;
    if (bytes === undefined) throw new Refused(404, 'errors.not-found');
    // From a look at the table on, and no longer: who takes a logo down sees it go.
    if (held === undefined) keep.set(name, bytes);
    answerLogo(ctx, name, bytes, 'public, max-age=31536000, immutable');
  };
}
