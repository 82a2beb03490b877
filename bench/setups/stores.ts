import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../src/store/embedded.ts';
import { hasRedis, startRedis } from '../../test/support/redis.ts';
import { cpuOfTree, parentOf, residentBytes } from '../measure/processes.ts';

/** A server of a store, as the benchmark sees it. */
export interface StoreServer {
  readonly url: string;
  cpuMs(): number;
  memoryBytes(): number;
  stop(): Promise<void>;
}

/** As a server of production has it, on a small machine: every commit is on the disk before it is answered. */
const PARAMETERS = {
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_connections: '300',
  checkpoint_timeout: '15min',
};

export const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_details: object, message: string) => {
    console.error(message);
  },
};

/** The process to which a connection's backend belongs. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return parentOf(rows[0]?.pid ?? 0);
  } finally {
    await client.end();
  }
}

async function measured(url: string, stop: () => Promise<void>): Promise<StoreServer> {
  const postmaster = await postmasterOf(url);
  return { url, cpuMs: () => cpuOfTree(postmaster), memoryBytes: () => residentBytes(postmaster), stop };
}

/** A PostgreSQL of its own, from the packaged binaries. */
export async function startPostgres(dir: string): Promise<StoreServer> {
  const dataDir = join(dir, 'postgres-of-its-own');
  // PostgreSQL runs as another user when we are root, and has to pass here.
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o755);
  const server = await startEmbedded({ dataDir, log: quiet, parameters: PARAMETERS });
  return measured(server.url, () => server.stop());
}

/** The one that the product has started in its data directory. */
export async function joinEmbedded(dataDir: string): Promise<StoreServer> {
  const server = await startEmbedded({ dataDir, log: quiet });
  return measured(server.url, () => server.stop());
}

/** A Redis that keeps nothing on the disk. */
export async function startRedisStore(): Promise<StoreServer> {
  if (!hasRedis()) throw new Error('there is no Redis here: apt-get install redis-server');
  const server = await startRedis();
  const pid = Number(/^process_id:(\d+)/m.exec(await server.admin.info('server'))?.[1]);
  return {
    url: server.url,
    cpuMs: () => cpuOfTree(pid),
    memoryBytes: () => residentBytes(pid),
    stop: () => server.close(),
  };
}
