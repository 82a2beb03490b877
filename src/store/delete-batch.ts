import type { Knex } from 'knex';

/**
 * Deletes at most `limit` rows whose `column` lies before the moment. In pieces, because what has piled up must not
 * hold a statement longer than it may run; rows that another instance is deleting are left to it. The oldest first, so
 * that an index leads to them: where much has piled up, PostgreSQL would rather read the file from its beginning, and
 * meet there whatever the pieces before have deleted.
 *
 * @returns how many rows went.
 */
export async function deleteBatch(
  db: Knex,
  table: string,
  column: string,
  before: Date,
  limit: number,
): Promise<number> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    'delete from ?? where ctid = any(array(select ctid from ?? where ?? <= ? order by ?? limit ? for update skip locked)) returning 1',
    [table, table, column, before, column, limit],
  );
  return rows.length;
}
