import type { Middleware } from 'koa';
import type { Random } from '../ports/random/random.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { anonymousPath } from './anonymous-path.ts';

/** Gives each request an id, one line in the log and a place in the figures: never a query, a body or a cookie. */
export function requestLog({
  log,
  random,
  metrics,
}: {
  log: Log;
  random: Random;
  metrics: Pick<Metrics, 'request'>;
}): Middleware {
  return async (ctx, next) => {
    const startedAt = performance.now();
    const requestId = random.uuid();
    ctx.state.requestId = requestId;
    ctx.set('X-Request-Id', requestId);
    try {
      await next();
    } finally {
      const ms = performance.now() - startedAt;
      metrics.request({ method: ctx.method, path: ctx.path, status: ctx.status, seconds: ms / 1000 });
      log.debug(
        { requestId, method: ctx.method, path: anonymousPath(ctx.path), status: ctx.status, ms: Math.round(ms) },
        'request',
      );
    }
  };
}
