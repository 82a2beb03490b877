import type { Knex } from 'knex';

/**
 * Logos of services, by the hash of their bytes. A registration names one as its member `logo`, so that a logo goes
 * through versions and review as whatever else it says; the picture itself never changes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('client_logos', (table) => {
    table.text('name').primary();
    table.binary('bytes').notNullable();
    table.integer('width').notNullable();
    table.integer('height').notNullable();
    // When it was last put here: what nobody names a day later goes.
    table.timestamp('stored_at', { useTz: true }).notNullable().index();
  });
  await knex.raw(`create index clients_by_logo on clients ((metadata->>'logo')) where metadata->>'logo' is not null`);
  await knex.raw(
    `create index client_versions_by_logo on client_versions ((metadata->>'logo')) where metadata->>'logo' is not null`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index client_versions_by_logo');
  await knex.raw('drop index clients_by_logo');
  await knex.schema.dropTable('client_logos');
}
