import { expect } from 'chai';
import type { Email } from '../../src/domain/email.ts';
import { maskEmail, maskName, maskNik, maskPhone } from '../../src/domain/mask.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';

describe('Masks', () => {
  it('show two digits and the last four of a phone number, and never its length', () => {
    expect(maskPhone('+6281234562797' as Phone)).to.equal('08*****2797');
    expect(maskPhone('+62812342797' as Phone)).to.equal('08*****2797');
  });

  it('show the first character and the domain of an e-mail address', () => {
    expect(maskEmail('budi@contoh.test' as Email)).to.equal('b***@contoh.test');
    expect(maskEmail('b@contoh.test' as Email)).to.equal('b***@contoh.test');
    expect(maskEmail('𐐀budi@contoh.test' as Email)).to.equal('𐐀***@contoh.test');
  });

  it('show the last four digits of a NIK, since the others tell region and birth date', () => {
    expect(maskNik('9901010101900001' as Nik)).to.equal('************0001');
  });

  const names: [string, string][] = [
    ['BUNGA CONTOH SENTOSA', 'B**** C***** S******'],
    ['BUDI CONTOH SANTOSO', 'B*** C***** S******'],
    ['Suparmin', 'S*******'],
    ["Nur'aini  Contoh", 'N******* C*****'],
    ['M. A', 'M* A*'],
    ['𐐀𐐁', '𐐀*'],
    ['', ''],
  ];
  for (const [name, masked] of names) {
    it(`show ${JSON.stringify(name)} as ${masked}`, () => {
      expect(maskName(name)).to.equal(masked);
    });
  }
});
