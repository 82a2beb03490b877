import type { Config } from '../config.ts';
import { openRedis, type RedisConnection, type RedisNode } from '../store/redis/connection.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const check = 'redis';
const OLDEST = 6.2;

function* judge(nodes: readonly RedisNode[]): Generator<Finding> {
  const versions = [...new Set(nodes.map(({ version }) => version))].join(', ');
  const old = nodes.some(({ version }) => Number(version.split('.', 2).join('.')) < OLDEST);
  yield old ? fail(check, `Redis ${versions} is too old`, `upgrade Redis to ${OLDEST} or newer`) : ok(check, `Redis ${versions}${nodes.length > 1 ? `, ${nodes.length} masters` : ''}`);

  const evicting = nodes.find(({ evictionPolicy }) => evictionPolicy !== 'noeviction');
  if (evicting !== undefined) yield warn('redis memory', `maxmemory-policy is ${evicting.evictionPolicy}: a full Redis would forget sessions, limits and what was revoked`, 'set maxmemory-policy noeviction');
  const unlimited = nodes.some(({ limitBytes }) => limitBytes === 0);
  if (unlimited) yield warn('redis memory', 'maxmemory is not set: Redis grows until the system ends it', 'set maxmemory to what the machine can spare');
  if (nodes.some(({ appendsToDisk }) => !appendsToDisk)) {
    yield warn('redis persistence', 'appendonly is off: after a restart everybody signs in again, or what was revoked since the last snapshot is back', 'set appendonly yes');
  }
}

/** Whether the configured Redis answers and is set so that it forgets nothing; nothing is said where none is configured. */
export async function examineRedis({ redis: settings }: Pick<Config, 'redis'>): Promise<readonly Finding[]> {
  let redis: RedisConnection | undefined;
  // The driver gives up in words of its own; what it met stands in what it tells of each attempt.
  let met: string | undefined;
  try {
    redis = openRedis(settings, { warn: ({ reason }) => { met = reason; } });
    return redis === undefined ? [] : [...judge(await redis.inspect())];
  } catch (error) {
    return [fail(check, met ?? (error as Error).message, 'see the settings of Redis, and whether it is up and lets this machine in')];
  } finally {
    redis?.close();
  }
}
