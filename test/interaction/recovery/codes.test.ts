import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { attempt } from '../login/attempts.ts';
import { ask, at, atAsk, atCode, codesTo, enter, retryAfter, wrong } from './steps.ts';

describe('Recovery: codes', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    app.clock.stop();
  });
  after(() => app.close());

  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  const isPassword = (page: { url: URL }): boolean => page.url.pathname.endsWith('/recover/password');

  it('says how many tries are left, ends with the fifth, and opens to no code any more, not even the right one', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    for (const left of [4, 3, 2, 1]) {
      const refused = await enter(browser, page, wrong(code, left));
      expect(refused.status).to.equal(422);
      expect(refused.text).to.include(`Sisa percobaan: ${left}.`);
    }
    expect((await enter(browser, page, wrong(code, 5))).text).to.include('Terlalu banyak kode salah. Kirim kode baru.');
    const dead = await enter(browser, page, code);
    expect(dead.status).to.equal(422);
    expect(
      dead.forms.some(({ fields }) => 'code' in fields),
      'no field for it',
    ).to.equal(false);
  });

  it('lets forty parallel guesses be five', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => browser.post(page, 'code', { code: wrong(code, index + 1) })),
    );
    expect(answers.filter(({ text }) => text.includes('Sisa percobaan')).length).to.equal(4);
    expect(answers.every(({ status }) => status === 422 || status === 429)).to.equal(true);
    expect(isPassword(await enter(browser, page, code)), 'the right one comes too late').to.equal(false);
  });

  it('lets the right code in once when it comes many times at once', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const answers = await Promise.all(Array.from({ length: 8 }, () => browser.post(page, 'code', { code })));
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([303]));
    const proofs = await app.database.knex('audit_log').where('type', 'like', 'recovery.%').select('type');
    expect(proofs.some(({ type }: { type: string }) => type === 'recovery.completed')).to.equal(false);
    expect(isPassword(await browser.open(at(page, 'recover')))).to.equal(true);
  });

  it('refuses the code of one sign-in in another, and one that was used', async () => {
    const first = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    app.clock.advance({ seconds: 61 });
    const second = await atCode(app, citizen.nik);
    expect((await enter(second.browser, second.page, code)).status, 'of another sign-in').to.equal(422);
    expect(isPassword(await enter(first.browser, first.page, code))).to.equal(true);
    await first.browser.submit(await first.browser.open(at(first.page, 'recover/password')), 'password', {
      password: 'Perahu-Layar9!',
    });
    const replayed = await enter(first.browser, first.page, code);
    expect(replayed.url.pathname).to.match(/\/recover\/finished$/);
    expect((await enter(second.browser, second.page, code)).status).to.equal(422);
  });

  it('refuses a code after five minutes, without counting it', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    app.clock.advance({ minutes: 5 });
    for (let tries = 0; tries < 20; tries += 1) {
      const refused = await enter(browser, page, wrong(code, tries));
      expect(refused.status).to.equal(422);
      expect(refused.text).to.include('Kode sudah tidak berlaku. Kirim kode baru.');
    }
  });

  it('sends again after the wait, which the answer says, and the old code dies', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const old = await app.codeFor(citizen.phone);
    app.clock.advance({ seconds: 10 });
    const early = await browser.submit(page, 'recover/code/resend');
    expect(early.status).to.equal(429);
    expect(retryAfter(early)).to.equal(50);
    expect(early.text).to.include(`Kirim ulang dapat dilakukan dalam ${retryAfter(early)} detik`);

    app.clock.advance({ seconds: 51 });
    const again = await browser.submit(page, 'recover/code/resend');
    expect(again.text).to.include('Jika data sesuai, kode baru sudah kami kirim.').and.include('dalam 120 detik');
    const fresh = await app.codeFor(citizen.phone);
    expect(await codesTo(app, citizen.phone)).to.equal(2);
    if (fresh !== old) expect((await enter(browser, again, old)).status).to.equal(422);
    expect(isPassword(await enter(browser, again, fresh))).to.equal(true);
  });

  it('takes the code on the page of a refusal, too: what is typed there asks for no other code', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    app.clock.advance({ seconds: 50 });
    const early = await browser.submit(page, 'recover/code/resend');
    expect(early.status).to.equal(429);
    app.clock.advance({ seconds: 12 });
    expect(isPassword(await enter(browser, early, await app.codeFor(citizen.phone)))).to.equal(true);
    expect(await codesTo(app, citizen.phone)).to.equal(1);
  });

  it('sends one SMS for a button pressed twice, whichever button', async () => {
    const { browser, page } = await atAsk(app);
    const answers = await Promise.all(
      [1, 2, 3].map(() => browser.post(page, 'identifier', { identifier: citizen.nik })),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([303, 303, 303]);
    expect(await codesTo(app, citizen.phone)).to.equal(1);
    expect((await browser.post(page, 'identifier', { identifier: citizen.nik })).status, 'and a moment later').to.equal(
      303,
    );

    const code = await browser.open(at(page, 'recover/code'));
    app.clock.advance({ seconds: 61 });
    const resent = await Promise.all([1, 2, 3].map(() => browser.post(code, 'recover/code/resend')));
    expect(resent.map(({ status }) => status)).to.deep.equal([303, 303, 303]);
    expect(await codesTo(app, citizen.phone)).to.equal(2);
  });

  it('sends one SMS to whom many browsers ask for by the same data at one moment, and the rest of the day’s codes when they may be asked for', async () => {
    const ways = await Promise.all(Array.from({ length: 5 }, () => atAsk(app)));
    const answers = await Promise.all(
      ways.map(({ browser, page }) => browser.post(page, 'identifier', { identifier: citizen.nik })),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([303, 429, 429, 429, 429]);
    for (const refused of answers.filter(({ status }) => status === 429))
      expect(retryAfter(refused)).to.be.within(1, 60);
    expect(await codesTo(app, citizen.phone)).to.equal(1);
    app.clock.advance({ seconds: 61 });
    await atCode(app, citizen.nik);
    expect(await codesTo(app, citizen.phone)).to.equal(2);
  });

  it('starts over with other data where the citizen wants to, and the code of the first is worth nothing then', async () => {
    const other = somebody();
    await addAccount(app, other);
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const first = await browser.submit(page, 'recover/restart');
    expect(first.url.pathname).to.match(/\/recover$/);
    const again = await ask(browser, first, other.email);
    expect((await enter(browser, again, code)).status).to.equal(422);
    expect(isPassword(await enter(browser, again, await app.codeFor(other.email)))).to.equal(true);
  });

  it('floods nobody’s phone: five SMS a day, however many browsers ask by whatever data', async () => {
    for (let count = 0; count < 4; count += 1) {
      for (const identifier of [citizen.nik, citizen.phone])
        await ask(new Browser(), (await atAsk(app)).page, identifier);
      const one = new Browser();
      for (const identifier of [citizen.nik, citizen.phone])
        await one.post((await atAsk(app, one)).page, 'identifier', { identifier });
      expect(await codesTo(app, citizen.phone)).to.equal(Math.min(5, 2 * count + 2));
      app.clock.advance({ minutes: 16 });
    }
    // The address has a count of its own: the citizen still gets in.
    const { browser, page } = await atCode(app, citizen.email);
    expect(isPassword(await enter(browser, page, await app.codeFor(citizen.email)))).to.equal(true);
  });

  it('sends to the citizen’s own device when a stranger has used up the number, and to that device not without end', async () => {
    const own = new Browser();
    expect((await attempt(app, own, citizen.nik, citizen.password)).status).to.equal(303);
    own.forgetCookies((name) => name.startsWith('device'));
    const sentTo = async (browser: Browser, identifier: string): Promise<number> => {
      const before = await codesTo(app, citizen.phone);
      await atCode(app, identifier, browser);
      const sent = (await codesTo(app, citizen.phone)) - before;
      app.clock.advance({ minutes: 16 });
      return sent;
    };
    for (let count = 0; count < 5; count += 1) expect(await sentTo(new Browser(), citizen.phone)).to.equal(1);
    expect(await sentTo(new Browser(), citizen.nik), 'a stranger').to.equal(0);
    for (let count = 0; count < 4; count += 1) {
      expect(await sentTo(own, citizen.nik), 'the own device').to.equal(1);
      own.forgetCookies((name) => name.startsWith('device'));
    }
    for (let count = 0; count < 2; count += 1) {
      await atCode(app, citizen.email, own);
      own.forgetCookies((name) => name.startsWith('device'));
      // Before time leaps, or the message is too old to be sent.
      await app.container.courier.flush();
      app.clock.advance({ minutes: 16 });
    }
    expect(await codesTo(app, citizen.email), 'the fifth by whatever data, and no sixth').to.equal(1);
  });

  it('stops after fifteen wrong codes a day, over all data and browsers, and tells only who has the right one', async () => {
    for (const identifier of [citizen.nik, citizen.phone, citizen.email]) {
      const { browser, page } = await atCode(app, identifier);
      for (let tries = 0; tries < 5; tries += 1) await enter(browser, page, '000000');
      app.clock.advance({ minutes: 1 });
    }
    expect(await codesTo(app, citizen.phone)).to.equal(2);
    app.clock.advance({ minutes: 16 });
    await atCode(app, citizen.phone);
    expect(await codesTo(app, citizen.phone), 'a locked person gets no code').to.equal(2);

    app.clock.advance({ days: 1, minutes: 1 });
    const { browser, page } = await atCode(app, citizen.phone);
    expect(isPassword(await enter(browser, page, await app.codeFor(citizen.phone))), 'the next day').to.equal(true);
  });

  it('refuses the right code, and says until when, once others have used up the day’s tries with other data', async () => {
    const mine = await atCode(app, citizen.email);
    for (let round = 0; round < 3; round += 1) {
      const { browser, page } = await atCode(app, citizen.nik);
      for (let tries = 0; tries < 5; tries += 1) await enter(browser, page, '000000');
      app.clock.advance({ seconds: 61 });
      if (round === 1) app.clock.advance({ seconds: 60 });
    }
    const refused = await enter(mine.browser, mine.page, await app.codeFor(citizen.email));
    expect(refused.status).to.equal(429);
    expect(refused.text).to.include('Terlalu banyak kode salah hari ini. Coba lagi setelah');
    expect(retryAfter(refused)).to.be.greaterThan(80_000);
  });

  it('stops one device and one network that ask for many people', async () => {
    const small = await startTestApp({ limits: { recoveryPerDevice: 3, recoveryPerNetwork: 5 } });
    try {
      const device = new Browser();
      const answer = async (browser: Browser): Promise<number> =>
        (await browser.post((await atAsk(small, browser)).page, 'identifier', { identifier: somebody().nik })).status;
      expect([await answer(device), await answer(device), await answer(device), await answer(device)]).to.deep.equal([
        303, 303, 303, 429,
      ]);
      expect([await answer(new Browser()), await answer(new Browser()), await answer(new Browser())]).to.deep.equal([
        303, 303, 429,
      ]);
    } finally {
      await small.close();
    }
  });

  it('refuses everybody while the counters cannot be read, and sends nothing', async () => {
    const { browser, page } = await atAsk(app);
    const { counters } = app.container;
    const takeAll = counters.takeAll.bind(counters);
    Object.assign(counters, { takeAll: () => Promise.reject(new Error('counters are away')) });
    const refused = await browser.post(page, 'identifier', { identifier: citizen.nik });
    Object.assign(counters, { takeAll });
    expect(refused.status).to.equal(500);
    expect(await codesTo(app, citizen.phone)).to.equal(0);
  });

  it('is kept from an account whose number went to somebody else while the code was on its way', async () => {
    const { browser, page } = await atCode(app, citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const account = await app.store.accounts.findById(accountId);
    await app.store.accounts.releasePhone(account!.phone!, undefined, app.clock.now());
    expect((await enter(browser, page, code)).status).to.equal(422);
  });
});
