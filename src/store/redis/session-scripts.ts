/** How a session is renewed and ended, in Lua; a row is what `scripts.ts` says. */
import type { RedisScript } from './connection.ts';

/**
 * KEYS: the row as it was, the row as it is to be (which may be the same), the index that leads to it. ARGV: the row,
 * milliseconds to live, its id, the payload that was read or ''.
 */
export const renewLinked: RedisScript = {
  name: 'ssoRenewLinked',
  lua: `
local row = redis.call('GET', KEYS[1])
if not row or string.sub(row, -#ARGV[4]) ~= ARGV[4] and ARGV[4] ~= '' then return 0 end
if KEYS[1] ~= KEYS[2] then redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[2])
return 1
`,
};

/**
 * The same of a row alone. KEYS: the row. ARGV: the row, milliseconds to live, the payload that was read or ''.
 * @returns 0 where it is gone or left, 2 where another payload stands there.
 */
export const renewRow: RedisScript = {
  name: 'ssoRenewRow',
  lua: String.raw`
local row = redis.call('GET', KEYS[1])
if not row or string.sub(row, 1, 4) ~= '\0\0\0\0' then return 0 end
if ARGV[3] ~= '' and string.sub(row, -#ARGV[3]) ~= ARGV[3] then return 2 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
};

/** KEYS: the row, the index that leads to it. ARGV: beginning of the rows. */
export const endLinked: RedisScript = {
  name: 'ssoEndLinked',
  lua: `
local id = redis.call('GET', KEYS[2])
if id then redis.call('DEL', ARGV[1] .. id) end
redis.call('DEL', KEYS[1], KEYS[2])
`,
};

/**
 * Of an index alone. KEYS: the index. ARGV: the id to which it leads, the one to which it is to lead, milliseconds to
 * live.
 * @returns 0 where it leads elsewhere, or what it led to was ended; one that was lost is made anew.
 */
export const pointIndex: RedisScript = {
  name: 'ssoPointIndex',
  lua: `
local id = redis.call('GET', KEYS[1])
if id and id ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`,
};

/**
 * Of a row alone to which no index leads any more. KEYS: the row. ARGV: milliseconds. As what was used it is found by
 * nobody; but whoever gives the session another id just now still takes what stands there, should it be more than they
 * had read.
 */
export const leaveRow: RedisScript = {
  name: 'ssoLeaveRow',
  lua: String.raw`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('SETRANGE', KEYS[1], 0, '\255\255\255\255')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
`,
};

/**
 * Of an index alone: from now on it leads nowhere. KEYS: the index. ARGV: milliseconds for which whoever is under way
 * hears so. @returns the id to which it led.
 */
export const closeIndex: RedisScript = {
  name: 'ssoCloseIndex',
  lua: `
local id = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return id
`,
};
