import { Redis } from 'ioredis';
import pg from 'pg';

export interface Trips {
  /** Statements to PostgreSQL, those that begin and end transactions included. */
  readonly postgres: readonly string[];
  readonly redis: readonly string[];
}

/** What a command is called: scripts go by their hash. */
const nameOf = (command: unknown): string => {
  if (typeof command === 'string') return command;
  const { name, text } = (command ?? {}) as { name?: string; text?: string };
  return name ?? text ?? 'statement';
};

type Tell = (kind: keyof Trips, name: string) => void;

function watch(prototype: object, method: string, kind: keyof Trips, tell: Tell): void {
  const seen = new WeakSet();
  const original = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, method, function watched(this: unknown, ...args: unknown[]): unknown {
    const [first] = args;
    // Drivers may call the same method again for one command: with the same object.
    const isKnown = typeof first === 'object' && first !== null && seen.has(first);
    if (typeof first === 'object' && first !== null) seen.add(first);
    if (!isKnown) tell(kind, nameOf(first));
    return original.apply(this, args);
  });
}

/** Tells what goes to the stores from this process, at their drivers and for good: call it once. */
export function watchStores(tell: Tell): void {
  watch(pg.Client.prototype, 'query', 'postgres', tell);
  watch(Redis.prototype, 'sendCommand', 'redis', tell);
}

const listeners = new Set<Tell>();
let isWatching = false;

/** What goes to the stores from this process while the work is done, whoever asks for it. */
export async function tripsOf(work: () => Promise<unknown>): Promise<Trips> {
  if (!isWatching) {
    watchStores((kind, name) => {
      for (const tell of listeners) tell(kind, name);
    });
    isWatching = true;
  }
  const trips: Record<keyof Trips, string[]> = { postgres: [], redis: [] };
  const tell: Tell = (kind, name) => {
    trips[kind].push(name);
  };
  listeners.add(tell);
  try {
    await work();
  } finally {
    listeners.delete(tell);
  }
  return trips;
}
