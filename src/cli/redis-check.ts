import type { Config } from '../config.ts';
import { openRedis, type RedisNode } from '../store/redis/connection.ts';
import type { Finding } from './checks.ts';

const check = 'redis';
const OLDEST = 6.2;

function* judge(nodes: readonly RedisNode[]): Generator<Finding> {
  const versions = [...new Set(nodes.map(({ version }) => version))].join(', ');
  const old = nodes.some(({ version }) => Number(version.split('.', 2).join('.')) < OLDEST);
  yield old ? { check, state: 'fail', what: `Redis ${versions} is too old: ${OLDEST} or newer` } : { check, state: 'ok', what: `Redis ${versions}${nodes.length > 1 ? `, ${nodes.length} masters` : ''}` };

  const evicting = nodes.find(({ evictionPolicy }) => evictionPolicy !== 'noeviction');
  if (evicting !== undefined) yield { check: 'redis memory', state: 'warn', what: `maxmemory-policy is ${evicting.evictionPolicy}: a full Redis would forget sessions, limits and what was revoked; set noeviction` };
  const unlimited = nodes.some(({ limitBytes }) => limitBytes === 0);
  if (unlimited) yield { check: 'redis memory', state: 'warn', what: 'maxmemory is not set: Redis grows until the system ends it' };
  if (nodes.some(({ appendsToDisk }) => !appendsToDisk)) {
    yield { check: 'redis persistence', state: 'warn', what: 'appendonly is off: after a restart everybody signs in again, or what was revoked since the last snapshot is back' };
  }
}

/** Whether the configured Redis answers and is set so that it forgets nothing; nothing is said where none is configured. */
export async function examineRedis({ redis: settings }: Pick<Config, 'redis'>): Promise<readonly Finding[]> {
  const redis = openRedis(settings, { warn: () => undefined });
  if (redis === undefined) return [];
  try {
    return [...judge(await redis.inspect())];
  } catch (error) {
    return [{ check, state: 'fail', what: (error as Error).message }];
  } finally {
    redis.close();
  }
}
