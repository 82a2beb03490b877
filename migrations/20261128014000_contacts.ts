import type { Knex } from 'knex';

const JOURNEYS = 'drafts_journey';

/** In one statement: nobody meets the table without the rule. What is there satisfies it, so nothing is read. */
const allow = (knex: Knex, journeys: readonly string[]): Promise<unknown> =>
  knex.raw(
    `alter table drafts drop constraint ${JOURNEYS}, add constraint ${JOURNEYS} check (journey in (${journeys.map((name) => `'${name}'`).join(', ')})) not valid`,
  );

/**
 * People change number and address. A number waits for its code in a draft; an address waits, sealed, beside the hash
 * of its link. An account whose contacts change is told of to all instances (ADR 34), and an instance that slept
 * through the replacement of the blind index key must not write an index by it.
 */
export async function up(knex: Knex): Promise<void> {
  await allow(knex, ['registration', 'recovery', 'second-factor', 'contact']);
  await knex.raw('alter table email_confirmations add column email_sealed bytea, add column requested_at timestamptz');
  // Not by the index columns: those move for everybody when the key of the index is replaced.
  await knex.raw(`
    create or replace trigger accounts_tell after update on accounts for each row
    when (old.status is distinct from new.status or old.sessions_valid_after is distinct from new.sessions_valid_after
      or old.phone_sealed is distinct from new.phone_sealed or old.phone_verified_at is distinct from new.phone_verified_at
      or old.email_sealed is distinct from new.email_sealed or old.email_verified_at is distinct from new.email_verified_at)
    execute function tell_account_change('id')`);
  await knex.raw(
    'create or replace trigger accounts_index_key before insert or update of index_key on accounts for each row execute function refuse_closed_index_key()',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'create or replace trigger accounts_index_key before insert on accounts for each row execute function refuse_closed_index_key()',
  );
  await knex.raw(`
    create or replace trigger accounts_tell after update on accounts for each row
    when (old.status is distinct from new.status or old.sessions_valid_after is distinct from new.sessions_valid_after)
    execute function tell_account_change('id')`);
  await knex('email_confirmations').whereNotNull('email_sealed').delete();
  await knex.raw('alter table email_confirmations drop column requested_at, drop column email_sealed');
  await knex('drafts').where('journey', 'contact').delete();
  await allow(knex, ['registration', 'recovery', 'second-factor']);
}
