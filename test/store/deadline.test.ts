import { expect } from 'chai';
import { createDeadline } from '../../src/store/redis/deadline.ts';

const MS = 20;

describe('A deadline for all commands', () => {
  /** Waits until it is given up. */
  const givenUp = (deadline: ReturnType<typeof createDeadline>): Promise<void> =>
    new Promise((resolve) => {
      deadline.begin(resolve);
    });
  const keepAlive = async (work: () => Promise<unknown>): Promise<void> => {
    // The timer itself keeps no process alive.
    const holding = setInterval(() => undefined, 1000);
    await work().finally(() => {
      clearInterval(holding);
    });
  };

  it('gives up who has waited too long, and nobody before', () =>
    keepAlive(async () => {
      const deadline = createDeadline(MS);
      const begun = performance.now();
      await givenUp(deadline);
      expect(performance.now() - begun).to.be.at.least(MS - 1);
    }));

  it('gives up nobody whose wait has ended, and each but once', () =>
    keepAlive(async () => {
      const deadline = createDeadline(MS);
      const late: string[] = [];
      const ends = ['a', 'b', 'c'].map((name) => deadline.begin(() => late.push(name)));
      ends[1]?.();
      await givenUp(deadline);
      await givenUp(deadline);
      expect(late).to.deep.equal(['a', 'c']);
      for (const end of ends) end();
    }));

  it('gives a place that has become free to somebody else, whose wait nobody else ends', () =>
    keepAlive(async () => {
      const deadline = createDeadline(MS);
      const late: string[] = [];
      const end = deadline.begin(() => late.push('first'));
      end();
      deadline.begin(() => late.push('second'));
      end();
      await givenUp(deadline);
      expect(late).to.deep.equal(['second']);
    }));

  it('goes on after everybody has gone', () =>
    keepAlive(async () => {
      const deadline = createDeadline(MS);
      await givenUp(deadline);
      await Promise.all([givenUp(deadline), givenUp(deadline)]);
    }));
});
