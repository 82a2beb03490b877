import { openRedis, type RedisConnection, type RedisSettings } from '../../src/store/redis/connection.ts';
import { hasRedis, startRedis, startRedisCluster, startRedisSentinel, type RedisServer } from './redis.ts';

export interface RedisBench {
  readonly redis: RedisConnection;
  /** Another process on the same Redis. */
  readonly elsewhere: RedisConnection;
  readonly servers: readonly RedisServer[];
  /** Keys and values, as whoever steals them would see them. */
  contents(): Promise<string>;
  /** When each key ends, in milliseconds; below zero: never. */
  ends(): Promise<readonly number[]>;
  empty(): Promise<void>;
  /** After how many answers the work went on: commands sent in one go are one. */
  trips(work: () => Promise<unknown>): Promise<number>;
  close(): Promise<void>;
}

export const redisSettings = (changes: Partial<RedisSettings>): RedisSettings => ({
  url: undefined,
  cluster: [],
  sentinels: [],
  sentinelName: undefined,
  username: undefined,
  password: undefined,
  sentinelPassword: undefined,
  tls: false,
  ca: undefined,
  prefix: 'sso:',
  timeoutMs: 5000,
  ...changes,
});

async function bench(
  settings: Partial<RedisSettings>,
  masters: readonly RedisServer[],
  close: () => Promise<void>,
): Promise<RedisBench> {
  const open = (): RedisConnection => openRedis(redisSettings(settings), { warn: () => undefined })!;
  const redis = open();
  const elsewhere = open();
  await Promise.all([redis.ping(), elsewhere.ping()]);
  const onEach = async <T>(ask: (server: RedisServer, key: Buffer) => Promise<T>): Promise<T[]> =>
    (
      await Promise.all(
        masters.map(async (server) => Promise.all((await server.admin.keysBuffer('*')).map((key) => ask(server, key)))),
      )
    ).flat();

  /** The same connection; what it is asked together counts once. */
  let trips = 0;
  let underWay = 0;
  const counting = async <T>(answer: Promise<T>): Promise<T> => {
    if (underWay === 0) trips += 1;
    underWay += 1;
    return answer.finally(() => {
      underWay -= 1;
    });
  };
  return {
    redis: {
      ...redis,
      call: (...args) => counting(redis.call(...args)),
      run: (...args) => counting(redis.run(...args)),
    },
    elsewhere,
    servers: masters,
    contents: async () =>
      (
        await onEach(async ({ admin }, key) => {
          const dump = (await admin.type(key)) === 'string' ? await admin.getBuffer(key) : await admin.dumpBuffer(key);
          return `${key.toString('latin1')} ${dump?.toString('latin1') ?? ''}`;
        })
      ).join('\n'),
    ends: () => onEach(({ admin }, key) => admin.pttl(key)),
    async empty() {
      await Promise.all(masters.map(({ admin }) => admin.flushall()));
    },
    async trips(work) {
      trips = 0;
      await work();
      return trips;
    },
    async close() {
      redis.close();
      elsewhere.close();
      await close();
    },
  };
}

export interface RedisBenches {
  /** Every way in which Redis may be run, each started when first asked for; none where this machine has none. */
  readonly all: readonly (readonly [string, () => Promise<RedisBench>])[];
  close(): Promise<void>;
}

/** Called once by a test file, which closes them when it is done. */
export function redisBenches(): RedisBenches {
  const started: Promise<RedisBench>[] = [];
  const once = (start: () => Promise<RedisBench>): (() => Promise<RedisBench>) => {
    let running: Promise<RedisBench> | undefined;
    return () => {
      if (running === undefined) started.push((running = start()));
      return running;
    };
  };
  return {
    all: hasRedis()
      ? [
          [
            'Redis',
            once(async () => {
              const server = await startRedis({ requirepass: 'rahasia' });
              return bench({ url: server.url }, [server], () => server.close());
            }),
          ],
          [
            'a Redis Cluster',
            once(async () => {
              const cluster = await startRedisCluster();
              return bench({ cluster: cluster.nodes.map(({ address }) => address) }, cluster.nodes, () =>
                cluster.close(),
              );
            }),
          ],
          [
            'Redis behind Sentinels',
            once(async () => {
              const set = await startRedisSentinel();
              return bench(
                { sentinels: set.sentinels.map(({ address }) => address), sentinelName: set.name },
                [set.nodes[0]!],
                () => set.close(),
              );
            }),
          ],
        ]
      : [],
    async close() {
      await Promise.all(started.map(async (one) => (await one).close()));
    },
  };
}
