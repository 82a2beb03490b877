import { expect } from 'chai';
import { LaneBusy } from '../../../src/crypto/lane.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { ask, at, atCode, atFinished, atPassword, enter } from './steps.ts';

const NEW = 'Perahu-Layar9!';

describe('Recovery: the new password', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
  });
  after(() => app.close());

  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  const eventsOf = async (): Promise<readonly string[]> =>
    (
      await app.database
        .knex<{ type: string; account_id: string }>('audit_log')
        .where('account_id', accountId)
        .orderBy('at')
    ).map(({ type }) => type);

  async function accepts(password: string): Promise<boolean> {
    const browser = new Browser();
    const page = await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, password);
    app.clock.advance({ seconds: 3 });
    return page.text.includes(citizen.name);
  }

  const refused: readonly [string, (citizen: Citizen) => string, string][] = [
    ['nothing', () => '', 'Buat kata sandi'],
    ['too short', () => 'Ab1!', 'Minimal 8 karakter'],
    ['without a digit', () => 'Perahu-Layar!', 'Ada angka'],
    ['a favourite', () => 'Indonesia1!', 'mudah ditebak'],
    ['with the name', () => 'Pertiwi-2026!', 'Jangan pakai nama'],
    ['with the number', ({ phone }) => `Hp-${phone}!`, 'Jangan pakai nama'],
    ['of 129 characters', () => 'Perahu-Layar9!'.repeat(10).slice(0, 129), '128'],
  ];
  it('must keep to the rules, which know whose it is; the page says what is wrong and keeps nothing of it', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    for (const [name, of, words] of refused) {
      const password = of(citizen);
      const answer = await browser.submit(page, 'password', { password });
      expect(answer.status, name).to.equal(422);
      expect(answer.text, name).to.include(words);
      if (password !== '') expect(answer.html, name).not.to.include(password);
    }
    expect(await accepts(citizen.password), 'nothing has changed').to.equal(true);
    expect((await browser.submit(page, 'password', { password: NEW })).text).to.include('Kata sandi sudah diganti');
    expect(await accepts(NEW)).to.equal(true);
  });

  it('waits for a free moment of the machine: says so, with a time to come back, and can be sent again', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    const { passwords } = app.container;
    const hash = passwords.hash.bind(passwords);
    Object.assign(passwords, { hash: () => Promise.reject(new LaneBusy(7)) });
    const busy = await browser.submit(page, 'password', { password: NEW });
    Object.assign(passwords, { hash });
    expect(busy.status).to.equal(503);
    expect(busy.headers.get('retry-after')).to.equal('7');
    expect(busy.text).to.include('dalam 7 detik');
    expect((await browser.submit(busy, 'password', { password: NEW })).text).to.include('Kata sandi sudah diganti');
  });

  it('is set once however often the button is pressed, and told in one letter', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    const answers = await Promise.all([1, 2, 3].map(() => browser.post(page, 'password', { password: NEW })));
    expect(answers.map(({ status }) => status)).to.deep.equal([303, 303, 303]);
    const late = await browser.post(page, 'password', { password: 'Bukan-Yang-Ini7!' });
    expect(late.headers.get('location')).to.match(/\/recover\/finished$/);
    expect((await app.messagesTo(citizen.email)).map(({ subject }) => subject)).to.deep.equal([
      'Kata sandi Anda telah diganti',
    ]);
    expect(await accepts(NEW)).to.equal(true);
    expect((await eventsOf()).filter((type) => type === 'recovery.completed')).to.have.length(1);
  });

  it('comes from one of two recoveries at once: the other has to begin again', async () => {
    const one = await atPassword(app, citizen.nik, citizen.phone);
    const two = await atPassword(app, citizen.email, citizen.email);
    const [first, second] = await Promise.all([
      one.browser.submit(one.page, 'password', { password: NEW }),
      two.browser.submit(two.page, 'password', { password: 'Gunung-Tinggi8#' }),
    ]);
    const [winner, loser] = first.url.pathname.endsWith('/finished') ? [NEW, second] : ['Gunung-Tinggi8#', first];
    expect(loser.status).to.equal(422);
    expect(loser.text).to.include('Minta kode baru.');
    expect(await accepts(winner)).to.equal(true);
    expect(await accepts(winner === NEW ? 'Gunung-Tinggi8#' : NEW)).to.equal(false);
  });

  it('is not set by a proof that is a quarter of an hour old', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    app.clock.advance({ minutes: 15, seconds: 1 });
    const stale = await browser.submit(page, 'password', { password: NEW });
    expect(stale.status).to.equal(422);
    expect(stale.text).to.include('Waktu untuk membuat kata sandi sudah habis');
    expect(await accepts(NEW)).to.equal(false);

    const code = await ask(browser, stale, citizen.nik);
    expect(code.url.pathname, 'the form of that page begins anew').to.match(/\/recover\/code$/);
    expect((await enter(browser, code, await app.codeFor(citizen.phone))).url.pathname).to.match(
      /\/recover\/password$/,
    );
  });

  it('is not set where the contact went to somebody else after the code', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    const account = await app.store.accounts.findById(accountId);
    await app.store.accounts.releasePhone(account!.phone!, undefined, app.clock.now());
    expect((await browser.submit(page, 'password', { password: NEW })).status).to.equal(422);
    expect(await accepts(NEW)).to.equal(false);
  });

  it('is not set for an account that was suspended after the code; and a session is not begun for one suspended later still', async () => {
    const { browser, page } = await atPassword(app, citizen.nik, citizen.phone);
    await app.store.accounts.setStatus(accountId, 'suspended', app.clock.now());
    const suspended = await browser.submit(page, 'password', { password: NEW });
    expect(suspended.status).to.equal(422);
    expect(suspended.text).to.include('Akun ini dinonaktifkan sementara.');
    expect(suspended.html, 'leads to whom the code is for').to.match(/role="alert"[^]*href="\/help"[^]*<form/);

    await app.store.accounts.setStatus(accountId, 'active', app.clock.now());
    app.clock.advance({ seconds: 61 });
    const finished = await atFinished(app, citizen.nik, citizen.phone, NEW);
    await app.store.accounts.setStatus(accountId, 'suspended', app.clock.now());
    const refusedAtLast = await finished.browser.submit(finished.page, 'recover/finished');
    expect(refusedAtLast.text).to.include('Masuk ke akun').and.not.include(citizen.name);
  });

  it('signs in by the success page no more once it was replaced by another', async () => {
    const { browser, page } = await atFinished(app, citizen.nik, citizen.phone, NEW);
    app.clock.advance({ seconds: 2 });
    await atFinished(app, citizen.email, citizen.email, 'Gunung-Tinggi8#');
    const back = await browser.submit(page, 'recover/finished');
    expect(back.text).to.include('Masuk ke akun').and.not.include(citizen.name);
  });

  it('proves the number anew: half a year later it still recovers the account', async () => {
    const young = somebody();
    const youngId = await addAccount(app, young, { emailVerified: false });
    app.clock.advance({ days: 170 });
    await atFinished(app, young.nik, young.phone, NEW);
    app.clock.advance({ days: 170 });
    await atFinished(app, young.nik, young.phone, 'Gunung-Tinggi8#');

    app.clock.advance({ days: 181 });
    const { browser, page } = await atCode(app, young.nik);
    expect(
      (await app.messagesTo(young.phone)).filter(({ code }) => code !== null),
      'too old to be trusted alone',
    ).to.have.length(2);
    expect(page.text)
      .to.include('Jika data sesuai, kode sudah kami kirim.')
      .and.include('HP dan email saya sudah tidak aktif');
    expect((await enter(browser, page, '000000')).text).to.include('Sisa percobaan: 4.');
    expect((await app.store.accounts.findById(youngId))?.status).to.equal('active');
  });

  it('goes by the confirmed address where the number was not proved for half a year', async () => {
    app.clock.advance({ days: 181 });
    const { browser, page } = await atCode(app, citizen.nik);
    expect(await app.messagesTo(citizen.phone)).to.deep.equal([]);
    const [letter] = await app.messagesTo(citizen.email);
    expect(letter).to.include({ subject: 'Permohonan pemulihan akun' });
    const password = await enter(browser, page, letter!.code!);
    expect((await browser.submit(password, 'password', { password: NEW })).text).to.include('Kata sandi sudah diganti');
  });

  it('is told by name to a confirmed address alone', async () => {
    const unconfirmed = somebody();
    await addAccount(app, unconfirmed, { emailVerified: false });
    await atFinished(app, unconfirmed.email, unconfirmed.phone, NEW);
    const [letter] = await app.messagesTo(unconfirmed.email);
    expect(letter).to.include({ subject: 'Kata sandi Anda telah diganti' });
    expect(letter!.text).not.to.include(unconfirmed.name);
  });

  it('leaves a trace of each step, and nothing of what was typed or sent', async () => {
    const from = app.logLines.length;
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const password = await enter(browser, page, code);
    await browser.submit(password, 'password', { password: NEW });
    expect(await eventsOf()).to.deep.equal(['recovery.code.sent', 'recovery.completed']);
    const lines = app.logLines.slice(from).join('');
    for (const secret of [citizen.nik, citizen.phone.slice(1), citizen.email, citizen.name, NEW, `"${code}"`])
      expect(lines).not.to.include(secret);
    expect((await browser.open(at(page, 'recover'))).url.pathname).to.match(/\/recover\/finished$/);
  });
});
