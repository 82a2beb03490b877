import type { Knex } from 'knex';

/** For the console's list: ten thousand clients by name, page by page. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`create index clients_by_name on clients (lower(metadata->>'client_name'), id)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index clients_by_name');
}
