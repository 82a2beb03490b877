import { expect } from 'chai';
import { SealBroken } from '../../src/crypto/aead.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { flip, keyringOf, newDocument, newKey, newKeyring } from './keys.ts';

describe('Sealing of short-lived state', () => {
  const keyring = newKeyring();
  const sealer = createSealer(keyring);
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

  it('never seals the same twice alike', () => {
    expect(
      new Set(Array.from({ length: 100 }, () => sealer.seal('draft', 'row-1', 'isi').toString('hex'))).size,
    ).to.equal(100);
  });

  it('takes another key after so many values, each purpose its own, and opens what was sealed under any', () => {
    const few = createSealer(keyring, undefined, 3);
    const saltOf = (value: Buffer): string => value.subarray(2 + value[1]!, 2 + value[1]! + 16).toString('hex');
    const values = Array.from({ length: 7 }, (_, at) => few.seal('draft', '', String(at)));
    const salts = values.map(saltOf);
    expect(salts.map((salt) => salts.indexOf(salt))).to.deep.equal([0, 0, 0, 3, 3, 3, 6]);
    expect(saltOf(few.seal('message', '', 'isi'))).to.not.be.oneOf(salts);
    for (const reader of [few, sealer])
      expect(values.map((value) => reader.open('draft', '', value).toString())).to.deep.equal([
        '0',
        '1',
        '2',
        '3',
        '4',
        '5',
        '6',
      ]);
  });

  it('opens values of far more salts than it remembers', () => {
    const values = Array.from({ length: 1200 }, (_, at) => createSealer(keyring).seal('draft', '', String(at)));
    for (const [at, value] of [...values, ...values].entries())
      expect(sealer.open('draft', '', value).toString()).to.equal(String(at % 1200));
  });

  it('opens what an older key sealed while the keyring holds it', () => {
    const document = newDocument();
    const old = createSealer(keyringOf(document)).seal('draft', 'row-1', 'isi');
    const keys = { ...document.sealing.keys, k2: newKey() };
    expect(
      createSealer(keyringOf({ ...document, sealing: { current: 'k2', keys } }))
        .open('draft', 'row-1', old)
        .toString(),
    ).to.equal('isi');
    expect(() =>
      createSealer(keyringOf({ ...document, sealing: { current: 'k2', keys: { k2: keys.k2 } } })).open(
        'draft',
        'row-1',
        old,
      ),
    ).to.throw(SealBroken);
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
