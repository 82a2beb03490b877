import { expect } from 'chai';
import { createBlindIndex } from '../../src/crypto/blind-index.ts';
import { createKeyedHash } from '../../src/crypto/keyed-hash.ts';
import { newKeyring } from './keys.ts';

describe('Keyed hash', () => {
  const keyring = newKeyring();
  const hashes = createKeyedHash(keyring);
  const hash = hashes.hash('otp', 'draft-1', '123456');

  it('is 32 bytes, and equal for the same purpose and parts', () => {
    expect(hash).to.have.length(32);
    expect(hashes.equal(createKeyedHash(keyring).hash('otp', 'draft-1', '123456'), hash)).to.be.true;
  });

  const others: readonly [string, Buffer][] = [
    ['another purpose', hashes.hash('device', 'draft-1', '123456')],
    ['another part', hashes.hash('otp', 'draft-1', '123457')],
    ['the same letters parted elsewhere', hashes.hash('otp', 'draft-11', '23456')],
    ['an empty part more', hashes.hash('otp', 'draft-1', '123456', '')],
    ['the parts in another order', hashes.hash('otp', '123456', 'draft-1')],
    ['another key', createKeyedHash(newKeyring()).hash('otp', 'draft-1', '123456')],
    ['a shorter value', hash.subarray(0, 31)],
  ];
  for (const [name, other] of others) {
    it(`differs for ${name}`, () => {
      expect(hashes.equal(hash, other)).to.be.false;
    });
  }
});

describe('Blind index', () => {
  const keyring = newKeyring();
  const index = createBlindIndex(keyring);

  it('finds the same value again, in 32 bytes', () => {
    expect(index.of('nik', '9901010101900001')).to.have.length(32);
    expect(createBlindIndex(keyring).of('nik', '9901010101900001').equals(index.of('nik', '9901010101900001'))).to.be
      .true;
  });

  it('differs by value, by kind and by key', () => {
    const values = [
      index.of('nik', '1'),
      index.of('nik', '2'),
      index.of('phone', '1'),
      index.of('email', '1'),
      createBlindIndex(newKeyring()).of('nik', '1'),
    ];
    expect(new Set(values.map((value) => value.toString('hex'))).size).to.equal(values.length);
  });
});
