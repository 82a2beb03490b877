import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import type { SigningKeys } from './signing-keys.ts';

type Headers = Readonly<Record<string, string>>;

interface Document {
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
  /** Of every answer with it, those that protect a page included. */
  readonly headers: Headers;
  /** Of the keys that it was made with. */
  readonly version: number;
}

/** What belongs to one answer, or is said of its bytes. `Set-Cookie` would be the mark of a device, for everybody who asks a shared cache. */
const OF_ONE_ANSWER = new Set(['connection', 'content-encoding', 'content-length', 'date', 'etag', 'set-cookie', 'transfer-encoding', 'x-request-id']);

const toDocument = (body: unknown, headers: Headers, version: number): Document => {
  const plain = Buffer.from(JSON.stringify(body));
  return { plain, gzip: gzipSync(plain), etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`, headers, version };
};

const GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/;

/** RFC 9110, 13.1.2: weak comparison, which is what proxies send that compress by themselves. */
const holds = (ifNoneMatch: string, etag: string): boolean => ifNoneMatch === '*' || ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

/** @returns the status. */
function send({ plain, gzip, etag, headers }: Document, request: IncomingMessage, response: ServerResponse): number {
  const { 'if-none-match': ifNoneMatch, 'accept-encoding': encodings = '' } = request.headers;
  if (ifNoneMatch !== undefined && holds(ifNoneMatch, etag)) {
    response.writeHead(304, { ...headers, ETag: etag }).end();
    return 304;
  }
  const zipped = GZIP.test(encodings);
  const bytes = zipped ? gzip : plain;
  response.writeHead(200, { ...headers, ETag: etag, 'Content-Length': bytes.length, ...(zipped && { 'Content-Encoding': 'gzip' }) });
  response.end(request.method === 'HEAD' ? undefined : bytes);
  return 200;
}

export interface PrebuiltDeps {
  readonly provider: Provider;
  readonly signingKeys: Pick<SigningKeys, 'fresh' | 'isFresh' | 'version'>;
  readonly config: Pick<Config, 'keys'>;
}

export interface Prebuilt {
  /** Answers on the spot, ahead of everything else. @returns the status; undefined where somebody has to look first. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => number | undefined;
  /** Answers once the keys have been looked at. */
  readonly serve: Middleware;
  /** Keeps what the provider answers, right before it. */
  readonly keep: Middleware;
}

/**
 * Discovery and keys, which the library builds anew for each request although they say the same to everybody: kept as
 * bytes from the first answer on, until other keys are published. Services and proxies may keep them for `jwksSeconds`:
 * a key is published for longer before anything is signed with it.
 */
export function createPrebuilt({ provider, signingKeys, config }: PrebuiltDeps): Prebuilt {
  const paths = new Set(['/.well-known/openid-configuration', provider.pathFor('jwks')]);
  const kept = new Map<string, Document>();
  const cacheControl = `public, max-age=${config.keys.jwksSeconds}`;

  const find = (method: string | undefined, path: string): Document | undefined => {
    const document = method === 'GET' || method === 'HEAD' ? kept.get(path) : undefined;
    return document?.version === signingKeys.version() ? document : undefined;
  };

  return {
    answer(request, response) {
      const document = find(request.method, request.url ?? '');
      return document !== undefined && signingKeys.isFresh() ? send(document, request, response) : undefined;
    },
    serve: async (ctx, next) => {
      if (kept.has(ctx.path)) await signingKeys.fresh();
      const document = find(ctx.method, ctx.path);
      if (document === undefined) {
        await next();
        return;
      }
      ctx.respond = false;
      send(document, ctx.req, ctx.res);
    },
    keep: async (ctx, next) => {
      // Before: should the keys change meanwhile, the document is made once more, and never kept too long.
      const version = signingKeys.version();
      await next();
      if (ctx.method !== 'GET' || ctx.status !== 200 || !paths.has(ctx.path)) return;
      ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' });
      ctx.remove('Set-Cookie');
      const headers = Object.entries(ctx.response.headers).filter(([name]) => !OF_ONE_ANSWER.has(name)).map(([name, value]) => [name, String(value)] as const);
      const document = toDocument(ctx.body, Object.fromEntries(headers), version);
      kept.set(ctx.path, document);
      ctx.set('ETag', document.etag);
    },
  };
}
