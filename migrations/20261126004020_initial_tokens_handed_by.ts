import type { Knex } from 'knex';

/** The operator who hands a team its token has a hand in what comes by it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('initial_tokens', (table) => {
    table.uuid('handed_by');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('initial_tokens', (table) => {
    table.dropColumn('handed_by');
  });
}
