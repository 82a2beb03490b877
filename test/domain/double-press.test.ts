import { expect } from 'chai';
import { createJoin } from '../../src/domain/double-press.ts';

/** Work that ends when the test says so. */
function workToEnd(): {
  readonly begun: () => number;
  readonly work: () => Promise<string>;
  readonly end: (answer: string) => void;
  readonly fail: (error: Error) => void;
} {
  let count = 0;
  let settle: { resolve: (answer: string) => void; reject: (error: Error) => void } | undefined;
  return {
    begun: () => count,
    work: () => {
      count += 1;
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
    },
    end: (answer) => settle?.resolve(answer),
    fail: (error) => settle?.reject(error),
  };
}

describe('A button pressed twice', () => {
  it('does the work once, and both presses get its answer', async () => {
    const join = createJoin();
    const { begun, work, end } = workToEnd();
    const presses = [join(['code', 'uid', '123456'], work), join(['code', 'uid', '123456'], work)];
    end('wrong');
    expect(await Promise.all(presses)).to.deep.equal(['wrong', 'wrong']);
    expect(begun()).to.equal(1);
  });

  it('does it again once the first has ended, well or badly', async () => {
    const join = createJoin();
    const first = workToEnd();
    const failed = join(['code'], first.work);
    first.fail(new Error('away'));
    expect(await failed.catch((error: unknown) => (error as Error).message)).to.equal('away');

    const second = workToEnd();
    const answered = join(['code'], second.work);
    second.end('right');
    expect(await answered).to.equal('right');
  });

  it('gives the answer to who comes just after it, where it lingers, and never what went wrong', async () => {
    const over = Promise.withResolvers<undefined>();
    const join = createJoin({ linger: () => over.promise });
    expect(await join(['codes'], () => Promise.resolve('first'))).to.equal('first');
    expect(await join(['codes'], () => Promise.resolve('second'))).to.equal('first');
    over.resolve(undefined);
    await over.promise;
    await Promise.resolve();
    expect(await join(['codes'], () => Promise.resolve('third'))).to.equal('third');
    await join(['away'], () => Promise.reject(new Error('away'))).catch(() => undefined);
    expect(await join(['away'], () => Promise.resolve('good'))).to.equal('good');
  });

  it('takes nothing else for the same: another draft, another word, another cut between two', () => {
    const join = createJoin();
    const work = workToEnd();
    for (const parts of [
      ['code', 'a', '1'],
      ['code', 'b', '1'],
      ['code', 'a', '2'],
      ['code', 'a1', ''],
      ['code,a', '1'],
    ])
      void join(parts, work.work);
    expect(work.begun()).to.equal(5);
  });
});
