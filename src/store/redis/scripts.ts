/**
 * What Redis does by itself, in Lua. A row is one string: the second of its use (4 bytes, zero while unused), then
 * three short texts, each after a byte with its length (grant, uid, code for a device), then the payload.
 *
 * The scripts with `Linked` in their name follow a row to other keys that they compute, which is only allowed where all
 * keys lie on one server. A cluster has the others, and takes a second step.
 */
import type { RedisScript } from './connection.ts';

const PARTS = String.raw`
local function part(row, at)
  local length = string.byte(row, at)
  return string.sub(row, at + 1, at + length), at + 1 + length
end
`;
const GRANT = `${PARTS}
local function isRevoked(row, marks)
  local grant = part(row, 5)
  return grant ~= '' and redis.call('EXISTS', marks .. grant) == 1
end
`;
/** KEYS: the row. ARGV: the row without its use, milliseconds to live. What was used stays used. */
const WRITE = String.raw`
local ttl = tonumber(ARGV[2])
if ttl <= 0 then
  redis.call('DEL', KEYS[1])
  return
end
local used = redis.call('GETRANGE', KEYS[1], 0, 3)
if #used < 4 then used = '\0\0\0\0' end
redis.call('SET', KEYS[1], used .. ARGV[1], 'PX', ttl)
`;
/** A set of grants by the moment at which each ends, so that it never grows beyond what is alive. */
const HOLD = `
local function hold(key, grant, ttl)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZADD', key, now + ttl, grant)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
end
`;
const USE = String.raw`
local used = redis.call('GETRANGE', KEYS[1], 0, 3)
if used ~= '\0\0\0\0' then return false end
redis.call('SETRANGE', KEYS[1], 0, struct.pack('>I4', redis.call('TIME')[1]))
`;

/** KEYS: the row. ARGV: what it is, what it is to be. Its end stays. */
export const replaceRow: RedisScript = {
  name: 'ssoReplaceRow',
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`,
};

export const write: RedisScript = { name: 'ssoWrite', lua: WRITE };

/**
 * KEYS: the row, indexes that lead to it, and with ARGV[5] the set of the holder's grants. ARGV: …, id, grant, holder
 * or ''.
 */
export const writeLinked: RedisScript = {
  name: 'ssoWriteLinked',
  lua: `${HOLD}${WRITE}
local indexes = #KEYS
if ARGV[5] ~= '' then
  hold(KEYS[indexes], ARGV[4], ttl)
  indexes = indexes - 1
end
for at = 2, indexes do redis.call('SET', KEYS[at], ARGV[3], 'PX', ttl) end
`,
};

/** KEYS: the set of a holder's grants. ARGV: grant, milliseconds to live. */
export const holdGrant: RedisScript = { name: 'ssoHold', lua: `${HOLD}hold(KEYS[1], ARGV[1], tonumber(ARGV[2]))` };

/** KEYS: the row. ARGV: beginning of the marks of revoked grants. */
export const findLinked: RedisScript = {
  name: 'ssoFindLinked',
  lua: `${GRANT}
local row = redis.call('GET', KEYS[1])
if not row or isRevoked(row, ARGV[1]) then return false end
return row
`,
};

/**
 * KEYS: the index. ARGV: beginning of the marks, beginning of the rows, which part of the row leads back (2 uid, 3
 * code), its value.
 */
export const followLinked: RedisScript = {
  name: 'ssoFollowLinked',
  lua: `${GRANT}
local id = redis.call('GET', KEYS[1])
if not id then return false end
local row = redis.call('GET', ARGV[2] .. id)
if not row or isRevoked(row, ARGV[1]) then return false end
local at, value = 5, nil
for _ = 1, tonumber(ARGV[3]) do value, at = part(row, at) end
if value ~= ARGV[4] then return false end
return row
`,
};

/**
 * KEYS: rows, of which the first that is there counts. ARGV: beginnings of the marks, of the index by which sessions
 * are found, of sessions, of grants.
 *
 * In the place of the uid, which tokens have none of, a token may have the uid of its session and the id of its grant,
 * 32 bytes each.
 * @returns which row it is, the row, and what it leads to ('' for what is gone; nothing where it does not say).
 */
export const findLeading: RedisScript = {
  name: 'ssoFindLeading',
  lua: `${GRANT}
for which, key in ipairs(KEYS) do
  local row = redis.call('GET', key)
  if row and not isRevoked(row, ARGV[1]) then
    local grant, at = part(row, 5)
    local leads = part(row, at)
    if #leads ~= 64 then return { which, row } end
    local uid = string.sub(leads, 1, 32)
    local id = redis.call('GET', ARGV[2] .. uid)
    local session = id and redis.call('GET', ARGV[3] .. id) or ''
    if session ~= '' then
      local _, where = part(session, 5)
      if part(session, where) ~= uid or isRevoked(session, ARGV[1]) then session = '' end
    end
    local origin = redis.call('GET', ARGV[4] .. string.sub(leads, 33)) or ''
    if origin ~= '' and part(origin, 5) ~= grant and isRevoked(origin, ARGV[1]) then origin = '' end
    return { which, row, session, origin }
  end
end
return false
`,
};

/**
 * KEYS: a session. ARGV: beginnings of the marks, of grants; a client.
 *
 * In the place of the code for a device, which sessions have none of, a session may have eight bytes for a client and
 * the id of its grant, 32 bytes, again and again.
 * @returns the row, and that grant ('' for what is gone; nothing where it does not say).
 */
export const findSession: RedisScript = {
  name: 'ssoFindSession',
  lua: `${GRANT}
local row = redis.call('GET', KEYS[1])
if not row or isRevoked(row, ARGV[1]) then return false end
local _, at = part(row, 5)
_, at = part(row, at)
local granted = part(row, at)
for from = 1, #granted, 40 do
  if string.sub(granted, from, from + 7) == ARGV[3] then
    local grant = redis.call('GET', ARGV[2] .. string.sub(granted, from + 8, from + 39)) or ''
    if grant ~= '' and isRevoked(grant, ARGV[1]) then grant = '' end
    return { row, grant }
  end
end
return { row }
`,
};

/** KEYS: the row. @returns its grant, with the length before it, when this was the first use. */
export const use: RedisScript = {
  name: 'ssoUse',
  lua: `${USE}
return redis.call('GETRANGE', KEYS[1], 4, 4 + string.byte(redis.call('GETRANGE', KEYS[1], 4, 4)))
`,
};

/** KEYS: the row. ARGV: beginning of the marks. */
export const useLinked: RedisScript = {
  name: 'ssoUseLinked',
  lua: `${GRANT}
local row = redis.call('GET', KEYS[1])
if not row or isRevoked(row, ARGV[1]) then return false end
${USE}
return 1
`,
};

/**
 * KEYS: the row that is used, rows that are written for it. ARGV: beginning of the marks; of each of these the row
 * without its use, and milliseconds to live.
 */
export const useAndWrite: RedisScript = {
  name: 'ssoUseAndWrite',
  lua: String.raw`${GRANT}
local row = redis.call('GET', KEYS[1])
if not row or isRevoked(row, ARGV[1]) then return false end
${USE}
for at = 2, #KEYS do
  local ttl = tonumber(ARGV[2 * at - 1])
  if ttl > 0 then redis.call('SET', KEYS[at], '\0\0\0\0' .. ARGV[2 * at - 2], 'PX', ttl) end
end
return 1
`,
};

/** KEYS: the set of the holder's grants. ARGV: beginning of the marks, milliseconds they live. */
export const revokeHolderLinked: RedisScript = {
  name: 'ssoRevokeHolderLinked',
  lua: `
for _, grant in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('SET', ARGV[1] .. grant, '', 'PX', ARGV[2]) end
`,
};
