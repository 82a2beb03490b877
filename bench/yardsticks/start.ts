import { join } from 'node:path';
import { freePort } from '../../test/support/app.ts';
import { Visitor } from '../drivers/visitor.ts';
import { startServerProcess } from '../measure/server-process.ts';
import type { Measured } from '../setups/product.ts';
import { MACHINE, SERVICE } from '../setups/seed.ts';
import { startRedisStore } from '../setups/stores.ts';

export interface Yardsticks {
  readonly memory: Measured;
  readonly redis: Measured;
  /** Node alone. */
  readonly floor: Measured;
  stop(): Promise<void>;
}

/** Both yardsticks, each a process of its own, the second on a Redis of its own; and what any server of Node costs. */
export async function startYardsticks(dir: string): Promise<Yardsticks> {
  const store = await startRedisStore();
  async function start(name: 'memory' | 'redis' | 'floor'): Promise<Measured> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { NODE_ENV: 'production', ISSUER: url, PORT: String(port), ...(name === 'redis' ? { REDIS_URL: store.url } : {}) };
    const server = await startServerProcess({ script: name === 'floor' ? 'bench/yardsticks/floor.ts' : 'bench/yardsticks/server.ts', env, url, ready: '/jwks', logFile: join(dir, `yardstick-${name}.log`) });
    let next = 0;
    return {
      target: { name, service: SERVICE, machine: MACHINE, visitor: () => new Visitor([url]), person: () => ({ identifier: `person-${(next += 1)}`, password: 'any' }) },
      servers: [server],
      postgres: undefined,
      redis: name === 'redis' ? store : undefined,
    };
  }
  const [memory, redis, floor] = [await start('memory'), await start('redis'), await start('floor')];
  return {
    memory,
    redis,
    floor,
    async stop() {
      await Promise.all([memory, redis, floor].flatMap(({ servers }) => servers).map((server) => server.stop()));
      await store.stop();
    },
  };
}
