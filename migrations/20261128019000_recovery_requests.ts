import type { Knex } from 'knex';

/**
 * Requests of people who have lost number and address at once: two officers decide. A new table, and a journey of its
 * own for drafts; the release before neither reads nor writes either. What a request wants is sealed, and wiped when it
 * is closed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table recovery_requests (
      id uuid primary key,
      number text not null unique,
      account_id uuid not null references accounts (id) on delete cascade,
      state text not null check (state in ('filed', 'examined', 'approved', 'completed', 'rejected', 'cancelled', 'lapsed')),
      sealed bytea,
      cancel_hash bytea not null unique,
      locale text not null,
      client_id text,
      filed_at timestamptz not null,
      waits_until timestamptz not null,
      examined_by text,
      examined_at timestamptz,
      examined_reason text,
      decided_by text,
      decided_at timestamptz,
      decided_reason text,
      closed_at timestamptz,
      check ((closed_at is null) = (state in ('filed', 'examined', 'approved'))),
      check ((sealed is null) = (closed_at is not null))
    )`);
  await knex.raw('create index recovery_requests_account on recovery_requests (account_id, filed_at)');
  await knex.raw('create index recovery_requests_open on recovery_requests (filed_at, id) where closed_at is null');
  await knex.raw(
    'create index recovery_requests_closed on recovery_requests (closed_at, id) where closed_at is not null',
  );
  await allow(knex, ['registration', 'recovery', 'second-factor', 'contact', 'recovery-request']);
}

/** In one statement: nobody meets the table without the rule. What is there satisfies it, so nothing is read. */
const allow = (knex: Knex, journeys: readonly string[]): Promise<unknown> =>
  knex.raw(
    `alter table drafts drop constraint drafts_journey, add constraint drafts_journey check (journey in (${journeys.map((name) => `'${name}'`).join(', ')})) not valid`,
  );

export async function down(knex: Knex): Promise<void> {
  await knex('drafts').where('journey', 'recovery-request').delete();
  await allow(knex, ['registration', 'recovery', 'second-factor', 'contact']);
  await knex.raw('drop table recovery_requests');
}
