import type { Knex } from 'knex';
import { createIndexOnline, dropIndexOnline } from '../src/store/online.ts';
import {
  makeComingPartitions,
  monthAfter,
  PARTITIONED,
  partitionsUntil,
  refuseChanges,
  restOf,
} from '../src/store/partitions.ts';

/** Large tables are looked through without holding anybody up. */
export const config = { transaction: false };

const INDEXES: Readonly<Record<string, readonly (readonly [name: string, definition: string])[]>> = {
  audit_log: [
    ['newest', '(at desc, id desc)'],
    ['type_at', '(type, at desc, id desc)'],
    ['account_at', '(account_id, at desc, id desc) where account_id is not null'],
    ['client', '(client_id, at desc) where client_id is not null'],
    ['by', `((details->>'by'), at desc) where details \\? 'by'`],
    ['help_code', `((details->>'helpCode')) where details \\? 'helpCode'`],
  ],
  verification_log: [
    ['draft', '(draft_id)'],
    ['at', '(at)'],
    ['account', '(account_id) where account_id is not null'],
  ],
};

/**
 * Audit log and evidence in parts of a month. The tables of before stay as they are and where they are: they become the
 * first part, up to a month from one to two months away. Until then the release before, which knows them by their names
 * alone, reads and writes the same rows as this one; nothing is copied. Events are unique by id and time.
 */
export async function up(knex: Knex): Promise<void> {
  const cut = monthAfter(new Date(), 2);
  for (const { table, first, appendOnly } of PARTITIONED) {
    if ((await partitionsUntil(knex, table)) !== undefined) continue; // cut off in the middle, and come again
    await createIndexOnline(knex, `${first}_id_at`, `on ${first} (id, at)`, { unique: true });
    // Rows of a wrong clock may lie beyond: the first part ends after the last of them.
    const { rows } = await knex.raw<{ rows: { last: Date | null }[] }>('select max(at) as last from ??', [first]);
    const last = rows[0]?.last;
    const until = (last && last >= cut ? monthAfter(last, 1) : cut).toISOString();
    await knex.raw('alter table ?? drop constraint if exists ??', [first, `${first}_until`]);
    await knex.raw(`alter table ?? add constraint ?? check (at < '${until}') not valid`, [first, `${first}_until`]);
    await knex.raw('alter table ?? validate constraint ??', [first, `${first}_until`]);
    await knex.transaction(async (trx) => {
      await trx.raw('create table ?? (like ?? including defaults) partition by range (at)', [table, first]);
      await trx.raw('create unique index ?? on ?? (id, at)', [`${table}_id_at`, table]);
      for (const [name, definition] of INDEXES[table] ?? [])
        await trx.raw(`create index ?? on ?? ${definition}`, [`${table}_${name}`, table]);
      if (table === 'verification_log')
        await trx.raw('alter table ?? add foreign key (account_id) references accounts (id) on delete set null', [
          table,
        ]);
      await trx.raw('create table ?? partition of ?? default', [restOf(table), table]);
      if (appendOnly) {
        for (const part of [table, restOf(table)]) await refuseChanges(trx, part);
        await trx.raw(
          'create trigger ?? after insert on ?? referencing new table as written for each statement execute function audit_await_chain()',
          [`${table}_await_chain`, table],
        );
        // No column but the id could be referred to, and that is unique together with the time only. Who looks after
        // the chain finds an event that is missing.
        await trx.raw('alter table audit_chain drop constraint if exists audit_chain_event_id_foreign');
      }
      // The constraint has proved that no row lies beyond, so nothing is read; equal indexes are taken over.
      await trx.raw(`alter table ?? attach partition ?? for values from (minvalue) to ('${until}')`, [table, first]);
    });
  }
  await makeComingPartitions(knex, new Date());
}

export async function down(knex: Knex): Promise<void> {
  for (const { table, first, appendOnly } of PARTITIONED) {
    await knex.transaction(async (trx) => {
      await trx.raw('alter table ?? detach partition ??', [table, first]);
      await trx.raw('alter table ?? drop constraint if exists ??', [first, `${first}_until`]);
      // What came since goes home.
      if (appendOnly) await trx.raw('alter table audit_events disable trigger audit_events_await_chain');
      await trx.raw('insert into ?? select * from ??', [first, table]);
      if (appendOnly) await trx.raw('alter table audit_events enable trigger audit_events_await_chain');
      await trx.raw('drop table ??', [table]);
      if (appendOnly)
        await trx.raw(
          'alter table audit_chain add constraint audit_chain_event_id_foreign foreign key (event_id) references audit_events (id) not valid',
        );
    });
    await dropIndexOnline(knex, `${first}_id_at`);
  }
}
