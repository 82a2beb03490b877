import type { Context, Middleware } from 'koa';

export interface Readiness {
  /** Throws when a dependency is gone. */
  check(): Promise<void>;
  readonly draining: boolean;
}

/** `/healthz`: the process is alive. `/readyz`: it may be sent requests; 503 while it stops or a dependency is gone. */
export function health(readiness: Readiness): Middleware {
  const answer = async (ctx: Context): Promise<void> => {
    ctx.set('Cache-Control', 'no-store');
    if (ctx.path === '/healthz') {
      ctx.body = { status: 'ok' };
      return;
    }
    const ready =
      !readiness.draining &&
      (await readiness.check().then(
        () => true,
        () => false,
      ));
    ctx.status = ready ? 200 : 503;
    ctx.body = { status: ready ? 'ready' : readiness.draining ? 'draining' : 'unavailable' };
  };
  return (ctx, next) => (ctx.path === '/healthz' || ctx.path === '/readyz' ? answer(ctx) : next());
}
