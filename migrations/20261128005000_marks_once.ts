import type { Knex } from 'knex';

/**
 * The mark of a topic moves once in a transaction, however many rows it changes: ten thousand applications registered
 * by one command moved it twenty thousand times at the commit, each time past all the versions before, for longer than
 * anybody waits.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function mark_change() returns trigger language plpgsql as $$
    begin
      update change_marks set version = version + 1 where topic = tg_argv[0] and xmin <> pg_current_xact_id()::xid;
      if found then
        perform pg_notify('sso_changes', tg_argv[0]);
      end if;
      return null;
    end $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function mark_change() returns trigger language plpgsql as $$
    begin
      update change_marks set version = version + 1 where topic = tg_argv[0];
      perform pg_notify('sso_changes', tg_argv[0]);
      return null;
    end $$`);
}
