import type { Knex } from 'knex';

/** The former interface: by which id services know a person from there, and who still calls it, per day. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('accounts', (table) => {
    table.text('legacy_id').unique();
  });
  await knex.schema.createTable('bridge_uses', (table) => {
    table.text('client_id').notNullable();
    table.date('day').notNullable();
    table.text('kind').notNullable();
    table.integer('uses').notNullable();
    table.primary(['client_id', 'day', 'kind']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('bridge_uses');
  await knex.schema.alterTable('accounts', (table) => {
    table.dropColumn('legacy_id');
  });
}
