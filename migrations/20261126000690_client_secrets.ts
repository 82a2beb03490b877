import type { Knex } from 'knex';

/**
 * The secrets of client applications, as keyed hashes: nobody has to read one again. Two may be live at once, so that a
 * service can change over without a pause. `clients.secret_sealed` is emptied by the server when it starts.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('client_secrets', (table) => {
    table.text('client_id').notNullable().references('clients.id').onDelete('cascade');
    table.integer('number').notNullable();
    table.binary('hash').notNullable();
    table.text('created_by').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true });
    table.timestamp('last_used_at', { useTz: true });
    table.primary(['client_id', 'number']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('client_secrets');
}
