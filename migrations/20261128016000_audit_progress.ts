import type { Knex } from 'knex';

/**
 * How far walks along the audit chain have come, each signed by a key that is not in the database. A new table alone,
 * which the release before neither reads nor writes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_progress', (table) => {
    table.text('of').primary();
    table.text('note').notNullable();
    table.binary('mac').notNullable();
  });
}

export const down = (knex: Knex): Promise<void> => knex.schema.dropTable('audit_progress').then(() => undefined);
