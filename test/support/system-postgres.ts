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
  process.env.POSTGRES_BIN ??
  globSync('/usr/lib/postgresql/*/bin')
    .sort()
    .find((path) => ['pg_dump', 'initdb'].every((name) => existsSync(join(path, name))));

/** Where the system has a PostgreSQL with its whole set of programs, which the embedded one lacks. */
export const SYSTEM_POSTGRES: string = find() ?? '/usr/lib/postgresql/15/bin';
export const hasSystemPostgres = (): boolean => existsSync(`${SYSTEM_POSTGRES}/pg_dump`);

export interface SystemPostgres {
  /** Makes an empty database. @returns its address. */
  make(database: string): Promise<string>;
  readonly urlOf: (database: string) => string;
  /** Starts a standby that follows this server. */
  follow(): Promise<Standby>;
  /** As whoever runs it closes a former primary to writing, or opens it again: connections stay. */
  closeToWriting(isClosed: boolean): Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Standby {
  readonly urlOf: (database: string) => string;
  /** Waits until it has replayed what the server has committed by now. */
  readonly caughtUp: () => Promise<void>;
  /** Becomes a server that is written to. */
  readonly promote: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** PostgreSQL refuses to run as root. */
const owner = (): { uid?: number; gid?: number } =>
  process.getuid?.() === 0
    ? { uid: Number(execFileSync('id', ['-u', 'nobody'])), gid: Number(execFileSync('id', ['-g', 'nobody'])) }
    : {};

interface Running {
  readonly urlOf: (database: string) => string;
  readonly ask: (statement: string) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
}

/** An empty folder that the owner of the server may write to, in one that is removed as a whole. */
async function makeFolder(): Promise<{
  directory: string;
  data: string;
  as: { cwd: string; uid?: number; gid?: number };
}> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-postgres-'));
  await chmod(directory, 0o711);
  const data = join(directory, 'data');
  await mkdir(data, { mode: 0o700 });
  const { uid, gid } = owner();
  if (uid === undefined || gid === undefined) return { directory, data, as: { cwd: data } };
  chownSync(data, uid, gid);
  return { directory, data, as: { cwd: data, uid, gid } };
}

async function run(
  { directory, data, as }: Awaited<ReturnType<typeof makeFolder>>,
  further: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = await freePort();
  // What is committed is handed to a standby at once, so that to wait for what was handed over is to wait for all.
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    fsync: 'off',
    ...further,
  };
  const child = spawn(
    join(SYSTEM_POSTGRES, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...as, stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const urlOf = (database: string): string => `postgres://sso@127.0.0.1:${port}/${database}`;
  const ask = async (statement: string): Promise<Record<string, unknown>> => {
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement).finally(() => client.end());
    return rows[0] ?? {};
  };
  await until('PostgreSQL answers', () => ask('select 1').then(() => true));
  return {
    urlOf,
    ask,
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** An empty server of the system's version, of the test's own. @param settings  by their PostgreSQL names. */
export async function startSystemPostgres(settings: Readonly<Record<string, string>> = {}): Promise<SystemPostgres> {
  const folder = await makeFolder();
  execFileSync(
    join(SYSTEM_POSTGRES, 'initdb'),
    ['--pgdata', folder.data, '--username=sso', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
    { ...folder.as, stdio: 'pipe' },
  );
  const server = await run(folder, settings);
  return {
    urlOf: server.urlOf,
    async make(database) {
      await server.ask(`create database ${database}`);
      return server.urlOf(database);
    },
    async closeToWriting(isClosed) {
      await server.ask(`alter system set default_transaction_read_only = ${isClosed ? 'on' : 'off'}`);
      await server.ask('select pg_reload_conf()');
      await until(
        'new connections see it',
        async () =>
          (await server.ask("select current_setting('transaction_read_only') as it")).it === (isClosed ? 'on' : 'off'),
      );
    },
    async follow() {
      const copy = await makeFolder();
      execFileSync(
        join(SYSTEM_POSTGRES, 'pg_basebackup'),
        [
          '--pgdata',
          copy.data,
          '--dbname',
          server.urlOf('postgres'),
          '--write-recovery-conf',
          '--checkpoint=fast',
          '--no-sync',
        ],
        { ...copy.as, stdio: 'pipe' },
      );
      const standby = await run(copy);
      return {
        urlOf: standby.urlOf,
        async caughtUp() {
          // Flushed by its own commit, and with it all that was committed before.
          const { lsn } = await server.ask(
            "select set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'test', 'caught up')::text as lsn",
          );
          await until(
            'the standby has replayed it',
            async () =>
              (await standby.ask(`select pg_last_wal_replay_lsn() >= '${String(lsn)}'::pg_lsn as done`)).done === true,
          );
        },
        async promote() {
          await standby.ask('select pg_promote()');
        },
        close: standby.stop,
      };
    },
    close: server.stop,
  };
}
