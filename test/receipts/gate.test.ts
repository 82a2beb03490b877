import { expect } from 'chai';
import { createGate } from '../../src/receipts/gate.ts';

describe('A gate', () => {
  it('lets so many work, so many wait, and turns the rest away', async () => {
    const gate = createGate({ most: 2, waiting: 3 });
    const open: (() => void)[] = [];
    let working = 0;
    let most = 0;
    const work = async (): Promise<string> => {
      most = Math.max(most, (working += 1));
      await new Promise<void>((resolve) => {
        open.push(resolve);
      });
      working -= 1;
      return 'done';
    };
    const all = Array.from({ length: 7 }, () => gate.pass(work));
    expect(await Promise.all(all.slice(5))).to.deep.equal([undefined, undefined]);
    const finish = async (): Promise<void> => {
      while (open.length > 0) {
        open.shift()?.();
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    };
    await finish();
    expect(await Promise.all(all.slice(0, 5))).to.deep.equal(Array.from({ length: 5 }, () => ({ value: 'done' })));
    expect(most).to.equal(2);
  });

  it('gives a place back where the work failed', async () => {
    const gate = createGate({ most: 1, waiting: 0 });
    expect(await gate.pass(() => Promise.reject(new Error('no'))).catch(() => 'failed')).to.equal('failed');
    expect(await gate.pass(() => Promise.resolve(1))).to.deep.equal({ value: 1 });
  });
});
