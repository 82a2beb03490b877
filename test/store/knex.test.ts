import { expect } from 'chai';
import type { Knex } from 'knex';
import { createKnex, migrate, prepared, rollback } from '../../src/store/knex.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { createDatabaseLine } from '../support/database-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tablesOf = async (knex: Knex): Promise<string[]> =>
  (
    await prepared<{ name: string }>(
      knex,
      'tables',
      "select table_name as name from information_schema.tables where table_schema = 'public' order by 1",
      [],
    )
  ).map(({ name }) => name);

describe('Migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => (database = await createTestDatabase({ migrated: false })));
  afterEach(() => database.drop());

  it('run once when several instances start at the same time, and all of them wait for the end', async () => {
    const instances = Array.from({ length: 4 }, () =>
      createKnex({ url: database.url, poolMax: 2, statementTimeoutMs: 50 }),
    );
    const ran = await Promise.all(
      instances.map(async (knex) => {
        const names = await migrate(knex);
        // Asked without the short limit of the instances, which is there for the migrations to overstep.
        expect(await tablesOf(database.knex)).to.include('counters');
        return names.length;
      }),
    );
    expect(ran.filter((count) => count > 0)).to.have.length(1);
    await Promise.all(instances.map((knex) => knex.destroy()));
  });

  it('can all be taken back, and run again', async () => {
    const names = await migrate(database.knex);
    const tables = await tablesOf(database.knex);
    expect(await rollback(database.knex, true)).to.deep.equal(names.toReversed());
    expect(await tablesOf(database.knex)).to.deep.equal(['knex_migrations', 'knex_migrations_lock']);
    expect(await migrate(database.knex)).to.deep.equal(names);
    expect(await tablesOf(database.knex)).to.deep.equal(tables);
  });

  it('are not stopped by the lock of an instance that was killed', async () => {
    const names = await migrate(database.knex);
    await rollback(database.knex, true);
    await database.knex('knex_migrations_lock').update({ is_locked: 1 });
    expect(await migrate(database.knex)).to.deep.equal(names);
  });

  it('do not trouble an older version that starts beside a newer one', async () => {
    await migrate(database.knex);
    await database
      .knex('knex_migrations')
      .insert({ name: '99990101000000_from_the_future.ts', batch: 2, migration_time: new Date() });
    expect(await migrate(database.knex)).to.be.empty;
  });
});

describe('A line on which nothing comes back', () => {
  it('is given up after a while, as a database that is away, and another one is made when there is one', async () => {
    const database = await createTestDatabase({ migrated: false });
    const line = await createDatabaseLine(database.url);
    const knex = createKnex({ url: line.url, poolMax: 1, statementTimeoutMs: 0, silenceMs: 100 });
    const ask = (): Promise<object[]> => prepared(knex, 'one', 'select 1 as one', []);
    await ask();
    line.hush();
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isDatabaseAway(error), String(error)).to.equal(true);
    line.mend();
    expect(await ask()).to.deep.equal([{ one: 1 }]);
    await knex.destroy();
    await line.close();
    await database.drop();
  });
});

describe('Connections', () => {
  let database: TestDatabase;
  let knex: Knex;
  before(async () => {
    database = await createTestDatabase({ migrated: false });
    knex = database.knex;
    await knex.raw('create table notes (id int primary key, note text)');
  });
  after(() => database.drop());

  const notes = (db: Knex): Promise<{ note: string }[]> =>
    prepared(db, 'notes', 'select note from notes where id = $1', [1]);
  const write = (db: Knex): Promise<object[]> => prepared(db, 'write', 'insert into notes values ($1, $2)', [1, 'x']);

  it('give counts as numbers, what is too large for one as a bigint, and times as dates', async () => {
    const [row] = await prepared(
      knex,
      'types',
      `select 42::int8 as small, 9007199254740993::int8 as large, '2026-11-23T10:00:00+07'::timestamptz as at, '\\x00ff'::bytea as bytes`,
      [],
    );
    expect(row).to.deep.equal({
      small: 42,
      large: 9_007_199_254_740_993n,
      at: new Date('2026-11-23T03:00:00Z'),
      bytes: Buffer.from([0, 255]),
    });
  });

  it('run a prepared statement in the transaction it is given', async () => {
    const failed = await knex
      .transaction(async (tx) => {
        await write(tx);
        expect(await notes(tx)).to.have.length(1);
        expect(await notes(knex)).to.be.empty;
        throw new Error('undo');
      })
      .catch((error: unknown) => error);
    expect(failed).to.have.property('message', 'undo');
    expect(await notes(knex)).to.be.empty;
  });

  it('refuse a statement that comes after the end of its transaction', async () => {
    const tx = await knex.transaction();
    await tx.commit();
    expect(await write(tx).catch((error: unknown) => error))
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.includes('after the end of its transaction');
    expect(await notes(knex)).to.be.empty;
  });

  it('give every connection back, also after an error', async () => {
    for (let n = 0; n < 30; n += 1) await prepared(knex, 'broken', 'select 1 / $1::int', [0]).catch(() => undefined);
    const all = await Promise.all(Array.from({ length: 30 }, () => notes(knex)));
    expect(all).to.have.length(30);
  });

  it('work again after the server has cut them', async () => {
    await notes(knex);
    const other = createKnex({ url: database.url, poolMax: 2, statementTimeoutMs: 5000 });
    await other.raw(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await other.destroy();
    // Each of the ten may still meet a connection whose end has not arrived.
    let tries = 0;
    const again = async (): Promise<unknown> =>
      notes(knex).catch((error: unknown) => (++tries > 10 ? Promise.reject(error as Error) : again()));
    expect(await again()).to.be.empty;
  });

  it('keep nothing between transactions behind a pooler: no named statement, and no setting from their start', async () => {
    const facts =
      "select (select count(*) from pg_prepared_statements) as named, current_setting('statement_timeout') as limit";
    for (const [pooled, found] of [
      [true, { named: 0, limit: '0' }],
      [false, { named: 2, limit: '5s' }],
    ] as const) {
      const one = createKnex({ url: database.url, poolMax: 1, statementTimeoutMs: 5000, pooled });
      await notes(one);
      await one.transaction((tx) => notes(tx));
      expect(await prepared(one, 'facts', facts, [])).to.deep.equal([found]);
      await one.destroy();
    }
  });

  it('end a statement that runs too long', async () => {
    const impatient = createKnex({ url: database.url, poolMax: 2, statementTimeoutMs: 50 });
    expect(
      await prepared(impatient, 'long', 'select pg_sleep(30)', []).catch((error: unknown) => error),
    ).to.have.property('code', '57014');
    await impatient.destroy();
  });

  it('wait for a lock for a while only, and end a transaction that stands still', async () => {
    await knex('notes').insert({ id: 5, note: 'held' });
    const impatient = createKnex({
      url: database.url,
      poolMax: 2,
      statementTimeoutMs: 5000,
      lockTimeoutMs: 50,
      idleInTransactionTimeoutMs: 50,
    });
    const holder = await knex.transaction();
    await holder.raw('select * from notes where id = 5 for update');
    expect(
      await impatient('notes')
        .where({ id: 5 })
        .update({ note: 'mine' })
        .then(
          () => undefined,
          (error: unknown) => error,
        ),
    ).to.have.property('code', '55P03');
    await holder.rollback();

    const ended = await impatient
      .transaction(async (still) => {
        await still.raw('select * from notes where id = 5 for update');
        await knex('notes').where({ id: 5 }).update({ note: 'free again' });
        await still.raw('select 1');
      })
      .catch((error: unknown) => error);
    expect(isDatabaseAway(ended)).to.equal(true);
    await impatient.destroy();
  });

  it('keep the values of a statement out of the text of its error', async () => {
    await knex('notes').insert({ id: 7, note: 'kept' });
    const error = await knex('notes')
      .insert({ id: 7, note: 'Budi Contoh' })
      .catch((reason: unknown) => reason as Error);
    expect(error)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.includes('duplicate key')
      .and.does.not.include('Budi');
  });
});
