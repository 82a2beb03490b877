import type { Config } from '../config.ts';
import { openRedis, type RedisConnection, type RedisNode } from '../store/redis/connection.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const check = 'redis';
/** In older ones no script looks at what is set for replicas (docs/adr/0022-redis.md). */
const OLDEST = 7;

function* judge(nodes: readonly RedisNode[]): Generator<Finding> {
  const versions = [...new Set(nodes.map(({ version }) => version))].join(', ');
  const old = nodes.some(({ version }) => Number.parseInt(version, 10) < OLDEST);
  yield old
    ? fail(check, `Redis ${versions} is too old`, `upgrade Redis to ${OLDEST}.0 or newer`)
    : ok(check, `Redis ${versions}${nodes.length > 1 ? `, ${nodes.length} masters` : ''}`);

  const evicting = nodes.find(({ evictionPolicy }) => evictionPolicy !== 'noeviction');
  if (evicting !== undefined)
    yield warn(
      'redis memory',
      `maxmemory-policy is ${evicting.evictionPolicy}: a full Redis would forget sessions, limits and what was revoked`,
      'set maxmemory-policy noeviction',
    );
  const unlimited = nodes.some(({ limitBytes }) => limitBytes === 0);
  if (unlimited)
    yield warn(
      'redis memory',
      'maxmemory is not set: Redis grows until the system ends it',
      'set maxmemory to what the machine can spare',
    );
  if (nodes.some(({ appendsToDisk }) => !appendsToDisk)) {
    yield warn(
      'redis persistence',
      'appendonly is off: after a restart everybody signs in again, or what was revoked since the last snapshot is back',
      'set appendonly yes',
    );
  }
  // With one alone, none would be left after a fail-over, and nothing could be written.
  if (nodes.some(({ replicas, needsReplicas }) => replicas >= 2 && !needsReplicas)) {
    yield warn(
      'redis replicas',
      'min-replicas-to-write is 0: a master that is cut off from its replicas goes on, and what it wrote is lost when it comes back',
      'set min-replicas-to-write 1',
    );
  }
}

/**
 * Whether the configured Redis answers and is set so that it forgets nothing; nothing is said where none is configured.
 */
export async function examineRedis({ redis: settings }: Pick<Config, 'redis'>): Promise<readonly Finding[]> {
  let redis: RedisConnection | undefined;
  // The driver gives up in words of its own; what it met stands in what it tells of each attempt.
  let met: string | undefined;
  try {
    redis = openRedis(settings, {
      warn: ({ reason }) => {
        met = reason;
      },
    });
    return redis === undefined ? [] : [...judge(await redis.inspect())];
  } catch (error) {
    return [
      fail(
        check,
        met ?? (error as Error).message,
        'see the settings of Redis, and whether it is up and lets this machine in',
      ),
    ];
  } finally {
    redis?.close();
  }
}
