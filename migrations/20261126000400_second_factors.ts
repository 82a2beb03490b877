import type { Knex } from 'knex';

const JOURNEYS = 'drafts_journey';

/**
 * The second factor of an account: the secret that the person's authenticator app holds, sealed with a key of its own
 * row, and the codes that stand in for a lost app, as keyed hashes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('second_factors', (table) => {
    table.uuid('account_id').primary().references('accounts.id').onDelete('cascade');
    table.binary('row_key').notNullable();
    table.binary('secret_sealed').notNullable();
    // The time step (RFC 6238) of the last code taken: no code up to it is taken again.
    table.bigInteger('last_step').notNullable();
    table.timestamp('enrolled_at', { useTz: true }).notNullable();
    table.timestamp('last_used_at', { useTz: true }).notNullable();
  });

  await knex.schema.createTable('recovery_codes', (table) => {
    table.uuid('account_id').notNullable().references('second_factors.account_id').onDelete('cascade');
    table.binary('code_hash').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('used_at', { useTz: true });
    table.primary(['account_id', 'code_hash']);
  });

  await knex.raw(`alter table drafts drop constraint ${JOURNEYS}`);
  await knex.raw(
    `alter table drafts add constraint ${JOURNEYS} check (journey in ('registration', 'recovery', 'second-factor'))`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex('drafts').where('journey', 'second-factor').delete();
  await knex.raw(`alter table drafts drop constraint ${JOURNEYS}`);
  await knex.raw(`alter table drafts add constraint ${JOURNEYS} check (journey in ('registration', 'recovery'))`);
  await knex.schema.dropTable('recovery_codes');
  await knex.schema.dropTable('second_factors');
}
