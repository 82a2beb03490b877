import type { Knex } from 'knex';

/**
 * Which former ids a run of `account import --replace` has met, and at which line. A new table alone, which the release
 * before neither reads nor writes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('former_import_lines', (table) => {
    table.uuid('run');
    table.text('legacy_id');
    table.bigInteger('line').notNullable();
    table.timestamp('met_at', { useTz: true }).notNullable().defaultTo(knex.fn.now()).index();
    table.primary(['run', 'legacy_id']);
  });
}

export const down = (knex: Knex): Promise<void> => knex.schema.dropTable('former_import_lines').then(() => undefined);
