import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Context, Middleware, Next } from 'koa';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Names and values in turn, as Node writes them with the least ado. */
type Head = string[];

interface Answer {
  readonly head: Head;
  readonly bytes: Buffer;
}

interface Document {
  readonly plain: Answer;
  readonly gzip: Answer;
  readonly etag: string;
  readonly notModified: Head;
  /** Of the keys that it was made with. */
  readonly version: number;
}

/**
 * What says something of a document for programs. What else protects a page, `Set-Cookie` above all, is nothing to a
 * shared cache, and each name costs its part of so small an answer.
 */
const KEPT = new Set([
  'access-control-allow-origin',
  'cache-control',
  'content-type',
  'strict-transport-security',
  'vary',
  'x-content-type-options',
]);

function toDocument(body: unknown, headers: readonly (readonly [string, string])[], version: number): Document {
  const bytes = Buffer.from(JSON.stringify(body));
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  const head = [...headers.flat(), 'ETag', etag];
  const answer = (sent: Buffer, ...further: Head): Answer => ({
    head: [...head, ...further, 'Content-Length', String(sent.length)],
    bytes: sent,
  });
  return {
    plain: answer(bytes),
    gzip: answer(gzipSync(bytes), 'Content-Encoding', 'gzip'),
    etag,
    notModified: head,
    version,
  };
}

const GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/;

/** RFC 9110, 13.1.2: weak comparison, which is what proxies send that compress by themselves. */
const holds = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch === '*' || ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);

/** @returns the status. */
function send(
  { plain, gzip, etag, notModified }: Document,
  request: IncomingMessage,
  response: ServerResponse,
): number {
  const { 'if-none-match': ifNoneMatch, 'accept-encoding': encodings = '' } = request.headers;
  if (ifNoneMatch !== undefined && holds(ifNoneMatch, etag)) {
    response.writeHead(304, notModified).end();
    return 304;
  }
  const { head, bytes } = GZIP.test(encodings) ? gzip : plain;
  response.writeHead(200, head);
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

  const serveFresh = async (ctx: Context, next: Next): Promise<void> => {
    await signingKeys.fresh();
    const document = find(ctx.method, ctx.path);
    if (document === undefined) {
      await next();
      return;
    }
    ctx.respond = false;
    send(document, ctx.req, ctx.res);
  };

  return {
    answer(request, response) {
      const document = find(request.method, request.url ?? '');
      return document !== undefined && signingKeys.isFresh() ? send(document, request, response) : undefined;
    },
    serve: (ctx, next): Promise<void> => (kept.has(ctx.path) ? serveFresh(ctx, next) : next()),
    keep: async (ctx, next) => {
      // Before: should the keys change meanwhile, the document is made once more, and never kept too long.
      const version = signingKeys.version();
      await next();
      if (ctx.method !== 'GET' || ctx.status !== 200 || !paths.has(ctx.path)) return;
      ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': cacheControl, Vary: 'Accept-Encoding' });
      ctx.remove('Set-Cookie');
      const headers = Object.entries(ctx.response.headers)
        .filter(([name]) => KEPT.has(name))
        .map(([name, value]) => [name, String(value)] as const);
      const document = toDocument(ctx.body, headers, version);
      kept.set(ctx.path, document);
      ctx.set('ETag', document.etag);
    },
  };
}
