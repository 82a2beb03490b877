import type { Knex } from 'knex';
import { prepared } from './knex.ts';

/**
 * Within a transaction: of two who are at one value at the same moment the second waits until the first is done. By
 * each of its blind indexes in the same order: two instances that run beside each other while the key is being replaced
 * have one in common.
 */
export async function takeTurns(db: Knex, indexes: readonly Buffer[]): Promise<void> {
  const inOrder = [...indexes].sort((a, b) => a.compare(b));
  await Promise.all(
    inOrder.map((index) =>
      prepared(db, 'take-turns', 'select pg_advisory_xact_lock($1::bigint)', [String(index.readBigInt64BE(0))]),
    ),
  );
}

/**
 * Claims a value that must be unique. A unique index sees to it as long as there is one key; while there are two, the
 * same value has two indexes, so whoever claims it looks under both, and nobody else does at the same time.
 *
 * @param claim  inserts, and says whether the unique index let it.
 */
export async function claimOnce(
  db: Knex,
  { table, column, indexes }: { readonly table: string; readonly column: string; readonly indexes: readonly Buffer[] },
  claim: (on: Knex) => Promise<boolean>,
): Promise<boolean> {
  if (indexes.length === 1) return claim(db);
  return db.transaction(async (trx) => {
    await takeTurns(trx, indexes);
    const taken: unknown = await trx(table)
      .whereIn(column, [...indexes])
      .first(column);
    return taken === undefined && claim(trx);
  });
}
