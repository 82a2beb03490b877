import type { Knex } from 'knex';

/**
 * How far the job is that moves what lies under older keys, and what of it rests. A new table alone, which the release
 * before neither reads nor writes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('reencryption', (table) => {
    table.text('name').primary();
    table.text('place');
    table.timestamp('rests_until', { useTz: true });
  });
}

export const down = (knex: Knex): Promise<void> => knex.schema.dropTable('reencryption').then(() => undefined);
