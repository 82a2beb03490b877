import type { Knex } from 'knex';

/**
 * Which stretches of days that are over somebody has written to since, so that the reports count those days anew.
 * Evidence and logout notices are told by a trigger, whichever release writes them; what comes late to the audit log is
 * told by whoever lays the chain, for no sign-in should pay for it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('report_late', (table) => {
    table.text('source').notNullable();
    // A quarter of an hour: in whatever zone, it lies in one day.
    table.timestamp('around', { useTz: true }).notNullable();
    table.timestamp('noted_at', { useTz: true }).notNullable().defaultTo(knex.raw('clock_timestamp()')).index();
  });
  await knex.raw(`
    create function report_note_late() returns trigger language plpgsql as $$
    begin
      if tg_table_name = 'logout_notices' then
        insert into report_late (source, around)
        select distinct 'logout_notices', date_bin('15 minutes', created_at, 'epoch') from written where created_at < clock_timestamp() - interval '10 minutes';
      else
        insert into report_late (source, around)
        select distinct 'verification_log', date_bin('15 minutes', at, 'epoch') from written where at < clock_timestamp() - interval '10 minutes';
      end if;
      return null;
    end $$`);
  for (const table of ['verification_log', 'logout_notices']) {
    await knex.raw(
      'create trigger ?? after insert on ?? referencing new table as written for each statement execute function report_note_late()',
      [`${table}_late`, table],
    );
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['logout_notices', 'verification_log'])
    await knex.raw('drop trigger ?? on ??', [`${table}_late`, table]);
  await knex.raw('drop function report_note_late()');
  await knex.schema.dropTable('report_late');
}
