import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import type { CivilRegistry } from '../../src/ports/civil-registry/civil-registry.ts';
import { faultNik } from '../../src/ports/civil-registry/faults.ts';
import type { Simulator } from '../../src/ports/civil-registry/simulator.ts';
import {
  budi,
  claimOf,
  closeAll,
  connect,
  createReception,
  goodAnswer,
  outcomeOf,
  serve,
  simulate,
} from '../support/registry.ts';

describe('Civil registry: the circuit', () => {
  let simulator: Simulator;
  let registry: CivilRegistry;
  let now: Date;
  let changes: string[];
  const clock = { now: () => now };
  const pass = (seconds: number): void => {
    now = new Date(now.getTime() + seconds * 1000);
  };
  const meet = (ending: string): Promise<string> =>
    outcomeOf(registry.verify(claimOf({ ...budi, nik: faultNik(ending) })));
  const ask = (signal?: AbortSignal): Promise<string> => outcomeOf(registry.verify(claimOf(budi), signal));
  const fail = async (times: number, ending = '9503'): Promise<void> => {
    for (let time = 0; time < times; time += 1) await meet(ending);
  };

  beforeEach(async () => {
    now = new Date('2026-01-05T03:00:00Z');
    changes = [];
    simulator = await simulate();
    registry = connect(
      simulator.url,
      {},
      {
        clock,
        log: {
          info: () => undefined,
          warn: (fields) => fields.event.startsWith('registry.circuit') && changes.push(fields.event),
        },
      },
    );
  });
  afterEach(closeAll);

  it('is closed to begin with', () => {
    expect(registry.health()).to.deep.equal({ available: true });
  });

  it('opens after five failures within 30 seconds, says so and until when', async () => {
    await fail(4);
    expect(registry.health().available).to.equal(true);
    pass(29);
    await fail(1);
    expect(registry.health()).to.deep.equal({ available: false, retryAt: new Date('2026-01-05T03:00:59Z') });
    expect(await ask()).to.equal('circuit-open');
    expect(changes).to.deep.equal(['registry.circuit.opened']);
  });

  it('forgets failures that are older', async () => {
    await fail(4);
    pass(31);
    await fail(4);
    expect(await ask()).to.equal('verified');
  });

  it('counts failures however many calls go well between them', async () => {
    for (let time = 0; time < 5; time += 1) {
      expect(await ask()).to.equal('verified');
      await fail(1);
    }
    expect(await ask()).to.equal('circuit-open');
  });

  for (const ending of ['9505', '9598', '9596', '9599', '9007']) {
    it(`opens after five times ${ending}`, async () => {
      await fail(5, ending);
      expect(await ask()).to.equal('circuit-open');
    });
  }

  it('opens at once when the registry refuses our configuration', async () => {
    expect(await meet('9003')).to.equal('config');
    expect(await ask()).to.equal('circuit-open');
  });

  for (const ending of ['9005', '9006', '9011', '9013', '9202']) {
    it(`stays closed however often ${ending} comes`, async () => {
      await fail(12, ending);
      expect(await ask()).to.equal('verified');
    });
  }

  it('asks nobody while it is open', async () => {
    const reception = createReception();
    registry = connect(await serve(reception.listener), { breakerFailures: 1 }, { clock });
    const call = ask();
    await reception.arrived(1);
    reception.waiting[0]?.destroy();
    expect(await call).to.equal('network');
    pass(29);
    expect(await ask()).to.equal('circuit-open');
    expect(reception.waiting).to.have.length(1);
  });

  it('closes when the probe after 30 seconds goes well, with its failures forgotten', async () => {
    await fail(5);
    pass(30);
    expect(registry.health().available).to.equal(true);
    expect(await ask()).to.equal('verified');
    await fail(4);
    expect(registry.health().available).to.equal(true);
    expect(changes).to.deep.equal(['registry.circuit.opened', 'registry.circuit.half-open', 'registry.circuit.closed']);
  });

  it('opens again for as long when the probe fails', async () => {
    await fail(5);
    pass(30);
    expect(await meet('9503')).to.equal('network');
    expect(registry.health()).to.deep.equal({ available: false, retryAt: new Date('2026-01-05T03:01:00Z') });
    pass(29);
    expect(await ask()).to.equal('circuit-open');
    pass(1);
    expect(await ask()).to.equal('verified');
  });

  describe('with a probe under way', () => {
    let desk: ReturnType<typeof createReception>;

    beforeEach(async () => {
      desk = createReception();
      // With a single place the probe takes it: a caller who waited for it would wait beyond the test.
      registry = connect(
        await serve(desk.listener),
        { breakerFailures: 1, maxConcurrent: 1, queueWaitMs: 60_000 },
        { clock },
      );
      const failing = ask();
      await desk.arrived(1);
      desk.waiting[0]?.destroy();
      await failing;
      pass(30);
    });

    it('lets nobody else through and makes nobody wait', async () => {
      const probe = ask();
      await desk.arrived(2);
      expect(await ask()).to.equal('circuit-open');
      expect(registry.health()).to.deep.equal({ available: false, retryAt: new Date('2026-01-05T03:00:40Z') });
      desk.waiting[1]?.end(goodAnswer);
      expect(await probe).to.equal('verified');
      expect(registry.health().available).to.equal(true);
    });

    it('sees it to its end although its caller has gone', async () => {
      const caller = new AbortController();
      const probe = ask(caller.signal);
      await desk.arrived(2);
      caller.abort();
      expect(await probe).to.equal('AbortError');
      expect(registry.health().available).to.equal(false);
      const closed = new Promise<void>((resolve) => {
        const answer = desk.waiting[1];
        answer?.on('close', () => {
          resolve();
        });
        answer?.destroy();
      });
      await closed;
      await registry.close();
      expect(registry.health()).to.deep.equal({ available: false, retryAt: new Date('2026-01-05T03:01:00Z') });
    });
  });

  it('turns away those who waited for a place while it opened', async () => {
    const reception = createReception();
    registry = connect(
      await serve(reception.listener),
      { breakerFailures: 1, maxConcurrent: 1, queueWaitMs: 5000 },
      { clock },
    );
    const calls = [ask(), ask(), ask()];
    await reception.arrived(1);
    reception.waiting[0]?.destroy();
    expect(await Promise.all(calls)).to.deep.equal(['network', 'circuit-open', 'circuit-open']);
    expect(reception.waiting).to.have.length(1);
  });

  it('is not moved by callers who give up', async () => {
    const reception = createReception();
    registry = connect(await serve(reception.listener), { breakerFailures: 1 }, { clock });
    const caller = new AbortController();
    const call = ask(caller.signal);
    await reception.arrived(1);
    caller.abort();
    expect(await call).to.equal('AbortError');
    expect(registry.health().available).to.equal(true);
  });
});

describe('Civil registry: calls at the same time', () => {
  afterEach(closeAll);

  it('has no more in flight than configured; who waits too long hears that the circuit is open', async () => {
    const reception = createReception();
    const registry = connect(await serve(reception.listener), { maxConcurrent: 2, queueWaitMs: 20 });
    const calls = [1, 2].map(() => outcomeOf(registry.verify(claimOf(budi))));
    await reception.arrived(2);
    expect(await outcomeOf(registry.verify(claimOf(budi)))).to.equal('circuit-open');
    expect(reception.waiting).to.have.length(2);
    expect(registry.health().available).to.equal(true);
    for (const answer of reception.waiting) answer.end(goodAnswer);
    expect(await Promise.all(calls)).to.deep.equal(['verified', 'verified']);
  });

  it('gives a free place to who waits, in the order of coming', async () => {
    const reception = createReception();
    const registry = connect(await serve(reception.listener), { maxConcurrent: 1, queueWaitMs: 5000 });
    const done: number[] = [];
    const calls = [1, 2, 3].map((turn) => registry.verify(claimOf(budi)).then(() => done.push(turn)));
    for (const turn of [1, 2, 3]) {
      await reception.arrived(turn);
      expect(reception.waiting).to.have.length(turn);
      reception.waiting[turn - 1]?.end(goodAnswer);
    }
    await Promise.all(calls);
    expect(done).to.deep.equal([1, 2, 3]);
  });

  it('lets a waiting caller go, and keeps no hold of the signal after a call', async () => {
    const reception = createReception();
    const registry = connect(await serve(reception.listener), { maxConcurrent: 1, queueWaitMs: 5000 });
    const first = new AbortController();
    const call = outcomeOf(registry.verify(claimOf(budi), first.signal));
    await reception.arrived(1);
    const second = new AbortController();
    const waiting = outcomeOf(registry.verify(claimOf(budi), second.signal));
    second.abort();
    expect(await waiting).to.equal('AbortError');
    reception.waiting[0]?.end(goodAnswer);
    expect(await call).to.equal('verified');
    expect(getEventListeners(first.signal, 'abort')).to.have.length(0);
    const last = outcomeOf(registry.verify(claimOf(budi)));
    await reception.arrived(2);
    reception.waiting[1]?.end(goodAnswer);
    expect(await last).to.equal('verified');
  });
});
