import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import {
  createClockWatch,
  guardClock,
  type ClockGuard,
  type ClockVerdict,
  type ClockWatch,
} from '../../src/jobs/clock-watch.ts';
import { TestClock } from '../support/clock.ts';
import { createTestCore } from '../support/core.ts';

const HOUR_MS = 3_600_000;

describe('A clock that is apart from that of the database', () => {
  let core: Core;
  let close: () => Promise<void>;
  const [me, other, third] = ['1', '2', '3'].map((digit) =>
    digit.padStart(36, '00000000-0000-4000-8000-000000000000'),
  ) as [string, string, string];
  let told: unknown[];
  let watch: ClockWatch;

  beforeEach(async () => {
    ({ core, close } = await createTestCore());
    told = [];
    watch = createClockWatch({
      id: me,
      changes: { clockAheadMs: () => undefined },
      instances: core.store.instances,
      log: {
        error: (fields: unknown) => {
          told.push(fields);
        },
      },
    });
  });
  afterEach(() => close());
  const beat = (id: string, aheadMs: number): Promise<void> =>
    core.store.instances.beat(id, core.keyring.ids, new Date(Date.now() + aheadMs));

  it('is wrong once another instance has said, since, that its own is right', async () => {
    await beat(me, 0);
    await beat(other, 0);
    expect(await watch(HOUR_MS), 'what was said before may be of before a jump of the database').to.equal('apart');
    expect(await watch(HOUR_MS)).to.equal('apart');
    await beat(other, 300);
    expect(await watch(HOUR_MS)).to.equal('wrong');
    expect(await watch(-HOUR_MS)).to.equal('wrong');
    expect(told, 'told once').to.deep.equal([{ event: 'clock.apart', aheadMs: HOUR_MS }]);
  });

  it('is not when it comes back, or is apart by seconds', async () => {
    await beat(other, 0);
    await watch(HOUR_MS);
    await beat(other, 0);
    expect([await watch(0), await watch(29_000), await watch(-29_000)]).to.deep.equal(['right', 'right', 'right']);
    expect(await watch(HOUR_MS), 'it begins anew').to.equal('apart');
  });

  it('is that of the database where the others are apart by as much: nobody is helped by instances that stop', async () => {
    await beat(other, 0);
    await watch(HOUR_MS);
    await beat(other, HOUR_MS - 800);
    expect(await watch(HOUR_MS)).to.equal('alone');
    await beat(third, HOUR_MS + 800);
    expect(await watch(HOUR_MS)).to.equal('alone');
  });

  it('decides about nothing where there is no other instance, or one that is wrong in its own way', async () => {
    await beat(me, 0);
    expect(await watch(HOUR_MS)).to.equal('alone');
    await beat(other, 0);
    await watch(HOUR_MS);
    await beat(other, -HOUR_MS);
    expect(await watch(HOUR_MS)).to.equal('apart');
  });

  it('is not judged while nobody has heard from the database', async () => {
    expect(await watch()).to.equal('right');
  });
});

describe('An instance whose clock jumps', () => {
  let clock: TestClock;
  let verdict: ClockVerdict;
  let stopped: number;
  let told: (number | undefined)[];
  let askAheadMs: () => Promise<number>;
  const watch = (aheadMs?: number): Promise<ClockVerdict> => {
    told.push(aheadMs);
    return Promise.resolve(verdict);
  };
  const guard = (undecidedMs = 60_000): ClockGuard =>
    guardClock({
      watch,
      askAheadMs: () => askAheadMs(),
      clock,
      undecidedMs,
      onWrong: () => {
        stopped += 1;
      },
    });
  beforeEach(() => {
    clock = new TestClock();
    [verdict, stopped, told] = ['right', 0, []];
    askAheadMs = () => Promise.resolve(3_600_000);
  });

  it('is uncertain at once, before anybody was asked, and stops when another knows better', async () => {
    const { isUncertain, look } = guard();
    expect(isUncertain()).to.equal(false);
    clock.advance({ hours: 1 });
    expect(isUncertain()).to.equal(true);
    verdict = 'apart';
    await look();
    expect([isUncertain(), stopped]).to.deep.equal([true, 0]);
    verdict = 'wrong';
    await look();
    expect([isUncertain(), stopped]).to.deep.equal([true, 1]);
  });

  it('goes on where the jump has set it right, or where it is the database that is wrong', async () => {
    for (const outcome of ['right', 'alone'] as const) {
      const { isUncertain, look } = guard();
      clock.advance({ hours: -1 });
      expect(isUncertain()).to.equal(true);
      verdict = outcome;
      await look();
      expect([isUncertain(), stopped], outcome).to.deep.equal([false, 0]);
    }
  });

  it('goes on where nobody says who is wrong', async () => {
    const { isUncertain, look } = guard(0);
    clock.advance({ hours: 1 });
    verdict = 'apart';
    await look();
    expect([isUncertain(), stopped]).to.deep.equal([false, 0]);
  });

  it('is uncertain for as long as the database does not say, whatever it said before', async () => {
    const { isUncertain, look } = guard();
    await look();
    clock.advance({ hours: 1 });
    const answer = askAheadMs;
    askAheadMs = () => Promise.reject(new Error('away'));
    const failure: unknown = await look().catch((error: unknown) => error);
    expect(failure).to.be.an('error');
    expect([isUncertain(), told]).to.deep.equal([true, [undefined]]);
    askAheadMs = answer;
    await look();
    expect([isUncertain(), told]).to.deep.equal([false, [undefined, 3_600_000]]);
  });

  it('does not mind seconds', () => {
    const { isUncertain } = guard();
    clock.advance({ seconds: 20 });
    expect(isUncertain()).to.equal(false);
  });
});
