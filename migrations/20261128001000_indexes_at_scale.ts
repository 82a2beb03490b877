import type { Knex } from 'knex';
import { createIndexOnline, dropIndexOnline } from '../src/store/online.ts';

/** Indexes of large tables are made while people sign in. */
export const config = { transaction: false };

/**
 * What a hundred million accounts ask for: devices that have not been seen for long are found by their time and not by
 * reading all of them each minute; a person's events come newest first, from the index alone. Two indexes that others
 * contain go.
 *
 * And room: where rows are written again soon, the new version fits on the page of the old one; vacuum comes for a
 * share of the rows that is made in minutes, not in days.
 */
export async function up(knex: Knex): Promise<void> {
  await createIndexOnline(knex, 'known_devices_last_seen', 'on known_devices (last_seen_at)');
  await createIndexOnline(
    knex,
    'audit_events_account_at',
    'on audit_events (account_id, at desc, id desc) where account_id is not null',
  );
  await createIndexOnline(knex, 'verifications_account', 'on verifications (account_id) where account_id is not null');
  for (const name of ['audit_events_account_id_index', 'audit_events_at_index', 'audit_events_type_index'])
    await dropIndexOnline(knex, name);
  await knex.raw(
    'alter table protocol_state set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)',
  );
  for (const table of ['drafts', 'messages', 'logout_notices'])
    await knex.raw('alter table ?? set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)', [table]);
  for (const table of ['counters', 'audit_unchained'])
    await knex.raw('alter table ?? set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000)', [
      table,
    ]);
  // A fifth of a hundred million, the share by default, is made in years: the old versions, and what the planner
  // believes, would be as old.
  for (const table of ['accounts', 'known_devices', 'service_visits'])
    await knex.raw(
      'alter table ?? set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)',
      [table],
    );
}

export async function down(knex: Knex): Promise<void> {
  const settings =
    '(fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_threshold)';
  for (const table of [
    'protocol_state',
    'drafts',
    'messages',
    'logout_notices',
    'audit_unchained',
    'accounts',
    'known_devices',
    'service_visits',
  ])
    await knex.raw(`alter table ?? reset ${settings}`, [table]);
  await knex.raw('alter table counters reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)');
  await createIndexOnline(knex, 'audit_events_account_id_index', 'on audit_events (account_id)');
  await createIndexOnline(knex, 'audit_events_at_index', 'on audit_events (at)');
  await createIndexOnline(knex, 'audit_events_type_index', 'on audit_events (type)');
  for (const name of ['known_devices_last_seen', 'audit_events_account_at', 'verifications_account'])
    await dropIndexOnline(knex, name);
}
