import type { Knex } from 'knex';

/**
 * Expiring counters. Names and order of the columns are those that rate-limiter-flexible writes; `expire` is in
 * milliseconds since 1970.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('counters', (table) => {
    table.text('key').primary();
    table.integer('points').notNullable().defaultTo(0);
    table.bigInteger('expire').index();
  });
  // Nearly every write changes only the points of a row that is there: room on its page keeps the indexes out of it.
  await knex.raw('alter table counters set (fillfactor = 60)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('counters');
}
