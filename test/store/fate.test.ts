import { expect } from 'chai';
import type { Knex } from 'knex';
import { markOf, wasCommitted, type TransactionMark } from '../../src/store/fate.ts';
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
    expect(await knex.transaction(async (trx) => { await trx.raw('select 1'); return markOf(trx); })).to.equal(undefined);
  });

  it('is waited for while the server has not come to its end', async () => {
    const trx = await knex.transaction();
    await trx('kept').insert({ word: 'later' });
    const mark = (await markOf(trx))!;
    const asked = wasCommitted(knex, mark);
    await trx.commit();
    expect(await asked).to.equal(true);
  });

  it('is not known of a number that another server may have given to somebody else, nor of one that nobody was given', async () => {
    const mark = await write('commit');
    expect(await wasCommitted(knex, { ...mark, timeline: '00000002' })).to.equal(false);
    expect(await wasCommitted(knex, { ...mark, id: '4000000000' })).to.equal(false);
  });
});
