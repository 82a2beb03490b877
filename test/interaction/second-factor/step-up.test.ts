import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { acr } from '../../../src/domain/assurance.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Authenticator, giveSecondFactor, recoveryCodesOn } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode, proveIdentity, giveContact, goOn, signIn, toRegistration } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';

const wishes = { acr_values: acr.twoFactor };
const insists = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [acr.twoFactor] } } }) };

describe('Second factor: a service asks for it', () => {
  let app: TestApp;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    service = await createRelyingParty(app);
  });
  after(() => app.close());

  async function newcomer(): Promise<{ citizen: Citizen; id: AccountId; browser: Browser }> {
    const citizen = somebody();
    return { citizen, id: await addAccount(app, citizen), browser: new Browser() };
  }

  const step = (page: Page): string => page.url.pathname.replace(/^\/interaction\/[\w-]+\//, '');

  /** Sets up an app on the page of enrolment and takes the recovery codes. */
  async function enrol(
    browser: Browser,
    page: Page,
  ): Promise<{ authenticator: Authenticator; codes: string[]; home: Page }> {
    expect(step(page)).to.equal('second-factor/enrol');
    const authenticator = Authenticator.from(app, page);
    const kept = await browser.submit(page, 'code', { code: authenticator.code() });
    expect(step(kept)).to.equal('second-factor/recovery-codes');
    const codes = recoveryCodesOn(kept);
    expect(new Set(codes).size).to.equal(10);
    return { authenticator, codes, home: await browser.submit(kept, 'recovery-codes') };
  }

  it('enrols who has none on the way, and says so to the service and to the person', async () => {
    const { citizen, id, browser } = await newcomer();
    const { page, request } = await visit(browser, service, insists);
    const { home } = await enrol(browser, await signIn(browser, page, citizen.nik, citizen.password));
    const { claims } = await service.receive(home, request);
    expect(claims).to.deep.include({ sub: id, acr: acr.twoFactor });
    expect(claims.amr).to.have.members(['pwd', 'otp', 'mfa']);
    const [letter] = await app.messagesTo(citizen.email);
    expect(letter?.subject).to.equal('Verifikasi dua langkah sudah aktif');
    expect((await app.store.audit.list({ accountId: id })).map(({ type }) => type)).to.include(
      'second-factor.enrolled',
    );
  });

  for (const [what, wanted] of [
    ['wishes for', wishes],
    ['insists on', insists],
  ] as const) {
    it(`leads back to a service that ${what} it, which hears that the person turned back`, async () => {
      const { citizen, browser } = await newcomer();
      const { page, request } = await visit(browser, service, wanted);
      const asked = await signIn(browser, page, citizen.nik, citizen.password);
      expect(step(asked)).to.equal('second-factor/enrol');
      const back = await browser.open(asked.link('Kembali ke'));
      expect(back.url.searchParams.get('error')).to.equal('access_denied');
      expect(back.url.searchParams.get('state')).to.equal(request.state);
    });
  }

  it('leads back to where the enrolment began, or to the portal where nobody is signed in', async () => {
    const { citizen, id, browser } = await newcomer();
    const asked = await signIn(
      browser,
      await browser.open(`${app.url}/account/security/enrol`),
      citizen.nik,
      citizen.password,
    );
    expect(step(asked)).to.equal('second-factor/enrol');
    expect((await browser.open(asked.link('Batal'))).url.pathname).to.equal('/');
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    const begun = await browser.open(`${app.url}/account/security/enrol`);
    expect(step(begun)).to.equal('second-factor/enrol');
    expect((await browser.open(begun.link('Batal'))).url.pathname).to.equal('/account/security');
    await giveSecondFactor(app, id);
    const other = new Browser();
    const code = await signIn(other, await other.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password);
    expect(step(code)).to.equal('second-factor');
    expect((await other.open(code.link('Batal'))).url.pathname).to.equal('/');
  });

  it('asks for a code after the password wherever the account has one, whatever the service asks', async () => {
    const { citizen, id, browser } = await newcomer();
    const { authenticator } = await giveSecondFactor(app, id);
    const { page, request } = await visit(browser, service);
    const asked = await signIn(browser, page, citizen.email, citizen.password);
    expect(step(asked)).to.equal('second-factor');
    const { claims } = await service.receive(await enterCode(browser, asked, authenticator.next()), request);
    expect(claims).to.deep.include({ sub: id, acr: acr.twoFactor });
    expect(
      (await app.store.audit.list({ accountId: id, type: 'second-factor.used' })).map(({ clientId }) => clientId),
    ).to.deep.equal([service.id]);
  });

  it('counts as a sign-in once both factors are there: until then the audit log says that it is held', async () => {
    const { citizen, id, browser } = await newcomer();
    const { authenticator } = await giveSecondFactor(app, id);
    const signIns = async (): Promise<unknown[]> =>
      (await app.store.audit.list({ accountId: id }))
        .filter(({ type }) => type.startsWith('sign-in.'))
        .map(({ type, details }) => [type, (details as { amr: unknown }).amr]);
    const asked = await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password);
    expect(await signIns()).to.deep.equal([['sign-in.held', ['pwd']]]);
    await enterCode(browser, asked, authenticator.next());
    expect(await signIns()).to.have.deep.members([
      ['sign-in.held', ['pwd']],
      ['sign-in.succeeded', ['pwd', 'otp', 'mfa']],
    ]);
  });

  it('lets a session with two factors go on without a page, where less is asked for too', async () => {
    const { citizen, id, browser } = await newcomer();
    const { authenticator } = await giveSecondFactor(app, id);
    await enterCode(
      browser,
      await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password),
      authenticator.next(),
    );
    const only = (level: string) => ({
      claims: JSON.stringify({ id_token: { acr: { essential: true, value: level } } }),
    });
    for (const [parameters, answered] of [
      [insists, acr.twoFactor],
      [wishes, acr.twoFactor],
      [{ acr_values: acr.password }, acr.twoFactor],
      [only(acr.password), acr.password],
      [only(acr.passwordAndPhone), acr.passwordAndPhone],
    ] as const) {
      const { page, request } = await visit(browser, service, { ...parameters, prompt: 'none' });
      const { claims } = await service.receive(page, request);
      // Who insists on a level gets one of those named (OpenID Connect Core, 5.5.1.1).
      expect(claims.acr, JSON.stringify(parameters)).to.equal(answered);
    }
  });

  it('steps a session up with the code alone, and keeps the time of the password', async () => {
    const { citizen, id, browser } = await newcomer();
    const first = await visit(browser, service);
    const before = (
      await service.receive(await signIn(browser, first.page, citizen.nik, citizen.password), first.request)
    ).claims;
    const { authenticator } = await giveSecondFactor(app, id);
    const { page, request } = await visit(browser, service);
    expect(step(page), 'no password').to.equal('second-factor');
    const { claims } = await service.receive(await enterCode(browser, page, authenticator.next()), request);
    expect(claims).to.deep.include({ acr: acr.twoFactor, auth_time: before.auth_time });
    expect(claims.amr).to.have.members(['pwd', 'otp', 'mfa']);
  });

  it('lets a session enrol without the password while it is fresh, and asks for it later', async () => {
    const { citizen, browser } = await newcomer();
    app.clock.advance({ minutes: -10 });
    await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password);
    expect(step((await visit(browser, service, wishes)).page)).to.equal('second-factor/enrol');
    app.clock.advance({ minutes: 10 });
    const { page, request } = await visit(browser, service, wishes);
    expect(step(page)).to.equal('login');
    const { home } = await enrol(browser, await signIn(browser, page, citizen.nik, citizen.password));
    expect((await service.receive(home, request)).claims.acr).to.equal(acr.twoFactor);
  });

  it('lets the person go without where the service merely wishes, and only there', async () => {
    const { citizen, browser } = await newcomer();
    const wished = await visit(browser, service, wishes);
    const offer = await signIn(browser, wished.page, citizen.nik, citizen.password);
    const home = await browser.submit(offer, 'decline');
    expect((await service.receive(home, wished.request)).claims).to.include({ acr: acr.password });

    const demanded = await visit(browser, service, insists);
    expect(demanded.page.forms.some(({ action }) => action.endsWith('decline'))).to.equal(false);
    const pressed = await browser.request(demanded.page.url.href.replace('/enrol', '/decline'), {
      method: 'POST',
      body: new URLSearchParams({ _csrf: demanded.page.form('code').fields._csrf ?? '' }),
    });
    expect(isHome(await browser.follow(pressed), service), 'by a form of one’s own').to.equal(false);
    const back = await browser.open(demanded.page.link('/cancel'));
    expect(back.url.searchParams.get('error')).to.equal('access_denied');
  });

  it('goes on to the question of a service that asks for data, once, whether there is a factor or none is wanted', async () => {
    const guest = await createRelyingParty(app, { name: 'Mitra (contoh)', further: { first_party: false } });
    const { citizen, browser } = await newcomer();
    const declined = await visit(browser, guest, wishes);
    const question = await browser.submit(
      await signIn(browser, declined.page, citizen.nik, citizen.password),
      'decline',
    );
    expect(step(question)).to.equal('consent');
    expect((await guest.receive(await browser.submit(question, 'sharing'), declined.request)).claims).to.include({
      acr: acr.password,
      email: citizen.email,
    });

    const other = await newcomer();
    const insisted = await visit(other.browser, guest, insists);
    const { home: asked } = await enrol(
      other.browser,
      await signIn(other.browser, insisted.page, other.citizen.nik, other.citizen.password),
    );
    expect(step(asked)).to.equal('consent');
    expect((await guest.receive(await other.browser.submit(asked, 'sharing'), insisted.request)).claims).to.include({
      acr: acr.twoFactor,
      email: other.citizen.email,
    });
  });

  it('answers prompt=none without a page: to a wish without it, to a demand with an error', async () => {
    const { citizen, id, browser } = await newcomer();
    await signIn(browser, (await visit(browser, service)).page, citizen.nik, citizen.password);
    const wished = await visit(browser, service, { ...wishes, prompt: 'none' });
    expect((await service.receive(wished.page, wished.request)).claims.acr).to.equal(acr.password);
    const demanded = await visit(browser, service, { ...insists, prompt: 'none' });
    expect(demanded.page.url.searchParams.get('error')).to.equal('interaction_required');
    await giveSecondFactor(app, id);
    const plain = await visit(browser, service, { prompt: 'none' });
    expect(plain.page.url.searchParams.get('error'), 'enrolled meanwhile').to.equal('interaction_required');
  });

  it('refuses a demand that nothing here can meet, at once', async () => {
    const { page } = await visit(new Browser(), service, {
      claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:elsewhere:high' } } }),
    });
    expect(isHome(page, service)).to.equal(true);
    expect(page.url.searchParams.get('error')).to.equal('unmet_authentication_requirements');
  });

  it('reads the claims parameter for the level alone: no datum leaves that the scopes do not open', async () => {
    const { citizen, browser } = await newcomer();
    const everything = { nik: null, email: { essential: true }, name: null, acr: null };
    const { page, request } = await visit(browser, service, {
      scope: 'openid',
      claims: JSON.stringify({ userinfo: everything, id_token: everything }),
    });
    const { claims } = await service.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
    expect(claims).to.include({ acr: acr.password });
    expect(claims).not.to.have.any.keys('nik', 'email', 'name');
  });

  it('honours what a client asks for by its registration', async () => {
    const strict = await createRelyingParty(app, { further: { default_acr_values: [acr.twoFactor] } });
    const { citizen, browser } = await newcomer();
    const { page } = await visit(browser, strict);
    expect(step(await signIn(browser, page, citizen.nik, citizen.password))).to.equal('second-factor/enrol');
  });

  it('comes after registration and after recovery as after the password', async () => {
    const newborn = somebody();
    const browser = new Browser();
    const { page, request } = await visit(browser, service, insists);
    const contact = await proveIdentity(browser, await toRegistration(browser, page), newborn);
    const finished = await enterCode(
      browser,
      await giveContact(browser, contact, newborn),
      await app.codeFor(newborn.phone),
    );
    const { authenticator, home } = await enrol(browser, await goOn(browser, finished));
    const { claims } = await service.receive(home, request);
    expect(claims.amr).to.have.members(['pwd', 'sms', 'otp', 'mfa']);

    app.clock.advance({ minutes: 2 });
    const other = new Browser();
    const second = await visit(other, service);
    const ask = await other.open(second.page.link('/recover'));
    const code = await other.submit(ask, 'identifier', { identifier: newborn.phone });
    const password = await enterCode(other, code, await app.codeFor(newborn.phone));
    const asked = await other.follow(await other.post(password, 'password', { password: 'Gunung-Tinggi5&' }));
    const held = asked.forms.some(({ action }) => action.endsWith('/recover/finished'))
      ? await other.submit(asked, '/recover/finished')
      : asked;
    expect(step(held), 'a code by SMS does not take its place').to.equal('second-factor');
    expect(
      (await service.receive(await enterCode(other, held, authenticator.next()), second.request)).claims.acr,
    ).to.equal(acr.twoFactor);
  });

  it('takes a recovery code in the place of the app, once, and tells the person', async () => {
    const { citizen, id } = await newcomer();
    const {
      recoveryCodes: [lost = ''],
    } = await giveSecondFactor(app, id);
    const use = async (): Promise<{ home: Page; request: Awaited<ReturnType<typeof visit>>['request'] }> => {
      const browser = new Browser();
      const { page, request } = await visit(browser, service, insists);
      const asked = await signIn(browser, page, citizen.nik, citizen.password);
      return {
        home: await browser.submit(await browser.open(asked.link('recovery-code')), 'recovery_code', {
          recovery_code: lost.toLowerCase(),
        }),
        request,
      };
    };
    const { home, request } = await use();
    expect((await service.receive(home, request)).claims.acr).to.equal(acr.twoFactor);
    expect((await app.messagesTo(citizen.email)).map(({ subject }) => subject)).to.include(
      'Kode cadangan Anda dipakai',
    );
    const again = await use();
    expect(again.home.status).to.equal(422);
    expect(again.home.text).to.include('sudah pernah dipakai');
    expect(
      (await app.store.audit.list({ accountId: id, type: 'second-factor.recovery-code-used' })).map(
        ({ details }) => details,
      ),
    ).to.deep.equal([{ left: 9 }]);
  });
});
