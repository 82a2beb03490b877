import type { Knex } from 'knex';

/**
 * The audit log. Events are written in the transaction of the change; the chain is laid over them shortly after by one
 * runner, so that concurrent registrations do not queue for the end of the chain. Both tables only grow.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_events', (table) => {
    table.uuid('id').primary();
    table.timestamp('at', { useTz: true }).notNullable().index();
    table.text('type').notNullable().index();
    table.uuid('account_id').index();
    table.text('client_id');
    table.jsonb('details').notNullable();
  });
  await knex.schema.createTable('audit_chain', (table) => {
    table.bigInteger('position').primary();
    table.uuid('event_id').notNullable().unique().references('audit_events.id');
    table.binary('hash').notNullable();
  });
  await knex.raw(`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% only grows', tg_table_name using errcode = 'insufficient_privilege';
    end $$`);
  for (const table of ['audit_events', 'audit_chain']) {
    await knex.raw(
      `create trigger ${table}_append_only before update or delete or truncate on ${table} for each statement execute function refuse_change()`,
    );
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('audit_chain');
  await knex.schema.dropTable('audit_events');
  await knex.raw('drop function refuse_change()');
}
