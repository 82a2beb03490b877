import { setTimeout as wait } from 'node:timers/promises';

/** Waits between tries, in milliseconds: together a little longer than a restart of PostgreSQL takes. */
const WAITS_MS = [50, 100, 200, 400, 800, 1500, 2500];

/**
 * With 53300: after a restart everybody comes back at once, and for a moment there is no room. With a server that only
 * reads, refused before anything was said to it: the address may lead elsewhere in a moment.
 */
const LOST = new Set([
  'DATABASE_READS_ONLY',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08001',
  '08003',
  '08006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
]);
const LOST_WORDS =
  /connection terminated|connection ended|server closed the connection|client has encountered a connection error|not queryable/i;

/** The statement may be fine: the connection was lost, or the server is just starting or stopping. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && LOST.has(code)) || LOST_WORDS.test(error.message);
}

/**
 * Reasons not to try again at once but to come back later: the wait for an answer or for a free connection was long
 * already (57014, ETIMEDOUT; 55P03 for a lock), the transaction stood still (25P03), the address leads nowhere, the
 * server only reads since another took over (25006), it has no room for what is written (53100, 53200) or a disk that
 * fails (58030), or it has not come to the end of a transaction whose answer was lost. And whatever is wrong with
 * Redis, whose driver has tried again by itself.
 */
const AWAY = new Set([
  'REDIS_AWAY',
  'FATE_UNKNOWN',
  '25006',
  '53100',
  '53200',
  '58030',
  '57014',
  '55P03',
  '25P03',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Neither pg nor knex gives these two a code: no answer to a new connection, and no connection free in the pool. */
const isTimeout = ({ name, message }: Error): boolean => name === 'KnexTimeoutError' || message === 'timeout expired';

/**
 * Nobody's fault but the database's, PostgreSQL or Redis: whoever asked may come back in a moment. All lost connections
 * are among it.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (isConnectionLost(error)) return true;
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && AWAY.has(code)) || isTimeout(error);
}

/** Two transactions that stood in each other's way; the whole of it may be tried again. */
const isCollision = (error: unknown): boolean =>
  ['40001', '40P01'].includes(String((error as { code?: unknown } | undefined)?.code));

/**
 * Does the work, and does it again when the database was away for a moment.
 *
 * The connection may have been lost after the work was committed. Whatever runs in here must therefore come to the
 * same end when it is done twice; the journeys do, because they look at their draft first.
 */
export async function withReconnect<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error) && !isCollision(error)) throw error;
      await wait(pause);
    }
  }
  return work();
}

/** The same object, each of whose asynchronous methods reconnects. */
export function reconnecting<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key, receiver) {
      const member: unknown = Reflect.get(object, key, receiver);
      if (typeof member !== 'function') return member;
      const method = member as (...args: unknown[]) => unknown;
      return (...args: unknown[]): unknown => {
        const first = method.apply(object, args);
        if (!(first instanceof Promise)) return first;
        let pending: Promise<unknown> | undefined = first;
        return withReconnect(() => {
          const running = pending ?? (method.apply(object, args) as Promise<unknown>);
          pending = undefined;
          return running;
        });
      };
    },
  });
}
