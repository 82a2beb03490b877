import { expect } from 'chai';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody } from '../../support/citizens.ts';
import { becomeCitizen, enterCode, giveContact } from '../../support/journeys.ts';
import { at, atContact, codesTo, comparable, errorOf, inputOf, retryAfter, type Way } from './steps.ts';

const good = { email: 'wulan@contoh.test', phone: '081344440001', password: 'Pasir-Putih9!' };

type Case = readonly [what: string, fields: Partial<typeof good>, field: keyof typeof good, id: string, en: string];

const fixed = {
  id: 'Nomor ini bukan nomor HP. Kode OTP hanya dapat dikirim ke nomor HP.',
  en: 'This is not a mobile number.',
};
const foreign = {
  id: 'Tulis nomor HP Indonesia, diawali 08 atau +62.',
  en: 'Enter an Indonesian mobile number beginning with 08 or +62.',
};
const address = {
  id: 'Tulis email dengan lengkap, misalnya nama@contoh.id',
  en: 'Write the full address, such as name@contoh.id',
};
const common = {
  id: 'Kata sandi ini mudah ditebak. Pilih yang lain.',
  en: 'This password is easy to guess. Choose another.',
};
const personal = {
  id: 'Jangan pakai nama, NIK, nomor HP, atau email di kata sandi.',
  en: 'Do not use your name, NIK, phone or email in the password.',
};

const cases: readonly Case[] = [
  ['no address', { email: '' }, 'email', 'Isi alamat email Anda.', 'Enter your email address.'],
  ['an address without its half', { email: 'wulan' }, 'email', address.id, address.en],
  ['an address with a blank inside', { email: 'wu lan@contoh.test' }, 'email', address.id, address.en],
  [
    'an address with a line break for a second header',
    { email: 'wulan@contoh.test\r\nBcc: semua@contoh.test' },
    'email',
    address.id,
    address.en,
  ],
  ['an address of 255 characters', { email: `${'a'.repeat(243)}@contoh.test` }, 'email', address.id, address.en],
  ['no number', { phone: '' }, 'phone', 'Isi nomor HP Anda.', 'Enter your mobile number.'],
  ['a fixed line', { phone: '0215551234' }, 'phone', fixed.id, fixed.en],
  ['a number of another country', { phone: '+1 202 555 0100' }, 'phone', foreign.id, foreign.en],
  ['a number of Singapore', { phone: '+65 8123 4567' }, 'phone', foreign.id, foreign.en],
  ['a number with a letter', { phone: '08123S567890' }, 'phone', foreign.id, foreign.en],
  ['a number that is too short', { phone: '08123456' }, 'phone', foreign.id, foreign.en],
  ['two numbers', { phone: '081234567890,081298762797' }, 'phone', foreign.id, foreign.en],
  [
    'no password',
    { password: '' },
    'password',
    'Buat kata sandi untuk akun Anda.',
    'Create a password for your account.',
  ],
  [
    'a short password',
    { password: 'Ab1!xyz' },
    'password',
    'Kata sandi masih terlalu pendek.',
    'The password is too short.',
  ],
  [
    'a password without a small letter',
    { password: 'PASIR-PUTIH9!' },
    'password',
    'Kata sandi perlu huruf kecil.',
    'The password needs a lower-case letter.',
  ],
  [
    'a password without a capital',
    { password: 'pasir-putih9!' },
    'password',
    'Kata sandi perlu huruf besar.',
    'The password needs an upper-case letter.',
  ],
  [
    'a password without a digit',
    { password: 'Pasir-Putih!' },
    'password',
    'Kata sandi perlu angka.',
    'The password needs a digit.',
  ],
  [
    'a password without a symbol',
    { password: 'PasirPutih98' },
    'password',
    'Kata sandi perlu salah satu simbol: ! @ # $ % ^ & *',
    'The password needs one of these symbols: ! @ # $ % ^ & *',
  ],
  [
    'a password of 129 characters',
    { password: `Pasir-Putih9!${'x'.repeat(116)}` },
    'password',
    'Kata sandi paling panjang 128 karakter.',
    'A password may have at most 128 characters.',
  ],
  ['a password that everybody tries', { password: 'Indonesia1!' }, 'password', common.id, common.en],
  ['one that everybody tries, disguised', { password: 'B1sm1ll@h123!' }, 'password', common.id, common.en],
  ['a keyboard row for a password', { password: 'Qwerty123456!' }, 'password', common.id, common.en],
  ['a password with the name', { password: 'Pertiwi#4719x' }, 'password', personal.id, personal.en],
  ['a password with the number', { password: 'Aa!081344440001' }, 'password', personal.id, personal.en],
  ['a password with the address', { password: 'Xk-wulan-99!Z' }, 'password', personal.id, personal.en],
];

describe('Registration: e-mail, number and password', () => {
  let app: TestApp;
  let way: Way;
  let english: Way;

  before(async () => {
    app = await startTestApp();
    app.clock.stop();
    way = await atContact(app);
    const browser = new Browser();
    await browser.open(`${app.url}/?lang=en`);
    english = await atContact(app, somebody(), browser);
  });
  after(() => app.close());

  const post = (fields: Partial<typeof good>, { browser, page }: Way = way): Promise<Page> =>
    browser.post(page, 'email', { ...good, ...fields });

  it('names the person who was proved, and lists the rules of the password', () => {
    expect(way.page.text).to.include('Identitas Wulan Contoh Pertiwi sudah cocok dengan catatan Dukcapil.');
    for (const rule of [
      'Minimal 8 karakter',
      'Ada huruf kecil',
      'Ada huruf besar',
      'Ada angka',
      'Ada salah satu simbol: ! @ # $ % ^ & *',
    ])
      expect(way.page.text).to.include(rule);
    expect(inputOf(way.page, 'password')).to.include('autocomplete="new-password"').and.include('password-rules');
    expect(inputOf(way.page, 'phone')).to.include('type="tel"');
  });

  for (const [what, fields, field, id, en] of cases) {
    it(`refuses ${what}, at the field and in a summary that leads to it, and keeps the rest`, async () => {
      const refused = await post(fields);
      expect(refused.status).to.equal(422);
      expect(refused.title).to.match(/^Kesalahan: Pendaftaran Akun/);
      expect(errorOf(refused, field)).to.include(id);
      expect(refused.html).to.include(`<a href="#${field}">`);
      expect(inputOf(refused, field))
        .to.include('aria-invalid="true"')
        .and.match(new RegExp(`aria-describedby="[^"]*${field}-error`));
      expect(inputOf(refused, 'password')).not.to.include(' value=');
      if (fields.password !== undefined && fields.password !== '')
        expect(refused.html).not.to.include(fields.password.slice(0, 100));
      if (field !== 'email') expect(refused.form('email').fields.email).to.equal(good.email);
      if (field !== 'phone') expect(refused.form('email').fields.phone).to.equal(good.phone);
      expect(errorOf(await post(fields, english), field)).to.include(en);
    });
  }

  it('refuses a password with the person’s NIK', async () => {
    const refused = await post({ password: `Aa!${way.citizen.nik}` });
    expect(errorOf(refused, 'password')).to.include(personal.id);
  });

  it('says everything that is wrong at once', async () => {
    const refused = await post({ email: 'wulan', phone: '021', password: '' });
    for (const field of ['email', 'phone', 'password']) expect(errorOf(refused, field), field).not.to.equal('');
    for (const phone of [good.phone, '021']) {
      const weak = await post({ phone, password: 'abc' });
      for (const sentence of ['terlalu pendek', 'huruf besar', 'angka', 'simbol'])
        expect(errorOf(weak, 'password'), phone).to.include(sentence);
    }
  });

  it('keeps what was typed as it was typed', async () => {
    const typed = { email: 'wu"lan<b>@contoh', phone: '+62 (813) 4444-0001 x' };
    expect((await post(typed)).form('email').fields).to.include(typed);
  });

  it('sends nothing and counts nothing for a form that is not in order', async () => {
    expect(await codesTo(app, good.phone)).to.equal(0);
    expect(await app.database.knex('counters').where('key', 'like', 'code.%')).to.have.lengthOf(0);
  });

  it('takes a password of 128 characters, of any kind, and a passphrase with blanks', async () => {
    for (const password of [`Pasir-Putih9!${'😀 '.repeat(57)}x`, 'kuda Lumping 7 turun! gunung']) {
      const { browser, page, citizen } = await atContact(app);
      expect(Array.from(password).length).to.be.at.most(128);
      expect((await giveContact(browser, page, { ...citizen, password })).url.pathname).to.match(/\/register\/otp$/);
    }
  });

  for (const [spelling, typed] of [
    ['08…', '081355550001'],
    ['8…', '81355550002'],
    ['62…', '6281355550003'],
    ['+62 8…', '+62 813-5555-0004'],
    ['+6208…', '+62081355550005'],
    ['0062 8…', '0062 813 5555 0006'],
    ['brackets and dots', '(0813) 5555.0007'],
    ['full-width digits', '０８１３５５５５０００８'],
    ['characters that copying leaves behind', '\u202a0813\u00a05555\u20110009\u202c'],
  ] as const) {
    it(`takes a number written with ${spelling}`, async () => {
      const { browser, page, citizen } = await atContact(app);
      const code = await giveContact(browser, page, { ...citizen, phone: typed });
      const last = typed.normalize('NFKC').replaceAll(/\D/g, '').slice(-4);
      expect(code.text).to.include(`08*****${last}`);
      expect(await codesTo(app, `08135555${last}`)).to.equal(1);
    });
  }

  it('treats a likely slip in the address as a hint: the page of the code shows it, and the address can be changed there', async () => {
    const { browser, page, citizen } = await atContact(app);
    const code = await giveContact(browser, page, { ...citizen, email: 'wulan@gmial.com' });
    expect(code.url.pathname).to.match(/\/register\/otp$/);
    expect(code.text).to.include('Email Anda: wulan@gmial.com').and.include('Apakah maksud Anda wulan@gmail.com?');
    const change = await browser.open(code.link('Ubah email'));
    expect(change.form('email').fields.email).to.equal('wulan@gmial.com');
    expect(change.text).to.include('Apakah maksud Anda wulan@gmail.com?');
  });

  it('shows the hint beside the field when the form comes back for another reason', async () => {
    const refused = await post({ email: 'wulan@yahoo.con', password: 'abc' });
    expect(refused.text).to.include('Apakah maksud Anda wulan@yahoo.com?');
    expect(errorOf(refused, 'email')).to.equal('');
  });

  it('tells nobody that an address or a number is taken', async () => {
    await becomeCitizen(app, new Browser(), citizens.budi);
    const { budi } = citizens;
    const pages: Page[] = [];
    for (const contact of [
      { email: budi.email, phone: budi.phone },
      { email: 'baru@contoh.test', phone: '081277887890' },
    ]) {
      const { browser, page, citizen } = await atContact(app);
      const code = await giveContact(browser, page, { ...citizen, ...contact });
      // The page tells how far the message has come: looked at again when it has left.
      await app.container.courier.flush();
      pages.push(await browser.open(code.url));
    }
    const [taken, free] = pages.map((page) => ({
      status: page.status,
      html: comparable(page).replace(/(?:budi|baru)@contoh\.test/, 'what was typed'),
    }));
    expect(taken).to.deep.equal({ ...free, html: free!.html });
  });

  it('answers a crowd of new passwords with the wait, keeps what was typed, and costs nobody a code', async () => {
    const crowded = await startTestApp({ password: { slots: 1, queue: 0, memoryKib: 65_536, passes: 3 } });
    try {
      const { browser, page, citizen } = await atContact(crowded);
      let answer: Page | undefined;
      // One hash after another holds the only slot until the form has been answered.
      const hold = async (): Promise<void> => {
        while (answer === undefined)
          await crowded.container.passwords.hash(sensitive('Pasir-Putih9!')).catch(() => undefined);
      };
      const form = browser.post(page, 'email', { ...citizen }).then((done) => {
        answer = done;
      });
      await Promise.all([hold(), form]);
      expect(answer?.status).to.equal(503);
      expect(retryAfter(answer!)).to.be.within(1, 60);
      expect(answer!.text).to.include('sedang banyak yang memakai layanan ini. Silakan coba lagi dalam');
      expect(answer!.form('email').fields).to.include({ email: citizen.email, phone: citizen.phone });
      expect(inputOf(answer!, 'password')).not.to.include(' value=');
      expect(await codesTo(crowded, citizen.phone)).to.equal(0);
      expect(await crowded.database.knex('counters').where('key', 'like', 'code.%')).to.have.lengthOf(0);
      const code = await giveContact(browser, page, citizen);
      expect((await enterCode(browser, code, await crowded.codeFor(citizen.phone))).text).to.include(
        'Pendaftaran berhasil',
      );
    } finally {
      await crowded.close();
    }
  });

  it('starts over for somebody else', async () => {
    const { browser, page } = await atContact(app);
    expect(page.text).to.include('Bukan Wulan Contoh Pertiwi? Mulai dari awal');
    const first = await browser.submit(page, 'register/restart');
    expect(first.url.pathname).to.match(/\/register\/identity$/);
    expect(first.form('nik').fields).to.include({ nik: '', name: '' });
    expect((await browser.open(at(page, 'contact'))).url.pathname).to.match(/\/register\/identity$/);
  });
});
