import type { Knex } from 'knex';
import { setTimeout as wait } from 'node:timers/promises';
import { prepared } from './knex.ts';

/** By what a transaction is known again. */
export interface TransactionMark {
  readonly id: string;
  /** The history that the number belongs to: a standby that took over may give it to somebody else. */
  readonly timeline: string;
}

/** In SQL. */
export const TIMELINE = 'left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)';

/** To be asked last within the transaction. @returns undefined where it has written nothing. */
export async function markOf(trx: Knex): Promise<TransactionMark | undefined> {
  const [row] = await prepared<{ id: string | null; timeline: string }>(
    trx,
    'transaction-mark',
    `select pg_current_xact_id_if_assigned()::text as id, ${TIMELINE} as timeline`,
    [],
  );
  return typeof row?.id === 'string' ? { id: row.id, timeline: row.timeline } : undefined;
}

/** What PostgreSQL says of a number that it has not given out: it fell before it had kept it. */
const NEVER_SEEN = '22023';

async function statusOf(knex: Knex, { id, timeline }: TransactionMark): Promise<string | null | undefined> {
  try {
    const [row] = await prepared<{ status: string | null }>(
      knex,
      'transaction-fate',
      `select case when ${TIMELINE} = $2 then pg_xact_status($1::xid8) end as status`,
      [id, timeline],
    );
    return row?.status;
  } catch (error) {
    if ((error as { code?: unknown }).code === NEVER_SEEN) return undefined;
    throw error;
  }
}

const NOT_OURS = '42501';
const PAUSE_MS = 25;
/** A server that has lost its client to a broken connection still comes to the end of what it was told. */
const LOOKS = 20;

/** Whoever is told this may come back later and look: done again at once, it could be done twice. */
export class FateUnknown extends Error {
  override readonly name = 'FateUnknown';
  readonly code = 'FATE_UNKNOWN';
}

/** @returns undefined where the server has not come to the end of it. */
async function fateOf(knex: Knex, mark: TransactionMark, looks: number): Promise<boolean | undefined> {
  for (let look = 0; look < looks; look += 1) {
    const status = await statusOf(knex, mark);
    if (status !== 'in progress') return status === 'committed';
    await wait(PAUSE_MS);
  }
  return undefined;
}

/**
 * Ends the session that is still at it: the one who would hear its answer is gone. It may be waiting for a command that
 * never arrives, or arrives when nobody expects it any more; a commit that it has begun it brings to its end.
 */
async function endSessionOf(knex: Knex, { id }: TransactionMark): Promise<void> {
  try {
    await prepared(
      knex,
      'transaction-end',
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and backend_xid = $1::xid8::xid',
      [id],
    );
  } catch (error) {
    // One of another role is not ours to end; whether it comes to its end by itself, the next looks tell.
    if ((error as { code?: unknown }).code !== NOT_OURS) throw error;
  }
}

/**
 * Whether a transaction was committed whose answer was lost: the server knows, and nobody else. What it cannot say,
 * because another server took over or the number is forgotten, counts as not committed: then the work is done again and
 * meets what it finds.
 *
 * @throws {FateUnknown} where the server does not come to the end of it.
 */
export async function wasCommitted(knex: Knex, mark: TransactionMark, looks = LOOKS): Promise<boolean> {
  const known = await fateOf(knex, mark, looks);
  if (known !== undefined) return known;
  await endSessionOf(knex, mark);
  // It also has to undo what it did, and to wait for a standby: as long as the rest of a request may take.
  const after = await fateOf(knex, mark, looks * 4);
  if (after === undefined)
    throw new FateUnknown(
      'it is not known whether the transaction was committed: the database has not come to its end',
    );
  return after;
}
