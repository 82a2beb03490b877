import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError, explain, type Binaries, type Runner } from './embedded-binaries.ts';

/** The user and the database that everything of ours uses. */
export const USER = 'sso';
export const DATABASE = 'sso';

/** Where the server keeps what is its own. */
export interface Place {
  readonly home: string;
  readonly cluster: string;
  readonly password: string;
}

export const place = (home: string): Place => ({
  home,
  cluster: join(home, 'cluster'),
  password: join(home, 'password'),
});

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, LC_ALL: 'C' });

/** Starts a program of PostgreSQL as the chosen user, in a session of its own. */
export function run(runner: Runner, command: readonly string[]): ChildProcess {
  const [file = '', ...args] = [...runner.prefix, ...command];
  return spawn(file, args, { cwd: '/', env: environment(), detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
}

/** Keeps the last of what a program says on standard error. */
export function collect(child: ChildProcess, tell?: (line: string) => void): () => string {
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-4000);
    if (tell !== undefined) text.trimEnd().split('\n').forEach(tell);
  });
  return () => output;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Removes what a process that was killed during its first start has left half done. */
function clearLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    const pid = /^postgres\.new-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
}

/** Made whole under another name and then renamed: it is there completely or not at all, whoever else starts now. */
export async function initialise(binaries: Binaries, runner: Runner, dataDir: string, home: string): Promise<void> {
  clearLeftovers(dataDir);
  const draft = place(join(dataDir, `postgres.new-${process.pid}-${randomBytes(4).toString('hex')}`));
  try {
    mkdirSync(draft.cluster, { recursive: true });
    writeFileSync(draft.password, randomBytes(24).toString('base64url'), { mode: 0o600 });
    chmodSync(draft.home, 0o700);
    if (runner.owner !== undefined)
      for (const path of [draft.cluster, draft.password, draft.home])
        chownSync(path, runner.owner.uid, runner.owner.gid);
    const child = run(runner, [
      binaries.initdb,
      `--pgdata=${draft.cluster}`,
      `--username=${USER}`,
      `--pwfile=${draft.password}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // Sorting and letter case by Unicode, from tables of its own: the same on every machine.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]);
    const output = collect(child);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw explain(output());
    renameSync(draft.home, home);
  } catch (error) {
    rmSync(draft.home, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    // Another process was quicker: we use what it made.
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return;
    throw error instanceof EmbeddedPostgresError ? error : explain((error as Error).message, error);
  }
}

/** The server that runs on this directory, by PostgreSQL's own lock file. */
export function findRunning({ cluster }: Place): { port: number } | undefined {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number);
  if (pid === undefined || !isAlive(pid)) return undefined;
  if (existsSync('/proc/self/cmdline')) {
    const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
    if (!command.includes('postgres')) {
      // The server was killed and its number went to another process, which would keep PostgreSQL from starting.
      rmSync(file, { force: true });
      return undefined;
    }
  }
  return { port: port ?? 0 };
}

/** @throws {EmbeddedPostgresError} it belongs to somebody else, or is gone. */
export function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw explain(
      `${file}: ${(error as NodeJS.ErrnoException).code === 'EACCES' ? 'Permission denied' : (error as Error).message}`,
      error,
    );
  }
}
