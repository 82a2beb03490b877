/**
 * Loaded into a server before everything else (`--import`): counts what goes to the stores, at their drivers, and says so
 * when the benchmark asks. The server itself knows nothing of it.
 */
import { Redis } from 'ioredis';
import pg from 'pg';

export interface Trips {
  /** Statements to PostgreSQL, those of transactions included. */
  readonly postgres: number;
  readonly redis: number;
}

const trips = { postgres: 0, redis: 0 };

/** Both drivers may call the same method again for one command: with the same object. */
function counting(prototype: object, name: string, kind: keyof typeof trips): void {
  const seen = new WeakSet();
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, name, function counted(this: unknown, ...args: unknown[]): unknown {
    const [first] = args;
    const isKnown = typeof first === 'object' && first !== null && seen.has(first);
    if (typeof first === 'object' && first !== null) seen.add(first);
    if (!isKnown) trips[kind] += 1;
    return original.apply(this, args);
  });
}

counting(pg.Client.prototype, 'query', 'postgres');
counting(Redis.prototype, 'sendCommand', 'redis');

process.on('message', (message) => {
  if (message === 'trips') process.send?.({ ...trips } satisfies Trips);
});
process.channel?.unref();
