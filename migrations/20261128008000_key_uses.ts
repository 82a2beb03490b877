import type { Knex } from 'knex';

/**
 * Since when and until when a key of the keyring was in use for whatever was new, by its id: what is in no table is
 * under it for a while yet. The release before this one neither reads nor writes it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('key_uses', (table) => {
    table.text('use').notNullable();
    table.text('key_id').notNullable();
    table.timestamp('first_used_at', { useTz: true }).notNullable();
    table.timestamp('last_used_at', { useTz: true }).notNullable();
    table.primary(['use', 'key_id']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('key_uses');
}
