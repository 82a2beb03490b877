import type { Knex } from 'knex';

/** Whose grants they are, account and service together, as a keyed hash: a withdrawal finds those of every session. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('protocol_state', (table) => {
    table.binary('holder');
  });
  await knex.raw('create index protocol_state_holder on protocol_state (holder) where holder is not null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('protocol_state', (table) => {
    table.dropColumn('holder');
  });
}
