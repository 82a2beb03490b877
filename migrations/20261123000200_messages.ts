import type { Knex } from 'knex';

/**
 * What is to be sent, stored in the transaction of the change that causes it. Recipient and words are sealed and wiped
 * once nothing remains to be done; what stays tells an operator what became of the message.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('messages', (table) => {
    table.uuid('id').primary();
    table.text('channel').notNullable();
    table.text('purpose').notNullable();
    table.text('locale').notNullable();
    table.binary('sealed');
    table.text('state').notNullable().defaultTo('queued');
    table.integer('attempts').notNullable().defaultTo(0);
    table.timestamp('next_attempt_at', { useTz: true }).notNullable();
    table.timestamp('leased_until', { useTz: true });
    table.uuid('lease_owner');
    table.text('provider_id');
    table.text('last_error');
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true });
    table.timestamp('finished_at', { useTz: true }).index();
    table.check("channel in ('sms', 'email')", [], 'messages_channel');
    table.check("state in ('queued', 'sending', 'sent', 'failed', 'expired')", [], 'messages_state');
    table.check("(state in ('queued', 'sending')) = (sealed is not null)", [], 'messages_wiped_when_done');
  });
  await knex.raw(
    "create index messages_due on messages (channel, next_attempt_at) where state in ('queued', 'sending')",
  );

  await knex.schema.createTable('outbox', (table) => {
    table.bigIncrements('position');
    table.text('id').notNullable().unique();
    table.text('channel').notNullable();
    table.binary('sealed').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('outbox');
  await knex.schema.dropTable('messages');
}
