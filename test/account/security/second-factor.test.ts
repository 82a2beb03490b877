import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount, type AccountChanges } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Authenticator, giveSecondFactor, recoveryCodesOn } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode, signIn } from '../../support/journeys.ts';

describe('The account page about the second factor', () => {
  let app: TestApp;
  const at = (path = ''): string => `${app.url}/account/security${path}`;

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  async function newcomer(
    changes: AccountChanges = {},
  ): Promise<{ citizen: Citizen; id: AccountId; browser: Browser }> {
    const citizen = somebody();
    return { citizen, id: await addAccount(app, citizen, changes), browser: new Browser() };
  }

  async function signInAt(browser: Browser, path: string, { nik, password }: Citizen): Promise<Page> {
    return signIn(browser, await browser.open(at(path)), nik, password);
  }

  const subjectsTo = async ({ email }: Citizen): Promise<string[]> =>
    (await app.messagesTo(email)).map(({ subject }) => subject ?? '');

  it('leads from the home page through enrolment and back, without a way round it', async () => {
    const { citizen, id, browser } = await newcomer();
    const home = await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const off = await browser.open(home.link('Keamanan akun'));
    expect(off.text).to.include('Belum aktif');
    const enrol = await browser.open(off.link('Aktifkan'));
    expect(enrol.url.pathname).to.match(/second-factor\/enrol$/);
    expect(enrol.forms.some(({ action }) => action.endsWith('decline'))).to.equal(false);
    const shown = await enterCode(browser, enrol, Authenticator.from(app, enrol).code());
    expect(recoveryCodesOn(shown)).to.have.length(10);
    const on = await browser.submit(shown, 'recovery-codes');
    expect(on.url.href).to.equal(at());
    expect(on.text).to.include('Kode cadangan yang belum dipakai: 10');
    expect(await app.store.secondFactors.isEnrolled(id)).to.equal(true);
  });

  it('makes new recovery codes, shows them once and tells the person; the old ones are worth nothing', async () => {
    const { citizen, id, browser } = await newcomer();
    const {
      authenticator,
      recoveryCodes: [old = ''],
    } = await giveSecondFactor(app, id);
    const asked = await enterCode(browser, await signInAt(browser, '/recovery-codes', citizen), authenticator.next());
    expect(asked.url.href).to.equal(at('/recovery-codes'));
    const shown = await browser.submit(asked, 'recovery-codes');
    const [fresh = ''] = recoveryCodesOn(shown);
    expect(recoveryCodesOn(await browser.open(at('/recovery-codes')))).to.deep.equal([]);
    expect(await subjectsTo(citizen)).to.include('Kode cadangan Anda diganti');

    const other = new Browser();
    const page = await other.open((await signInAt(other, '', citizen)).link('recovery-code'));
    expect((await other.post(page, 'recovery_code', { recovery_code: old })).status).to.equal(422);
    expect((await other.submit(page, 'recovery_code', { recovery_code: fresh })).url.href).to.equal(at());
  });

  it('switches it off for who has just proved both factors, and tells the person', async () => {
    const { citizen, id, browser } = await newcomer();
    const { authenticator } = await giveSecondFactor(app, id);
    app.clock.advance({ minutes: -10 });
    await enterCode(browser, await signInAt(browser, '', citizen), authenticator.next());
    app.clock.advance({ minutes: 10 });
    const stale = await browser.open(at('/remove'));
    expect(stale.url.pathname, 'a browser that was left open').to.match(/\/login$/);
    const asked = await enterCode(
      browser,
      await signIn(browser, stale, citizen.nik, citizen.password),
      authenticator.next(),
    );
    const done = await browser.submit(asked, 'remove');
    expect(done.text).to.include('Verifikasi dua langkah sudah dimatikan').and.include('Belum aktif');
    expect(await subjectsTo(citizen)).to.include('Verifikasi dua langkah dimatikan');
    expect(
      (await app.store.audit.list({ accountId: id, type: 'second-factor.removed' })).map(({ details }) => details),
    ).to.deep.equal([{ by: 'person' }]);
    expect((await signInAt(new Browser(), '', citizen)).url.href, 'the password is enough again').to.equal(at());
  });

  describe('over and over', () => {
    const events = async (id: AccountId, type: string): Promise<number> =>
      (await app.store.audit.list({ accountId: id, type })).length;
    const renewals = (id: AccountId): Promise<number> => events(id, 'second-factor.recovery-codes-renewed');

    it('makes new recovery codes five times a day, then says until when the last ones must do', async () => {
      const { citizen, id, browser } = await newcomer();
      const { authenticator } = await giveSecondFactor(app, id);
      let page = await enterCode(browser, await signInAt(browser, '/recovery-codes', citizen), authenticator.next());
      let last: string | undefined;
      for (let time = 1; time <= 20; time += 1) {
        const answer = await browser.submit(page, 'recovery-codes');
        expect(answer.status, `time ${time}`).to.equal(time <= 5 ? 200 : 429);
        if (time <= 5) [last] = recoveryCodesOn(answer);
        else
          expect(answer.text)
            .to.include('Kode yang terakhir tetap berlaku')
            .and.match(/Coba lagi setelah .*\d/);
        expect(Number(answer.headers.get('retry-after') ?? 0) > 0).to.equal(time > 5);
        page = await browser.open(at('/recovery-codes'));
      }
      expect(await renewals(id)).to.equal(5);
      expect((await subjectsTo(citizen)).filter((subject) => subject === 'Kode cadangan Anda diganti')).to.have.length(
        5,
      );
      expect(
        (await app.store.audit.list({ accountId: id, type: 'second-factor.refused' })).map(({ details }) => details),
        'once an hour',
      ).to.deep.equal([{ reason: 'limited' }]);

      const other = new Browser();
      const lost = await other.open((await signInAt(other, '', citizen)).link('recovery-code'));
      expect((await other.submit(lost, 'recovery_code', { recovery_code: last ?? '' })).url.href).to.equal(at());
    });

    it('writes to an address that nobody has proved once a day, whatever is changed how often', async () => {
      const { citizen, id, browser } = await newcomer({ emailVerified: false });
      const { authenticator } = await giveSecondFactor(app, id);
      await enterCode(browser, await signInAt(browser, '/recovery-codes', citizen), authenticator.next());
      for (let time = 0; time < 5; time += 1)
        await browser.submit(await browser.open(at('/recovery-codes')), 'recovery-codes');
      expect(await renewals(id)).to.equal(5);
      await browser.submit(await browser.open(at('/remove')), 'remove');
      expect(await subjectsTo(citizen)).to.deep.equal(['Verifikasi dua langkah sudah aktif']);
      // What an operator does is told all the same.
      await giveSecondFactor(app, id);
      await app.store.transaction((tx) =>
        app.container.secondFactors.remove(tx, id, { by: 'cli:uji', reason: 'HP hilang' }),
      );
      expect(await subjectsTo(citizen)).to.have.length(2);
      app.clock.advance({ days: 1, seconds: 1 });
      await giveSecondFactor(app, id);
      expect(await subjectsTo(citizen)).to.have.length(3);
      app.clock.advance({ days: -1, seconds: -1 });
    });

    it('sets up five apps a day and no sixth; wrong codes on the way cost nothing', async () => {
      const { citizen, id } = await newcomer();
      for (let time = 1; time <= 6; time += 1) {
        const one = new Browser();
        const page = await signInAt(one, '/enrol', citizen);
        const authenticator = Authenticator.from(app, page);
        expect((await one.post(page, 'code', { code: authenticator.wrong() })).status).to.equal(time <= 5 ? 422 : 429);
        const answer = await enterCode(one, page, authenticator.code());
        expect(answer.status, `time ${time}`).to.equal(time <= 5 ? 200 : 429);
        if (time === 6) expect(answer.text).to.include('Verifikasi dua langkah terlalu sering diaktifkan hari ini');
        else await app.store.transaction((tx) => app.container.secondFactors.remove(tx, id, { by: 'person' }));
      }
      expect(await events(id, 'second-factor.enrolled')).to.equal(5);
      expect(await app.store.secondFactors.isEnrolled(id)).to.equal(false);
    });
  });

  describe('at moments that lie apart', () => {
    // The library's own clock is the machine's: what is to be old has to lie in the past.
    beforeEach(() => {
      app.clock.advance({ minutes: -40 });
    });
    let passed = 0;
    const pass = (minutes: number): void => {
      app.clock.advance({ minutes });
      passed += minutes;
    };
    afterEach(() => {
      app.clock.advance({ minutes: 40 - passed });
      passed = 0;
    });

    it('takes a code that comes minutes after the password, and counts the five minutes from the code', async () => {
      const { citizen, id, browser } = await newcomer();
      const { authenticator } = await giveSecondFactor(app, id);
      const waiting = await signInAt(browser, '/recovery-codes', citizen);
      pass(14);
      expect((await enterCode(browser, waiting, authenticator.next())).url.href).to.equal(at('/recovery-codes'));
      pass(4);
      expect((await browser.open(at('/remove'))).url.href).to.equal(at('/remove'));
      pass(2);
      expect((await browser.open(at('/remove'))).url.pathname, 'a browser that was left open').to.match(/\/login$/);
    });

    it('takes a backup code that was looked for, so that a lost telephone costs one of them', async () => {
      const { citizen, id, browser } = await newcomer();
      const {
        recoveryCodes: [code = ''],
      } = await giveSecondFactor(app, id);
      const page = await browser.open((await signInAt(browser, '/remove', citizen)).link('recovery-code'));
      pass(6);
      const asked = await browser.submit(page, 'recovery_code', { recovery_code: code });
      expect((await browser.submit(asked, 'remove')).text).to.include('Verifikasi dua langkah sudah dimatikan');
    });

    it('takes the first code of an app that took minutes to set up', async () => {
      const { citizen, browser } = await newcomer();
      const enrol = await signInAt(browser, '/recovery-codes', citizen);
      pass(6);
      const shown = await enterCode(browser, enrol, Authenticator.from(app, enrol).code());
      expect((await browser.submit(shown, 'recovery-codes')).url.href).to.equal(at('/recovery-codes'));
    });

    it('takes a code on top of an old password for no new sign-in', async () => {
      const { citizen, id, browser } = await newcomer();
      await signInAt(browser, '', citizen);
      const { authenticator } = await giveSecondFactor(app, id);
      pass(16);
      const stepUp = await browser.open(at('/enrol'));
      expect(stepUp.url.pathname, 'the code alone').to.match(/second-factor$/);
      expect((await enterCode(browser, stepUp, authenticator.next())).url.href).to.equal(at());
      expect((await browser.open(at('/remove'))).url.pathname).to.match(/\/login$/);
    });
  });

  it('switches nothing off by a form from elsewhere, nor with the password alone', async () => {
    const { citizen, id, browser } = await newcomer();
    await signInAt(browser, '', citizen);
    const { authenticator } = await giveSecondFactor(app, id);
    const send = () => browser.request(at('/remove'), { method: 'POST', body: new URLSearchParams() });
    expect((await send()).headers.get('location')).to.include('/auth?');
    await enterCode(browser, await browser.open(at('/remove')), authenticator.next());
    expect((await send()).status).to.equal(403);
    expect(await app.store.secondFactors.isEnrolled(id)).to.equal(true);
  });

  it('lets nobody in whose way here was bent to ask for less', async () => {
    const { citizen, browser } = await newcomer();
    const way = new URL((await browser.request(at('/remove'))).headers.get('location') ?? '', app.url);
    way.searchParams.delete('acr_values');
    const back = await signIn(browser, await browser.open(way), citizen.nik, citizen.password);
    expect(back.status).to.equal(403);
    expect(back.url.pathname).to.equal('/portal/return');
  });
});
