import type { Knex } from 'knex';

/**
 * Every state that a registration was in, or was meant to come into. A client that was registered before has no row
 * until it is changed for the first time. `clients.version` is the number in effect; a draft has none.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table clients drop constraint clients_status');
  await knex.raw(`alter table clients add constraint clients_status check (status in ('draft', 'active', 'disabled'))`);
  await knex.schema.alterTable('clients', (table) => {
    table.integer('version');
  });

  await knex.schema.createTable('client_versions', (table) => {
    table.text('client_id').notNullable().references('clients.id').onDelete('cascade');
    table.integer('number').notNullable();
    table.text('state').notNullable();
    // The version in effect when it was proposed: where that is another one by now, the difference shown is no longer
    // true.
    table.integer('base');
    // Grows with each change of an open proposal: who decides names the edition that was read.
    table.integer('edition').notNullable();
    table.jsonb('metadata').notNullable();
    table.jsonb('listing');
    table.jsonb('widens').notNullable();
    table.text('proposed_by').notNullable();
    // Everybody who had a hand in it, machines together with whoever answers for them: none of them decides.
    table.jsonb('involved').notNullable();
    table.text('reason');
    table.timestamp('proposed_at', { useTz: true }).notNullable();
    table.text('decided_by');
    table.text('decision_note');
    table.timestamp('decided_at', { useTz: true });
    table.text('waived_by');
    table.text('waiver_reason');
    table.timestamp('waived_at', { useTz: true });
    table.primary(['client_id', 'number']);
    table.check("state in ('proposed', 'approved', 'rejected', 'withdrawn')", [], 'client_versions_state');
  });
  await knex.raw(`create unique index client_versions_open on client_versions (client_id) where state = 'proposed'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('client_versions');
  await knex.schema.alterTable('clients', (table) => {
    table.dropColumn('version');
  });
  // To the versions before, what was never approved is what was stopped.
  await knex('clients').where('status', 'draft').update({ status: 'disabled' });
  await knex.raw('alter table clients drop constraint clients_status');
  await knex.raw(`alter table clients add constraint clients_status check (status in ('active', 'disabled'))`);
}
