import type { Knex } from 'knex';

/**
 * What was shown to people before a service got their data, and the receipts of those who agreed or were told. Both
 * only grow; a withdrawal is a date on the receipt. Personal is nothing in them but the account they belong to.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('consent_texts', (table) => {
    table.text('version').primary();
    table.jsonb('content').notNullable();
    table.timestamp('first_used_at', { useTz: true }).notNullable();
  });
  await knex.schema.createTable('consent_receipts', (table) => {
    table.uuid('id').primary();
    table.uuid('account_id').notNullable().references('accounts.id').onDelete('cascade');
    table.text('client_id').notNullable();
    table.text('text_version').notNullable().references('consent_texts.version');
    table.text('kind').notNullable();
    table.text('locale').notNullable();
    // A keyed hash of the interaction: a form that is sent twice leaves one receipt.
    table.binary('occasion').notNullable().unique();
    table.timestamp('given_at', { useTz: true }).notNullable();
    table.timestamp('withdrawn_at', { useTz: true });
    table.index(['account_id', 'client_id']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('consent_receipts');
  await knex.schema.dropTable('consent_texts');
}
