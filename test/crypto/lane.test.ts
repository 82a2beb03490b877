import { expect } from 'chai';
import { createLane, LaneBusy } from '../../src/crypto/lane.ts';

/** Work that ends when the test says so. */
function gate(): { work: () => Promise<string>; open: () => void; started: Promise<void> } {
  const started = Promise.withResolvers<undefined>();
  const done = Promise.withResolvers<string>();
  return {
    work: () => {
      started.resolve(undefined);
      return done.promise;
    },
    open: () => {
      done.resolve('done');
    },
    started: started.promise,
  };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('was not refused'),
    (error: unknown) => error,
  );

describe('Hashing lane', () => {
  it('runs as many at once as it has slots, the others in the order of their coming', async () => {
    const lane = createLane({ slots: 1, queue: 5, deadlineMs: 5000 });
    const order: number[] = [];
    const first = gate();
    const running = [lane.run(first.work), ...[1, 2, 3].map((n) => lane.run(() => Promise.resolve(order.push(n))))];
    await first.started;
    expect(lane.depth()).to.deep.equal({ running: 1, waiting: 3 });
    expect(order).to.be.empty;
    first.open();
    await Promise.all(running);
    expect(order).to.deep.equal([1, 2, 3]);
    expect(lane.depth()).to.deep.equal({ running: 0, waiting: 0 });
  });

  it('refuses at once when the queue is full, and says when to come again', async () => {
    const lane = createLane({ slots: 1, queue: 1, deadlineMs: 2500 });
    const first = gate();
    const accepted = [lane.run(first.work), lane.run(() => Promise.resolve('second'))];
    const error = await failure(lane.run(() => Promise.resolve('third')));
    expect(error).to.be.instanceOf(LaneBusy).that.includes({ code: 'HASHING_BUSY', status: 503, retryAfterSeconds: 3 });
    first.open();
    expect(await Promise.all(accepted)).to.deep.equal(['done', 'second']);
  });

  it('refuses who waited past the deadline, and forgets them', async () => {
    const lane = createLane({ slots: 1, queue: 1, deadlineMs: 10 });
    const first = gate();
    const running = lane.run(first.work);
    expect(await failure(lane.run(() => expect.fail('must not run')))).to.be.instanceOf(LaneBusy);
    expect(lane.depth()).to.deep.equal({ running: 1, waiting: 0 });
    first.open();
    await running;
    expect(lane.depth()).to.deep.equal({ running: 0, waiting: 0 });
  });

  it('lets a caller leave the queue, and gives the place to the next', async () => {
    const lane = createLane({ slots: 1, queue: 1, deadlineMs: 5000 });
    const first = gate();
    const running = lane.run(first.work);
    const leaver = new AbortController();
    const left = failure(lane.run(() => expect.fail('must not run'), leaver.signal));
    leaver.abort(new Error('gone'));
    expect(await left)
      .to.be.instanceOf(Error)
      .with.property('message', 'gone');
    const next = lane.run(() => Promise.resolve('next'));
    first.open();
    expect(await Promise.all([running, next])).to.deep.equal(['done', 'next']);
  });

  it('does not begin for a caller who is gone already', async () => {
    const lane = createLane({ slots: 1, queue: 1, deadlineMs: 5000 });
    expect(
      await failure(lane.run(() => expect.fail('must not run'), AbortSignal.abort(new Error('gone')))),
    ).to.have.property('message', 'gone');
    expect(lane.depth()).to.deep.equal({ running: 0, waiting: 0 });
  });

  it('frees the slot when the work fails', async () => {
    const lane = createLane({ slots: 1, queue: 0, deadlineMs: 5000 });
    expect(await failure(lane.run(() => Promise.reject(new Error('broken'))))).to.have.property('message', 'broken');
    expect(await lane.run(() => Promise.resolve('works'))).to.equal('works');
  });

  it('never runs more than its slots in a crowd', async () => {
    const lane = createLane({ slots: 3, queue: 100, deadlineMs: 5000 });
    let most = 0;
    await Promise.all(
      Array.from({ length: 60 }, () =>
        lane.run(async () => {
          most = Math.max(most, lane.depth().running);
          await new Promise((resolve) => setImmediate(resolve));
        }),
      ),
    );
    expect(most).to.equal(3);
  });
});
