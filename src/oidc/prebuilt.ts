import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import type { SigningKeys } from './signing-keys.ts';

interface Document {
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Of the keys that it was made with. */
  readonly version: number;
}

const toDocument = (body: unknown, type: string, version: number): Document => {
  const plain = Buffer.from(JSON.stringify(body));
  return { plain, gzip: gzipSync(plain), type, etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`, version };
};

function answer(ctx: Context, { plain, gzip, type, etag }: Document, keptSeconds: number): void {
  ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': `public, max-age=${keptSeconds}`, 'Content-Type': type, Vary: 'Accept-Encoding' });
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

export interface PrebuiltDeps {
  readonly provider: Provider;
  readonly signingKeys: Pick<SigningKeys, 'fresh' | 'version'>;
  readonly config: Pick<Config, 'keys'>;
}

/**
 * Discovery and keys, which the library builds anew for each request although they say the same to everybody: kept as
 * bytes from the first answer on, until other keys are published. Services and proxies may keep them for `jwksSeconds`:
 * a key is published for longer before anything is signed with it.
 *
 * @returns `serve`, to stand ahead of everything that a page needs, and `keep`, right before the provider.
 */
export function createPrebuilt({ provider, signingKeys, config }: PrebuiltDeps): { readonly serve: Middleware; readonly keep: Middleware } {
  const paths = new Set(['/.well-known/openid-configuration', provider.pathFor('jwks')]);
  const kept = new Map<string, Document>();
  const { jwksSeconds } = config.keys;

  return {
    serve: async (ctx, next) => {
      const document = ctx.method === 'GET' || ctx.method === 'HEAD' ? kept.get(ctx.path) : undefined;
      if (document !== undefined) await signingKeys.fresh();
      if (document?.version === signingKeys.version()) answer(ctx, document, jwksSeconds);
      else await next();
    },
    keep: async (ctx, next) => {
      // Before: should the keys change meanwhile, the document is made once more, and never kept too long.
      const version = signingKeys.version();
      await next();
      if (ctx.method !== 'GET' || ctx.status !== 200 || !paths.has(ctx.path)) return;
      const document = toDocument(ctx.body, ctx.response.get('Content-Type'), version);
      kept.set(ctx.path, document);
      // The mark of a device, which a shared cache would hand to everybody or not keep the document for.
      ctx.remove('Set-Cookie');
      answer(ctx, document, jwksSeconds);
    },
  };
}
