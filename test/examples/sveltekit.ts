import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../../examples/sveltekit', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));
/** What somebody who has built it in its own folder has there besides. */
const MADE = new Set(['node_modules', 'build', '.svelte-kit']);

export interface BuiltApplication {
  readonly server: string;
  readonly remove: () => Promise<void>;
}

/**
 * Does what `npm install && npm run build` do there, in a folder for this run and with the packages that the repository
 * has.
 */
export async function buildSvelteKit(): Promise<BuiltApplication> {
  const folder = await mkdtemp(join(tmpdir(), 'sso-sveltekit-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await cp(SOURCES, folder, { recursive: true, filter: (path) => !MADE.has(basename(path)) });
    await symlink(PACKAGES, join(folder, 'node_modules'));
    await promisify(execFile)(process.execPath, [join(PACKAGES, 'vite/bin/vite.js'), 'build'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return { server: join(folder, 'server.js'), remove };
}
