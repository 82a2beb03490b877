import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startEmbedded, type EmbeddedPostgres } from '../../src/store/embedded.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createLine, type Line } from '../support/line.ts';
import { until } from '../support/until.ts';

/** The database server, and what can happen to it. */
export interface Database {
  /** Its address, which stays the same whatever happens to it. */
  readonly url: string;
  readonly line: Line;
  /** Where its files are. */
  readonly directory: string;
  /** SIGINT is a fast shutdown, SIGQUIT an immediate one; it is started again at once. */
  restart(signal: 'SIGINT' | 'SIGQUIT'): void;
  stop(): Promise<void>;
  start(): Promise<void>;
  /**
   * Is killed and never comes back; its synchronous standby is promoted, and the address leads there. Resolves then.
   *
   * @param former  `returns`: it is there again before the standby is promoted, closed to writing, and the address
   *   leads to it meanwhile.
   */
  failOver(former: 'is gone' | 'returns'): Promise<void>;
  close(): Promise<void>;
}

/** Small, so that the disk can be filled; with what a standby needs. */
const PARAMETERS = {
  max_wal_size: '64MB',
  min_wal_size: '32MB',
  wal_level: 'replica',
  max_wal_senders: '4',
  wal_keep_size: '48MB',
};
/** Until somebody has noticed that it is gone, and is sure. */
const NOTICED_MS = 3000;

const clusterIn = (directory: string): string => join(directory, 'postgres', 'cluster');
const postmasterIn = (directory: string): number =>
  Number(readFileSync(join(clusterIn(directory), 'postmaster.pid'), 'utf8').split('\n')[0]);

async function withSession<T>(
  url: string,
  use: (ask: (statement: string) => Promise<Record<string, unknown>>) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(async (statement) => (await client.query<Record<string, unknown>>(statement)).rows[0] ?? {});
  } finally {
    await client.end();
  }
}

/** A copy of a server at work that follows it; a commit is one when it is on the disks of both. */
async function addStandby(server: EmbeddedPostgres, from: string, to: string): Promise<EmbeddedPostgres> {
  const { username, password, port } = new URL(server.url);
  await withSession(server.url, async (ask) => {
    await ask("select pg_backup_start('standby', fast => true)");
    mkdirSync(to);
    // With its owner. What vanishes meanwhile the copy need not have: the log that is sent along mends it.
    await once(spawn('cp', ['-a', join(from, 'postgres'), to], { stdio: 'ignore' }), 'exit');
    const { labelfile } = await ask('select labelfile from pg_backup_stop(wait_for_archive => false)');
    rmSync(join(clusterIn(to), 'postmaster.pid'));
    const { uid, gid } = statSync(clusterIn(to));
    const lines = {
      backup_label: String(labelfile),
      'standby.signal': '',
      'postgresql.auto.conf': `primary_conninfo = 'host=127.0.0.1 port=${port} user=${username} password=${password}'\n`,
    };
    for (const [name, text] of Object.entries(lines)) {
      const file = join(clusterIn(to), name);
      writeFileSync(file, text);
      chownSync(file, uid, gid);
    }
  });
  return startEmbedded({ dataDir: to, log: createLog({ level: 'silent' }), parameters: PARAMETERS });
}

const waitForBoth = (url: string): Promise<void> =>
  withSession(url, async (ask) => {
    await ask("alter system set synchronous_standby_names = '*'");
    await ask('select pg_reload_conf()');
    await until(
      'the standby is a synchronous one',
      async () => (await ask('select sync_state from pg_stat_replication')).sync_state === 'sync',
    );
  });

export async function startDatabase(home: string): Promise<Database> {
  const log = createLog({ level: 'silent' });
  const start = (further: Readonly<Record<string, string>> = {}): Promise<EmbeddedPostgres> =>
    startEmbedded({ dataDir: directory, log, parameters: { ...PARAMETERS, ...further } });
  let directory = home;
  let standbys = 0;
  let server = await start();
  const line = await createLine(() => ({ host: '127.0.0.1', port: Number(new URL(server.url).port) }));
  const url = new URL(server.url);
  url.port = String(line.port);

  return {
    url: url.href,
    line,
    get directory() {
      return directory;
    },
    restart(signal) {
      process.kill(postmasterIn(directory), signal);
    },
    stop: () => server.stop(),
    async start() {
      server = await start();
    },
    async failOver(former) {
      standbys += 1;
      const next = join(dirname(home), `standby-${standbys}`);
      const standby = await addStandby(server, directory, next);
      await waitForBoth(server.url);
      process.kill(postmasterIn(directory), 'SIGKILL');
      // Before it is noticed that the server is gone, so that it is not revived.
      await server.stop();
      if (former === 'returns')
        server = await start({ default_transaction_read_only: 'on', synchronous_standby_names: '' });
      await pause(NOTICED_MS);
      await withSession(standby.url, (ask) => ask('select pg_promote()'));
      const last = server;
      [server, directory] = [standby, next];
      // Connections to the former one are left as they are: whoever has one has to notice.
      if (former === 'returns') void pause(2 * NOTICED_MS).then(() => last.stop());
    },
    async close() {
      await line.close();
      await server.stop();
    },
  };
}
