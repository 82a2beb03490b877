import { expect } from 'chai';
import { createClientService } from '../../src/admin/clients/service.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo } from './exchange.ts';

const { budi, ratna } = citizens;

describe('Protocol: what a service may have', () => {
  let app: TestApp;
  let plain: RelyingParty;
  let withNik: RelyingParty;

  before(async () => {
    app = await startTestApp();
    plain = await createRelyingParty(app);
    withNik = await createRelyingParty(app, { name: 'Skillhub (contoh)', scope: 'openid profile nik' });
    await addAccount(app, budi);
  });
  after(() => app.close());

  it('gives the NIK to a service that is registered for it', async () => {
    const { home, request } = await obtainCode(withNik, budi);
    expect((await withNik.receive(home, request)).claims).to.include({ nik: budi.nik });
  });

  it('refuses the scope to any other, at its own address', async () => {
    const { page } = await visit(new Browser(), plain, { scope: 'openid nik' });
    expect(isHome(page, plain)).to.equal(true);
    expect(page.url.searchParams.get('error')).to.equal('invalid_scope');
  });

  it('refuses it to a service whose registration names no scope at all', async () => {
    await app.addClient({
      metadata: { client_id: 'tanpa-scope', client_name: 'Tanpa scope', redirect_uris: ['https://tanpa.test/cb'] },
      secret: 'rahasia-tanpa-scope',
    });
    const url = new URL((await plain.begin({ scope: 'openid nik' })).url);
    url.searchParams.set('client_id', 'tanpa-scope');
    url.searchParams.set('redirect_uri', 'https://tanpa.test/cb');
    expect((await new Browser().open(url)).url.searchParams.get('error')).to.equal('invalid_scope');
  });

  it('does not give it through the claims parameter', async () => {
    const claims = JSON.stringify({
      userinfo: { nik: { essential: true } },
      id_token: { nik: null, phone_number: null },
    });
    const { home, request } = await obtainCode(plain, budi, new Browser(), { claims, scope: 'openid' });
    const received = await plain.receive(home, request);
    expect(received.claims).not.to.have.any.keys('nik', 'phone_number');
  });

  it('gives each sign-in the scope that was asked for, not what the citizen gave before', async () => {
    const browser = new Browser();
    const wide = await obtainCode(withNik, budi, browser);
    const first = await exchange(app, withNik, { code: wide.code, code_verifier: wide.request.verifier });
    expect((await userinfo(app, first.body.access_token)).body).to.have.property('nik');
    const narrow = await obtainCode(withNik, budi, browser, { scope: 'openid' });
    const second = await exchange(app, withNik, { code: narrow.code, code_verifier: narrow.request.verifier });
    expect((await userinfo(app, second.body.access_token)).body).not.to.have.any.keys('nik', 'name');
  });

  it('keeps the person out of the ID token: userinfo tells who it is', async () => {
    const { code, request } = await obtainCode(withNik, budi);
    const { body } = await exchange(app, withNik, { code, code_verifier: request.verifier });
    const payload = JSON.parse(
      Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString('utf8'),
    ) as Record<string, unknown>;
    expect(payload).to.include.keys('sub', 'acr', 'amr', 'auth_time', 'nonce', 'iss', 'aud', 'exp');
    expect(payload).not.to.have.any.keys('nik', 'name', 'email', 'phone_number');
    expect(payload.sub).not.to.include(budi.nik);
  });

  it('stops a disabled service within seconds: sign-in, token and userinfo', async () => {
    const service = await createRelyingParty(app, { name: 'Sementara' });
    const { code, request, browser } = await obtainCode(service, budi);
    const { body } = await exchange(app, service, { code, code_verifier: request.verifier });
    const pending = await obtainCode(service, budi, browser);
    const open = await visit(new Browser(), service);
    expect((await userinfo(app, body.access_token)).status).to.equal(200);

    await app.store.clients.update(service.id, { status: 'disabled' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    expect((await visit(browser, service)).page.status, 'sign-in').to.equal(400);
    expect(
      (await exchange(app, service, { code: pending.code, code_verifier: pending.request.verifier })).status,
      'token',
    ).to.equal(401);
    expect((await userinfo(app, body.access_token)).status, 'userinfo').to.equal(401);
    const half = await new Browser().open(open.page.url);
    expect(half.status).to.be.oneOf([400, 403]);

    await app.store.clients.update(service.id, { status: 'active' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    expect(isHome((await visit(browser, service)).page, service), 'and starts it again').to.equal(true);
  });

  it('honours nothing that a service was given before it was stopped, when it comes back', async () => {
    const service = await createRelyingParty(app, {
      name: 'Kembali',
      further: { grant_types: ['authorization_code', 'refresh_token'] },
    });
    const { code, request, browser } = await obtainCode(service, budi);
    const { body } = await exchange(app, service, { code, code_verifier: request.verifier });
    const pending = await obtainCode(service, budi, browser);
    const clients = createClientService({ ...app.container, check: () => undefined });
    for (const status of ['disabled', 'active'] as const) await clients.setStatus(service.id, status);
    app.clock.advance({ seconds: 3 });
    expect((await userinfo(app, body.access_token)).status, 'userinfo').to.equal(401);
    expect(
      (await exchange(app, service, { code: pending.code, code_verifier: pending.request.verifier })).body.error,
      'code',
    ).to.equal('invalid_grant');
    expect(
      (await postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }, service))
        .body.error,
      'refresh',
    ).to.equal('invalid_grant');
    expect(
      (await postAs(app, '/token/introspection', { token: String(body.access_token) }, service)).body,
    ).to.deep.equal({ active: false });

    // Some time later: what it is given now counts.
    await app.database
      .knex('clients')
      .where('id', service.id)
      .update({ tokens_valid_after: new Date(Date.now() - 60_000) });
    app.clock.advance({ seconds: 3 });
    const { page, request: anew } = await visit(browser, service);
    const { accessToken } = await service.receive(page, anew);
    expect((await userinfo(app, accessToken)).status).to.equal(200);
  });

  it('ends a sign-in under way whose service is stopped with an explanation, not with a failure', async () => {
    const service = await createRelyingParty(app, { name: 'Berhenti' });
    const browser = new Browser();
    const { page } = await visit(browser, service);
    await app.store.clients.update(service.id, { status: 'disabled' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    const answer = await browser.submit(page, 'identifier', { identifier: budi.nik, password: budi.password });
    expect(answer.status, answer.text.slice(0, 200)).to.equal(400);
    expect(answer.url.origin).to.equal(app.url);
  });

  describe('of a suspended citizen', () => {
    let id: AccountId;
    before(async () => {
      id = await addAccount(app, ratna);
    });
    afterEach(() => app.store.accounts.setStatus(id, 'active', app.clock.now()));
    const suspend = (): Promise<boolean> => app.store.accounts.setStatus(id, 'suspended', app.clock.now());

    it('nothing more: userinfo and the exchange of a code stop at once', async () => {
      const { code, request, browser } = await obtainCode(plain, ratna);
      const { body } = await exchange(app, plain, { code, code_verifier: request.verifier });
      const pending = await obtainCode(plain, ratna, browser);
      await suspend();
      expect((await userinfo(app, body.access_token)).status).to.equal(401);
      const refused = await exchange(app, plain, { code: pending.code, code_verifier: pending.request.verifier });
      expect(refused.status).to.equal(400);
      expect(refused.body.error).to.equal('invalid_grant');
    });

    it('no single sign-on: the session brings to the sign-in page, where the password is told why', async () => {
      const { browser } = await obtainCode(plain, ratna);
      await suspend();
      const { page } = await visit(browser, plain);
      expect(page.status).to.equal(200);
      expect(page.url.pathname).to.match(/^\/interaction\/[\w-]+\/login$/);
      expect(page.text).not.to.include(ratna.name);
      const told = await browser.submit(page, 'identifier', { identifier: ratna.nik, password: ratna.password });
      expect(told.status).to.equal(422);
      expect(told.text).to.include('dinonaktifkan');
      const silent = await visit(browser, plain, { prompt: 'none' });
      expect(silent.page.url.searchParams.get('error')).to.equal('login_required');
    });

    it('no portal either, though another citizen may sign in in the same browser', async () => {
      const { browser } = await obtainCode(plain, ratna);
      await suspend();
      expect((await browser.open(app.url)).text).not.to.include(ratna.name);
      const { page, request } = await visit(browser, plain);
      const home = await browser.submit(page, 'identifier', { identifier: budi.nik, password: budi.password });
      expect(isHome(home, plain)).to.equal(true);
      expect((await plain.receive(home, request)).claims.name).to.equal(budi.name);
    });
  });

  it('lets a service introspect and revoke its token, and nobody without credentials', async () => {
    const { code, request } = await obtainCode(plain, budi);
    const { body } = await exchange(app, plain, { code, code_verifier: request.verifier });
    const token = String(body.access_token);
    expect((await postAs(app, '/token/introspection', { token }, plain)).body).to.include({
      active: true,
      client_id: plain.id,
    });
    expect((await postAs(app, '/token/introspection', { token })).status).to.be.oneOf([400, 401]);
    expect((await postAs(app, '/token/revocation', { token }, withNik)).status, 'of another service').to.be.oneOf([
      200, 400,
    ]);
    expect((await userinfo(app, token)).status, 'still alive').to.equal(200);
    expect((await postAs(app, '/token/revocation', { token }, plain)).status).to.equal(200);
    expect((await userinfo(app, token)).status).to.equal(401);
  });

  it('gives a machine a token of its own, which opens nothing of a person', async () => {
    const machine = { id: 'mesin', secret: 'rahasia-mesin-untuk-pengujian' };
    await app.addClient({
      type: 'machine',
      secret: machine.secret,
      metadata: {
        client_id: machine.id,
        client_name: 'Mesin',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    });
    const answer = await postAs(app, '/token', { grant_type: 'client_credentials' }, machine);
    expect(answer.status).to.equal(200);
    expect((await userinfo(app, answer.body.access_token)).status).to.equal(401);
    expect(
      (await postAs(app, '/token', { grant_type: 'client_credentials' }, plain)).body.error,
      'not registered for it',
    ).to.be.oneOf(['unauthorized_client', 'invalid_request']);
  });
});
