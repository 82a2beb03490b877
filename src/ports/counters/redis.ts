import type { RedisConnection, RedisScript } from '../../store/redis/connection.ts';
import { systemClock, type Clock } from '../clock/clock.ts';
import type { Counters, Limit, Reading } from './counters.ts';

/**
 * A counter with its hold is one hash: `n` points used, `e` the end of the window, `h` the end of the hold. Moments are
 * those of our clock, which is handed in, and the time to live only clears away what has ended.
 */
const READ = `
local now = tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'n', 'e', 'h')
local n, e, h = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
if e <= now then n, e = 0, 0 end
if h <= now then h = 0 end
`;
const KEEP = `
redis.call('HSET', KEYS[1], 'n', n, 'e', e, 'h', h)
redis.call('PEXPIRE', KEYS[1], math.max(e, h, now + 1) - now)
`;
const ANSWER = 'return { n, e, h }';

const take: RedisScript = { name: 'ssoTake', lua: `${READ}if e == 0 then e = now + tonumber(ARGV[2]) end n = n + 1 ${KEEP}${ANSWER}` };
const read: RedisScript = { name: 'ssoRead', lua: `${READ}${ANSWER}` };
const giveBack: RedisScript = { name: 'ssoGiveBack', lua: `${READ}if n > 0 then n = n - 1 ${KEEP}end` };
const hold: RedisScript = { name: 'ssoHoldKey', lua: `${READ}h = now + tonumber(ARGV[2]) ${KEEP}` };

export interface RedisCountersDeps {
  readonly redis: RedisConnection;
  readonly clock?: Clock;
}

/**
 * Counters in Redis: each operation is one script on one key, atomic across processes, one round trip.
 *
 * Where Redis cannot be reached every operation rejects with its error.
 */
export function createRedisCounters({ redis, clock = systemClock }: RedisCountersDeps): Counters {
  const keyOf = ({ name }: Limit, key: string): string => `${redis.prefix}c:${name}:${key}`;
  const now = (): number => clock.now().getTime();

  const readingOf = (limit: Limit, answer: unknown): Reading & { readonly refused: boolean } => {
    const [used = 0, windowEnd = 0, holdEnd = 0] = answer as readonly number[];
    const held = holdEnd > 0;
    return {
      refused: held || used > limit.points,
      used,
      left: held ? 0 : Math.max(0, limit.points - used),
      exhausted: held || used >= limit.points,
      resetsAt: used === 0 && !held ? undefined : new Date(Math.max(windowEnd, holdEnd)),
    };
  };

  return {
    take: async (limit, key) => readingOf(limit, await redis.run(take, [keyOf(limit, key)], [now(), limit.windowSeconds * 1000])),
    async giveBack(limit, key) {
      await redis.run(giveBack, [keyOf(limit, key)], [now()]);
    },
    async read(limit, key) {
      const { refused: _, ...reading } = readingOf(limit, await redis.run(read, [keyOf(limit, key)], [now()]));
      return reading;
    },
    async hold(limit, key, seconds) {
      await redis.run(hold, [keyOf(limit, key)], [now(), seconds * 1000]);
    },
    async clear(limit, key) {
      await redis.call('DEL', keyOf(limit, key));
    },
  };
}
