import type { Config } from '../config.ts';
import { inspectReplica, type ReplicaFacts } from '../store/inspect-replica.ts';
import { createKnex } from '../store/knex.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const check = 'replica';
/** Reports are read by the day. */
const BEHIND_WARN_MS = 300_000;

export function judgeReplica({ isReplica, isSameSystem, behindMs }: ReplicaFacts): Finding {
  if (!isSameSystem)
    return fail(
      check,
      'is of another database: reports would count what is not ours',
      'set DATABASE_REPLICA_URL to a standby of DATABASE_URL, or leave it out',
    );
  if (!isReplica)
    return warn(
      check,
      'is the database itself: reports cost it as much as without',
      'set DATABASE_REPLICA_URL to a standby (pg_basebackup --write-recovery-conf), or leave it out',
    );
  const behind = `${Math.round(behindMs / 1000)} s behind`;
  return behindMs > BEHIND_WARN_MS
    ? warn(check, behind, 'see pg_stat_replication at the database, and the disk and network of the replica')
    : ok(check, `follows, ${behind}`);
}

/** Where reports are counted apart from the database, whether that place is what it should be. */
export async function examineReplica({ database }: Config): Promise<readonly Finding[]> {
  const { url, replicaUrl, statementTimeoutMs } = database;
  if (replicaUrl === undefined) return [];
  if (url === undefined)
    return [
      fail(check, 'an embedded database has none', 'set DATABASE_URL as well, or leave DATABASE_REPLICA_URL out'),
    ];
  const [replica, primary] = [replicaUrl, url].map((one) =>
    createKnex({ url: one, poolMax: 1, statementTimeoutMs, pooled: database.directUrl !== undefined, readsOnly: true }),
  ) as [ReturnType<typeof createKnex>, ReturnType<typeof createKnex>];
  try {
    return [judgeReplica(await inspectReplica(replica, primary))];
  } catch (error) {
    return [
      fail(
        check,
        error instanceof Error ? error.message : String(error),
        'see DATABASE_REPLICA_URL, and whether the replica is up and lets this machine in; reports answer 503 meanwhile',
      ),
    ];
  } finally {
    await Promise.all([replica.destroy(), primary.destroy()]);
  }
}
