import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The embedded PostgreSQL cannot be used here. The message says why and what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code = 'EMBEDDED_POSTGRES';

  constructor(why: string, cause?: unknown) {
    super(`the embedded PostgreSQL cannot be used: ${why}`, { cause });
  }
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the packaged binaries of this platform.
 *
 * Asked of the platform's package and not of `embedded-postgres` itself, which at import takes over the signals of the
 * process and would end it in the middle of our own orderly stop.
 */
export async function findBinaries(
  platform: string = process.platform,
  architecture: string = process.arch,
): Promise<Binaries> {
  if (platform === 'win32')
    throw new EmbeddedPostgresError('it is not made for Windows. Set DATABASE_URL to a PostgreSQL server, or use WSL.');
  try {
    const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    const { initdb, postgres } = (await import(
      pathToFileURL(require.resolve(`@embedded-postgres/${platform}-${architecture}`)).href
    )) as Binaries;
    return { initdb, postgres };
  } catch (error) {
    throw new EmbeddedPostgresError(
      `there are no binaries for ${platform} ${architecture}. Install again without omitting optional packages, or set DATABASE_URL to a PostgreSQL server.`,
      error,
    );
  }
}

/** Who runs the server: PostgreSQL refuses to run as root. */
export interface Runner {
  /** Undefined: the user of this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** What stands in front of a command to run it so. */
  readonly prefix: readonly string[];
}

/** The owner of the data directory where there is one, or the system's own user for PostgreSQL, or nobody. */
function findOwner(home: string): { uid: number; gid: number } {
  if (existsSync(home)) {
    const { uid, gid } = statSync(home);
    if (uid !== 0) return { uid, gid };
  }
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim() || Number.NaN),
    );
    if (uid !== undefined && gid !== undefined && uid > 0 && gid > 0) return { uid, gid };
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it as. Start as an ordinary user, or set DATABASE_URL.',
  );
}

/** True when the command ends well. */
function works(command: readonly string[], options: { uid?: number; gid?: number } = {}): boolean {
  const [file = '', ...args] = command;
  try {
    execFileSync(file, args, { stdio: 'ignore', ...options });
    return true;
  } catch {
    return false;
  }
}

/**
 * Chooses the user that runs the server.
 *
 * As root that is an unprivileged user. Where the checkout or the data directory lies beyond that user's reach (beneath
 * `/root`, say), the server keeps of root's powers the one to pass closed directories, and nothing else.
 *
 * @param home where the server's directory is or will be; its parent exists.
 */
export function chooseRunner(binaries: Binaries, home: string): Runner {
  if (process.getuid?.() !== 0) return { owner: undefined, prefix: [] };
  const owner = findOwner(home);
  const asOwner = ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  // `access()` ignores capabilities of a user other than root unless the "fix-up" at the change of user is off.
  const passing = [
    ...asOwner,
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  const library = resolve(dirname(binaries.postgres), '..', 'share', 'postgresql', 'postgres.bki');
  const reaches = (prefix: readonly string[]): boolean =>
    works([...prefix, 'test', '-r', library, '-a', '-x', dirname(home)]) &&
    works([...prefix, binaries.postgres, '--version']);

  const prefix = [asOwner, passing].find(reaches);
  if (prefix === undefined) {
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and user ${owner.uid} can reach neither ${join(dirname(binaries.postgres))} nor ${dirname(home)}. ` +
        'Move the checkout and DATA_DIR to where every user may pass, start as an ordinary user, or set DATABASE_URL.',
    );
  }
  return { owner, prefix };
}

/** What the server says when it cannot work, and what a person can do about it. */
const REASONS: readonly [RegExp, string][] = [
  [
    /no space left on device|disk quota exceeded/i,
    'the disk is full. Free some space, or set DATA_DIR to another disk.',
  ],
  [
    /could not (?:create|map|open|resize)[^\n]*(?:shared memory|semaphores)/i,
    'the system gives it no shared memory. Give the container more (--shm-size), or set DATABASE_URL.',
  ],
  [
    /database files are incompatible with server|initialized by PostgreSQL version/,
    'the data were written by another version of PostgreSQL. Move the directory away, or set DATABASE_URL to a server of that version.',
  ],
  [
    /error while loading shared libraries|symbol lookup error/,
    'the packaged binaries lack a library. Run npm rebuild, or set DATABASE_URL.',
  ],
  [
    /could not look up effective user ID/,
    'the user of this process has no entry in the list of users. Start as a named user, or set DATABASE_URL.',
  ],
  [
    /has wrong ownership|has invalid permissions/,
    'the data directory belongs to another user. Start as that user, or set DATA_DIR.',
  ],
  [
    /permission denied|operation not permitted/i,
    'it may not write its directory. Look at the owner of DATA_DIR, or set DATABASE_URL.',
  ],
  [
    /read-only file system/i,
    'the data directory cannot be written. Set DATA_DIR to a place that can, or set DATABASE_URL.',
  ],
];

/** Turns the last words of the server into an error that helps. */
export function explain(output: string, cause?: unknown): EmbeddedPostgresError {
  const known = REASONS.find(([pattern]) => pattern.test(output))?.[1];
  const lastWords = output.trim().split('\n').slice(-3).join(' | ');
  return new EmbeddedPostgresError([known ?? 'it did not start.', lastWords].filter(Boolean).join(' '), cause);
}
