import type { Context } from 'koa';

/**
 * 303 to an address of our own (post-redirect-get). Two slashes at the front would lead to another host, so only one
 * is left.
 */
export function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path.replace(/^[/\\]+/, '/'));
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/**
 * From the address of a form to the page that it stands on: whoever follows the language link of its answer comes this
 * way.
 */
export function toParent(ctx: Context): void {
  seeOther(ctx, above(ctx.path));
}

/** The same of a form about one of several things on its page: `/secrets/2/end`. */
export function toGrandparent(ctx: Context): void {
  seeOther(ctx, above(above(ctx.path)));
}
