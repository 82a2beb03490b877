import type { Context } from 'koa';

/** Says when it is worth while to come again: in a second at the earliest. */
export function retryAfter(ctx: Context, until: Date, now: Date): void {
  ctx.set('Retry-After', String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))));
}
