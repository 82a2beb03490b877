import { expect } from 'chai';
import { decodeJwt } from 'jose';
import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { startLogoutReceiver, type LogoutReceiver } from '../../support/logout-receiver.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo } from '../exchange.ts';

describe('A session that ends because another person signs in in the same browser', () => {
  let app: TestApp;
  let karir: LogoutReceiver;
  let skill: LogoutReceiver;
  let karirhub: RelyingParty;
  let skillhub: RelyingParty;
  let silent: RelyingParty;
  let first: Citizen;
  let firstId: AccountId;
  let second: Citizen;

  before(async () => {
    app = await startTestApp();
    [karir, skill] = await Promise.all([startLogoutReceiver(), startLogoutReceiver()]);
    const refreshing = { grant_types: ['authorization_code', 'refresh_token'] };
    karirhub = await createRelyingParty(app, {
      scope: 'openid profile offline_access',
      further: { ...refreshing, backchannel_logout_uri: karir.uri, backchannel_logout_session_required: true },
    });
    skillhub = await createRelyingParty(app, {
      name: 'Skillhub (contoh)',
      scope: 'openid profile',
      further: { ...refreshing, backchannel_logout_uri: skill.uri },
    });
    silent = await createRelyingParty(app, { name: 'Tanpa Alamat (contoh)' });
  });
  after(async () => {
    await app.close();
    await Promise.all([karir.close(), skill.close()]);
  });

  beforeEach(async () => {
    [first, second] = [somebody(), somebody()];
    [firstId] = await Promise.all([addAccount(app, first), addAccount(app, second)]);
    for (const receiver of [karir, skill]) receiver.tokens.length = 0;
  });

  /** The first person, at all three services. */
  async function signedIn(
    parameters: Readonly<Record<string, string>> = { scope: 'openid profile' },
  ): Promise<{ browser: Browser; sid: unknown; tokens: Readonly<Record<string, unknown>> }> {
    const browser = new Browser();
    const { code, request } = await obtainCode(karirhub, first, browser, parameters);
    const { body: tokens } = await exchange(app, karirhub, { code, code_verifier: request.verifier });
    for (const service of [skillhub, silent]) await visit(browser, service);
    return { browser, sid: decodeJwt(String(tokens.id_token)).sid, tokens };
  }

  const asSecond = async (browser: Browser, service = skillhub): Promise<Page> =>
    signIn(
      browser,
      (await visit(browser, service, { scope: 'openid profile', prompt: 'login' })).page,
      second.nik,
      second.password,
    );
  const refreshed = (token: unknown) =>
    postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(token) }, karirhub);
  const signOuts = () => app.store.audit.list({ type: 'sign-out.completed', accountId: firstId });

  it('is told to every service of it, as a sign-out is', async () => {
    const { browser, sid } = await signedIn();
    const told = [karir.next(), skill.next()];
    expect(isHome(await asSecond(browser), skillhub)).to.equal(true);
    const [toKarirhub, toSkillhub] = (await Promise.all(told)).map((token) => decodeJwt(token));
    expect(toKarirhub).to.deep.include({ sub: firstId, aud: karirhub.id, sid });
    expect(toSkillhub).to.deep.include({ sub: firstId, aud: skillhub.id });
    await app.container.logouts.drain();
    expect(
      (await app.store.logouts.newest({ limit: 100 }))
        .filter(({ accountId }) => accountId === firstId)
        .map(({ reason, state }) => `${reason} ${state}`),
    ).to.deep.equal(['sign-out delivered', 'sign-out delivered']);
    expect(await signOuts()).to.have.length(1);
    expect(
      [karir.tokens, skill.tokens].map(({ length }) => length),
      'and the second person stays signed in',
    ).to.deep.equal([1, 1]);
    expect(isHome((await visit(browser, skillhub)).page, skillhub)).to.equal(true);
  });

  it('takes its tokens along', async () => {
    const { browser, tokens } = await signedIn();
    await asSecond(browser);
    expect((await userinfo(app, tokens.access_token)).status).to.equal(401);
    expect((await refreshed(tokens.refresh_token)).body.error).to.equal('invalid_grant');
  });

  it('leaves what was to outlive it', async () => {
    const browser = new Browser();
    const asked = await visit(browser, karirhub, { prompt: 'consent' });
    const home = await browser.submit(await signIn(browser, asked.page, first.nik, first.password), 'sharing');
    const { body: tokens } = await exchange(app, karirhub, {
      code: home.url.searchParams.get('code') ?? '',
      code_verifier: asked.request.verifier,
    });
    await asSecond(browser);
    expect((await refreshed(tokens.refresh_token)).status).to.equal(200);
  });

  it('stays where a notice cannot be stored, so that the button can be pressed again', async () => {
    const { browser } = await signedIn();
    const logouts = app.store.logouts as {
      add: (...notice: Parameters<TestApp['store']['logouts']['add']>) => Promise<void>;
    };
    const add = logouts.add.bind(logouts);
    const { page } = await visit(browser, skillhub, { scope: 'openid profile', prompt: 'login' });
    logouts.add = () => Promise.reject(new Error('the pool is exhausted'));
    try {
      expect((await signIn(browser, page, second.nik, second.password)).status).to.equal(500);
    } finally {
      logouts.add = add;
    }
    expect((await browser.open(app.url)).text).to.include(first.name);
    expect(isHome(await signIn(browser, page, second.nik, second.password), skillhub)).to.equal(true);
    await app.container.logouts.drain();
    expect([karir.tokens, skill.tokens].map(({ length }) => length)).to.deep.equal([1, 1]);
  });

  it('leaves what another tab was about to do: it goes on for whoever is there now', async () => {
    const { browser } = await signedIn();
    const { page: other } = await visit(browser, skillhub, { scope: 'openid profile', prompt: 'login' });
    await asSecond(browser);
    const again = await browser.open(other.url);
    expect(again.status, again.text.slice(0, 200)).to.equal(200);
    expect(isHome(await signIn(browser, again, second.nik, second.password), skillhub)).to.equal(true);
  });

  it('is none where the same person proves anew who they are', async () => {
    const { browser, tokens } = await signedIn();
    expect(
      isHome(
        await signIn(browser, (await visit(browser, skillhub, { prompt: 'login' })).page, first.nik, first.password),
        skillhub,
      ),
    ).to.equal(true);
    await app.container.logouts.drain();
    expect([karir.tokens, skill.tokens]).to.deep.equal([[], []]);
    expect((await refreshed(tokens.refresh_token)).status).to.equal(200);
  });
});
