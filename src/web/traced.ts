import type { Middleware } from 'koa';
import { areaOf, methodOf } from '../telemetry/areas.ts';
import { within } from '../telemetry/trace.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/**
 * Each request as a span: the part of the product, method, status and request id, and nothing of what was asked.
 * Whether a request is traced may be said by a proxy of ours, and by nobody else.
 */
export function traced({
  tracing,
  trustProxy,
}: {
  readonly tracing: Tracing;
  readonly trustProxy: number;
}): Middleware {
  return async (ctx, next) => {
    const method = methodOf(ctx.method);
    const area = areaOf(ctx.path);
    const span = tracing.begin(
      `${method} ${area}`,
      { 'http.request.method': method, 'http.route': area },
      trustProxy > 0 ? ctx.get('traceparent') : undefined,
    );
    try {
      await within(span, next);
    } finally {
      span.set({ 'http.response.status_code': ctx.status, 'sso.request_id': String(ctx.state.requestId) });
      span.end();
    }
  };
}
