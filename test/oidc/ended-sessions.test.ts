import { expect } from 'chai';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { nextSecond } from '../../src/domain/session.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

describe('Sessions that the account honours no longer', () => {
  let app: TestApp;
  let service: RelyingParty;
  let citizen: Citizen;
  let accountId: AccountId;
  const newPassword = 'Perahu-Layar9!';

  before(async () => {
    app = await startTestApp();
    service = await createRelyingParty(app);
  });
  after(() => app.close());

  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  async function endSessions(): Promise<void> {
    const now = app.clock.now();
    const passwordHash = await app.container.passwords.hash(sensitive(newPassword));
    expect(
      await app.store.accounts.resetPassword(accountId, {
        passwordHash,
        provedAt: now,
        at: now,
        sessionsValidAfter: nextSecond(now),
      }),
    ).to.equal(true);
  }

  async function signedIn(): Promise<{ browser: Browser; accessToken: string }> {
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const home = await signIn(browser, page, citizen.nik, citizen.password);
    return { browser, ...(await service.receive(home, request)) };
  }

  const userinfo = async (accessToken: string): Promise<number> =>
    (await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status;
  const asked = (page: { url: URL; text: string }): boolean =>
    page.url.pathname.endsWith('/login') && page.text.includes('Masuk ke akun');

  it('sign nobody in any more, at no service and not at the portal', async () => {
    const { browser } = await signedIn();
    expect(isHome((await visit(browser, service)).page, service)).to.equal(true);
    await endSessions();

    expect(asked((await visit(browser, service)).page)).to.equal(true);
    expect((await browser.open(`${app.url}/`)).text).not.to.include(citizen.name);
    const silent = await visit(browser, service, { prompt: 'none' });
    expect(silent.page.url.searchParams.get('error')).to.equal('login_required');
  });

  it('take their tokens with them', async () => {
    const { accessToken } = await signedIn();
    expect(await userinfo(accessToken)).to.equal(200);
    await endSessions();
    expect(await userinfo(accessToken)).to.equal(401);
  });

  it('take a code with them that is not yet exchanged', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const home = await signIn(browser, page, citizen.nik, citizen.password);
    await endSessions();
    expect(await service.receive(home, request).catch((error: unknown) => error))
      .to.be.an('error')
      .with.property('error', 'invalid_grant');
  });

  it('leave alone who signs in with the new password in the same second', async () => {
    await endSessions();
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const home = await signIn(browser, page, citizen.nik, newPassword);
    expect(isHome(home, service)).to.equal(true);
    const { accessToken } = await service.receive(home, request);
    expect(await userinfo(accessToken)).to.equal(200);
    expect(isHome((await visit(browser, service)).page, service)).to.equal(true);
  });

  it('do not come to life from a sign-in proved with the old password and finished afterwards', async () => {
    const browser = new Browser();
    // An answer by a form has a way back of its own, on which something may happen.
    const { page } = await visit(browser, service, { response_mode: 'form_post' });
    const proved = await browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    expect(proved.status).to.equal(303);
    await endSessions();

    const again = await browser.follow(proved);
    expect(asked(again)).to.equal(true);
    expect((await signIn(browser, again, citizen.nik, newPassword)).forms[0]?.action).to.equal(`${service.origin}/cb`);
  });

  it('are those of a suspended account too, also when it is suspended between proof and return', async () => {
    const { browser, accessToken } = await signedIn();
    const other = new Browser();
    const { page } = await visit(other, service, { response_mode: 'form_post' });
    const proved = await other.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    await app.store.accounts.setStatus(accountId, 'suspended', app.clock.now());

    expect(asked(await other.follow(proved))).to.equal(true);
    expect(asked((await visit(browser, service)).page)).to.equal(true);
    expect(await userinfo(accessToken)).to.equal(401);
  });

  it('are forgotten by a sign-in that began with one: it goes on as if nobody had been there', async () => {
    const { browser } = await signedIn();
    const { page } = await visit(browser, service, { prompt: 'login' });
    await endSessions();
    expect(isHome(await signIn(browser, page, citizen.nik, newPassword), service)).to.equal(true);
  });
});
