import type { Knex } from 'knex';

/**
 * Deletes at most `limit` rows whose `column` lies before the moment. In pieces, because what has piled up must not
 * hold a statement longer than it may run; rows that another instance is deleting are left to it.
 *
 * @returns how many rows went.
 */
export async function deleteBatch(db: Knex, table: string, column: string, before: Date, limit: number): Promise<number> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    'delete from ?? where ctid = any(array(select ctid from ?? where ?? <= ? limit ? for update skip locked)) returning 1',
    [table, table, column, before, limit],
  );
  return rows.length;
}
