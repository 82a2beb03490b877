import type { Knex } from 'knex';

/**
 * Silence used to mean a service of the house; from now on it means one of somebody else. What is in effect goes on as
 * it was, and says so. A draft that says nothing becomes what a reviewer would have taken it for.
 */
export async function up(knex: Knex): Promise<void> {
  const houses = `type <> 'machine' and status <> 'draft'`;
  await knex.raw(
    `update client_versions set metadata = metadata || '{"first_party": true}' where metadata->'first_party' is null and client_id in (select id from clients where ${houses})`,
  );
  await knex.raw(
    `update clients set metadata = metadata || '{"first_party": true}' where metadata->'first_party' is null and ${houses}`,
  );
}

/** Said aloud it means the same to the release before. */
export async function down(): Promise<void> {
  // Nothing to take back.
}
