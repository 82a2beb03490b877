import type { Knex } from 'knex';
import { setTimeout as wait } from 'node:timers/promises';
import { prepared } from './knex.ts';

/** By what a transaction is known again. */
export interface TransactionMark {
  readonly id: string;
  /** The history that the number belongs to: a standby that took over may give it to somebody else. */
  readonly timeline: string;
}

const TIMELINE = 'left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)';

/** To be asked last within the transaction. @returns undefined where it has written nothing. */
export async function markOf(trx: Knex): Promise<TransactionMark | undefined> {
  const [row] = await prepared<{ id: string | null; timeline: string }>(trx, 'transaction-mark', `select pg_current_xact_id_if_assigned()::text as id, ${TIMELINE} as timeline`, []);
  return typeof row?.id === 'string' ? { id: row.id, timeline: row.timeline } : undefined;
}

/** What PostgreSQL says of a number that it has not given out: it fell before it had kept it. */
const NEVER_SEEN = '22023';

async function statusOf(knex: Knex, { id, timeline }: TransactionMark): Promise<string | null | undefined> {
  try {
    const [row] = await prepared<{ status: string | null }>(knex, 'transaction-fate', `select case when ${TIMELINE} = $2 then pg_xact_status($1::xid8) end as status`, [id, timeline]);
    return row?.status;
  } catch (error) {
    if ((error as { code?: unknown }).code === NEVER_SEEN) return undefined;
    throw error;
  }
}

const PAUSE_MS = 25;
/** A server that has lost its client to a broken connection still comes to the end of what it was told. */
const MOST_LOOKS = 40;

/**
 * Whether a transaction was committed whose answer was lost: the server knows, and nobody else. What it cannot say, because
 * another server took over or the number is forgotten, counts as not committed: then the work is done again and meets what it finds.
 */
export async function wasCommitted(knex: Knex, { id, timeline }: TransactionMark): Promise<boolean> {
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const status = await statusOf(knex, { id, timeline });
    if (status !== 'in progress') return status === 'committed';
    await wait(PAUSE_MS);
  }
  return false;
}
