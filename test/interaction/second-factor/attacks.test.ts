import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { acr } from '../../../src/domain/assurance.ts';
import type { OtpCode } from '../../../src/domain/otp.ts';
import type { ProtocolRewrite } from '../../../src/store/protocol-state.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Authenticator, giveSecondFactor, recoveryCodesOn } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { everythingIn } from '../../support/database.ts';
import { enterCode, signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';

const insists = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [acr.twoFactor] } } }) };

interface Victim {
  readonly citizen: Citizen;
  readonly id: AccountId;
  readonly authenticator: Authenticator;
  readonly recoveryCodes: readonly string[];
}

describe('Second factor: whoever has the password', () => {
  let app: TestApp;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    service = await createRelyingParty(app);
    // A code must not grow old between its first use and its second.
    app.clock.stop();
  });
  after(() => app.close());

  async function enrolled(): Promise<Victim> {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    return { citizen, id, ...(await giveSecondFactor(app, id)) };
  }

  /** The page that stands after the password, in a browser of its own. */
  async function withPassword({ nik, password }: Citizen): Promise<{ browser: Browser; page: Page }> {
    const browser = new Browser();
    return { browser, page: await signIn(browser, (await visit(browser, service, insists)).page, nik, password) };
  }

  const refusalsOf = async (accountId: AccountId): Promise<unknown[]> =>
    (await app.store.audit.list({ accountId, type: 'second-factor.refused' })).map(
      ({ details }) => (details as { reason: string }).reason,
    );

  it('is asked for its code too where it was set up while the password was looked at', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    const { passwords } = app.container;
    const verify = passwords.verify.bind(passwords);
    Object.assign(passwords, {
      async verify(...args: Parameters<typeof verify>) {
        await giveSecondFactor(app, id);
        return verify(...args);
      },
    });
    const browser = new Browser();
    const { page } = await visit(browser, service);
    const next = await signIn(browser, page, citizen.nik, citizen.password).finally(() =>
      Object.assign(passwords, { verify }),
    );
    expect(next.url.pathname).to.match(/\/second-factor$/);
  });

  it('has a session of another id once the second factor is proved, though the password was proved on the same way', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    const [browser, { audit }] = [new Browser(), app.container.store];
    const append = audit.append.bind(audit);
    let given: ReturnType<typeof giveSecondFactor> | undefined;
    // After the question whether there is one, and before the way back.
    Object.assign(audit, {
      append: async (...args: Parameters<typeof append>) => {
        if (args[0].type === 'sign-in.succeeded') await (given ??= giveSecondFactor(app, id));
        return append(...args);
      },
    });
    const asked = await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password).finally(
      () => Object.assign(audit, { append }),
    );
    const before = browser.cookie('session');
    expect(asked.url.pathname).to.match(/\/second-factor$/);
    expect(isHome(await enterCode(browser, asked, (await given)!.authenticator.next()), service)).to.equal(true);
    expect(browser.cookie('session')).to.be.a('string').and.not.to.equal(before);
  });

  it('comes home by a second press of the button too, which finds the code used by the first', async () => {
    const { citizen, authenticator } = await enrolled();
    const { browser, page } = await withPassword(citizen);
    const code = authenticator.next();
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let second: Page | undefined;
    Object.assign(protocolState, {
      async replace(write: ProtocolRewrite) {
        const isThere = await usual.replace(write);
        second ??= await browser.post(page, 'code', { code });
        return isThere;
      },
    });
    const first = await browser.post(page, 'code', { code }).finally(() => Object.assign(protocolState, usual));
    for (const answer of [second!, first])
      expect(
        isHome(await browser.follow(answer), service),
        `${answer.status} ${answer.headers.get('location')}`,
      ).to.equal(true);
  });

  it('gets nowhere round the question: neither on to the service, nor to a session, nor to another step', async () => {
    const { citizen, recoveryCodes } = await enrolled();
    const { browser, page } = await withPassword(citizen);
    const uid = page.url.pathname.split('/')[2] ?? '';
    for (const way of [
      `/auth/${uid}`,
      `/interaction/${uid}`,
      `/interaction/${uid}/second-factor/enrol`,
      `/interaction/${uid}/second-factor/recovery-codes`,
    ]) {
      const led = await browser.open(`${app.url}${way}`);
      expect(isHome(led, service), way).to.equal(false);
      expect(
        recoveryCodes.some((code) => led.html.includes(code)),
        way,
      ).to.equal(false);
    }
    const csrf = page.form('code').fields._csrf ?? '';
    for (const way of ['recovery-codes', 'decline', 'enrol']) {
      const led = await browser.follow(
        await browser.request(`${app.url}/interaction/${uid}/second-factor/${way}`, {
          method: 'POST',
          body: new URLSearchParams({ _csrf: csrf, code: '000000' }),
        }),
      );
      expect(isHome(led, service), way).to.equal(false);
    }
    expect((await browser.open(app.url)).text).not.to.include(citizen.name);
    expect((await browser.open(`${app.url}/account/security`)).url.pathname).to.match(/\/login$/);
  });

  it('cannot use a code a second time, nor an older one after it', async () => {
    const { citizen, id, authenticator } = await enrolled();
    const older = authenticator.next();
    const code = authenticator.next();
    const owner = await withPassword(citizen);
    expect(isHome(await enterCode(owner.browser, owner.page, code), service)).to.equal(true);
    const thief = await withPassword(citizen);
    for (const seen of [code, older]) {
      const refused = await enterCode(thief.browser, thief.page, seen);
      expect(refused.status).to.equal(422);
      expect(refused.text).to.include('tidak cocok atau sudah pernah dipakai');
    }
    expect(await refusalsOf(id)).to.deep.equal(['used', 'used']);
  });

  it('cannot use a code at the same moment as its owner: of many one wins', async () => {
    const {
      citizen,
      authenticator,
      recoveryCodes: [lost = ''],
    } = await enrolled();
    const racers = await Promise.all(Array.from({ length: 4 }, () => withPassword(citizen)));
    const code = authenticator.next();
    const homes = await Promise.all(racers.map(({ browser, page }) => enterCode(browser, page, code)));
    expect(homes.filter((page) => isHome(page, service))).to.have.length(1);

    const losers = racers.filter((_, index) => !isHome(homes[index]!, service));
    const pages = await Promise.all(losers.map(({ browser, page }) => browser.open(page.link('recovery-code'))));
    const again = await Promise.all(
      losers.map(({ browser }, index) => browser.submit(pages[index]!, 'recovery_code', { recovery_code: lost })),
    );
    expect(
      again.filter((page) => isHome(page, service)),
      'recovery code',
    ).to.have.length(1);
  });

  it('has five guesses, in parallel too and over all browsers, then waits; the right code waits with them', async () => {
    const {
      citizen,
      id,
      authenticator,
      recoveryCodes: [lost = ''],
    } = await enrolled();
    const thief = await withPassword(citizen);
    const wrong = authenticator.wrong();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        thief.browser.post(thief.page, 'code', {
          code: String((Number(wrong) + index * 7) % 1_000_000).padStart(6, '0'),
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 429).length).to.be.at.least(7);
    expect((await refusalsOf(id)).filter((reason) => reason === 'wrong')).to.have.length(5);

    const owner = await withPassword(citizen);
    const limited = await owner.browser.post(owner.page, 'code', { code: authenticator.next() });
    expect(limited.status).to.equal(429);
    expect(Number(limited.headers.get('retry-after'))).to.be.within(1, 900);
    expect(limited.text).to.include('Terlalu banyak kode yang salah');
    expect(
      (
        await owner.browser.post(await owner.browser.open(owner.page.link('recovery-code')), 'recovery_code', {
          recovery_code: lost,
        })
      ).status,
      'nor a recovery code',
    ).to.equal(429);
    expect(
      (await refusalsOf(id)).filter((reason) => reason === 'limited'),
      'remembered once',
    ).to.have.length(1);

    app.clock.advance({ minutes: 16 });
    const later = await withPassword(citizen);
    expect(isHome(await enterCode(later.browser, later.page, authenticator.code()), service)).to.equal(true);
  });

  it('has twenty guesses a day', async () => {
    const { id, authenticator } = await enrolled();
    const { secondFactors } = app.container;
    const guess = () => secondFactors.use({ accountId: id }, authenticator.wrong() as OtpCode);
    for (let round = 0; round < 4; round += 1) {
      for (let tries = 0; tries < 5; tries += 1)
        expect(await guess()).to.deep.equal({ ok: false, refusal: { reason: 'wrong' } });
      app.clock.advance({ minutes: 16 });
    }
    const refused = await secondFactors.use({ accountId: id }, authenticator.code() as OtpCode);
    expect(refused.ok ? undefined : refused.refusal.reason).to.equal('limited');
    app.clock.advance({ days: 1 });
    expect((await secondFactors.use({ accountId: id }, authenticator.code() as OtpCode)).ok).to.equal(true);
  });

  it('has a quarter of an hour from the password on', async () => {
    const { citizen, authenticator } = await enrolled();
    const { browser, page } = await withPassword(citizen);
    app.clock.advance({ minutes: 16 });
    expect((await enterCode(browser, page, authenticator.code())).url.pathname).to.match(/\/login$/);
  });

  it('enrols no app by "continue as": a sign-in that began before, in a browser that is found open', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const waiting = await browser.open(`${app.url}/account/security/enrol`);
    expect(waiting.url.pathname).to.match(/\/login$/);
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    app.clock.advance({ minutes: 20 });
    const found = await browser.open(waiting.url);
    expect(found.text).not.to.include(citizen.name);
    expect(
      found.forms.every(({ fields }) => 'password' in fields),
      found.text,
    ).to.equal(true);
  });

  it('enrols no app of their own once the owner has a new password or has ended all sessions', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    const { browser, page } = await withPassword(citizen);
    app.clock.advance({ seconds: 2 });
    await app.store.sessionEnds.endAll(id, 'recovery', app.clock.now());
    expect((await enterCode(browser, page, Authenticator.from(app, page).code())).url.pathname).to.match(/\/login$/);
    expect(await app.store.secondFactors.isEnrolled(id)).to.equal(false);
  });

  it('steps no session up that is not in the browser any more', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password);
    const { page } = await visit(browser, service, insists);
    expect(page.url.pathname).to.match(/second-factor\/enrol$/);
    browser.forgetCookies((name) => !name.includes('session'));
    expect((await enterCode(browser, page, Authenticator.from(app, page).code())).url.pathname).to.match(/\/login$/);
  });

  it('shows each person a secret of their own, in one sign-in too', async () => {
    const [first, second] = [somebody(), somebody()];
    for (const citizen of [first, second]) await addAccount(app, citizen);
    const { browser, page } = await withPassword(first);
    const login = await browser.open(page.url.href.replace('second-factor/enrol', 'login'));
    const other = await signIn(browser, login, second.nik, second.password);
    expect(Authenticator.from(app, other).secret)
      .to.match(/^[A-Z2-7]{32}$/)
      .and.not.equal(Authenticator.from(app, page).secret);
  });

  it('is told nothing by two enrolments at the same moment: one counts, and the other is asked for its code', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    const tabs = await Promise.all([withPassword(citizen), withPassword(citizen)]);
    const ends = await Promise.all(
      tabs.map(({ browser, page }) => enterCode(browser, page, Authenticator.from(app, page).code())),
    );
    expect(ends.map(({ url }) => url.pathname.split('/').slice(3).join('/'))).to.have.members([
      'second-factor/recovery-codes',
      'second-factor',
    ]);
    expect(await app.store.secondFactors.recoveryCodesLeft(id)).to.equal(10);
    expect(await app.store.audit.list({ accountId: id, type: 'second-factor.enrolled' })).to.have.length(1);
  });

  it('sends no form from elsewhere', async () => {
    const { citizen, authenticator } = await enrolled();
    const { browser, page } = await withPassword(citizen);
    expect(
      (
        await browser.request(page.form('code').action, {
          method: 'POST',
          body: new URLSearchParams({ code: authenticator.next() }),
        })
      ).status,
    ).to.equal(403);
  });

  it('finds neither secret nor recovery codes in the database or the log, and a row opens nowhere else', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    const { browser, page } = await withPassword(citizen);
    const authenticator = Authenticator.from(app, page);
    const shown = await enterCode(browser, page, authenticator.code());
    const [code = ''] = recoveryCodesOn(shown);
    const uid = page.url.pathname.split('/')[2] ?? '';
    expect(
      await app.store.drafts
        .find('second-factor', uid, app.clock.now())
        .then((draft) => (draft?.state as { step: string }).step),
    ).to.equal('recovery-codes');
    await browser.submit(shown, 'recovery-codes');
    expect(
      await app.store.drafts.find('second-factor', uid, app.clock.now()).then((draft) => draft?.state),
      'shown once',
    ).to.deep.equal({ step: 'unproved' });

    const database = await everythingIn(app.database);
    for (const trace of [authenticator.secret, code, code.replace('-', '')]) {
      expect(database.includes(trace)).to.equal(false);
      expect(app.logLines.some((line) => line.includes(trace))).to.equal(false);
    }

    const other = await enrolled();
    const { knex } = app.database;
    const stolen: object = await knex('second_factors').where('account_id', id).first('row_key', 'secret_sealed');
    await knex('second_factors').where('account_id', other.id).update(stolen);
    let broken: unknown;
    await app.container.secondFactors
      .use({ accountId: other.id }, authenticator.next() as OtpCode)
      .catch((error: unknown) => (broken = error));
    expect(broken).to.be.an('error').with.property('code', 'SEAL_BROKEN');
  });
});
