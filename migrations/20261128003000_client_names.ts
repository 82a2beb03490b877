import type { Knex } from 'knex';
import { createIndexOnline, dropIndexOnline } from '../src/store/online.ts';

/** Indexes come and go while everybody goes on. */
export const config = { transaction: false };

/**
 * The name by itself, for who looks for a part of it: of ten thousand registrations a search reads the names, in their
 * order and from the index alone, and no longer two kilobytes of each. No extension: what a trigram index would gain is
 * told in docs/scaling.md.
 *
 * The table is written anew, which takes a second at ten thousand. The release before writes no column of that name,
 * and lists by sorting until it is gone.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `alter table clients add column if not exists name_key text generated always as (lower(metadata->>'client_name')) stored`,
  );
  await createIndexOnline(knex, 'clients_names', 'on clients (name_key, id) include (status)');
  await dropIndexOnline(knex, 'clients_by_name');
  // An index is enough by itself where vacuum has seen the rows: at once now, and after two in a hundred of them
  // changed, not twenty.
  await knex.raw(
    'alter table clients set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)',
  );
  await knex.raw('vacuum (analyze) clients');
}

export async function down(knex: Knex): Promise<void> {
  await createIndexOnline(knex, 'clients_by_name', `on clients (lower(metadata->>'client_name'), id)`);
  await dropIndexOnline(knex, 'clients_names');
  await knex.raw('alter table clients reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)');
  await knex.raw('alter table clients drop column if exists name_key');
}
