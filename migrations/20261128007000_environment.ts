import type { Knex } from 'knex';

/** For what the database was first started, in one row. The release before this one neither reads nor writes it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('environment', (table) => {
    table.boolean('one').primary().defaultTo(true);
    table.text('name').notNullable();
    table.timestamp('since', { useTz: true }).notNullable();
    table.check('one', [], 'environment_one');
    table.check("name in ('development', 'production')", [], 'environment_name');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('environment');
}
