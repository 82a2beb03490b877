import type { Knex } from 'knex';

/**
 * What went wrong between services and the protocol, for whoever mends it: counts by day, and never what was sent.
 * Nothing in it is of a person: no state, code or token, and of a refused address neither query nor fragment.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('client_errors', (table) => {
    table.text('client_id').notNullable().references('clients.id').onDelete('cascade');
    table.date('day').notNullable();
    table.text('kind').notNullable();
    table.text('error').notNullable();
    table.text('fault').notNullable();
    table.bigInteger('count').notNullable();
    table.timestamp('first_at', { useTz: true }).notNullable();
    table.timestamp('last_at', { useTz: true }).notNullable().index();
    // The newest first, and a few of them: a stranger who causes errors cannot make a row grow.
    table.specificType('help_codes', 'text[]').notNullable();
    table.text('address');
    table.primary(['client_id', 'day', 'kind', 'error', 'fault']);
  });
  await knex.raw('create index client_errors_by_help_code on client_errors using gin (help_codes)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('client_errors');
}
