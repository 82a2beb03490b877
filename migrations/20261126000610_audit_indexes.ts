import type { Knex } from 'knex';

/**
 * For operators who search: newest first by account, client, actor or help code, and reports over a stretch of time.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index audit_events_newest on audit_events (at desc, id desc)');
  await knex.raw('create index audit_events_type_at on audit_events (type, at desc, id desc)');
  await knex.raw('create index audit_events_client on audit_events (client_id, at desc) where client_id is not null');
  await knex.raw(`create index audit_events_by on audit_events ((details->>'by'), at desc) where details \\? 'by'`);
  await knex.raw(
    `create index audit_events_help_code on audit_events ((details->>'helpCode')) where details \\? 'helpCode'`,
  );
}

export async function down(knex: Knex): Promise<void> {
  for (const name of ['newest', 'type_at', 'client', 'by', 'help_code'])
    await knex.raw('drop index ??', [`audit_events_${name}`]);
}
