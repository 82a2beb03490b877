import type { Knex } from 'knex';

/**
 * The sandbox's signing keys, and the integration checks of clients: what the sandbox saw a service do, scenario by
 * scenario. Nothing in them is of a real person: whoever signs in there is invented.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('client_checks', (table) => {
    table.uuid('id').primary();
    table.text('client_id').notNullable().references('clients.id').onDelete('cascade').index();
    // A hash of the members of the registration that matter for sign-in: a pass holds for these and no others.
    table.text('fingerprint').notNullable();
    table.text('started_by').notNullable();
    table.timestamp('started_at', { useTz: true }).notNullable();
    table.timestamp('ended_at', { useTz: true });
    table.timestamp('passed_at', { useTz: true });
    table.text('scenario');
    table.timestamp('scenario_at', { useTz: true });
  });
  await knex.raw('create unique index client_checks_open on client_checks (client_id) where ended_at is null');

  await knex.schema.createTable('client_check_events', (table) => {
    table.bigIncrements('id').primary();
    table.uuid('check_id').notNullable().references('client_checks.id').onDelete('cascade').index();
    table.text('scenario').notNullable();
    table.text('kind').notNullable();
    // A keyed hash of the grant by which the sandbox knows again what it issued.
    table.binary('grant_id').index();
    table.jsonb('details').notNullable();
    table.timestamp('at', { useTz: true }).notNullable();
  });

  await knex.schema.createTable('client_check_links', (table) => {
    table.text('client_id').primary().references('clients.id').onDelete('cascade');
    // A keyed hash: who reads the table cannot open the page.
    table.binary('token').notNullable().unique();
    table.text('made_by').notNullable();
    table.timestamp('ends_at', { useTz: true }).notNullable();
  });

  await knex.schema.createTable('sandbox_keys', (table) => {
    table.text('kid').primary();
    table.text('algorithm').notNullable();
    table.binary('sealed').notNullable();
    // Made for one check, to see whether the service fetches keys that it does not know yet.
    table.uuid('check_id').references('client_checks.id').onDelete('cascade').index();
    table.timestamp('created_at', { useTz: true }).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const name of ['sandbox_keys', 'client_check_links', 'client_check_events', 'client_checks'])
    await knex.schema.dropTable(name);
}
