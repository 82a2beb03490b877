import type { Knex } from 'knex';

/**
 * What teams may register clients by, and what they manage the registered ones by. Only keyed hashes of both are here.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('initial_tokens', (table) => {
    table.uuid('id').primary();
    table.binary('hash').notNullable().unique();
    table.text('team').notNullable();
    table.integer('most').notNullable();
    table.integer('used').notNullable().defaultTo(0);
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable();
    table.timestamp('revoked_at', { useTz: true });
  });
  await knex.schema.createTable('registration_tokens', (table) => {
    table.text('client_id').primary().references('clients.id').onDelete('cascade');
    table.binary('hash').notNullable().unique();
    table.uuid('initial_id').notNullable().references('initial_tokens.id');
    table.timestamp('created_at', { useTz: true }).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('registration_tokens');
  await knex.schema.dropTable('initial_tokens');
}
