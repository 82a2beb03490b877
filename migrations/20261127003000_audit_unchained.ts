import type { Knex } from 'knex';

/** The events may be many, and sign-ins must not wait while they are looked through. */
export const config = { transaction: false };

/**
 * Which events the audit chain has yet to take up. They are told by standing here, and not by their time: the clock of
 * one instance may be wrong. Triggers keep the table, so that releases that overlap agree on it.
 */
export async function up(knex: Knex): Promise<void> {
  // Each part may come twice: this is no single transaction, and may be cut off in the middle.
  await knex.transaction(async (trx) => {
    await trx.raw(`
      create table if not exists audit_unchained (
        event_id uuid primary key,
        since timestamptz not null default clock_timestamp()
      )`);
    await trx.raw('create index if not exists audit_unchained_oldest on audit_unchained (since, event_id)');
    await trx.raw(`
      create or replace function audit_await_chain() returns trigger language plpgsql as $$
      begin
        insert into audit_unchained (event_id) select id from written;
        return null;
      end $$`);
    await trx.raw(`
      create or replace function audit_chain_taken() returns trigger language plpgsql as $$
      begin
        delete from audit_unchained using laid where audit_unchained.event_id = laid.event_id;
        return null;
      end $$`);
    await trx.raw('drop trigger if exists audit_events_await_chain on audit_events');
    await trx.raw(
      'create trigger audit_events_await_chain after insert on audit_events referencing new table as written for each statement execute function audit_await_chain()',
    );
    await trx.raw('drop trigger if exists audit_chain_taken on audit_chain');
    await trx.raw(
      'create trigger audit_chain_taken after insert on audit_chain referencing new table as laid for each statement execute function audit_chain_taken()',
    );
  });
  await knex.transaction(async (trx) => {
    // Nobody lays the chain meanwhile: what it took up would be awaited for ever.
    await trx.raw("select pg_advisory_xact_lock(hashtext('audit_chain'))");
    await trx.raw(`
      insert into audit_unchained (event_id)
      select id from audit_events e where not exists (select from audit_chain c where c.event_id = e.id)
      on conflict do nothing`);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger if exists audit_chain_taken on audit_chain');
  await knex.raw('drop trigger if exists audit_events_await_chain on audit_events');
  await knex.raw('drop function if exists audit_chain_taken()');
  await knex.raw('drop function if exists audit_await_chain()');
  await knex.raw('drop table if exists audit_unchained');
}
