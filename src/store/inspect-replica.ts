import type { Knex } from 'knex';

export interface ReplicaFacts {
  /** It follows another server and cannot be written to. */
  readonly isReplica: boolean;
  /** Of one installation of PostgreSQL with the database it should follow. */
  readonly isSameSystem: boolean;
  /** How long ago what it has replayed was committed, in milliseconds; 0 where it has replayed all that it received. */
  readonly behindMs: number;
}

const systemOf = async (knex: Knex): Promise<string> => {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    'select system_identifier::text as id from pg_control_system()',
  );
  return rows[0]?.id ?? '';
};

/**
 * Looks at a replica beside the database it should follow, and changes nothing. @throws when one of them does not
 * answer.
 */
export async function inspectReplica(replica: Knex, primary: Knex): Promise<ReplicaFacts> {
  const { rows } = await replica.raw<{ rows: { follows: boolean; behind: number | null }[] }>(
    `select pg_is_in_recovery() as follows,
            case when pg_last_wal_receive_lsn() is not distinct from pg_last_wal_replay_lsn() then 0
                 else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 end::float8 as behind`,
  );
  const [here, there] = await Promise.all([systemOf(replica), systemOf(primary)]);
  return {
    isReplica: rows[0]?.follows === true,
    isSameSystem: here === there,
    behindMs: Math.max(0, Math.round(rows[0]?.behind ?? 0)),
  };
}
