import type { RedisConnection, RedisScript } from '../../store/redis/connection.ts';
import { systemClock, type Clock } from '../clock/clock.ts';
import { severalInTurn, type Counters, type Limit, type SingleCounters, type TakenReading } from './counters.ts';

/**
 * A counter with its hold is one hash: `n` points used, `e` the end of the window, `h` the end of the hold. Moments are
 * those of our clock, which is handed in, and the time to live only clears away what has ended.
 */
const COUNTER = `
local now = tonumber(ARGV[1])
local function read(key)
  local kept = redis.call('HMGET', key, 'n', 'e', 'h')
  local n, e, h = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
  if e <= now then n, e = 0, 0 end
  if h <= now then h = 0 end
  return n, e, h
end
local function keep(key, n, e, h)
  redis.call('HSET', key, 'n', n, 'e', e, 'h', h)
  redis.call('PEXPIRE', key, math.max(e, h, now + 1) - now)
end
local n, e, h = read(KEYS[1])
`;

const take: RedisScript = {
  name: 'ssoTake',
  lua: `${COUNTER}if e == 0 then e = now + tonumber(ARGV[2]) end n = n + 1 keep(KEYS[1], n, e, h) return { n, e, h }`,
};
const read: RedisScript = { name: 'ssoRead', lua: `${COUNTER}return { n, e, h }` };
const giveBack: RedisScript = { name: 'ssoGiveBack', lua: `${COUNTER}if n > 0 then keep(KEYS[1], n - 1, e, h) end` };
const hold: RedisScript = { name: 'ssoHoldKey', lua: `${COUNTER}keep(KEYS[1], n, e, now + tonumber(ARGV[2]))` };

/**
 * KEYS: the counters, and behind them the one that is only looked at, if there is one. ARGV: now, the window and the
 * points of each, and the points of that one. Written once all of them have said yes. @returns what was taken of each;
 * where the hold refused, its three numbers.
 */
const takeAll: RedisScript = {
  name: 'ssoTakeAll',
  lua: `${COUNTER}
local taken, counts = {}, #KEYS
if #ARGV % 2 == 0 then
  local used, till, held = read(KEYS[counts])
  if held > 0 or used >= tonumber(ARGV[#ARGV]) then return { used, till, held } end
  counts = counts - 1
end
for at = 1, counts do
  local key = KEYS[at]
  if at > 1 then n, e, h = read(key) end
  if e == 0 then e = now + tonumber(ARGV[2 * at]) end
  n = n + 1
  taken[at] = { n, e, h }
  if h > 0 or n > tonumber(ARGV[2 * at + 1]) then return taken end
end
for at = 1, counts do keep(KEYS[at], unpack(taken[at])) end
return taken`,
};
/** KEYS: what is given back, then what is wiped out. ARGV: now, how many of the former. */
const giveBackAll: RedisScript = {
  name: 'ssoGiveBackAll',
  lua: `${COUNTER}
for at, key in ipairs(KEYS) do
  if at > 1 then n, e, h = read(key) end
  if at > tonumber(ARGV[2]) then redis.call('DEL', key)
  elseif n > 0 then keep(key, n - 1, e, h) end
end`,
};

export interface RedisCountersDeps {
  readonly redis: RedisConnection;
  readonly clock?: Clock;
}

/**
 * Counters in Redis: each operation is one script, atomic across processes, one round trip.
 *
 * Where Redis cannot be reached every operation rejects with its error.
 */
export function createRedisCounters({ redis, clock = systemClock }: RedisCountersDeps): Counters {
  const keyOf = ({ name }: Limit, key: string): string => `${redis.prefix}c:${name}:${key}`;
  const now = (): number => clock.now().getTime();

  const readingOf = (limit: Limit, answer: unknown): TakenReading => {
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
  /** With room for the point in its window, a held key is let through when the hold ends, and no later. */
  const takenOf = (limit: Limit, answer: unknown): TakenReading => {
    const reading = readingOf(limit, answer);
    const [, , holdEnd = 0] = answer as readonly number[];
    return holdEnd > 0 && reading.used <= limit.points ? { ...reading, resetsAt: new Date(holdEnd) } : reading;
  };

  const single: SingleCounters = {
    take: async (limit, key) =>
      takenOf(limit, await redis.run(take, [keyOf(limit, key)], [now(), limit.windowSeconds * 1000])),
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
    async clearAll(limit, beginning) {
      let cleared = 0;
      for await (const keys of redis.scan(keyOf(limit, beginning))) {
        for (const gone of await Promise.all(keys.map((key) => redis.call('DEL', key)))) cleared += Number(gone);
      }
      return cleared;
    },
  };
  // On a cluster each key has a server of its own.
  if (redis.isCluster) return severalInTurn(single);

  return {
    ...single,
    async takeAll(counts, hold) {
      if (counts.length === 0 && hold === undefined) return { readings: [], refusedBy: undefined };
      const further = hold === undefined ? [] : [hold];
      const answers = (await redis.run(
        takeAll,
        [...counts, ...further].map(([limit, key]) => keyOf(limit, key)),
        [
          now(),
          ...counts.flatMap(([{ windowSeconds, points }]) => [windowSeconds * 1000, points]),
          ...further.map(([{ points }]) => points),
        ],
      )) as readonly unknown[];
      if (hold !== undefined && typeof answers[0] === 'number')
        return { readings: [{ ...readingOf(hold[0], answers), refused: true }], refusedBy: hold };
      const readings = counts.slice(0, answers.length).map(([limit], at) => takenOf(limit, answers[at]));
      return { readings, refusedBy: readings.at(-1)?.refused === true ? counts[readings.length - 1] : undefined };
    },
    async giveBackAll(counts, cleared = []) {
      const all = [...counts, ...cleared];
      if (all.length > 0)
        await redis.run(
          giveBackAll,
          all.map(([limit, key]) => keyOf(limit, key)),
          [now(), counts.length],
        );
    },
  };
}
