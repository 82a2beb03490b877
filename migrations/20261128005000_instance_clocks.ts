import type { Knex } from 'knex';

/**
 * What the clock of each instance says, against that of the database: one that is wrong is told from a database that
 * is.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table instances add column clock_ahead_ms bigint');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table instances drop column clock_ahead_ms');
}
