import type { Context } from 'koa';

/**
 * 303 to an address of our own (post-redirect-get). Two slashes at the front would lead to another host, so only one
 * is left.
 */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path.replace(/^[/\\]+/, '/'));
}

/** From the address of a form to the page that it stands on: whoever follows the language link of its answer comes this way. */
export function toParent(ctx: Context): void {
  seeOther(ctx, ctx.path.slice(0, ctx.path.lastIndexOf('/')));
}
