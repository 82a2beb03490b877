import { generateKeyPairSync } from 'node:crypto';
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

/**
 * Both yardsticks, each a process of its own, the second on a Redis of its own; and what any server of Node costs.
 * Those that can be are as many processes as the product has: a `Map` is of one process.
 */
export async function startYardsticks(dir: string, instances: number): Promise<Yardsticks> {
  const store = await startRedisStore();
  const { privateKey: signingKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  async function start(name: 'memory' | 'redis' | 'floor', count: number): Promise<Measured> {
    const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const env = {
      NODE_ENV: 'production',
      ISSUER: urls[0] ?? '',
      SIGNING_KEY: signingKey,
      ...(name === 'redis' ? { REDIS_URL: store.url } : {}),
    };
    const script = name === 'floor' ? 'bench/yardsticks/floor.ts' : 'bench/yardsticks/server.ts';
    const servers = await Promise.all(
      urls.map((url, number) =>
        startServerProcess({
          script,
          env: { ...env, PORT: String(ports[number]) },
          url,
          ready: '/jwks',
          logFile: join(dir, `yardstick-${name}-${number}.log`),
        }),
      ),
    );
    let next = 0;
    return {
      target: {
        name,
        service: SERVICE,
        machine: MACHINE,
        visitor: () => new Visitor(urls),
        person: () => ({ identifier: `person-${(next += 1)}`, password: 'any' }),
      },
      servers,
      postgres: undefined,
      redis: name === 'redis' ? store : undefined,
    };
  }
  const [memory, redis, floor] = [
    await start('memory', 1),
    await start('redis', instances),
    await start('floor', instances),
  ];
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
