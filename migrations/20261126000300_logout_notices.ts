import type { Knex } from 'knex';

/**
 * Which services a person has signed in to, and what those services are to be told when a session ends. A notice is
 * written with the change that causes it; its token is made when it is sent, so nothing secret lies here.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('service_visits', (table) => {
    table.uuid('account_id').notNullable().references('id').inTable('accounts').onDelete('CASCADE');
    // No reference: services that are part of the product have no row among the clients.
    table.text('client_id').notNullable();
    table.timestamp('last_sign_in_at', { useTz: true }).notNullable();
    table.primary(['account_id', 'client_id']);
  });

  await knex.schema.createTable('logout_notices', (table) => {
    table.uuid('id').primary().defaultTo(knex.raw('gen_random_uuid()'));
    table.uuid('account_id').notNullable();
    table.text('client_id').notNullable();
    // Null where all sessions of the account are meant.
    table.text('sid');
    table.text('reason').notNullable();
    // Ties together what one sign-out caused, for the page that tells who has answered.
    table.uuid('sign_out_id');
    table.text('state').notNullable().defaultTo('pending');
    table.integer('attempts').notNullable().defaultTo(0);
    table.timestamp('next_attempt_at', { useTz: true }).notNullable();
    table.timestamp('leased_until', { useTz: true });
    table.uuid('lease_owner');
    table.text('last_error');
    table.timestamp('created_at', { useTz: true }).notNullable().index();
    table.timestamp('finished_at', { useTz: true }).index();
    table.index(['client_id', 'created_at']);
    table.check("state in ('pending', 'delivered', 'given-up', 'dropped')", [], 'logout_notices_state');
    table.check("(state = 'pending') = (finished_at is null)", [], 'logout_notices_finished');
  });
  // New notices come before those whose service has failed already.
  await knex.raw(
    "create index logout_notices_due on logout_notices (attempts, next_attempt_at) where state = 'pending'",
  );
  await knex.raw('create index logout_notices_sign_out on logout_notices (sign_out_id) where sign_out_id is not null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('logout_notices');
  await knex.schema.dropTable('service_visits');
}
