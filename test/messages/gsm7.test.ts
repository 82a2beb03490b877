import { expect } from 'chai';
import { fitsOneSegment, isGsm7, septets } from '../../src/messages/gsm7.ts';

describe('The alphabet of text messages', () => {
  for (const { what, text, gsm7, length } of [
    { what: 'letters, digits and the at sign of the code line', text: '@localhost #123456', gsm7: true, length: 18 },
    { what: 'a line break', text: 'a\n\nb', gsm7: true, length: 4 },
    { what: 'accents and Greek capitals of the default table', text: 'éÑΩ£', gsm7: true, length: 4 },
    { what: 'the extension table, two septets each', text: '[€]{~}|^\\', gsm7: true, length: 18 },
    { what: 'nothing', text: '', gsm7: true, length: 0 },
  ]) {
    it(`counts ${what}`, () => {
      expect([isGsm7(text), septets(text)]).to.deep.equal([gsm7, length]);
    });
  }

  for (const text of ['’', '…', '—', 'ç', '`', '😀', '\t', 'Ω̈']) {
    it(`has no ${JSON.stringify(text)}`, () => {
      expect(isGsm7(`kode ${text}`)).to.equal(false);
    });
  }

  it('has room for 160 septets in one segment', () => {
    expect(fitsOneSegment('a'.repeat(160))).to.equal(true);
    expect(fitsOneSegment('a'.repeat(161))).to.equal(false);
    expect(fitsOneSegment(`${'a'.repeat(159)}€`)).to.equal(false);
  });
});
