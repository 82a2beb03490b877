import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './app.ts';
import { until } from './until.ts';

const find = (): string | undefined =>
  process.env.POSTGRES_BIN ?? globSync('/usr/lib/postgresql/*/bin').sort().find((path) => ['pg_dump', 'initdb'].every((name) => existsSync(join(path, name))));

/** Where the system has a PostgreSQL with its whole set of programs, which the embedded one lacks. */
export const SYSTEM_POSTGRES: string = find() ?? '/usr/lib/postgresql/15/bin';
export const hasSystemPostgres = (): boolean => existsSync(`${SYSTEM_POSTGRES}/pg_dump`);

export interface SystemPostgres {
  /** Makes an empty database. @returns its address. */
  make(database: string): Promise<string>;
  close(): Promise<void>;
}

/** PostgreSQL refuses to run as root. */
const owner = (): { uid?: number; gid?: number } => (process.getuid?.() === 0 ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) } : {});

/** An empty server of the system's version, of the test's own. */
export async function startSystemPostgres(): Promise<SystemPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-postgres-'));
  await chmod(directory, 0o711);
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  const { uid, gid } = owner();
  if (uid !== undefined && gid !== undefined) chownSync(data, uid, gid);
  const as = { cwd: data, ...(uid === undefined || gid === undefined ? {} : { uid, gid }) };
  execFileSync(join(SYSTEM_POSTGRES, 'initdb'), ['--pgdata', data, '--username=sso', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'], { ...as, stdio: 'pipe' });
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port), fsync: 'off', synchronous_commit: 'off' };
  const child = spawn(join(SYSTEM_POSTGRES, 'postgres'), ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], { ...as, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const urlOf = (database: string): string => `postgres://sso@127.0.0.1:${port}/${database}`;
  const ask = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await until('PostgreSQL answers', () => ask('select 1').then(() => true));
  return {
    async make(database) {
      await ask(`create database ${database}`);
      return urlOf(database);
    },
    async close() {
      child.kill('SIGINT');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
