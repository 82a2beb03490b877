import type { Knex } from 'knex';

/**
 * When a person ended all sessions of the account: a sign-in from before counts no longer. The sessions themselves are
 * found by their ids alone, so the account says which of them it still honours.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('accounts', (table) => {
    table.timestamp('sessions_valid_after', { useTz: true });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('accounts', (table) => {
    table.dropColumn('sessions_valid_after');
  });
}
