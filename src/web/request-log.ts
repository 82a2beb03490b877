import type { Middleware } from 'koa';
import type { Random } from '../ports/random/random.ts';
import type { Log } from '../telemetry/log.ts';

/** Ids in paths open something for a while; the log does not need them. */
const anonymous = (path: string): string => path.replace(/^\/(interaction|auth|device)\/[^/]+/, '/$1/:uid').slice(0, 200);

/** Gives each request an id and one line in the log: never a query, a body or a cookie. */
export function requestLog({ log, random }: { log: Log; random: Random }): Middleware {
  return async (ctx, next) => {
    const startedAt = performance.now();
    const requestId = random.uuid();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    try {
      await next();
    } finally {
      log.debug({ requestId, method: ctx.method, path: anonymous(ctx.path), status: ctx.status, ms: Math.round(performance.now() - startedAt) }, 'request');
    }
  };
}
