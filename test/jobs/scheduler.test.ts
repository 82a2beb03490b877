import { expect } from 'chai';
import { createScheduler, type Job } from '../../src/jobs/scheduler.ts';
import { createLog } from '../../src/telemetry/log.ts';

const silent = createLog({ level: 'silent' });

/** A promise and the way to keep it. */
function latch(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: () => {
      open();
    },
  };
}

describe('Jobs', () => {
  const jobThat = (run: () => Promise<unknown>, label = 'test'): Job => ({ label, everyMs: 1, run });

  it('run again and again, one turn of each at a time', async () => {
    const enough = latch();
    let turns = 0;
    let running = 0;
    let most = 0;
    const scheduler = createScheduler(
      [
        jobThat(async () => {
          running += 1;
          most = Math.max(most, running);
          await Promise.resolve();
          running -= 1;
          turns += 1;
          if (turns === 5) enough.open();
        }),
      ],
      silent,
    );
    scheduler.start();
    await enough.opened;
    await scheduler.stop();
    expect(most).to.equal(1);
  });

  it('go on after a failure, which the log tells', async () => {
    const enough = latch();
    const lines: unknown[] = [];
    const log = { ...silent, error: (details: unknown) => lines.push(details) } as unknown as typeof silent;
    let turns = 0;
    const scheduler = createScheduler(
      [
        jobThat(() => {
          turns += 1;
          if (turns === 3) enough.open();
          if (turns === 1) throw new Error('at once');
          return Promise.reject(new Error('later'));
        }, 'purge'),
      ],
      log,
    );
    scheduler.start();
    await enough.opened;
    await scheduler.stop();
    expect(lines.length).to.be.greaterThanOrEqual(2);
    expect(lines[0]).to.have.nested.include({ job: 'purge', 'err.message': 'at once' });
  });

  it('do not hold each other up', async () => {
    const never = latch();
    const enough = latch();
    const scheduler = createScheduler(
      [
        jobThat(() => never.opened, 'slow'),
        jobThat(() => {
          enough.open();
          return Promise.resolve();
        }, 'quick'),
      ],
      silent,
    );
    scheduler.start();
    await enough.opened;
    never.open();
    await scheduler.stop();
  });

  it('end what they have begun when they are stopped, and begin nothing more', async () => {
    const begun = latch();
    const end = latch();
    let turns = 0;
    let isStopped = false;
    const scheduler = createScheduler(
      [
        jobThat(async () => {
          turns += 1;
          begun.open();
          await end.opened;
        }),
      ],
      silent,
    );
    scheduler.start();
    await begun.opened;
    const stopping = scheduler.stop().then(() => {
      isStopped = true;
    });
    await Promise.resolve();
    expect(isStopped).to.equal(false);
    end.open();
    await stopping;
    expect(turns).to.equal(1);
    scheduler.start();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        resolve();
      });
    });
    expect(turns, 'not even when they are started by mistake').to.equal(1);
  });

  it('stop though they were never started', async () => {
    await createScheduler([jobThat(() => Promise.reject(new Error('never')))], silent).stop();
  });
});
