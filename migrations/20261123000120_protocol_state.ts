import type { Knex } from 'knex';

/**
 * Sessions, interactions, codes, tokens and grants of oidc-provider. Ids are stored as keyed hashes and payloads
 * sealed: whoever reads the table holds neither a token nor a session nor a login_hint.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('protocol_state', (table) => {
    table.text('model').notNullable();
    table.binary('id').notNullable();
    table.binary('payload').notNullable();
    table.binary('grant_id');
    table.binary('uid');
    table.binary('user_code');
    table.timestamp('consumed_at', { useTz: true });
    table.timestamp('expires_at', { useTz: true }).notNullable().index();
    table.primary(['model', 'id']);
  });
  await knex.raw('create index protocol_state_grant on protocol_state (grant_id) where grant_id is not null');
  await knex.raw('create index protocol_state_uid on protocol_state (uid) where uid is not null');
  await knex.raw('create index protocol_state_user_code on protocol_state (user_code) where user_code is not null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('protocol_state');
}
