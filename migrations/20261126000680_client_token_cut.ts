import type { Knex } from 'knex';

/**
 * What a client was given up to then is worth nothing any more: set by the stop switch, and it stays when the client
 * comes back.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('clients', (table) => {
    table.timestamp('tokens_valid_after', { useTz: true });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('clients', (table) => {
    table.dropColumn('tokens_valid_after');
  });
}
