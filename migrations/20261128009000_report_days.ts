import type { Knex } from 'knex';

/**
 * What the operators' reports have counted of days that are over: it is there when the logs of those days are gone. New
 * tables alone, which the release before neither reads nor writes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('report_days', (table) => {
    table.bigIncrements('id');
    table.text('report').notNullable();
    // By what it was counted: another zone, or other events, are another counting, and its figures are no part of this
    // one's.
    table.text('counting').notNullable();
    table.date('day').notNullable();
    table.timestamp('counted_at', { useTz: true }).notNullable().defaultTo(knex.fn.now());
    table.unique(['report', 'counting', 'day']);
  });
  await knex.schema.createTable('report_counts', (table) => {
    table.bigInteger('day_id').notNullable().references('id').inTable('report_days').onDelete('CASCADE').index();
    table.text('kind').notNullable();
    table.text('per');
    table.bigInteger('count').notNullable();
  });
}

/** Figures of days whose logs are gone go with it. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('report_counts');
  await knex.schema.dropTable('report_days');
}
