import { expect } from 'chai';
import { LOCALES, type Locale } from '../../src/domain/locale.ts';
import { PLACEHOLDER } from '../../src/domain/plural.ts';
import { createTranslator, MissingSentence, sentences } from '../../src/web/i18n.ts';
import { say } from '../../src/web/screen.ts';

const clock = { now: () => new Date('2026-11-23T07:00:00Z') };
const t = createTranslator({ timeZone: 'Asia/Jakarta', clock });

const placeholders = (text: string): string[] =>
  [...new Set([...text.matchAll(PLACEHOLDER)].map(([, name]) => `{${name ?? ''}}`))].sort();
const tags = (text: string): string[] => (text.match(/<\/?[a-z]+>/g) ?? []).sort();
const identity = (name: string): string => `interaction.registration.identity.refusal.${name}`;
const contact = (name: string): string => `interaction.registration.contact.refusal.${name}`;
const code = (name: string): string => `interaction.registration.code.refusal.${name}`;
const login = (name: string): string => `interaction.login.refusal.${name}`;

/** Every refusal that the rules can give, with the values that they give along. */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      'nik-empty',
      'nik-form',
      'name-empty',
      'name-chars',
      'name-long',
      'mother-name-empty',
      'mother-name-chars',
      'mother-name-long',
      'deceased',
      'quota',
      'closed',
    ].map((name) => [identity(name), []]),
  ),
  [identity('nik-length')]: ['digits'],
  [identity('too-young')]: ['minAge'],
  [identity('mismatch')]: ['left'],
  [identity('not-found')]: ['left'],
  [identity('duplicate')]: ['reference'],
  [identity('inactive')]: ['reference'],
  [identity('limited')]: ['until'],
  [identity('limited-here')]: ['until'],
  [identity('unavailable')]: ['until'],
  ...Object.fromEntries(
    [
      ...[
        'email-empty',
        'email-form',
        'phone-empty',
        'phone-form',
        'phone-fixed',
        'password-empty',
        'password-length',
        'password-lower',
        'password-upper',
      ],
      ...[
        'password-digit',
        'password-symbol',
        'password-long',
        'password-chars',
        'password-common',
        'password-personal',
        'changes-used-up',
      ],
    ].map((name) => [contact(name), []]),
  ),
  [contact('send-limit')]: ['until'],
  [contact('send-budget')]: ['until'],
  [contact('locked')]: ['until'],
  ...Object.fromEntries(['expired', 'dead', 'code-form'].map((name) => [code(name), []])),
  [code('wrong')]: ['left'],
  [code('locked')]: ['until'],
  [code('send-limit')]: ['until'],
  [code('send-budget')]: ['until'],
  [code('wait')]: ['seconds'],
  ...Object.fromEntries(['identifier-empty', 'password-empty', 'wrong', 'busy'].map((name) => [login(name), []])),
  [login('slow')]: ['seconds'],
  [login('paused')]: ['until'],
  [login('suspended')]: ['helpCode'],
  ...Object.fromEntries(
    ['expired', 'dead', 'code-form'].map((name) => [`interaction.recovery.code.refusal.${name}`, []]),
  ),
  'interaction.recovery.code.refusal.wrong': ['left'],
  ...Object.fromEntries(
    ['ask', 'code'].flatMap((page) =>
      ['locked', 'limited', 'send-limit'].map((name) => [`interaction.recovery.${page}.refusal.${name}`, ['until']]),
    ),
  ),
  ...Object.fromEntries(['ask', 'code'].map((page) => [`interaction.recovery.${page}.refusal.wait`, ['seconds']])),
  ...Object.fromEntries(['identifier-empty', 'stale'].map((name) => [`interaction.recovery.ask.refusal.${name}`, []])),
  'interaction.recovery.ask.refusal.suspended': ['helpCode'],
  ...Object.fromEntries(
    [
      'not-found',
      'forbidden',
      'stale-form',
      'foreign-origin',
      'too-large',
      'bad-encoding',
      'internal',
      'method',
      'oidc.client',
      'oidc.request',
    ].map((name) => [`errors.${name}`, []]),
  ),
  'errors.busy': ['seconds'],
  'errors.limited': ['seconds'],
  'errors.oidc.redirect': ['service'],
  'errors.oidc.expired': ['service'],
};

describe('Locale files', () => {
  it('hold the same sentences in both languages', () => {
    expect([...sentences.en.keys()].sort()).to.deep.equal([...sentences.id.keys()].sort());
  });

  it('hold the same placeholders and tags in both languages', () => {
    for (const [key, text] of sentences.id) {
      expect(placeholders(sentences.en.get(key) ?? ''), key).to.deep.equal(placeholders(text));
      expect(tags(sentences.en.get(key) ?? ''), key).to.deep.equal(tags(text));
    }
  });

  it('leave no sentence empty', () => {
    for (const locale of LOCALES)
      for (const [key, text] of sentences[locale]) expect(text.trim(), `${locale} ${key}`).to.not.equal('');
  });

  for (const [key, params] of Object.entries(REFUSALS)) {
    it(`have a sentence for ${key}`, () => {
      expect(placeholders(sentences.id.get(key) ?? '{missing}')).to.deep.equal(params.map((name) => `{${name}}`));
    });
  }
});

describe('Translator', () => {
  const shown: readonly [string, Locale, Parameters<typeof say>, string][] = [
    [
      'puts values into their places',
      'id',
      [identity('nik-length'), { digits: 14 }],
      'NIK harus 16 angka. Anda mengisi 14 angka.',
    ],
    [
      'groups thousands with a dot in Indonesian',
      'id',
      [identity('nik-length'), { digits: 1000 }],
      'NIK harus 16 angka. Anda mengisi 1.000 angka.',
    ],
    [
      'groups thousands with a comma in English',
      'en',
      [identity('nik-length'), { digits: 1000 }],
      'A NIK has 16 digits. You typed 1,000.',
    ],
    [
      'shows a time of today in the zone',
      'id',
      [code('locked'), { until: new Date('2026-11-23T07:30:00Z') }],
      'Terlalu banyak kode salah hari ini. Coba lagi setelah pukul 14.30 WIB.',
    ],
    [
      'shows a time of today in English',
      'en',
      [code('locked'), { until: new Date('2026-11-23T07:30:00Z') }],
      'Too many wrong codes today. Try again after 14:30 WIB.',
    ],
    [
      'adds the day where it is another',
      'id',
      [code('locked'), { until: new Date('2026-11-24T02:30:00Z') }],
      'Terlalu banyak kode salah hari ini. Coba lagi setelah 24 November 2026 pukul 09.30 WIB.',
    ],
    [
      'counts the day in the zone, not in UTC',
      'en',
      [code('locked'), { until: new Date('2026-11-23T17:30:00Z') }],
      'Too many wrong codes today. Try again after 24 November 2026, 00:30 WIB.',
    ],
  ];
  for (const seconds of [1, 2, 60]) {
    it(`says ${seconds} ${seconds === 1 ? 'second' : 'seconds'} in English, and "detik" in Indonesian whatever the number`, () => {
      for (const key of [
        'errors.busy',
        'errors.limited',
        'interaction.registration.code.resendIn',
        code('wait'),
        'interaction.recovery.ask.refusal.wait',
        'interaction.recovery.code.refusal.wait',
      ]) {
        expect(t('en', key, { seconds }), key).to.match(
          seconds === 1 ? / 1 second\b/ : new RegExp(` ${seconds} seconds\\b`),
        );
        expect(t('id', key, { seconds }), key).to.include(` ${seconds} detik`);
      }
    });
  }

  it('leaves no sentence in English in which one thing would be many', () => {
    const counted =
      /\{(?:seconds|minutes|hours|days|times|count|links|events|left|min|most|attempts|calls|number)\} [a-z]+s\b/;
    expect([...sentences.en].filter(([, text]) => counted.test(text)).map(([key]) => key)).to.deep.equal([]);
  });

  it('writes the number of a plural as it writes every number, and takes what is no number for many', () => {
    expect(t('en', 'admin.audit.chain.links', { links: 1 })).to.equal('Length of the chain now: 1 event.');
    expect(t('en', 'admin.audit.chain.links', { links: 12_000 })).to.equal('Length of the chain now: 12,000 events.');
    expect(t('en', 'errors.busy', { seconds: '{seconds}' })).to.include(' {seconds} seconds.');
  });

  for (const [name, locale, [key, params], text] of shown)
    it(name, () => {
      expect(t(locale, say(key, params))).to.equal(text);
    });

  it('cuts a sentence at its tags', () => {
    expect(t.parts('en', 'common.for', { service: 'Karirhub' })).to.deep.equal([
      { text: 'to continue to ' },
      { text: 'Karirhub', tag: 'service' },
    ]);
  });

  it('takes no tags from values', () => {
    expect(t.parts('en', 'common.for', { service: '<b>x</b>' })[1]).to.deep.equal({ text: '<b>x</b>', tag: 'service' });
  });

  it('refuses a key that does not exist', () => {
    expect(() => t('id', 'common.nothing')).to.throw(MissingSentence);
  });

  it('refuses a sentence without its value', () => {
    expect(() => t('id', login('slow'))).to.throw(MissingSentence, '{seconds}');
  });

  it('tells of a missing sentence in production and shows no key', () => {
    const missed: string[] = [];
    const lenient = createTranslator({
      timeZone: 'Asia/Jakarta',
      clock,
      strict: false,
      onMissing: (locale, what) => missed.push(`${locale} ${what}`),
    });
    expect(lenient('en', 'common.nothing')).to.equal('Maaf, teks ini belum tersedia.');
    expect(missed).to.deep.equal(['en common.nothing']);
  });
});
