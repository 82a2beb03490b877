import type { Knex } from 'knex';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { prepared } from '../../store/knex.ts';
import { systemClock, type Clock } from '../clock/clock.ts';
import type { Limit, Reading, SingleCounters } from './counters.ts';

const TABLE = 'counters';
/** No count and no duration comes near it, and every moment since 1973 lies beyond it. */
const FIRST_MOMENT = 100_000_000_000;

const CLEARED_AT_ONCE = 1000;

interface Query {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

interface CounterRow {
  readonly points: number;
  readonly expire: number | null;
}

/**
 * What the library takes for its connection. The library reads the machine's clock; here its moments become those of
 * our clock on the way into the table, and back on the way out, so that one clock rules everything.
 */
function createClient(
  db: Knex,
  clock: Clock,
): { query(query: Query): Promise<{ rows: CounterRow[]; rowCount: number }> } {
  return {
    async query({ name, text, values }) {
      const ahead = (): number => clock.now().getTime() - Date.now();
      const before = ahead();
      const ours = values.map((value) => (typeof value === 'number' && value > FIRST_MOMENT ? value + before : value));
      const rows = await prepared<CounterRow>(db, name, text, ours);
      // Looked at again: a clock that was moved or that stands still is not as far ahead as it was before the answer.
      const after = ahead();
      return {
        rows: rows.map(({ points, expire }) => ({ points, expire: expire === null ? null : expire - after })),
        rowCount: rows.length,
      };
    },
  };
}

export interface PostgresCountersDeps {
  readonly db: Knex;
  readonly clock?: Clock;
}

/**
 * Counters in PostgreSQL, by rate-limiter-flexible: every count is one upsert, atomic across processes, and nothing is
 * remembered in the process. A hold has a row of its own, so that its end does not wipe out what was counted.
 *
 * Where the database cannot be reached every operation rejects with its error.
 */
export function createPostgresCounters({ db, clock = systemClock }: PostgresCountersDeps): SingleCounters {
  const storeClient = createClient(db, clock);
  const limiters = new Map<string, RateLimiterPostgres>();

  function limiterFor({ name, points, windowSeconds }: Limit): RateLimiterPostgres {
    const id = `${name} ${points} ${windowSeconds}`;
    let limiter = limiters.get(id);
    if (limiter === undefined) {
      limiter = new RateLimiterPostgres({
        storeClient,
        storeType: 'client',
        tableName: TABLE,
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        points,
        duration: windowSeconds,
      });
      limiters.set(id, limiter);
    }
    return limiter;
  }

  const holdKey = (key: string): string => `hold:${key}`;
  const endOf = (result: RateLimiterRes): Date => new Date(clock.now().getTime() + result.msBeforeNext);

  function readingOf(limit: Limit, counted: RateLimiterRes | null, held: RateLimiterRes | null): Reading {
    const used = Math.max(0, counted?.consumedPoints ?? 0);
    const ends = [counted, held].filter((result) => result !== null).map(endOf);
    return {
      used,
      left: held === null ? Math.max(0, limit.points - used) : 0,
      exhausted: held !== null || used >= limit.points,
      resetsAt: used === 0 && held === null ? undefined : ends.reduce((latest, end) => (end > latest ? end : latest)),
    };
  }

  return {
    async take(limit, key) {
      const limiter = limiterFor(limit);
      const held = await limiter.get(holdKey(key));
      const counted = await limiter.consume(key).catch((result: unknown) => {
        // Beyond the limit the library throws its answer; anything else is the database's error.
        if (result instanceof RateLimiterRes) return result;
        throw result;
      });
      const reading = readingOf(limit, counted, held);
      // With room for the point in its window, a held key is let through when the hold ends, and no later.
      const resetsAt = held !== null && reading.used <= limit.points ? endOf(held) : reading.resetsAt;
      return { ...reading, resetsAt, refused: held !== null || reading.used > limit.points };
    },

    async giveBack(limit, key) {
      // Not by the library: it would make a row of its own below zero, a point in advance, when the window has ended.
      await prepared(
        db,
        'counters-give-back',
        'update counters set points = points - 1 where key = $1 and points > 0 and expire > $2',
        [limiterFor(limit).getKey(key), clock.now().getTime()],
      );
    },

    async read(limit, key) {
      const limiter = limiterFor(limit);
      return readingOf(limit, await limiter.get(key), await limiter.get(holdKey(key)));
    },

    async hold(limit, key, seconds) {
      await limiterFor(limit).set(holdKey(key), 1, seconds);
    },

    async clear(limit, key) {
      const limiter = limiterFor(limit);
      await limiter.delete(key);
      await limiter.delete(holdKey(key));
    },

    async clearAll(limit, beginning) {
      const limiter = limiterFor(limit);
      let cleared = 0;
      for (;;) {
        // In portions: whoever counts on one of these keys waits for the end of the statement.
        const rows = await prepared<{ is_count: boolean }>(
          db,
          'counters-clear-all',
          `delete from counters where ctid = any(array(select ctid from counters where starts_with(key, $1) or starts_with(key, $2) limit ${CLEARED_AT_ONCE}))
           returning starts_with(key, $1) and expire > $3 as is_count`,
          [limiter.getKey(beginning), limiter.getKey(holdKey(beginning)), clock.now().getTime()],
        );
        cleared += rows.filter(({ is_count }) => is_count).length;
        if (rows.length < CLEARED_AT_ONCE) return cleared;
      }
    },
  };
}

/** Removes what has expired, at most `limit` rows. @returns how many. */
export async function purgeCounters(db: Knex, now: Date, limit: number): Promise<number> {
  const rows = await prepared(
    db,
    'counters-purge',
    'delete from counters where ctid = any(array(select ctid from counters where expire <= $1 order by expire limit $2 for update skip locked)) returning 1',
    [now.getTime(), limit],
  );
  return rows.length;
}
