import type { Knex } from 'knex';
import type pg from 'pg';

/**
 * One connection, on which waiting for a lock has no limit: what goes on here waits for older transactions and holds up
 * nobody.
 */
async function online(knex: Knex, work: (connection: pg.Client) => Promise<unknown>): Promise<void> {
  const client = knex.client as Knex.Client;
  const connection = (await client.acquireConnection()) as pg.Client;
  try {
    await connection.query('set lock_timeout = 0');
    await work(connection);
  } finally {
    // On a connection that broke the reason is told already.
    await connection.query('reset lock_timeout').catch(() => undefined);
    await client.releaseConnection(connection);
  }
}

/**
 * Makes an index while everybody goes on reading and writing. For migrations that are no single transaction
 * (`config = { transaction: false }`); it may be cut off and come again.
 *
 * @param definition what follows the name: `on accounts (created_at)`.
 */
export const createIndexOnline = (
  knex: Knex,
  name: string,
  definition: string,
  { unique = false } = {},
): Promise<void> =>
  online(knex, async (connection) => {
    // One that was cut off stays behind, is kept up and serves nobody.
    const { rowCount } = await connection.query(
      'select from pg_index where indexrelid = to_regclass($1) and not indisvalid',
      [name],
    );
    if (rowCount !== 0)
      await connection.query(`drop index concurrently if exists ${connection.escapeIdentifier(name)}`);
    await connection.query(
      `create ${unique ? 'unique ' : ''}index concurrently if not exists ${connection.escapeIdentifier(name)} ${definition}`,
    );
  });

/** Drops it while everybody goes on. */
export const dropIndexOnline = (knex: Knex, name: string): Promise<void> =>
  online(knex, (connection) =>
    connection.query(`drop index concurrently if exists ${connection.escapeIdentifier(name)}`),
  );
