import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, postAs, userinfo, type Answer } from './exchange.ts';

const ALL = 'openid profile nik offline_access';

describe('Protocol: a scope that is taken from a service', () => {
  let app: TestApp;
  let citizen: Citizen;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    await addAccount(app, citizen);
    service = await createRelyingParty(app, {
      scope: ALL,
      further: { grant_types: ['authorization_code', 'refresh_token'] },
    });
  });

  async function tokens(browser: Browser, scope: string): Promise<Answer['body']> {
    const { page, request } = await visit(browser, service, { scope, prompt: 'consent' });
    const home = await browser.submit(await signIn(browser, page, citizen.nik, citizen.password), 'sharing');
    return (
      await exchange(app, service, { code: home.url.searchParams.get('code') ?? '', code_verifier: request.verifier })
    ).body;
  }
  const refresh = (token: unknown): Promise<Answer> =>
    postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(token) }, service);
  async function narrow(scope: string): Promise<void> {
    const { metadata } = (await app.store.clients.find(service.id))!;
    await app.store.clients.update(service.id, { metadata: { ...metadata, scope } }, app.clock.now());
    app.clock.advance({ seconds: 3 });
  }

  it('opens nothing any more: neither by the token that was given nor by the next', async () => {
    const given = await tokens(new Browser(), 'openid profile nik');
    expect((await userinfo(app, given.access_token)).body).to.include({ nik: citizen.nik, name: citizen.name });
    await narrow('openid profile');
    expect((await userinfo(app, given.access_token)).body)
      .to.include({ name: citizen.name })
      .and.not.to.have.any.keys('nik', 'nik_verified_at');
    const next = await refresh(given.refresh_token);
    expect([next.status, next.body.scope]).to.deep.equal([200, 'openid profile']);
    expect((await userinfo(app, next.body.access_token)).body)
      .to.include({ name: citizen.name })
      .and.not.to.have.any.keys('nik', 'nik_verified_at');
  });

  it('is not to be had by naming it', async () => {
    const given = await tokens(new Browser(), 'openid profile nik');
    await narrow('openid profile');
    const next = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(given.refresh_token), scope: 'openid nik' },
      service,
    );
    expect([next.status, next.body.scope]).to.deep.equal([200, 'openid']);
  });

  it('lets nothing outlive the session any more where it was offline_access', async () => {
    const browser = new Browser();
    const given = await tokens(browser, 'openid profile offline_access');
    await browser.submit(await browser.open(await service.signOutUrl(String(given.id_token))), 'logout');
    const next = await refresh(given.refresh_token);
    expect(next.status, 'agreed').to.equal(200);
    await narrow('openid profile');
    expect((await refresh(next.body.refresh_token)).body.error).to.equal('invalid_grant');
    expect((await userinfo(app, next.body.access_token)).status).to.equal(401);
    expect(
      (await postAs(app, '/token/introspection', { token: String(next.body.refresh_token) }, service)).body,
    ).to.deep.equal({ active: false });
  });

  it('is told of no token any more, though it was given before', async () => {
    const introspect = async (token: unknown): Promise<Answer['body']> =>
      (await postAs(app, '/token/introspection', { token: String(token) }, service)).body;
    const given = await tokens(new Browser(), 'openid profile nik');
    expect((await introspect(given.access_token)).scope).to.equal('openid profile nik');
    await narrow('openid profile');
    for (const token of [given.access_token, given.refresh_token])
      expect(await introspect(token)).to.include({ active: true, scope: 'openid profile' });
  });

  it('leaves the other tokens of the service as they are', async () => {
    const given = await tokens(new Browser(), 'openid profile');
    await narrow('openid profile nik');
    expect((await refresh(given.refresh_token)).status).to.equal(200);
  });
});
