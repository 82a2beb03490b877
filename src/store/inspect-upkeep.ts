import type { Knex } from 'knex';

/** What whoever runs PostgreSQL has to look after, as far as the role of the application may know of it. */
export interface UpkeepFacts {
  /** Undefined where the server archives nothing by itself, or does not tell. */
  readonly archiver: ArchiverFacts | undefined;
  readonly slots: readonly SlotFacts[];
  /**
   * How many transactions ago the oldest row was written whose time is not settled yet; undefined where the server does
   * not tell. PostgreSQL writes no more at 2,100 million.
   */
  readonly oldest: { readonly database: string; readonly transactions: number } | undefined;
}

export interface ArchiverFacts {
  readonly lastArchivedAt: Date | undefined;
  readonly lastFailedAt: Date | undefined;
  /** Since the statistics began. */
  readonly failures: number;
}

/** A place that somebody reads WAL from: the server keeps all that was not read, until its disk is full. */
export interface SlotFacts {
  readonly name: string;
  readonly isRead: boolean;
  readonly heldBytes: number;
}

const NOT_ALLOWED = '42501';

/** @returns the rows; none where the role may not know. */
async function asFarAsAllowed<Row>(knex: Knex, statement: string): Promise<readonly Row[]> {
  try {
    return (await knex.raw<{ rows: Row[] }>(statement)).rows;
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_ALLOWED) return [];
    throw error;
  }
}

/** Looks and changes nothing. Every role may ask this where nobody has forbidden it. */
export async function inspectUpkeep(knex: Knex): Promise<UpkeepFacts> {
  const [archiver] = await asFarAsAllowed<{ archived: Date | null; failed: Date | null; failures: string }>(
    knex,
    "select last_archived_time as archived, last_failed_time as failed, failed_count::text as failures from pg_stat_archiver where current_setting('archive_mode') <> 'off'",
  );
  const slots = await asFarAsAllowed<{ name: string; active: boolean; held: number | null }>(
    knex,
    'select slot_name as name, active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as held from pg_replication_slots where not temporary order by slot_name',
  );
  // All of the server, since it stops as a whole; those that nobody may connect to are settled once and for all.
  const [oldest] = await asFarAsAllowed<{ name: string; age: number }>(
    knex,
    'select datname as name, greatest(age(datfrozenxid), mxid_age(datminmxid))::float8 as age from pg_database order by 2 desc limit 1',
  );
  return {
    archiver:
      archiver === undefined
        ? undefined
        : {
            lastArchivedAt: archiver.archived ?? undefined,
            lastFailedAt: archiver.failed ?? undefined,
            failures: Number(archiver.failures),
          },
    slots: slots.map(({ name, active, held }) => ({ name, isRead: active, heldBytes: held ?? 0 })),
    oldest: oldest === undefined ? undefined : { database: oldest.name, transactions: oldest.age },
  };
}
