import { expect } from 'chai';
import { SealBroken } from '../../src/crypto/aead.ts';
import { createEnvelope } from '../../src/crypto/envelope.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { flip, keyringOf, newDocument, newKey, newKeyring } from './keys.ts';

describe('Envelope encryption of a row', () => {
  const ref = { table: 'accounts', id: '7f6d' };
  const envelope = createEnvelope(newKeyring(), systemRandom);
  const row = envelope.newRow(ref);
  const sealed = row.seal('nik', '9901010101900001');

  it('opens what it sealed, from the wrapped key alone', () => {
    expect(envelope.openRow(ref, row.wrappedKey).open('nik', sealed)).to.equal('9901010101900001');
  });

  for (const [name, plain] of [
    ['an empty text', ''],
    ['letters beyond ASCII', 'Nur’aini é 😀'],
    ['a long text', 'x'.repeat(100_000)],
  ] as const) {
    it(`keeps ${name}`, () => {
      expect(row.open('name', row.seal('name', plain))).to.equal(plain);
    });
  }

  it('seals the same value differently every time, and every row under a key of its own', () => {
    expect(row.seal('nik', '9901010101900001').equals(sealed)).to.be.false;
    expect(() => envelope.newRow(ref).open('nik', sealed)).to.throw(SealBroken);
  });

  it('does not open a column in which any single byte was altered', () => {
    for (let at = 0; at < sealed.length; at += 1)
      expect(() => row.open('nik', flip(sealed, at)), `byte ${at}`).to.throw(SealBroken);
  });

  it('does not open a wrapped key in which any single byte was altered', () => {
    for (let at = 0; at < row.wrappedKey.length; at += 1)
      expect(() => envelope.openRow(ref, flip(row.wrappedKey, at)), `byte ${at}`).to.throw(SealBroken);
  });

  it('does not open what was cut short', () => {
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => row.open('nik', sealed.subarray(0, length))).to.throw(SealBroken);
    for (let length = 0; length < row.wrappedKey.length; length += 1)
      expect(() => envelope.openRow(ref, row.wrappedKey.subarray(0, length))).to.throw(SealBroken);
  });

  const elsewhere = [
    ['another row', { table: 'accounts', id: '7f6e' }],
    ['another table', { table: 'drafts', id: '7f6d' }],
    ['a table and id that only read alike together', { table: 'accounts7', id: 'f6d' }],
  ] as const;
  for (const [name, other] of elsewhere) {
    it(`does not open in ${name}`, () => {
      expect(() => envelope.openRow(other, row.wrappedKey)).to.throw(SealBroken);
    });
  }

  it('does not open in another column', () => {
    expect(() => row.open('name', sealed)).to.throw(SealBroken);
  });

  it('says nothing of the content when it does not open', () => {
    expect(() => row.open('name', sealed))
      .to.throw(SealBroken)
      .that.includes({ code: 'SEAL_BROKEN', message: 'a sealed value does not open' })
      .and.does.not.have.property('cause');
  });

  it('does not open under another key of the same name', () => {
    expect(() => createEnvelope(newKeyring(), systemRandom).openRow(ref, row.wrappedKey)).to.throw(SealBroken);
  });

  describe('when the key is replaced', () => {
    const document = newDocument();
    const before = createEnvelope(keyringOf(document), systemRandom);
    const old = before.newRow(ref);
    const column = old.seal('email', 'budi@contoh.test');
    const keys = { ...document.personalData.keys, k2: newKey() };
    const after = createEnvelope(keyringOf({ ...document, personalData: { current: 'k2', keys } }), systemRandom);

    it('opens older rows and says that they are outdated', () => {
      expect(after.openRow(ref, old.wrappedKey).open('email', column)).to.equal('budi@contoh.test');
      expect(after.isOutdated(old.wrappedKey)).to.be.true;
      expect(after.isOutdated(after.newRow(ref).wrappedKey)).to.be.false;
    });

    it('rewraps the key of a row without touching its columns', () => {
      const rewrapped = after.rewrap(ref, old.wrappedKey);
      const withoutOld = createEnvelope(
        keyringOf({ ...document, personalData: { current: 'k2', keys: { k2: keys.k2 } } }),
        systemRandom,
      );
      expect(withoutOld.openRow(ref, rewrapped).open('email', column)).to.equal('budi@contoh.test');
      expect(() => withoutOld.openRow(ref, old.wrappedKey)).to.throw(
        SealBroken,
        'names a key that the keyring does not hold',
      );
    });
  });
});
