import type { Knex } from 'knex';

/**
 * Who may do what in the console. A role that was taken away stays as a row: it says who had it, from when till when.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('operators', (table) => {
    table.uuid('id').primary();
    table.uuid('account_id').notNullable().references('accounts.id').onDelete('cascade').index();
    table.text('role').notNullable();
    table.text('granted_by').notNullable();
    table.timestamp('granted_at', { useTz: true }).notNullable();
    table.text('revoked_by');
    table.timestamp('revoked_at', { useTz: true });
  });
  await knex.raw('create unique index operators_held on operators (account_id, role) where revoked_at is null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('operators');
}
