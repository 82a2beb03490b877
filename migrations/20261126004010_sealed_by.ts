import type { Knex } from 'knex';

/**
 * Which key of the keyring a sealed value is under, as its header says; the index finds accounts that wait for a newer
 * key among a hundred million that do not. And which instances run, with what keys: a key may be used only once all of
 * them know it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function sealed_by(sealed bytea) returns text language sql immutable parallel safe as $$
      select case when length(sealed) > 2 and length(sealed) > get_byte(sealed, 1) + 1 then encode(substring(sealed from 3 for get_byte(sealed, 1)), 'escape') end
    $$`);
  for (const table of ['accounts', 'second_factors'])
    await knex.raw('create index ?? on ?? (sealed_by(row_key))', [`${table}_sealed_by`, table]);
  await knex.schema.createTable('instances', (table) => {
    table.uuid('id').primary();
    table.timestamp('started_at', { useTz: true }).notNullable();
    table.timestamp('seen_at', { useTz: true }).notNullable();
    // Ids of keys, nothing of the keys themselves.
    table.jsonb('keys').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('instances');
  for (const table of ['accounts', 'second_factors']) await knex.raw('drop index ??', [`${table}_sealed_by`]);
  await knex.raw('drop function sealed_by(bytea)');
}
