import { expect } from 'chai';
import { parseFormerLine, type FormerLine, type LineRefusal } from '../../../src/admin/accounts/former-line.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Result } from '../../../src/domain/result.ts';

const config = loadConfig({ NODE_ENV: 'test' });
const today = new Date('2026-11-28T03:00:00Z');
const BCRYPT = '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
const whole = {
  id: 'u-1',
  nik: '9901010101900001',
  name: 'BUDI CONTOH SANTOSO',
  email: 'Budi@CONTOH.test',
  phone: '0812-3456-7890',
  password: BCRYPT,
  status: 'active',
  locale: 'en',
};

const read = (document: unknown): Result<FormerLine, LineRefusal> =>
  parseFormerLine(
    { number: 7, text: typeof document === 'string' ? document : JSON.stringify(document) },
    config,
    today,
  );
const reasonsOf = (document: unknown): readonly string[] | undefined => {
  const parsed = read(document);
  return parsed.ok ? undefined : parsed.refusal.reasons;
};

describe('A line of a former system', () => {
  it('is read by the rules of everybody else’s data', () => {
    const parsed = read(whole);
    if (!parsed.ok) throw new Error(parsed.refusal.reasons.join());
    const { line, legacyId, nik, email, phone, passwordHash, bcryptCost, locale, notes } = parsed.value;
    expect({ line, legacyId, passwordHash, bcryptCost, locale, notes }).to.deep.equal({
      line: 7,
      legacyId: 'u-1',
      passwordHash: BCRYPT,
      bcryptCost: 10,
      locale: 'en',
      notes: [],
    });
    expect([nik?.reveal(), email?.reveal(), phone?.reveal()]).to.deep.equal([
      '9901010101900001',
      'Budi@contoh.test',
      '+6281234567890',
    ]);
    expect(JSON.stringify(parsed.value), 'nothing personal is written by accident').to.not.match(
      /9901010101900001|contoh\.test|81234567890/,
    );
  });

  it('may say less: nothing but the id and a way in is needed', () => {
    expect(reasonsOf({ id: 12, nik: whole.nik })).to.equal(undefined);
    expect(reasonsOf({ id: 12, email: whole.email, password: BCRYPT, nik: null, phone: '', name: null })).to.equal(
      undefined,
    );
    expect(reasonsOf({ id: 12, email: whole.email, phone: whole.phone })).to.deep.equal(['no-way-in']);
  });

  it('says the same in two spellings of the same', () => {
    const canonical = (document: unknown): string => {
      const parsed = read(document);
      return parsed.ok ? parsed.value.canonical.reveal() : '';
    };
    expect(canonical({ ...whole, phone: '+6281234567890', email: 'budi@contoh.TEST' })).to.equal(canonical(whole));
    expect(canonical({ ...whole, phone: '081234567891' })).to.not.equal(canonical(whole));
  });

  const broken: readonly (readonly [what: string, document: unknown, reasons: readonly string[]])[] = [
    ['is no JSON', '{"id":', ['not-json']],
    ['is no object', '[1]', ['not-an-object']],
    ['has no id', { ...whole, id: undefined }, ['id-missing']],
    ['has an id with blanks', { ...whole, id: 'a b' }, ['id-form']],
    ['has a NIK for an id', { ...whole, id: whole.nik }, ['id-personal']],
    ['has a NIK within an id', { ...whole, id: `nik-${whole.nik}` }, ['id-personal']],
    ['has an address for an id', { ...whole, id: 'budi@contoh.test' }, ['id-personal']],
    ['has a number for an id', { ...whole, id: '081234567890' }, ['id-personal']],
    ['has a NIK that is a number and has lost digits', '{"id":"1","nik":9901010101900001}', ['nik-no-text']],
    [
      'has mistakes in several places',
      { ...whole, nik: '99', email: 'budi', phone: '0215551234', locale: 'fr' },
      ['nik-length', 'email-form', 'phone-fixed', 'locale'],
    ],
    ['is not active', { ...whole, status: 'blocked' }, ['not-active']],
    ['has a member nobody knows', { ...whole, emial: 'x' }, ['unknown-member']],
  ];
  for (const [what, document, reasons] of broken) {
    it(`is left out where it ${what}, with every reason and nothing of the person`, () => {
      const parsed = read(document);
      expect(parsed.ok ? [] : parsed.refusal.reasons).to.deep.equal(reasons);
      expect(JSON.stringify(parsed)).to.not.match(/9901010101900001|budi|0812/i);
    });
  }

  it('comes in without a hash that nobody can verify, or that costs more than a sign-in may', () => {
    const notes = (password: string): readonly string[] => {
      const parsed = read({ ...whole, password });
      if (!parsed.ok) throw new Error(parsed.refusal.reasons.join());
      expect(parsed.value.passwordHash).to.equal(parsed.value.notes.length === 0 ? password : undefined);
      return parsed.value.notes;
    };
    const tail = 'c29tZXNhbHRzb21lc2FsdA$WHVzcFJxQ2Y3dFJ4Y3VwUGJ2Zm1Sd3pEb0U5a1ZXbEE';
    for (const good of [
      BCRYPT,
      BCRYPT.replace('2y', '2a'),
      BCRYPT.replace('2y', '2b'),
      `$argon2id$v=19$m=65536,t=4,p=1$${tail}`,
      `$argon2i$v=19$m=65536,t=4,p=1$${tail}`,
    ])
      expect(notes(good), good).to.deep.equal([]);
    for (const useless of [
      '5f4dcc3b5aa765d61d8327deb882cf99',
      '{SSHA}xx',
      BCRYPT.slice(0, -1),
      BCRYPT.replace('$10$', '$99$').replace('2y', '2z'),
      'x'.repeat(600),
    ])
      expect(notes(useless), useless).to.deep.equal(['password-unknown']);
    for (const costly of [
      BCRYPT.replace('$10$', '$13$'),
      BCRYPT.replace('$10$', '$31$'),
      `$argon2id$v=19$m=4194304,t=4,p=1$${tail}`,
      `$argon2id$v=19$m=65536,t=4000,p=1$${tail}`,
    ])
      expect(notes(costly), costly).to.deep.equal(['password-costly']);
  });
});
