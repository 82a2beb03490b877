import { expect } from 'chai';
import { systemRandom } from '../../src/ports/random/random.ts';

describe('Random bytes', () => {
  it('come in any number, and never the same twice, however few at a time', () => {
    const seen = new Set<string>();
    for (let draw = 0; draw < 5000; draw += 1) {
      const count = 12 + (draw % 60);
      const bytes = systemRandom.bytes(count);
      expect(bytes).to.have.length(count);
      seen.add(bytes.toString('hex', 0, 12));
    }
    expect(seen.size).to.equal(5000);
  });

  it('belong to whoever drew them: nobody else’s draw changes them, and writing into them changes nobody’s', () => {
    const mine = systemRandom.bytes(16);
    const copy = Buffer.from(mine);
    const later = Array.from({ length: 1000 }, () => systemRandom.bytes(16));
    expect(mine).to.deep.equal(copy);
    mine.fill(0);
    for (const one of later) expect(one.every((byte) => byte === 0)).to.equal(false);
  });

  it('are spread evenly', () => {
    let ones = 0;
    for (let draw = 0; draw < 10_000; draw += 1)
      for (const byte of systemRandom.bytes(12)) ones += byte.toString(2).replaceAll('0', '').length;
    // 960,000 throws of a coin: ten standard deviations are 4,900.
    expect(ones).to.be.within(475_000, 485_000);
  });
});
