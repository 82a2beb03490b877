import { expect } from 'chai';
import type { Knex } from 'knex';
import { judgeUpkeep } from '../../src/cli/upkeep-check.ts';
import { createKnex } from '../../src/store/knex.ts';
import { inspectUpkeep, type UpkeepFacts } from '../../src/store/inspect-upkeep.ts';
import { hasSystemPostgres, startSystemPostgres, type SystemPostgres } from '../support/system-postgres.ts';
import { until } from '../support/until.ts';

const NOTHING: UpkeepFacts = { archiver: undefined, slots: [], oldest: undefined };
const told = (facts: Partial<UpkeepFacts>): string[] =>
  [...judgeUpkeep({ ...NOTHING, ...facts })].map(({ check, state, what }) => `${check} ${state}: ${what}`);
const [EARLIER, LATER] = [new Date('2026-11-27T01:02:03Z'), new Date('2026-11-28T01:02:03Z')];
const GIB = 1024 ** 3;

describe('What the doctor says of the upkeep of PostgreSQL', () => {
  it('that archiving fails, as long as nothing was archived since', () => {
    expect(told({ archiver: { lastArchivedAt: EARLIER, lastFailedAt: LATER, failures: 7 } })).to.deep.equal([
      'archiving warn: fails, last 2026-11-28T01:02Z (7 in all); last archived 2026-11-27T01:02Z',
    ]);
    expect(told({ archiver: { lastArchivedAt: undefined, lastFailedAt: LATER, failures: 7 } })).to.deep.equal([
      'archiving warn: fails, last 2026-11-28T01:02Z (7 in all); nothing was archived yet',
    ]);
    expect(told({ archiver: { lastArchivedAt: LATER, lastFailedAt: EARLIER, failures: 7 } })).to.deep.equal([
      'archiving ok: last archived 2026-11-28T01:02Z',
    ]);
    expect(told({ archiver: { lastArchivedAt: undefined, lastFailedAt: undefined, failures: 0 } })).to.deep.equal([
      'archiving ok: nothing was archived yet',
    ]);
  });

  it('that a replication slot holds WAL back', () => {
    expect(
      told({
        slots: [
          { name: 'standby1', isRead: true, heldBytes: 0 },
          { name: 'gone', isRead: false, heldBytes: 3 * GIB },
        ],
      }),
    ).to.deep.equal([
      'replication slots ok: standby1 holds 0 MiB of WAL back',
      'replication slots warn: gone holds 3072 MiB of WAL back, and nobody reads it',
    ]);
  });

  it('that it will write no more, long before', () => {
    const states = [3e6, 6e8, 1.6e9].map((transactions) => told({ oldest: { database: 'sso', transactions } })[0]);
    expect(states).to.deep.equal(
      [
        'ok: the oldest of database sso is 3',
        'warn: the oldest of database sso is 600',
        'fail: the oldest of database sso is 1600',
      ].map((what) => `transaction ids ${what} million ago`),
    );
  });

  it('nothing of what the server does not tell', () => {
    expect(told({})).to.deep.equal([]);
  });

  (hasSystemPostgres() ? describe : describe.skip)(
    'of a real one, by the rights of the application alone',
    function () {
      this.timeout(60_000);
      let server: SystemPostgres;
      let owner: Knex;
      let knex: Knex;
      before(async () => {
        server = await startSystemPostgres({ archive_mode: 'on', archive_command: 'false' });
        owner = createKnex({ url: await server.make('sso'), poolMax: 1, statementTimeoutMs: 5000 });
        await owner.raw(
          "create role application login; alter database sso owner to application; select pg_create_physical_replication_slot('standby1', true)",
        );
        const url = new URL(server.urlOf('sso'));
        url.username = 'application';
        knex = createKnex({ url: url.href, poolMax: 1, statementTimeoutMs: 5000 });
      });
      after(async () => {
        await Promise.all([knex.destroy(), owner.destroy()]);
        await server.close();
      });

      it('is read, all of it', async () => {
        const { rows } = await knex.raw<{ rows: [{ super: boolean }] }>(
          'select rolsuper as super from pg_roles where rolname = current_user',
        );
        expect(rows[0].super).to.equal(false);
        await owner.raw('create table something (id int); select pg_switch_wal()');
        await until('archiving has failed', async () => ((await inspectUpkeep(knex)).archiver?.failures ?? 0) > 0);
        const { archiver, slots, oldest } = await inspectUpkeep(knex);
        expect(archiver).to.include({ lastArchivedAt: undefined });
        expect(archiver?.lastFailedAt).to.be.instanceOf(Date);
        expect(slots).to.have.length(1);
        expect(slots[0]).to.include({ name: 'standby1', isRead: false });
        expect(slots[0]?.heldBytes).to.be.greaterThan(0);
        expect(oldest?.transactions).to.be.within(1, 1e6);
      });

      it('and left out where somebody has forbidden it', async () => {
        await owner.raw('revoke select on pg_stat_archiver, pg_replication_slots from public');
        expect(await inspectUpkeep(knex)).to.deep.include({ archiver: undefined, slots: [] });
      });
    },
  );
});
