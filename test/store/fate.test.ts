import { expect } from 'chai';
import type { Knex } from 'knex';
import { randomBytes } from 'node:crypto';
import { FateUnknown, markOf, wasCommitted, type TransactionMark } from '../../src/store/fate.ts';
import { createKnex } from '../../src/store/knex.ts';
import { isConnectionLost, isDatabaseAway } from '../../src/store/reconnect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

describe('The fate of a transaction whose answer was lost', () => {
  let database: TestDatabase;
  let knex: Knex;
  before(async () => {
    database = await createTestDatabase({ migrated: false });
    knex = database.knex;
    await knex.raw('create table kept (word text)');
  });
  after(() => database.drop());

  /** @param end  whether it is kept. */
  async function write(end: 'commit' | 'rollback'): Promise<TransactionMark> {
    const trx = await knex.transaction();
    await trx('kept').insert({ word: end });
    const mark = await markOf(trx);
    await trx[end]();
    if (mark === undefined) throw new Error('it has no number');
    return mark;
  }

  it('is what the server says', async () => {
    expect(await wasCommitted(knex, await write('commit'))).to.equal(true);
    expect(await wasCommitted(knex, await write('rollback'))).to.equal(false);
  });

  it('is nothing to ask about where nothing was written', async () => {
    expect(
      await knex.transaction(async (trx) => {
        await trx.raw('select 1');
        return markOf(trx);
      }),
    ).to.equal(undefined);
  });

  it('is waited for while the server has not come to its end', async () => {
    const trx = await knex.transaction();
    await trx('kept').insert({ word: 'later' });
    const mark = (await markOf(trx))!;
    const asked = wasCommitted(knex, mark);
    await trx.commit();
    expect(await asked).to.equal(true);
  });

  it('is decided where the server would wait for a client that is gone: nothing of it can come later', async () => {
    const trx = await knex.transaction();
    await trx('kept').insert({ word: 'never' });
    const mark = (await markOf(trx))!;
    expect(await wasCommitted(knex, mark, 2)).to.equal(false);
    // What the client that came back would say now reaches nobody.
    await trx.commit().catch(() => undefined);
    // By a connection of its own: the pool may not have heard yet that the other is gone.
    const fresh = createKnex({ url: database.url, poolMax: 1, statementTimeoutMs: 60_000 });
    try {
      expect(await fresh('kept').where({ word: 'never' })).to.deep.equal([]);
    } finally {
      await fresh.destroy();
    }
  });

  it('is said to be unknown, and not to be "no", where nobody can tell: whoever asked comes back later', async () => {
    const stranger = `stranger_${randomBytes(4).toString('hex')}`;
    await knex.raw(`create role ${stranger} login password 'rahasia'`);
    const url = new URL(database.url);
    [url.username, url.password] = [stranger, 'rahasia'];
    const other = createKnex({ url: url.href, poolMax: 1, statementTimeoutMs: 60_000 });
    const trx = await knex.transaction();
    try {
      await trx('kept').insert({ word: 'somebody else’s' });
      const mark = (await markOf(trx))!;
      const error: unknown = await wasCommitted(other, mark, 2).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(FateUnknown);
      expect(isDatabaseAway(error), '503 with a time to come back').to.equal(true);
      expect(isConnectionLost(error), 'and no try at once').to.equal(false);
    } finally {
      await trx.rollback();
      await other.destroy();
      await knex.raw(`drop role ${stranger}`);
    }
  });

  it('is not known of a number that another server may have given to somebody else, nor of one that nobody was given', async () => {
    const mark = await write('commit');
    expect(await wasCommitted(knex, { ...mark, timeline: '00000002' })).to.equal(false);
    expect(await wasCommitted(knex, { ...mark, id: '4000000000' })).to.equal(false);
  });
});
