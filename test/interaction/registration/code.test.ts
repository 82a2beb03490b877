import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { enterCode, signIn } from '../../support/journeys.ts';
import { at, atCode, atContact, codesTo, errorOf, inputOf, wrong, type Way } from './steps.ts';

describe('Registration: entering the code', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp();
    app.clock.stop();
  });
  after(() => app.close());

  const accounts = async (): Promise<number> =>
    Number((await app.database.knex('accounts').count('id as count').first())?.count);
  const type = ({ browser, page }: Way, code: string): Promise<Page> => browser.post(page, 'code', { code });
  const triesCounted = async (): Promise<number> =>
    Number(
      (await app.database.knex('counters').where('key', 'like', 'code.tries:%').max('points as points').first())
        ?.points ?? 0,
    );
  const forgetCounters = (): Promise<unknown> => app.database.knex('counters').del();

  it('shows the masked number and one field that a phone can fill', async () => {
    const { page, citizen } = await atCode(app);
    expect(page.text)
      .to.include(`08*****${citizen.phone.slice(-4)}`)
      .and.include('Petugas Kemnaker tidak pernah meminta kode OTP.');
    expect(page.html).not.to.include(citizen.phone.slice(2));
    expect(page.text, 'the address in full, so that a slip shows').to.include(citizen.email);
    expect(inputOf(page, 'code'))
      .to.include('inputmode="numeric"')
      .and.include('autocomplete="one-time-code"')
      .and.include('type="text"');
    expect(page.headers.get('cache-control')).to.equal('no-store');
  });

  it('sends one SMS of one segment with the brand, the warning and the line for the browser', async () => {
    const { citizen } = await atCode(app);
    const [sms, ...others] = await app.messagesTo(citizen.phone);
    expect(others).to.have.lengthOf(0);
    expect(sms!.text).to.match(
      /^SIAPkerja: kode OTP Anda \d{6}, berlaku 5 menit\. JANGAN beri tahu siapa pun, termasuk petugas Kemnaker\.\n\n@localhost #\d{6}$/,
    );
    expect(sms!.text.length).to.be.at.most(160);
  });

  for (const [what, typed] of [
    ['nothing', ''],
    ['five digits', '12345'],
    ['seven digits', '1234567'],
    ['letters', 'abcdef'],
    ['six letters that look like digits', 'O0O0O0'],
  ] as const) {
    it(`says what a code looks like when ${what} is typed, and counts no try`, async () => {
      await forgetCounters();
      const way = await atCode(app);
      const refused = await type(way, typed);
      expect(refused.status).to.equal(422);
      expect(refused.title).to.match(/^Kesalahan: Verifikasi/);
      expect(errorOf(refused, 'code')).to.equal('Isi 6 angka kode OTP.');
      expect(inputOf(refused, 'code')).to.include('aria-invalid="true"').and.not.include(' value=');
      expect(await triesCounted()).to.equal(0);
    });
  }

  it('takes a code with blanks, a dash or full-width digits', async () => {
    for (const write of [
      (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `,
      (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`,
      (code: string) => code.replaceAll(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)),
    ]) {
      const way = await atCode(app);
      expect((await enterCode(way.browser, way.page, write(await app.codeFor(way.citizen.phone)))).text).to.include(
        'Pendaftaran berhasil',
      );
    }
  });

  it('counts wrong codes down, kills the code with the fifth, and refuses even the right one then', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    for (const left of [4, 3, 2, 1]) {
      const refused = await type(way, wrong(code, left));
      expect(refused.status).to.equal(422);
      expect(errorOf(refused, 'code')).to.equal(`Kode tidak cocok. Sisa percobaan: ${left}.`);
    }
    const before = await accounts();
    for (const typed of [wrong(code), code, code]) {
      const dead = await type(way, typed);
      expect(dead.status).to.equal(422);
      expect(dead.text).to.include('Terlalu banyak kode salah. Kirim kode baru.');
      expect(inputOf(dead, 'code'), 'no field for a code that cannot count').to.equal('');
    }
    expect(await accounts()).to.equal(before);
    const reloaded = await way.browser.open(way.page.url);
    expect(reloaded.text).to.include('Terlalu banyak kode salah. Kirim kode baru.');

    app.clock.advance({ seconds: 60 });
    const again = await way.browser.submit(reloaded, 'otp/resend');
    expect((await enterCode(way.browser, again, await app.codeFor(way.citizen.phone))).text).to.include(
      'Pendaftaran berhasil',
    );
  });

  it('lets twenty parallel guesses count as five, and none of them locks the person out for the day', async () => {
    await forgetCounters();
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    const before = (await app.store.audit.list({ type: 'registration.code.refused' })).length;
    const guesses = await Promise.all(Array.from({ length: 20 }, (_, index) => type(way, wrong(code, index + 1))));
    for (const { status } of guesses) expect(status).to.be.oneOf([422, 429]);
    expect(await triesCounted()).to.equal(5);
    expect((await type(way, code)).text).to.include('Kirim kode baru');
    const refused = (await app.store.audit.list({ type: 'registration.code.refused' }))
      .slice(before)
      .map(({ details }) => details.reason);
    expect(refused.filter((reason) => reason === 'wrong')).to.have.lengthOf(4);
    expect(
      refused.filter((reason) => reason === 'dead'),
      'the fifth guess, and one for all that came too late',
    ).to.have.lengthOf(2);
  });

  it('makes one account of twenty parallel right codes', async () => {
    const way = await atCode(app);
    const before = await accounts();
    const code = await app.codeFor(way.citizen.phone);
    const pages = await Promise.all(Array.from({ length: 20 }, () => enterCode(way.browser, way.page, code)));
    for (const page of pages) expect(page.text).to.include('Pendaftaran berhasil');
    expect(await accounts()).to.equal(before + 1);
    expect((await way.browser.open(way.page.url)).text).to.include('Pendaftaran berhasil');
    expect((await app.messagesTo(way.citizen.email)).length, 'one letter').to.equal(1);
  });

  it('lets a right code among wrong ones through in whatever order they arrive', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    await Promise.all([type(way, wrong(code)), type(way, code), type(way, wrong(code, 2))]);
    expect((await way.browser.open(way.page.url)).text).to.include('Pendaftaran berhasil');
  });

  it('shows the success page again to whoever sends a used code once more, and makes nothing', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    await type(way, code);
    const before = await accounts();
    expect((await enterCode(way.browser, way.page, code)).text).to.include('Pendaftaran berhasil');
    expect(await accounts()).to.equal(before);
  });

  it('refuses a code of the same person from another registration', async () => {
    const one = await atCode(app);
    const oldest = await app.codeFor(one.citizen.phone);
    const other = await atCode(app, one.citizen);
    const newest = await app.codeFor(one.citizen.phone);
    expect(errorOf(await type(other, oldest), 'code')).to.include('Kode tidak cocok');
    expect(errorOf(await type(one, newest), 'code')).to.include('Kode tidak cocok');
    expect((await enterCode(one.browser, one.page, oldest)).text).to.include('Pendaftaran berhasil');
  });

  it('refuses a code after five minutes, counts no try, and says so', async () => {
    await forgetCounters();
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    app.clock.advance({ minutes: 5 });
    for (const typed of [code, wrong(code)]) {
      const refused = await type(way, typed);
      expect(refused.status).to.equal(422);
      expect(errorOf(refused, 'code')).to.equal('Kode sudah tidak berlaku. Kirim kode baru.');
    }
    expect(await triesCounted()).to.equal(0);
  });

  it('takes a code in the last second of its life', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    app.clock.advance({ seconds: 299 });
    expect((await enterCode(way.browser, way.page, code)).text).to.include('Pendaftaran berhasil');
  });

  it('locks the person for a day after fifteen wrong codes, over all codes and registrations, and sends no further code', async () => {
    await forgetCounters();
    const citizen = somebody();
    const first = await atCode(app, citizen);
    const guess = async (way: Way): Promise<void> => {
      const code = await app.codeFor(citizen.phone);
      for (let times = 0; times < 5; times += 1) await type(way, wrong(code, times + 1));
    };
    await guess(first);
    app.clock.advance({ minutes: 2 });
    await first.browser.submit(await first.browser.open(first.page.url), 'otp/resend');
    await guess(first);
    app.clock.advance({ minutes: 6 });
    const second = await atCode(app, citizen);
    const third = await atCode(app, { ...citizen, phone: '081366660001' });
    await guess({ ...third, citizen });
    const sent = await codesTo(app, citizen.phone);

    // `guess` has typed the newest code's neighbours at the third registration, where they were wrong as well.
    const locked = await type(second, await app.codeFor(citizen.phone));
    expect(locked.status).to.equal(429);
    expect(Number(locked.headers.get('retry-after'))).to.be.within(80_000, 86_400);
    expect(locked.text).to.include('Terlalu banyak kode salah hari ini. Coba lagi setelah');
    expect(inputOf(locked, 'code')).to.equal('');
    expect(locked.html, 'neither a new code nor another number')
      .not.to.include('otp/resend"')
      .and.not.include('register/phone"');

    app.clock.advance({ minutes: 3 });
    for (const form of ['otp/resend', 'phone']) {
      const { csrf } = second.page.form('code').fields;
      const refused = await second.browser.request(at(second.page, form), {
        method: 'POST',
        body: new URLSearchParams({ csrf: csrf!, phone: '081366660002' }),
      });
      expect(refused.status, form).to.equal(429);
      expect(refused.text).to.include('Terlalu banyak kode salah hari ini');
    }
    const late = await atContact(app, citizen);
    const again = await late.browser.post(late.page, 'email', {
      email: citizen.email,
      phone: citizen.phone,
      password: citizen.password,
    });
    expect(again.status).to.equal(429);
    expect(again.text).to.include('Terlalu banyak kode salah hari ini. Coba lagi setelah');
    expect(again.form('email').fields).to.include({ email: citizen.email, phone: citizen.phone });
    expect(await codesTo(app, citizen.phone)).to.equal(sent);
    expect(await codesTo(app, '081366660002')).to.equal(0);

    app.clock.advance({ hours: 24 });
    const nextDay = await atCode(app, citizen);
    expect((await enterCode(nextDay.browser, nextDay.page, await app.codeFor(citizen.phone))).text).to.include(
      'Pendaftaran berhasil',
    );
  });

  it('lets the new account sign in with the password that was typed, anywhere', async () => {
    const way = await atCode(app);
    await type(way, await app.codeFor(way.citizen.phone));
    const browser = new Browser();
    const home = await signIn(
      browser,
      await browser.open(`${app.url}/portal/sign-in`),
      way.citizen.nik,
      way.citizen.password,
    );
    expect(home.text).to.include('Selamat datang, Wulan Contoh Pertiwi');
  });
});
