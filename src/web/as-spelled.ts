import type { Middleware } from 'koa';

const firstOf = (path: string): string => path.split('/', 2)[1] ?? '';

/**
 * Every address has one spelling. Routers take any case and a slash at the end, while what stands in front of them
 * compares to the letter: another spelling would go past it.
 *
 * @param paths  addresses without a parameter in them, in lower case.
 */
export function asSpelled(paths: readonly string[]): Middleware {
  const known = new Set(paths);
  return async ({ path }, next) => {
    const first = firstOf(path);
    if (first !== first.toLowerCase()) return;
    if (!known.has(path) && known.has(path.toLowerCase().replace(/\/+$/, ''))) return;
    await next();
  };
}
