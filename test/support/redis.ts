import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './app.ts';
import { until } from './until.ts';

/** Debian's redis-tools brings the program under another name, and neither sets up nor starts a service. */
const PROGRAM = process.env.REDIS_SERVER ?? '/usr/bin/redis-check-rdb';
export const hasRedis = (): boolean => existsSync(PROGRAM);

export interface RedisServer {
  readonly port: number;
  readonly address: string;
  readonly url: string;
  /** A connection for the test itself. */
  readonly admin: Redis;
  /** Ends it at once, as a loss of power would. */
  kill(): Promise<void>;
  /** Starts it again at the same address: empty, unless it was told to keep its files. */
  start(): Promise<void>;
  /** Stops it in the middle of whatever it does; it stays connected and says nothing. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** @param options  as in redis.conf, without the dashes. */
export async function startRedis(
  options: Readonly<Record<string, string>> = {},
  mode: readonly string[] = [],
): Promise<RedisServer> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'sso-redis-'));
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'no',
    'repl-diskless-sync-delay': '0',
    daemonize: 'no',
    ...options,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [
    `--${name}`,
    ...(value.includes(' ') ? value.split(' ') : [value]),
  ]);
  const password = options.requirepass;
  const admin = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    ...(password === undefined ? {} : { password }),
  });
  admin.on('error', () => undefined);
  let child: ChildProcess | undefined;

  const end = async (): Promise<void> => {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  };
  const server: RedisServer = {
    port,
    address: `127.0.0.1:${port}`,
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`,
    admin,
    kill: end,
    async start() {
      child = spawn(PROGRAM, [...mode, ...args], { argv0: 'redis-server', stdio: 'ignore', cwd: dir });
      await until(`Redis answers at ${port}`, async () => (await admin.ping()).length > 0);
    },
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    async close() {
      admin.disconnect();
      await end();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

export interface RedisSet {
  readonly nodes: readonly RedisServer[];
  close(): Promise<void>;
}

const closeAll = async (servers: readonly RedisServer[]): Promise<void> => {
  await Promise.all(servers.map((server) => server.close()));
};

/** Three masters that share the slots. */
export async function startRedisCluster(): Promise<RedisSet> {
  const nodes: RedisServer[] = [];
  for (const name of ['a', 'b', 'c']) {
    nodes.push(
      await startRedis({
        'cluster-enabled': 'yes',
        'cluster-config-file': `nodes-${name}.conf`,
        'cluster-node-timeout': '1000',
        'cluster-port': String(await freePort()),
      }),
    );
  }
  const [first] = nodes;
  const ends = [0, 5461, 10_923, 16_384];
  await Promise.all(
    nodes.map(async ({ admin, port }, at) => {
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', ends[at]!, ends[at + 1]! - 1);
      if (at > 0) await first!.admin.call('CLUSTER', 'MEET', '127.0.0.1', port, await busPortOf(nodes[at]!));
    }),
  );
  for (const { admin, port } of nodes)
    await until(`node ${port} knows the cluster`, async () =>
      /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(await admin.call('CLUSTER', 'INFO'))),
    );
  return { nodes, close: () => closeAll(nodes) };
}

const busPortOf = async ({ admin }: RedisServer): Promise<string> =>
  ((await admin.call('CONFIG', 'GET', 'cluster-port')) as readonly string[])[1] ?? '';

export interface SentinelSet extends RedisSet {
  readonly sentinels: readonly RedisServer[];
  readonly name: string;
}

/** A master with a replica, and three Sentinels that put the replica in its place when it is gone. */
export async function startRedisSentinel(): Promise<SentinelSet> {
  const name = 'sso';
  const master = await startRedis();
  const replica = await startRedis({ replicaof: `127.0.0.1 ${master.port}` });
  await until('the replica follows', async () =>
    (await replica.admin.info('replication')).includes('master_link_status:up'),
  );
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(name, master.port)));
  for (const { admin } of sentinels) {
    await until('the Sentinels know one another', async () => {
      const facts = (await admin.call('SENTINEL', 'MASTER', name)) as string[];
      const of = (field: string): string | undefined => facts[facts.indexOf(field) + 1];
      return of('num-other-sentinels') === '2' && of('num-slaves') === '1' && of('flags') === 'master';
    });
  }
  return { nodes: [master, replica], sentinels, name, close: () => closeAll([...sentinels, replica, master]) };
}

async function startSentinel(name: string, masterPort: number): Promise<RedisServer> {
  const config = await mkdtemp(join(tmpdir(), 'sso-sentinel-'));
  const file = join(config, 'sentinel.conf');
  await writeFile(
    file,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 2\nsentinel down-after-milliseconds ${name} 500\nsentinel failover-timeout ${name} 2000\n`,
  );
  const server = await startRedis({}, [file, '--sentinel']);
  return {
    ...server,
    async close() {
      await server.close();
      await rm(config, { recursive: true, force: true });
    },
  };
}
