import type { Knex } from 'knex';

/** Client applications. `metadata` is OpenID client metadata without the secret; the secret is sealed apart. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('clients', (table) => {
    table.text('id').primary();
    table.text('status').notNullable().defaultTo('active');
    table.text('type').notNullable();
    table.jsonb('metadata').notNullable();
    table.binary('secret_sealed');
    // What the portal says of the service, in each language; null keeps it off the list.
    table.jsonb('listing');
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('updated_at', { useTz: true }).notNullable();
    table.check("status in ('active', 'disabled')", [], 'clients_status');
    table.check("type in ('web', 'spa', 'native', 'machine')", [], 'clients_type');
  });

  await knex.schema.createTable('signing_keys', (table) => {
    table.text('kid').primary();
    table.text('algorithm').notNullable();
    table.binary('sealed').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('signing_keys');
  await knex.schema.dropTable('clients');
}
