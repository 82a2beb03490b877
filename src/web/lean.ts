import type { Context, Middleware } from 'koa';

/** What nobody looks at in a browser window gets on without what pages need: language, templates, cookies, forms. */
export interface Lean {
  /** Wraps a step that pages alone need. */
  forPages(step: Middleware): Middleware;
}

/** @param paths  where programs ask; an answer there is JSON unless the program says that it wants a page. */
export function createLean(paths: readonly string[]): Lean {
  const lean = new Set(paths);
  const isForProgram = (ctx: Context): boolean => lean.has(ctx.path) && !ctx.get('accept').includes('html');
  return { forPages: (step) => (ctx, next) => (isForProgram(ctx) ? next() : step(ctx, next)) as Promise<void> };
}
