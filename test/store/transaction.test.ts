import { expect } from 'chai';
import type { Knex } from 'knex';
import { createKnex, insertRow, prepared } from '../../src/store/knex.ts';
import type { Core } from '../../src/core.ts';
import type { Store, Transaction } from '../../src/store/store.ts';
import { createTestCore } from '../support/core.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { withReconnect } from '../../src/store/reconnect.ts';
import { inTransaction } from '../../src/store/transaction.ts';

describe('A transaction that does not wait for each of its statements', () => {
  let database: TestDatabase;
  let knex: Knex;
  before(async () => {
    database = await createTestDatabase({ migrated: false });
    knex = createKnex({ url: database.url, poolMax: 1, statementTimeoutMs: 5000 });
    await knex.raw('create table notes (id int primary key, note text)');
  });
  after(async () => {
    await knex.destroy();
    await database.drop();
  });
  beforeEach(() => knex('notes').del());

  const write = (db: Knex, id: number): Promise<number> => insertRow(db, 'notes', { id, note: String(id) });
  const kept = async (): Promise<number[]> =>
    (await knex<{ id: number }>('notes').orderBy('id').select('id')).map(({ id }) => id);
  const quietly = (write: Promise<unknown>): void => {
    write.catch(() => undefined);
  };

  it('commits what is still under way when its work ends', async () => {
    const value = await inTransaction(knex, (trx) => {
      for (const id of [1, 2, 3]) quietly(write(trx, id));
      return Promise.resolve('done');
    });
    expect(value).to.equal('done');
    expect(await kept()).to.deep.equal([1, 2, 3]);
  });

  it('fails with the error of a write that nobody waited for, and keeps nothing', async () => {
    const outcome = await inTransaction(knex, (trx) => {
      for (const id of [1, 2, 2, 3]) quietly(write(trx, id));
      return Promise.resolve('done');
    }).catch((error: unknown) => (error as { code?: string }).code);
    expect(outcome).to.equal('23505');
    expect(await kept()).to.deep.equal([]);
  });

  it('takes statements in the order in which they were put to it, built or prepared, and gives the answers to those who asked', async () => {
    const [first, , second] = await inTransaction(knex, async (trx) => {
      await trx('notes').insert({ id: 7, note: 'built' });
      return Promise.all([
        prepared(trx, 'all-notes', 'select id from notes order by id', []),
        write(trx, 8),
        prepared(trx, 'all-notes', 'select id from notes order by id', []),
      ]);
    });
    expect([first, second]).to.deep.equal([[{ id: 7 }], [{ id: 7 }, { id: 8 }]]);
  });

  it('goes on after a savepoint that was given up', async () => {
    await inTransaction(knex, async (trx) => {
      await write(trx, 1);
      await trx.transaction((inner) => write(inner, 1)).catch(() => undefined);
      quietly(write(trx, 2));
    });
    expect(await kept()).to.deep.equal([1, 2]);
  });

  it('fails with what went wrong first, though whoever waits hears only that the transaction is broken', async () => {
    const outcome = await inTransaction(knex, async (trx) => {
      for (const id of [1, 1]) quietly(write(trx, id));
      await prepared(trx, 'all-notes', 'select id from notes order by id', []);
    }).catch((error: unknown) => (error as { code?: string }).code);
    expect(outcome).to.equal('23505');
  });

  it('is done again where a write that nobody waited for has only met another, though something else was waited for', async () => {
    let times = 0;
    await withReconnect(() =>
      inTransaction(knex, async (trx) => {
        times += 1;
        if (times === 1)
          quietly(
            prepared(trx, 'collide', "do $$ begin raise exception 'met another' using errcode = '40001'; end $$", []),
          );
        await write(trx, 1);
      }),
    );
    expect({ times, kept: await kept() }).to.deep.equal({ times: 2, kept: [1] });
  });

  it('puts nothing to the database where it could not begin', async () => {
    const client = knex.client as Knex.Client;
    const connection = (await client.acquireConnection()) as {
      query: (statement: { readonly text: string }, answered: unknown) => unknown;
    };
    const { query } = connection;
    connection.query = (statement, answered) =>
      query.call(connection, statement.text === 'BEGIN;' ? { text: 'select 1 / 0' } : statement, answered);
    await client.releaseConnection(connection);
    const outcome = await inTransaction(knex, (trx) => {
      quietly(write(trx, 1));
      return Promise.resolve('done');
    })
      .catch((error: unknown) => (error as { code?: string }).code)
      .finally(() => {
        connection.query = query;
      });
    expect(outcome).to.equal('22012');
    expect(await kept(), 'each by itself').to.deep.equal([]);
  });

  it('gives its connection back, also after an error', async () => {
    for (let time = 0; time < 3; time += 1)
      await inTransaction(knex, () => Promise.reject(new Error('no'))).catch(() => undefined);
    expect(await kept()).to.deep.equal([]);
  });
});

describe('Writes that go along with a transaction', () => {
  let core: Core;
  let store: Store;
  let close: () => Promise<void>;
  before(async () => {
    ({ core, close } = await createTestCore());
    ({ store } = core);
  });
  after(() => close());

  const event = (id: string): Parameters<Store['audit']['append']>[0] => ({
    id,
    at: core.clock.now(),
    type: 'sign-out.completed',
    accountId: undefined,
    clientId: undefined,
    details: {},
  });
  const isKept = async (id: string): Promise<boolean> =>
    (await core.knex('audit_log').where({ id }).first('id')) !== undefined;
  const failing = (work: (tx: Transaction, id: string) => void): Promise<{ error: string; kept: boolean }> => {
    const id = core.random.uuid();
    return store
      .transaction((tx) => {
        tx.also(tx.audit.append(event(id)));
        work(tx, id);
        return Promise.resolve();
      })
      .then(
        () => 'none',
        (error: unknown) => (error as Error).message,
      )
      .then(async (error) => ({ error, kept: await isKept(id) }));
  };

  it('are kept with it', async () => {
    expect(await failing(() => undefined)).to.deep.equal({ error: 'none', kept: true });
  });

  it('take it back with them where one fails in the database', async () => {
    const { error, kept } = await failing((tx) => {
      tx.also(tx.audit.append(event('no id')));
    });
    expect(error).to.include('invalid input syntax for type uuid');
    expect(kept).to.equal(false);
  });

  it('take it back where one does not even get there', async () => {
    expect(
      await failing((tx) => {
        tx.also(Promise.reject(new Error('a bug of ours')));
      }),
    ).to.deep.equal({ error: 'a bug of ours', kept: false });
  });

  it('are refused aloud where they come too late', async () => {
    const late = async (tx: Transaction, id: string): Promise<void> => {
      await tx.ping();
      await tx.audit.append({ ...event(core.random.uuid()), details: { of: id } });
    };
    expect(
      (
        await failing((tx, id) => {
          tx.also(late(tx, id));
        })
      ).error,
    ).to.include('after the end of its transaction');
  });
});
