import type { Knex } from 'knex';

/** What instances hold in memory: a table, and which of its columns they hold. */
const HELD: readonly { topic: string; table: string; columns?: string }[] = [
  { topic: 'clients', table: 'clients' },
  // Not the hour of the last use, which no instance asks for.
  { topic: 'clients', table: 'client_secrets', columns: 'hash, expires_at' },
  { topic: 'apis', table: 'apis' },
];

/**
 * Each change of what instances hold in memory moves a mark in the same transaction, and tells whoever listens.
 * Triggers, because nobody may forget it: not the command line, not an older release, not a hand at the database.
 *
 * They fire at the end of the transaction, so that the mark, which changes of one topic have to share, is locked for a
 * moment only.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('change_marks', (table) => {
    table.text('topic').primary();
    table.bigInteger('version').notNullable().defaultTo(0);
  });
  await knex('change_marks').insert([...new Set(HELD.map(({ topic }) => topic))].map((topic) => ({ topic })));
  await knex.raw(`
    create function mark_change() returns trigger language plpgsql as $$
    begin
      update change_marks set version = version + 1 where topic = tg_argv[0];
      perform pg_notify('sso_changes', tg_argv[0]);
      return null;
    end $$`);
  for (const { topic, table, columns } of HELD) {
    await knex.raw(
      `create constraint trigger ${table}_mark_change after insert or delete or update ${columns === undefined ? '' : `of ${columns}`} on ${table}
       deferrable initially deferred for each row execute function mark_change('${topic}')`,
    );
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const { table } of HELD) await knex.raw(`drop trigger ${table}_mark_change on ${table}`);
  await knex.raw('drop function mark_change()');
  await knex.schema.dropTable('change_marks');
}
