import type { Knex } from 'knex';
import { FORMER_TABLE } from './former-accounts.ts';
import type { FormerImportStore, KeysOf, Places } from './former-import.ts';
import { prepared } from './knex.ts';

export const TRIAL_PLACES: Places = { accounts: 'trial_accounts', records: 'trial_records' };

/**
 * What a trial run of an import would have changed, in tables that are its own and gone with its transaction: whatever
 * it changed in the others it would hold until its end, and people whose account that is could not even sign in.
 */
export const TRIAL: readonly string[] = [
  'create temp table trial_new (id uuid, legacy_id text primary key, nik_index bytea, email_index bytea, phone_index bytea, line_digest bytea, line bigint, recognised_at timestamptz)',
  ...['nik', 'email', 'phone'].map((kind) => `create index on trial_new (${kind}_index)`),
  'create temp table trial_gone (legacy_id text primary key)',
  'create temp table trial_links (id uuid primary key, legacy_id text unique)',
  'create temp table trial_lines (legacy_id text primary key, line bigint)',
  `create temp view ${TRIAL_PLACES.records} as
    select id, legacy_id, nik_index, email_index, phone_index, line_digest, line, recognised_at from ${FORMER_TABLE} f where not exists (select 1 from trial_gone g where g.legacy_id = f.legacy_id)
    union all select * from trial_new`,
  `create temp view ${TRIAL_PLACES.accounts} as
    select id, legacy_id, nik_index, email_index, phone_index from accounts a where not exists (select 1 from trial_links l where l.id = a.id)
    union all select a.id, l.legacy_id, a.nik_index, a.email_index, a.phone_index from trial_links l join accounts a on a.id = l.id`,
  // They are empty when the statements are planned, and grow.
  'set local enable_seqscan = off',
];

const REMOVE = `insert into trial_gone select legacy_id from ${FORMER_TABLE} where legacy_id = any($1::text[]) and recognised_at is null on conflict do nothing returning legacy_id`;
const INSERT = `insert into trial_new select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[]) on conflict do nothing returning legacy_id`;
const LINK = `insert into trial_links select v.id, v.legacy_id from unnest($1::uuid[], $2::text[]) as v (id, legacy_id) join accounts a on a.id = v.id
  where a.legacy_id is null and not exists (select 1 from accounts o where o.legacy_id = v.legacy_id) on conflict do nothing returning legacy_id`;

const MET = 'select legacy_id, line from trial_lines where legacy_id = any($1::text[])';
const MEET = `insert into trial_lines select legacy_id, min(line) from unnest($1::text[], $2::bigint[]) as t (legacy_id, line) group by legacy_id on conflict do nothing`;

/**
 * The part of an import that changes something, put down beside what is there. It takes no lock: whoever takes records
 * in meanwhile would wait until its end.
 */
export function createTrial(
  db: Knex,
  keysOf: KeysOf,
): Pick<FormerImportStore, 'lock' | 'metBefore' | 'meet' | 'forgetRun' | 'remove' | 'insert' | 'link'> {
  const run = async (name: string, text: string, values: readonly unknown[]): Promise<ReadonlySet<string>> =>
    new Set((await prepared<{ legacy_id: string }>(db, name, text, values)).map(({ legacy_id: legacyId }) => legacyId));

  return {
    lock: () => Promise.resolve(),

    async metBefore(_run, legacyIds) {
      const rows = await prepared<{ legacy_id: string; line: string | number }>(db, 'trial-met', MET, [legacyIds]);
      return new Map(rows.map(({ legacy_id: legacyId, line }) => [legacyId, Number(line)]));
    },

    async meet(_run, lines) {
      await prepared(db, 'trial-meet', MEET, [lines.map(({ legacyId }) => legacyId), lines.map(({ line }) => line)]);
    },

    /** They go with its transaction. */
    forgetRun: () => Promise.resolve(),

    remove: (legacyIds) => run('trial-remove', REMOVE, [legacyIds]),

    insert: (records) =>
      run('trial-insert', INSERT, [
        records.map(({ id }) => id),
        records.map(({ legacyId }) => legacyId),
        ...(['nik', 'email', 'phone'] as const).map((kind) => records.map((record) => keysOf(record, kind)[0] ?? null)),
        records.map(({ digest }) => digest),
        records.map(({ line }) => line),
      ]),

    link: (links) =>
      run('trial-link', LINK, [links.map(({ accountId }) => accountId), links.map(({ legacyId }) => legacyId)]),
  };
}
