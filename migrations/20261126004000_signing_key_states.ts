import type { Knex } from 'knex';

/**
 * Signing keys take turns: next, current, retired, withdrawn. The two indexes are the last word where two instances
 * make or promote a key at once. What earlier releases have made signs already, so it is current.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('signing_keys', (table) => {
    table.text('state').notNullable().defaultTo('current');
    table.timestamp('published_at', { useTz: true });
    table.timestamp('promoted_at', { useTz: true });
    table.timestamp('retired_at', { useTz: true });
    table.check("state in ('next', 'current', 'retired', 'withdrawn')", [], 'signing_keys_state');
  });
  await knex('signing_keys').update({ published_at: knex.ref('created_at'), promoted_at: knex.ref('created_at') });
  await knex.raw('alter table signing_keys alter column published_at set not null, alter column state drop default');
  for (const state of ['next', 'current'])
    await knex.raw(`create unique index signing_keys_${state} on signing_keys (algorithm) where state = '${state}'`);
}

export async function down(knex: Knex): Promise<void> {
  // Whoever knows no states would sign by any of them, and open the public ones in vain.
  await knex('signing_keys').whereNot('state', 'current').delete();
  for (const state of ['next', 'current']) await knex.raw(`drop index signing_keys_${state}`);
  await knex.raw('alter table signing_keys drop constraint signing_keys_state');
  await knex.schema.alterTable('signing_keys', (table) => {
    table.dropColumns('state', 'published_at', 'promoted_at', 'retired_at');
  });
}
