import type { Knex } from 'knex';

/**
 * What gateways report of messages they took. A table of its own: a receipt may come before the answer to the hand-over
 * was stored, or for a message that nobody knows, and `messages` needs no further index. The release before this one
 * neither reads nor writes it.
 *
 * `recipient_hash` is the keyed hash on which limits count a number; it goes with the last word about the message.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('message_receipts', (table) => {
    table.text('key').primary();
    table.uuid('message_id').index();
    table.text('purpose');
    table.text('operator');
    table.text('recipient_hash');
    table.text('state').notNullable();
    table.specificType('progress', 'smallint').notNullable();
    table.timestamp('sent_at', { useTz: true });
    table.timestamp('changed_at', { useTz: true }).notNullable().index();
    table.check(
      "state in ('accepted', 'sent', 'delivered', 'undelivered', 'expired', 'rejected', 'unknown')",
      [],
      'message_receipts_state',
    );
  });
  // Receipts of nobody go after an hour, whatever else there is.
  await knex.raw('create index message_receipts_unknown on message_receipts (changed_at) where message_id is null');
  // Each row is written twice within seconds, and then no more.
  await knex.raw('alter table message_receipts set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('message_receipts');
}
