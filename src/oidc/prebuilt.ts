import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';

interface Document {
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** How long services and proxies may keep them. A key is published for longer before anything is signed with it. */
const KEPT_SECONDS = 300;

const toDocument = (body: unknown, type: string): Document => {
  const plain = Buffer.from(JSON.stringify(body));
  return { plain, gzip: gzipSync(plain), type, etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"` };
};

function answer(ctx: Context, { plain, gzip, type, etag }: Document): void {
  ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': `public, max-age=${KEPT_SECONDS}`, 'Content-Type': type, Vary: 'Accept-Encoding' });
  ctx.etag = etag;
  ctx.status = 200;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  const zipped = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (zipped) ctx.set('Content-Encoding', 'gzip');
  ctx.body = zipped ? gzip : plain;
}

/**
 * Discovery and keys, which the library builds anew for each request although they say the same to everybody: kept as
 * bytes from the first answer on.
 *
 * @returns `serve`, to stand ahead of everything that a page needs, and `keep`, right before the provider.
 */
export function createPrebuilt(provider: Provider): { readonly serve: Middleware; readonly keep: Middleware } {
  const paths = new Set(['/.well-known/openid-configuration', provider.pathFor('jwks')]);
  const kept = new Map<string, Document>();

  return {
    serve: async (ctx, next) => {
      const document = ctx.method === 'GET' || ctx.method === 'HEAD' ? kept.get(ctx.path) : undefined;
      if (document === undefined) await next();
      else answer(ctx, document);
    },
    keep: async (ctx, next) => {
      await next();
      if (ctx.method !== 'GET' || ctx.status !== 200 || !paths.has(ctx.path)) return;
      const document = toDocument(ctx.body, ctx.response.get('Content-Type'));
      kept.set(ctx.path, document);
      answer(ctx, document);
    },
  };
}
