import { once } from 'node:events';
import { expect } from 'chai';
import type { Core } from '../../../src/core.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import { createLogoutSender } from '../../../src/oidc/logout/sender.ts';
import { sqlOf } from '../../../src/store/knex.ts';
import { TestClock } from '../../support/clock.ts';
import { createTestCore } from '../../support/core.ts';
import { statementsOf } from '../../support/statements.ts';

describe('Sending logout notices', () => {
  let core: Core;
  let close: () => Promise<void>;

  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  it('leaves places for other services while one hangs that has dozens to come', async () => {
    const { store, clock, random } = core;
    const accountId = random.uuid() as AccountId;
    const queue = (clientId: string): Promise<void> =>
      store.logouts.add({ accountId, clientId, sid: undefined, reason: 'sign-out' }, random.uuid(), clock.now());
    await Promise.all(Array.from({ length: 80 }, () => queue('hanging')));
    await queue('quick');

    const told = new Map<string, number>();
    const released = new AbortController();
    const sender = createLogoutSender({
      ...core,
      deliver: async ({ clientId }) => {
        told.set(clientId, (told.get(clientId) ?? 0) + 1);
        if (clientId === 'hanging' && !released.signal.aborted) await once(released.signal, 'abort');
        return 'delivered';
      },
    });
    await sender.pump();
    await sender.pump();
    expect([...told]).to.have.deep.members([
      ['hanging', 16],
      ['quick', 1],
    ]);

    released.abort();
    await sender.drain();
    expect(told.get('hanging')).to.equal(80);
    await sender.close();
  });

  it('reads next to nothing of what a service that is away has waiting, due or not', async () => {
    const { store, knex, random, clock } = core;
    const fill = (clientId: string, attempts: number, due: string, rows: number): Promise<unknown> =>
      knex.raw(
        `insert into logout_notices (account_id, client_id, reason, attempts, next_attempt_at, created_at) select gen_random_uuid(), ?, 'sign-out', ?, now() + ?::interval - n * interval '1 ms', now() from generate_series(1, ?) n`,
        [clientId, attempts, due, rows],
      );
    await fill('away', 0, '-1 second', 50_000);
    await fill('away', 8, '12 hours', 50_000);
    await fill('later', 3, '1 hour', 1);
    await fill('well', 0, '-1 second', 1);
    await knex.raw('analyze logout_notices');
    const claimBy = (without: string[]) => () =>
      store.logouts.claim({
        now: clock.now(),
        leaseSeconds: 0,
        leaseOwner: random.uuid(),
        limit: 64,
        share: 16,
        single: [],
        without,
      });
    const [claim] = (await statementsOf(claimBy(['away']))).filter(({ text }) => text.includes('logout_notices'));
    const blocksOf = async (values: readonly unknown[]): Promise<number> => {
      const explained = await knex.transaction(async (trx) => {
        await trx.raw('set local plan_cache_mode = force_generic_plan');
        return sqlOf(trx)(`explain (analyze, buffers, format json) ${claim!.text}`, [...values]);
      });
      const [{ Plan }] = explained.rows[0]?.['QUERY PLAN'] as [{ Plan: Record<string, number> }];
      return Plan['Shared Hit Blocks']! + Plan['Shared Read Blocks']!;
    };
    expect(await blocksOf(claim!.values)).to.be.below(200);
    // Sixteen are written here, with their indexes.
    expect(await blocksOf([...claim!.values.slice(0, 5), [], []])).to.be.below(600);
    expect((await claimBy(['away'])()).map(({ clientId }) => clientId)).to.deep.equal(['well']);
    await knex('logout_notices').whereIn('client_id', ['away', 'later', 'well']).delete();
  });

  it('asks a service that is away by one notice at a time, and opens it again by the first that arrives', async () => {
    const { store, random } = core;
    const clock = new TestClock();
    clock.stop();
    const accountId = random.uuid() as AccountId;
    for (let made = 0; made < 40; made += 1)
      await store.logouts.add(
        { accountId, clientId: 'falling', sid: undefined, reason: 'sign-out' },
        random.uuid(),
        clock.now(),
      );
    let isAway = true;
    let told = 0;
    const sender = createLogoutSender({
      ...core,
      clock,
      deliver: ({ clientId }) => {
        if (clientId === 'falling') told += 1;
        return Promise.resolve(isAway ? { error: 'unreachable', refused: false } : 'delivered');
      },
    });
    const toldBy = async (work: () => Promise<void>): Promise<number> => {
      const before = told;
      await work();
      return told - before;
    };
    expect(await toldBy(() => sender.drain()), 'one share').to.equal(16);
    expect(await toldBy(() => sender.drain()), 'while it pauses').to.equal(0);
    clock.advance({ seconds: 16 });
    expect(await toldBy(() => sender.drain()), 'after the pause').to.equal(1);

    clock.advance({ hours: 25 });
    await sender.drain();
    const states = (await store.logouts.newest({ clientId: 'falling', limit: 100 })).map(
      ({ state, lastError }) => `${state} ${lastError ?? ''}`,
    );
    expect(new Set(states), 'what has been due for a day').to.deep.equal(
      new Set(['given-up unreachable', 'pending unreachable']),
    );
    expect(states.filter((state) => state.startsWith('pending'))).to.have.length(1);
    expect(await core.knex('audit_log').where({ type: 'logout.given-up', client_id: 'falling' })).to.have.length(39);

    for (let made = 0; made < 40; made += 1)
      await store.logouts.add(
        { accountId, clientId: 'falling', sid: undefined, reason: 'sign-out' },
        random.uuid(),
        clock.now(),
      );
    isAway = false;
    clock.advance({ minutes: 1 });
    expect(await toldBy(() => sender.drain()), 'once it is back').to.equal(41);
    await sender.close();
  });

  it('ends an attempt that is under way when the process must stop, and leaves it to be tried again', async () => {
    const { store, clock, random } = core;
    const accountId = random.uuid() as AccountId;
    await store.logouts.add(
      { accountId, clientId: 'slow', sid: undefined, reason: 'sign-out' },
      random.uuid(),
      clock.now(),
    );
    const sender = createLogoutSender({
      ...core,
      deliver: async (_notice, signal) => {
        await once(signal, 'abort');
        return { error: 'unreachable', refused: false };
      },
      graceMs: 1,
    });
    await sender.pump();
    await sender.close();
    const [notice] = await store.logouts.newest({ clientId: 'slow', limit: 1 });
    expect(notice).to.deep.include({ state: 'pending', attempts: 1, lastError: 'unreachable' });
  });

  it('takes nothing while nobody knows what time it is, and records no failure of that time', async () => {
    const { store, clock, random } = core;
    const accountId = random.uuid() as AccountId;
    await store.logouts.add(
      { accountId, clientId: 'elsewhen', sid: undefined, reason: 'sign-out' },
      random.uuid(),
      clock.now(),
    );
    let isTimeUncertain = true;
    const sender = createLogoutSender({
      ...core,
      isTimeUncertain: () => isTimeUncertain,
      deliver: () => {
        isTimeUncertain = true;
        return Promise.resolve({ error: 'unreachable', refused: false });
      },
    });
    const attempts = async (): Promise<unknown> =>
      (await store.logouts.newest({ clientId: 'elsewhen', limit: 1 })).map((notice) => [
        notice.attempts,
        notice.lastError,
      ]);
    await sender.drain();
    expect(await attempts()).to.deep.equal([[0, undefined]]);
    isTimeUncertain = false;
    await sender.drain();
    expect(await attempts(), 'left to who finds the lease over').to.deep.equal([[1, undefined]]);
    await sender.close();
  });
});
