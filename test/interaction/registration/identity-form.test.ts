import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
import { asked, begin, errorOf, inputOf } from './steps.ts';

const { budi } = citizens;
const good: Readonly<Record<'nik' | 'name' | 'mother_name', string>> = {
  nik: budi.nik,
  name: budi.name,
  mother_name: budi.mother,
};

/** The other century has nobody alive of this year. */
const twelveYearsOld = String(new Date().getUTCFullYear() - 12).slice(2);

type Case = readonly [what: string, fields: Partial<typeof good>, field: keyof typeof good, id: string, en: string];

const cases: readonly Case[] = [
  ['no NIK', { nik: '' }, 'nik', 'Isi NIK Anda.', 'Enter your NIK.'],
  [
    'a NIK of 15 digits',
    { nik: '990101010190001' },
    'nik',
    'NIK harus 16 angka. Anda mengisi 15 angka.',
    'A NIK has 16 digits. You typed 15.',
  ],
  [
    'a NIK of 17 digits',
    { nik: '99010101019000011' },
    'nik',
    'NIK harus 16 angka. Anda mengisi 17 angka.',
    'A NIK has 16 digits. You typed 17.',
  ],
  [
    'letters for a NIK',
    { nik: 'BUDI SANTOSO' },
    'nik',
    'NIK harus 16 angka. Anda mengisi 0 angka.',
    'A NIK has 16 digits. You typed 0.',
  ],
  [
    'a letter among sixteen digits',
    { nik: '990101O0101900001' },
    'nik',
    'Susunan NIK ini tidak dikenali.',
    'This NIK is not recognised.',
  ],
  ['31 February', { nik: '9901013102900001' }, 'nik', 'Susunan NIK ini tidak dikenali.', 'This NIK is not recognised.'],
  [
    '29 February of a common year',
    { nik: '9901012902910001' },
    'nik',
    'Susunan NIK ini tidak dikenali.',
    'This NIK is not recognised.',
  ],
  ['month 13', { nik: '9901010113900001' }, 'nik', 'Susunan NIK ini tidak dikenali.', 'This NIK is not recognised.'],
  [
    'an unknown province',
    { nik: '0101010101900001' },
    'nik',
    'Susunan NIK ini tidak dikenali.',
    'This NIK is not recognised.',
  ],
  ['regency 00', { nik: '9900010101900001' }, 'nik', 'Susunan NIK ini tidak dikenali.', 'This NIK is not recognised.'],
  ['serial 0000', { nik: '9901010101900000' }, 'nik', 'Susunan NIK ini tidak dikenali.', 'This NIK is not recognised.'],
  [
    'a child',
    { nik: `9901010101${twelveYearsOld}0001` },
    'nik',
    'Pendaftaran tersedia mulai usia 15 tahun.',
    'Registration is open from age 15.',
  ],
  ['no name', { name: '' }, 'name', 'Isi nama lengkap Anda.', 'Enter your full name.'],
  ['a name of blanks', { name: ' \u00a0\u200b ' }, 'name', 'Isi nama lengkap Anda.', 'Enter your full name.'],
  [
    'a name with digits',
    { name: 'Budi 2' },
    'name',
    "Nama hanya boleh berisi huruf, spasi, dan tanda ' . , - /",
    "Names may only contain letters, spaces and ' . , - /",
  ],
  [
    'a script for a name',
    { name: '<script>alert(1)</script>' },
    'name',
    'Nama hanya boleh berisi huruf',
    'Names may only contain letters',
  ],
  [
    'a name of 101 letters',
    { name: 'a'.repeat(101) },
    'name',
    'Nama paling panjang 100 karakter.',
    'A name may have at most 100 characters.',
  ],
  ["no mother's name", { mother_name: '' }, 'mother_name', 'Isi nama ibu kandung Anda.', "Enter your mother's name."],
  [
    "digits in the mother's name",
    { mother_name: 'Siti 7' },
    'mother_name',
    'Nama ibu kandung hanya boleh berisi huruf',
    "Your mother's name may only contain letters",
  ],
  [
    "a mother's name of 101 letters",
    { mother_name: 'i'.repeat(101) },
    'mother_name',
    'Nama ibu kandung paling panjang 100 karakter.',
    "Your mother's name may have at most 100 characters.",
  ],
];

describe('Registration: the form of the identity', () => {
  let app: TestApp;
  let indonesian: Browser;
  let english: Browser;
  let first: Page;
  let firstInEnglish: Page;

  before(async () => {
    app = await startTestApp();
    indonesian = new Browser();
    first = await begin(app, indonesian);
    english = new Browser();
    await english.open(`${app.url}/?lang=en`);
    firstInEnglish = await begin(app, english);
  });
  after(() => app.close());

  it('asks for NIK, name and mother’s name, and leads to the notices and to the sign-in', async () => {
    expect(first.status).to.equal(200);
    expect(first.title).to.match(/^Pendaftaran Akun/);
    for (const field of ['nik', 'name', 'mother_name'])
      expect(inputOf(first, field), field).to.include('aria-required="true"').and.not.include('aria-invalid');
    expect(inputOf(first, 'nik'))
      .to.include('inputmode="numeric"')
      .and.include('autocomplete="off"')
      .and.not.include('type="number"');
    expect(inputOf(first, 'mother_name')).to.include('autocomplete="off"');
    expect(first.headers.get('cache-control')).to.equal('no-store');
    for (const notice of ['/terms', '/privacy'])
      expect((await indonesian.open(first.link(notice))).status).to.equal(200);
  });

  for (const [what, fields, field, id, en] of cases) {
    it(`refuses ${what}, at the field and in a summary that leads to it`, async () => {
      const refused = await indonesian.post(first, 'nik', { ...good, ...fields });
      expect(refused.status).to.equal(422);
      expect(refused.title).to.match(/^Kesalahan: Pendaftaran Akun/);
      expect(errorOf(refused, field)).to.include(id);
      expect(refused.html).to.match(new RegExp(`<ul>.*<a href="#${field}">.*</ul>`));
      expect(inputOf(refused, field))
        .to.include('aria-invalid="true"')
        .and.match(new RegExp(`aria-describedby="[^"]*${field}-error`));
      for (const other of Object.keys(good).filter((name) => name !== field))
        expect(inputOf(refused, other), other).not.to.include('aria-invalid');

      const inEnglish = await english.post(firstInEnglish, 'nik', { ...good, ...fields });
      expect(inEnglish.title).to.match(/^Error: Account registration/);
      expect(errorOf(inEnglish, field)).to.include(en);
    });
  }

  it('says everything that is wrong at once', async () => {
    const refused = await indonesian.post(first, 'nik', { nik: '1', name: '2', mother_name: '' });
    expect(refused.status).to.equal(422);
    for (const field of ['nik', 'name', 'mother_name']) expect(errorOf(refused, field), field).not.to.equal('');
    expect([...refused.html.matchAll(/<a href="#(\w+)">/g)].map(([, field]) => field)).to.include.members([
      'nik',
      'name',
      'mother_name',
    ]);
  });

  it('keeps what was typed but for the mother’s name, and says so', async () => {
    const refused = await indonesian.post(first, 'nik', {
      nik: '12 34',
      name: `Budi "O'Contoh" & 2`,
      mother_name: 'Rahasia Ibu Contoh',
    });
    const { fields } = refused.form('nik');
    expect(fields).to.include({ nik: '12 34', name: `Budi "O'Contoh" & 2`, mother_name: '' });
    expect(refused.html).not.to.match(/Rahasia Ibu/i);
    expect(refused.text).to.include('Isi kembali nama ibu kandung. Kami tidak menyimpannya.');
    expect(inputOf(refused, 'mother_name'), 'to those who hear the field alone, too').to.match(
      /aria-describedby="[^"]*\bmother-retype mother-privacy"/,
    );
    expect(refused.html).to.include('id="mother-retype"').and.include('id="mother-privacy"');
    expect(inputOf(first, 'mother_name'), 'names nothing that is not there')
      .to.include('mother-privacy')
      .and.not.include('mother-retype');
  });

  it('shows markup as the text that it is', async () => {
    const refused = await indonesian.post(first, 'nik', {
      ...good,
      nik: '"><script>alert(1)</script>',
      name: '<img src=x onerror=alert(1)>',
    });
    expect(refused.html).not.to.include('<script>alert').and.not.include('<img src=x');
  });

  it('asks the registry nothing about a form that is not in order, and nothing counts', async () => {
    const counted = async (): Promise<unknown> => [
      await app.database.knex('verification_log').count(),
      await app.database.knex('counters').sum('points'),
    ];
    const before = [asked(app), await counted()];
    for (let times = 0; times < 8; times += 1)
      expect((await indonesian.post(first, 'nik', { ...good, name: '' })).status).to.equal(422);
    expect([asked(app), await counted()]).to.deep.equal(before);
  });

  for (const [what, typed] of [
    ['with blanks, dots and dashes', ' 9901.0101-0190 0001 '],
    ['in full-width digits', '９９０１０１０１０１９００００１'],
    ['with characters that copying leaves behind', '\u200e9901010101900001\u202c'],
  ] as const) {
    it(`takes a NIK ${what}`, async () => {
      const browser = new Browser();
      const contact = await browser.submit(await begin(app, browser), 'nik', { ...good, nik: typed });
      expect(contact.url.pathname).to.match(/\/register\/contact$/);
      expect(contact.text).to.include('Identitas Budi Contoh Santoso sudah cocok');
    });
  }

  it('takes names as people write them, in any case and with any apostrophe', async () => {
    const browser = new Browser();
    const contact = await browser.submit(await begin(app, browser), 'nik', {
      nik: citizens.nuraini.nik,
      name: 'NUR’AINI   contoh',
      mother_name: 'fatimah CONTOH',
    });
    expect(contact.text).to.include('Identitas NUR’AINI contoh sudah cocok');
  });

  for (const [what, body, status] of [
    ['bytes that are no UTF-8', 'nik=%ff%fe', 400],
    ['a body beyond all measure', `nik=${'1'.repeat(20_000)}`, 413],
    ['no token', 'nik=1&name=2&mother_name=3', 403],
  ] as const) {
    it(`refuses ${what} with a page that says how to go on`, async () => {
      const refused = await indonesian.request(first.form('nik').action, { method: 'POST', body });
      expect(refused.status).to.equal(status);
      expect(refused.text).to.include('Kode bantuan');
    });
  }
});
