import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';

/** What nobody looks at in a browser window gets on without what pages need: language, templates, cookies, forms. */
export interface Lean {
  /** The steps that pages alone need, as one: a program passes it and not each of them. */
  forPages(steps: readonly Middleware[]): Middleware;
}

/** @param paths  where programs ask; an answer there is JSON unless the program says that it wants a page. */
export function createLean(paths: readonly string[]): Lean {
  const lean = new Set(paths);
  const isForProgram = (ctx: Context): boolean => lean.has(ctx.path) && !ctx.get('accept').includes('html');
  return {
    forPages(steps) {
      const all = compose([...steps]);
      return (ctx, next) => (isForProgram(ctx) ? next() : all(ctx, next));
    },
  };
}
