import type { Knex } from 'knex';

/**
 * Each table by itself: who held the lock of one while waiting for the other might wait for somebody who does the
 * opposite.
 */
export const config = { transaction: false };

const awaitChain = (columns: string, values: string): string => `
  create or replace function audit_await_chain() returns trigger language plpgsql as $$
  begin
    insert into audit_unchained (${columns}) select ${values} from written;
    return null;
  end $$`;

/**
 * The time of the event stands beside its id, in what waits for the chain and in the chain: the log lies in parts by
 * time, and by the id alone each of them would be asked. Nullable columns without a default, which touch no row; links
 * of before, and those that the release before goes on to lay, have none. What waits has it whoever wrote it, since a
 * trigger says it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table audit_unchained add column if not exists at timestamptz');
  await knex.raw('alter table audit_chain add column if not exists event_at timestamptz');
  await knex.raw(awaitChain('event_id, at', 'id, at'));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(awaitChain('event_id', 'id'));
  await knex.raw('alter table audit_chain drop column if exists event_at');
  await knex.raw('alter table audit_unchained drop column if exists at');
}
