import type { Context, Middleware } from 'koa';
import compose from 'koa-compose';

/** What nobody looks at in a browser window gets on without what pages need: language, templates, cookies, forms. */
export interface Lean {
  /** The steps that pages need, as one: a program passes it and not each of them. */
  forPages(steps: readonly Middleware[]): Middleware;
  /**
   * The steps of our own pages, as one: an authorization, which shows a page when something is wrong alone, passes it
   * as well.
   */
  forOurPages(steps: readonly Middleware[]): Middleware;
  /** The steps of the way back from our pages, where the browser goes it itself. */
  forTheWayBack(steps: readonly Middleware[]): Middleware;
}

export interface LeanPaths {
  /** Where programs ask; an answer there is JSON unless the program says that it wants a page. */
  readonly programs: readonly string[];
  /** Where a browser asks for an authorization, and below which it comes back from its pages. */
  readonly authorization: string;
}

const unless = (passes: (ctx: Context) => boolean, steps: readonly Middleware[]): Middleware => {
  const all = compose([...steps]);
  return (ctx, next) => (passes(ctx) ? next() : all(ctx, next));
};

export function createLean({ programs, authorization }: LeanPaths): Lean {
  const lean = new Set(programs);
  return {
    forPages: (steps) => unless((ctx) => lean.has(ctx.path) && !ctx.get('accept').includes('html'), steps),
    forTheWayBack: (steps) => unless(({ path }) => !path.startsWith(`${authorization}/`), steps),
    forOurPages: (steps) => unless(({ path }) => path === authorization || path.startsWith(`${authorization}/`), steps),
  };
}
