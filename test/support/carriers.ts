import type { startTestApp } from './app.ts';
import { hasRedis, startRedis, startRedisCluster } from './redis.ts';

export interface Carrier {
  readonly settings: NonNullable<Parameters<typeof startTestApp>[0]>;
  close(): Promise<void>;
}

/**
 * What can carry the protocol state beneath a whole sign-on, by name; each is a server of its own, which whoever opens
 * it closes.
 */
export const carriers: readonly (readonly [name: string, open: () => Promise<Carrier>])[] = [
  ['PostgreSQL', () => Promise.resolve({ settings: {}, close: () => Promise.resolve() })],
  ...(hasRedis()
    ? ([
        [
          'Redis',
          async () => {
            const server = await startRedis();
            return { settings: { redis: { url: server.url, timeoutMs: 5000 } }, close: () => server.close() };
          },
        ],
        [
          'a Redis Cluster',
          async () => {
            const cluster = await startRedisCluster();
            return {
              settings: { redis: { cluster: cluster.nodes.map(({ address }) => address), timeoutMs: 5000 } },
              close: () => cluster.close(),
            };
          },
        ],
      ] as const)
    : []),
];
