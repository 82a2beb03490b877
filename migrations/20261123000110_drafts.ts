import type { Knex } from 'knex';

/** What a person has proved and typed so far in a journey, sealed, keyed by a hash of the interaction's uid. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('drafts', (table) => {
    table.binary('uid_hash').notNullable();
    table.text('journey').notNullable();
    table.uuid('id').notNullable().unique();
    table.binary('sealed').notNullable();
    table.timestamp('created_at', { useTz: true }).notNullable();
    table.timestamp('updated_at', { useTz: true }).notNullable();
    table.timestamp('expires_at', { useTz: true }).notNullable().index();
    table.primary(['uid_hash', 'journey']);
    table.check("journey in ('registration', 'recovery')", [], 'drafts_journey');
  });

  // Evidence of each identity check, for the half-year report to Dukcapil. No name, no mother's name, no score.
  await knex.schema.createTable('verifications', (table) => {
    table.uuid('id').primary();
    table.uuid('draft_id').notNullable().index();
    table.uuid('account_id').references('accounts.id').onDelete('set null');
    table.binary('nik_hash').notNullable();
    table.timestamp('at', { useTz: true }).notNullable().index();
    table.text('outcome').notNullable();
    table.text('response_code');
    table.text('institution').notNullable();
    table.integer('threshold').notNullable();
    table.text('reference').notNullable();
    table.text('policy_version').notNullable();
    table.text('client_id');
    table.integer('duration_ms').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('verifications');
  await knex.schema.dropTable('drafts');
}
