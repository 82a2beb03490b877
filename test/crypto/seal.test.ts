import { expect } from 'chai';
import { SealBroken } from '../../src/crypto/aead.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { flip, keyringOf, newDocument, newKey, newKeyring } from './keys.ts';

describe('Sealing of short-lived state', () => {
  const sealer = createSealer(newKeyring());
  const sealed = sealer.seal('draft', 'row-1', 'isi rahasia');

  it('opens what it sealed, text and bytes', () => {
    expect(sealer.open('draft', 'row-1', sealed).toString()).to.equal('isi rahasia');
    const bytes = Buffer.from([0, 255, 128]);
    expect(sealer.open('draft', '', sealer.seal('draft', '', bytes)).equals(bytes)).to.be.true;
  });

  it('opens for the same purpose and binding only', () => {
    expect(() => sealer.open('message', 'row-1', sealed)).to.throw(SealBroken);
    expect(() => sealer.open('draft', 'row-2', sealed)).to.throw(SealBroken);
    expect(() => createSealer(newKeyring()).open('draft', 'row-1', sealed)).to.throw(SealBroken);
  });

  it('does not open when any single byte was altered, or the end is missing', () => {
    for (let at = 0; at < sealed.length; at += 1) {
      expect(() => sealer.open('draft', 'row-1', flip(sealed, at)), `byte ${at}`).to.throw(SealBroken);
      expect(() => sealer.open('draft', 'row-1', sealed.subarray(0, at)), `length ${at}`).to.throw(SealBroken);
    }
  });

  it('opens what an older key sealed while the keyring holds it', () => {
    const document = newDocument();
    const old = createSealer(keyringOf(document)).seal('draft', 'row-1', 'isi');
    const keys = { ...document.sealing.keys, k2: newKey() };
    expect(createSealer(keyringOf({ ...document, sealing: { current: 'k2', keys } })).open('draft', 'row-1', old).toString()).to.equal('isi');
    expect(() => createSealer(keyringOf({ ...document, sealing: { current: 'k2', keys: { k2: keys.k2 } } })).open('draft', 'row-1', old)).to.throw(SealBroken);
  });
});

describe('Tickets', () => {
  const sealer = createSealer(newKeyring());
  const now = new Date('2026-11-23T10:00:00Z');
  const expiresAt = new Date('2026-11-23T10:05:00Z');
  const value = { client: 'karirhub', state: 'abc', nested: { list: [1, 2] } };
  const ticket = sealer.sealTicket('resume', value, expiresAt);

  it('carry a value as text that fits a URL', () => {
    expect(ticket).to.match(/^[A-Za-z0-9_-]+$/);
    expect(sealer.openTicket('resume', ticket, now)).to.deep.equal(value);
  });

  it('are compressed where that helps', () => {
    const long = { parameters: 'scope=openid%20profile&'.repeat(50) };
    const compressed = sealer.sealTicket('resume', long, expiresAt);
    expect(compressed.length).to.be.below(JSON.stringify(long).length / 3);
    expect(sealer.openTicket('resume', compressed, now)).to.deep.equal(long);
  });

  it('open until the moment they expire, and not at it', () => {
    expect(sealer.openTicket('resume', ticket, new Date(expiresAt.getTime() - 1))).to.deep.equal(value);
    expect(sealer.openTicket('resume', ticket, expiresAt)).to.be.undefined;
  });

  const broken: readonly [string, string][] = [
    ['empty text', ''],
    ['no base64url', '%%% <script>'],
    ['a cut end', ticket.slice(0, -1)],
    ['an altered character', `${ticket.slice(0, 40)}${ticket[40] === 'A' ? 'B' : 'A'}${ticket.slice(41)}`],
    ['a sealed value that is no ticket', sealer.seal('resume', 'elsewhere', '{}').toString('base64url')],
  ];
  for (const [name, text] of broken) {
    it(`give nothing for ${name}`, () => {
      expect(sealer.openTicket('resume', text, now)).to.be.undefined;
    });
  }

  it('give nothing for another purpose', () => {
    expect(sealer.openTicket('confirm-email', ticket, now)).to.be.undefined;
  });
});
