import type { Knex } from 'knex';

/** What was seen in checks runs out: it is found by its time. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index client_check_events_at on client_check_events (at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index client_check_events_at');
}
