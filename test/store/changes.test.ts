import { expect } from 'chai';
import { holding } from '../../src/oidc/held.ts';
import { watchChanges, type Changes } from '../../src/store/changes.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { TestClock } from '../support/clock.ts';
import { createDatabaseLine, type DatabaseLine } from '../support/database-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const NEVER_MS = 2_000_000_000;

describe('What instances hold in memory', () => {
  let database: TestDatabase;
  let line: DatabaseLine;
  let changes: Changes | undefined;
  let clock: TestClock;
  let reads: string[];
  let said: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    line = await createDatabaseLine(database.url);
    clock = new TestClock();
    clock.stop();
    reads = [];
    said = 'first';
  });
  afterEach(async () => {
    await changes?.close();
    changes = undefined;
    await line.close();
    await database.drop();
  });

  /** One instance: what it holds, and how it hears. */
  async function start(everyMs: number): Promise<(id: string) => Promise<string | undefined>> {
    const watched = watchChanges({ url: line.url, clock, log: createLog({ level: 'silent' }), everyMs });
    changes = watched;
    await until('the instance hears', () => watched.mark('clients') !== undefined);
    return holding({
      load: (id) => {
        reads.push(id);
        return Promise.resolve(said);
      },
      clock,
      changes: watched,
      topic: 'clients',
    });
  }
  const seconds = (count: number): void => {
    clock.advance({ seconds: count });
  };
  const row = { id: 'karirhub', type: 'web', metadata: {}, created_at: new Date(), updated_at: new Date() };
  const change = (): Promise<unknown> =>
    database.knex('clients').insert(row).onConflict('id').merge({ updated_at: new Date() });
  /** As if the change had been made and its notice lost on the way. */
  const changeInSilence = (): Promise<unknown> =>
    database.knex('change_marks').where('topic', 'clients').increment('version', 1);
  const heard = (mark: number | undefined): Promise<void> =>
    until('the change is heard', () => changes?.mark('clients') !== mark);

  it('is read once, however long it is held, as long as nothing changes', async () => {
    const find = await start(NEVER_MS);
    for (let turn = 0; turn < 60; turn += 1) {
      await find('karirhub');
      seconds(2);
      await changes?.look();
    }
    expect(reads).to.deep.equal(['karirhub']);
    for (let turn = 0; turn < 100; turn += 1) {
      seconds(2);
      await changes?.look();
      await find('karirhub');
    }
    expect(reads, 'but not for ever').to.have.length(2);
  });

  it('is let go by a notice, before anybody looks', async () => {
    const find = await start(NEVER_MS);
    expect(await find('karirhub')).to.equal('first');
    const mark = changes?.mark('clients');
    said = 'second';
    await change();
    await heard(mark);
    expect(await find('karirhub')).to.equal('second');
  });

  it('is let go by looking, where the notice was lost', async () => {
    const find = await start(NEVER_MS);
    await find('karirhub');
    said = 'second';
    await changeInSilence();
    expect(await find('karirhub'), 'nobody has said so').to.equal('first');
    await changes?.look();
    expect(await find('karirhub')).to.equal('second');
  });

  it('is good for two seconds while the database is away, and what happened meanwhile is seen when it is back', async () => {
    const find = await start(1);
    await find('karirhub');
    await line.cut();
    seconds(1);
    expect(await find('karirhub')).to.equal('first');
    said = 'second';
    await change();
    seconds(1);
    expect(changes?.mark('clients'), 'nobody can tell').to.equal(undefined);
    expect(await find('karirhub')).to.equal('second');
    line.mend();
    await until('it is heard again', () => changes?.mark('clients') !== undefined);
    said = 'third';
    expect(await find('karirhub'), 'read when nobody could tell, and so read again').to.equal('third');
  });

  it('is read again where the change came while it was being read', async () => {
    await start(NEVER_MS);
    const watched = changes!;
    const find = holding({
      load: async () => {
        const before = said;
        const mark = watched.mark('clients');
        said = 'second';
        await change();
        await heard(mark);
        return before;
      },
      clock,
      changes: watched,
      topic: 'clients',
    });
    expect(await find('karirhub')).to.equal('first');
    expect(await find('karirhub')).to.equal('second');
  });

  describe('is kept', () => {
    const there = new Set<string>();
    const hold = (): ((id: string) => Promise<string | undefined>) =>
      holding({
        load: (id) => {
          reads.push(id);
          return Promise.resolve(there.has(id) ? id : undefined);
        },
        clock,
        topic: 'clients',
      });
    const ids = (name: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${name}-${index}`);
    beforeEach(() => {
      there.clear();
    });

    it('through a flood of ids that nobody has, of which not all are remembered', async () => {
      for (const id of ids('service', 20)) there.add(id);
      const find = hold();
      for (const id of there) await find(id);
      await Promise.all(ids('typed', 5000).map(find));
      reads = [];
      for (const id of there) expect(await find(id)).to.equal(id);
      expect(reads).to.deep.equal([]);
      for (const id of ids('typed', 5000)) await find(id);
      expect(reads).to.have.length(5000);
    });

    it('while it is used, where there are more than are held', async () => {
      for (const id of ids('service', 1500)) there.add(id);
      const find = hold();
      for (const id of there) {
        await find('service-0');
        await find(id);
      }
      reads = [];
      await find('service-0');
      await find('service-1499');
      expect(reads).to.deep.equal([]);
      await find('service-1');
      expect(reads).to.deep.equal(['service-1']);
    });

    it('and one that was unknown is known as soon as it is there, and the other way round', async () => {
      const find = hold();
      expect(await find('new')).to.equal(undefined);
      there.add('new');
      seconds(2);
      expect(await find('new')).to.equal('new');
      there.delete('new');
      seconds(2);
      expect(await find('new')).to.equal(undefined);
    });

    it('and read once for all who ask at the same moment, and again where reading failed', async () => {
      let fails = true;
      const find = holding({
        load: async (id) => {
          reads.push(id);
          await Promise.resolve();
          if (fails) throw new Error('away');
          return id;
        },
        clock,
        topic: 'clients',
      });
      const answers = await Promise.allSettled([find('a'), find('a'), find('a')]);
      expect(answers.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
      expect(reads).to.have.length(1);
      fails = false;
      expect(await find('a')).to.equal('a');
    });
  });

  it('is not held for ever by a clock that was set back', async () => {
    const find = await start(NEVER_MS);
    await find('karirhub');
    clock.advance({ hours: -1 });
    expect(changes?.mark('clients')).to.equal(undefined);
    await find('karirhub');
    expect(reads).to.have.length(2);
  });

  it('is let go by what is done to a client and its secrets, by whatever hand, and not by their use', async () => {
    await start(NEVER_MS);
    const { knex } = database;
    const secret = {
      client_id: row.id,
      number: 1,
      hash: Buffer.alloc(32),
      created_by: 'operator',
      created_at: new Date(),
    };
    const steps: readonly (() => Promise<unknown>)[] = [
      change,
      () => knex('client_secrets').insert(secret),
      () => knex('client_secrets').update({ expires_at: new Date() }),
      () => knex('clients').update({ status: 'disabled' }),
      () => knex('clients').delete(),
    ];
    const version = async (): Promise<unknown> =>
      (await knex('change_marks').where('topic', 'clients').pluck('version'))[0];
    for (const step of steps) {
      const before = await version();
      await step();
      expect(await version()).not.to.equal(before);
    }
    await change();
    await knex('client_secrets').insert(secret);
    const before = await version();
    await knex('client_secrets').update({ last_used_at: new Date() });
    expect(await version()).to.equal(before);
  });

  it('moves its mark once in a transaction, whatever is changed in it and how much', async () => {
    const { knex } = database;
    const versions = (): Promise<number[]> => knex('change_marks').orderBy('topic').pluck<number[]>('version');
    const [apis = 0, clients = 0] = await versions();
    await knex.transaction(async (trx) => {
      await trx('clients').insert(Array.from({ length: 500 }, (_, index) => ({ ...row, id: `banyak-${index}` })));
      await trx('client_secrets').insert({
        client_id: 'banyak-1',
        number: 1,
        hash: Buffer.alloc(32),
        created_by: 'operator',
        created_at: new Date(),
      });
      await trx('clients').where('id', 'banyak-2').update({ status: 'disabled' });
    });
    expect(await versions()).to.deep.equal([apis, clients + 1]);
    await knex('clients').where('id', 'banyak-3').delete();
    expect(await versions(), 'the next one moves it again').to.deep.equal([apis, clients + 2]);
  });

  it('may change at many hands at once: editors of two clients do not wait for one another', async () => {
    const other = { ...row, id: 'skillhub' };
    await database.knex('clients').insert([row, other]);
    const [first, second] = await Promise.all([database.knex.transaction(), database.knex.transaction()]);
    await first('clients').where('id', row.id).update({ updated_at: new Date() });
    await second('clients').where('id', other.id).update({ updated_at: new Date() });
    await Promise.all([second.commit(), first.commit()]);
  });
});
