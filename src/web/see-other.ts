import type { Context } from 'koa';

/**
 * 303 to an address of our own (post-redirect-get). Two slashes at the front would lead to another host, so only one
 * is left.
 */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path.replace(/^[/\\]+/, '/'));
}
