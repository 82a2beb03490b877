import { readdirSync } from 'node:fs';
import { sep } from 'node:path';
import type { Middleware } from 'koa';

/** Asks the disk for files that were there at the start, and for nothing else: what is no file costs no look. */
export function filesOf(directory: string, serve: Middleware): Middleware {
  const paths = new Set(
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => `/${name.split(sep).join('/')}`),
  );
  return (ctx, next) => (paths.has(ctx.path) ? serve(ctx, next) : next()) as Promise<void>;
}
