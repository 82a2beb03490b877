import type { Knex } from 'knex';

/**
 * APIs that take access tokens of ours: the identifier is the audience, the scopes carry the words that people read.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('apis', (table) => {
    table.text('identifier').primary();
    table.text('name').notNullable();
    table.jsonb('scopes').notNullable();
    table.text('token_format').notNullable();
    table.text('token_algorithm').notNullable();
    table.integer('token_seconds').notNullable();
    table.text('status').notNullable().defaultTo('active');
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('updated_at', { useTz: true }).notNullable();
    table.check("status in ('active', 'disabled')", [], 'apis_status');
    table.check("token_format in ('jwt', 'opaque')", [], 'apis_token_format');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('apis');
}
