import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import knexFactory from 'knex';
import { isConnectionLost, isDatabaseAway, reconnecting, withReconnect } from '../../src/store/reconnect.ts';
import { createTestCore } from '../support/core.ts';

const coded = (code: string): Error => Object.assign(new Error('x'), { code });
const lost = (): Error =>
  Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });

describe('A database that is away for a moment', () => {
  const errors: readonly { what: unknown; isLost: boolean }[] = [
    { what: lost(), isLost: true },
    { what: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), isLost: true },
    { what: Object.assign(new Error('x'), { code: 'ECONNRESET' }), isLost: true },
    { what: Object.assign(new Error('the database system is starting up'), { code: '57P03' }), isLost: true },
    { what: new Error('Connection terminated unexpectedly'), isLost: true },
    { what: new Error('select 1 - Connection terminated unexpectedly'), isLost: true },
    { what: Object.assign(new Error('duplicate key value'), { code: '23505' }), isLost: false },
    { what: Object.assign(new Error('invalid byte sequence'), { code: '22021' }), isLost: false },
    { what: new Error('anything'), isLost: false },
    { what: 'a text', isLost: false },
    { what: undefined, isLost: false },
  ];
  for (const { what, isLost } of errors) {
    it(`is ${isLost ? '' : 'not '}what "${String(what)}" says`, () => {
      expect(isConnectionLost(what)).to.equal(isLost);
      expect(isDatabaseAway(what)).to.equal(isLost);
    });
  }

  const away: Readonly<Record<string, Error>> = {
    'a connection that nobody answers': coded('ETIMEDOUT'),
    'a host without a way to it': coded('EHOSTUNREACH'),
    'a network without a way to it': coded('ENETUNREACH'),
    'a name that nobody knows': coded('ENOTFOUND'),
    'a name server that is silent': coded('EAI_AGAIN'),
    'a statement that took too long': coded('57014'),
    'a lock that was not to be had': coded('55P03'),
    'a transaction that stood still': coded('25P03'),
    'a server that only reads': coded('25006'),
    'a disk without room': coded('53100'),
    'a server without memory': coded('53200'),
    'a disk that fails': coded('58030'),
    'a server that takes the connection and says nothing': new Error('timeout expired'),
    'a pool without a free connection': Object.assign(new Error('Knex: Timeout acquiring a connection.'), {
      name: 'KnexTimeoutError',
    }),
  };
  for (const [what, error] of Object.entries(away)) {
    it(`is ${what}: a reason to come back, none to try again at once`, () => {
      expect(isDatabaseAway(error)).to.equal(true);
      expect(isConnectionLost(error)).to.equal(false);
    });
  }

  it('is known by what pg and knex really say', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const failureOf = async (acquireMs: number, connectMs: number): Promise<unknown> => {
      const knex = knexFactory({
        client: 'pg',
        connection: { host: '127.0.0.1', port, connectionTimeoutMillis: connectMs },
        pool: { min: 0, max: 1 },
        acquireConnectionTimeout: acquireMs,
        log: { warn: () => undefined },
      });
      return knex
        .raw('select 1')
        .catch((error: unknown) => error)
        .finally(() => void knex.destroy());
    };
    try {
      const [noAnswer, noConnection] = await Promise.all([failureOf(5000, 50), failureOf(50, 500)]);
      expect(noAnswer).to.have.property('message', 'timeout expired');
      expect(noConnection).to.have.property('name', 'KnexTimeoutError');
      expect([isDatabaseAway(noAnswer), isDatabaseAway(noConnection)]).to.deep.equal([true, true]);
    } finally {
      silent.close();
    }
  });

  function failing(times: number, error: () => Error): { work: () => Promise<string>; calls: () => number } {
    let calls = 0;
    return {
      calls: () => calls,
      work: () => {
        calls += 1;
        return calls <= times ? Promise.reject(error()) : Promise.resolve('done');
      },
    };
  }

  it('is asked again', async () => {
    const { work, calls } = failing(2, lost);
    expect(await withReconnect(work)).to.equal('done');
    expect(calls()).to.equal(3);
  });

  it('is asked again, too, where two transactions stood in each other’s way', async () => {
    for (const code of ['40001', '40P01']) {
      const { work, calls } = failing(1, () => Object.assign(new Error('collision'), { code }));
      expect(await withReconnect(work)).to.equal('done');
      expect(calls()).to.equal(2);
    }
  });

  it('is not asked again where it has answered', async () => {
    const { work, calls } = failing(1, () => Object.assign(new Error('duplicate key'), { code: '23505' }));
    const failure = await withReconnect(work).catch((error: unknown) => error);
    expect(failure).to.include({ code: '23505' });
    expect(calls()).to.equal(1);
  });

  it('is asked again by every method of a table, with the same words, and leaves the others alone', async () => {
    const { work } = failing(1, lost);
    const seen: unknown[][] = [];
    const table = reconnecting({
      size: 3,
      name: () => 'table',
      find: (...args: unknown[]) => {
        seen.push(args);
        return work();
      },
    });
    expect(table.size).to.equal(3);
    expect(table.name()).to.equal('table');
    expect(await table.find('a', 1)).to.equal('done');
    expect(seen).to.deep.equal([
      ['a', 1],
      ['a', 1],
    ]);
  });

  it('loses no statement and no transaction when it hangs up on everybody', async () => {
    const { core, close } = await createTestCore();
    try {
      await core.store.ping();
      const hangUp = async (): Promise<void> => {
        await core.knex.raw(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      };
      let tries = 0;
      await Promise.all([
        core.store.transaction(async (tx) => {
          tries += 1;
          await core.audit.record(tx, 'sign-out.completed', {});
          if (tries === 1) await hangUp();
          await core.audit.record(tx, 'sign-out.completed', {});
        }),
        ...Array.from({ length: 5 }, () => core.store.clients.list()),
      ]);
      // More than twice where a connection of the pool had not heard of its end yet.
      expect(tries).to.be.at.least(2);
      expect(await core.store.audit.list(), 'the tries before left nothing behind').to.have.length(2);
    } finally {
      await close();
    }
  });
});
