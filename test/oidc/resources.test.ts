import { expect } from 'chai';
import { createRemoteJWKSet, jwtVerify, type JWTVerifyResult } from 'jose';
import * as client from 'openid-client';
import { createApiService, type ApiService } from '../../src/admin/apis/service.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo, type Answer } from './exchange.ts';

const jobs = 'https://api.karirhub.test/';
const training = 'https://api.skillhub.test/v1';
const letters = 'urn:siapkerja:api:surat';
const means = { id: 'Membaca lamaran Anda di Karirhub', en: 'Reading your applications at Karirhub' };
const scopesOf = (...names: string[]) => names.map((name) => ({ name, means }));

describe('Protocol: tokens for registered APIs', () => {
  let app: TestApp;
  let apis: ApiService;
  let citizen: Citizen;
  let accountId: AccountId;
  let service: RelyingParty;
  const rights = { [jobs]: ['lamaran:baca', 'lamaran:kirim'], [training]: ['kelas:baca'] };
  const scope = 'openid profile lamaran:baca kelas:baca';

  before(async () => {
    app = await startTestApp();
    apis = createApiService(app.container);
    const documents = [
      {
        identifier: jobs,
        name: 'API Karirhub',
        scopes: scopesOf('lamaran:baca', 'lamaran:kirim', 'lamaran:hapus'),
        token_seconds: 300,
      },
      { identifier: training, name: 'API Skillhub', scopes: scopesOf('kelas:baca'), token_algorithm: 'RS256' },
      { identifier: letters, name: 'API Surat', scopes: scopesOf('surat:baca'), token_format: 'opaque' },
    ];
    for (const document of documents) expect(await apis.create(document)).to.include({ ok: true });
    service = await createRelyingParty(app, {
      further: { grant_types: ['authorization_code', 'refresh_token'], resources: rights },
    });
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  const verify = (token: unknown, audience: string): Promise<JWTVerifyResult> =>
    jwtVerify(String(token), createRemoteJWKSet(new URL(`${app.url}/jwks`)), {
      issuer: app.url,
      audience,
      typ: 'at+jwt',
      currentDate: app.clock.now(),
    });

  /** A request for several APIs: a parameter that stands more than once. */
  async function codeFor(
    by: RelyingParty,
    resources: readonly string[],
    parameters: Readonly<Record<string, string>> = { scope },
  ): Promise<{ code: string; verifier: string }> {
    const request = await by.begin(parameters);
    const url = new URL(request.url);
    for (const resource of resources) url.searchParams.append('resource', resource);
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
    const code = home.url.searchParams.get('code');
    if (code === null) throw new Error(`no code at ${home.url.href}: ${home.text.slice(0, 300)}`);
    return { code, verifier: request.verifier };
  }
  const redeem = (
    by: RelyingParty,
    { code, verifier }: { code: string; verifier: string },
    resource?: string,
  ): Promise<Answer> =>
    exchange(app, by, { code, code_verifier: verifier, ...(resource === undefined ? {} : { resource }) });
  const errorOf = async (by: RelyingParty, parameters: Readonly<Record<string, string>>): Promise<string | null> =>
    (await visit(new Browser(), by, parameters)).page.url.searchParams.get('error');

  it('are JWTs by RFC 9068: for one API, for its scopes, verified by our published keys, and silent about the person', async () => {
    const { body } = await redeem(
      service,
      await codeFor(service, [jobs], { scope, acr_values: 'urn:siapkerja:acr:password' }),
      jobs,
    );
    const { payload, protectedHeader } = await verify(body.access_token, jobs);
    expect(protectedHeader).to.include({ alg: 'ES256', typ: 'at+jwt' });
    expect(payload).to.include({
      sub: accountId,
      client_id: service.id,
      scope: 'lamaran:baca',
      aud: jobs,
      acr: 'urn:siapkerja:acr:password',
    });
    expect(payload.auth_time).to.be.a('number');
    expect(payload.exp! - payload.iat!).to.equal(300);
    expect(body).to.include({ token_type: 'Bearer', expires_in: 300, scope: 'lamaran:baca' });
    expect(Object.keys(payload).sort()).to.deep.equal([
      'acr',
      'aud',
      'auth_time',
      'client_id',
      'exp',
      'iat',
      'iss',
      'jti',
      'scope',
      'sub',
    ]);
    const idToken = await jwtVerify(String(body.id_token), createRemoteJWKSet(new URL(`${app.url}/jwks`)), {
      currentDate: app.clock.now(),
    });
    expect(idToken.payload, 'the ID token beside it').not.to.have.any.keys('name', 'email');
  });

  it('are signed as the API is registered, and carry the subject that the client knows', async () => {
    const pairwise = await createRelyingParty(app, { further: { subject_type: 'pairwise', resources: rights } });
    const { body } = await redeem(pairwise, await codeFor(pairwise, [training]), training);
    const { payload, protectedHeader } = await verify(body.access_token, training);
    expect(protectedHeader.alg).to.equal('RS256');
    const { payload: own } = await jwtVerify(String(body.id_token), createRemoteJWKSet(new URL(`${app.url}/jwks`)), {
      currentDate: app.clock.now(),
    });
    expect(payload.sub).to.equal(own.sub).and.not.equal(accountId);
  });

  it('open no userinfo; the token for userinfo is the one that names no API, and opens no API', async () => {
    const first = await redeem(service, await codeFor(service, [jobs]), jobs);
    expect((await userinfo(app, first.body.access_token)).status).to.equal(401);
    const { body } = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) },
      service,
    );
    expect((await userinfo(app, body.access_token)).body).to.include({ name: citizen.name });
    expect(String(body.access_token)).not.to.include('.');
    expect(body.scope).to.equal('openid profile');
  });

  it('come one by one from a refresh token, for each API that the sign-in named and for no other', async () => {
    const { body: first } = await redeem(service, await codeFor(service, [jobs, training]), jobs);
    const second = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(first.refresh_token), resource: training },
      service,
    );
    expect((await verify(second.body.access_token, training)).payload).to.include({ scope: 'kelas:baca' });
    const none = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(second.body.refresh_token), resource: letters },
      service,
    );
    expect(none.body.error).to.equal('invalid_target');
  });

  it('are narrowed by the refresh to some of the scopes', async () => {
    const { body: first } = await redeem(
      service,
      await codeFor(service, [jobs], { scope: 'openid lamaran:baca lamaran:kirim' }),
      jobs,
    );
    expect(first.scope).to.equal('lamaran:baca lamaran:kirim');
    const { body } = await postAs(
      app,
      '/token',
      {
        grant_type: 'refresh_token',
        refresh_token: String(first.refresh_token),
        resource: jobs,
        scope: 'lamaran:baca',
      },
      service,
    );
    expect((await verify(body.access_token, jobs)).payload.scope).to.equal('lamaran:baca');
  });

  it('are refused where the API is unknown, not for this client, or without this scope', async () => {
    expect(await errorOf(service, { scope, resource: 'https://api.tiada.test/' })).to.equal('invalid_target');
    expect(await errorOf(service, { scope, resource: letters })).to.equal('invalid_target');
    expect(await errorOf(service, { scope, resource: 'bukan alamat' })).to.equal('invalid_target');
    expect(await errorOf(service, { scope, resource: '__proto__' })).to.equal('invalid_target');
    expect(await errorOf(service, { scope: 'openid lamaran:hapus', resource: jobs })).to.equal('invalid_scope');
    expect(await errorOf(await createRelyingParty(app), { scope: 'openid', resource: jobs })).to.equal(
      'invalid_target',
    );
  });

  it('need one API each: two at the token endpoint are refused', async () => {
    const { code, verifier } = await codeFor(service, [jobs, training]);
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: `${service.origin}/cb`,
      client_id: service.id,
    });
    for (const resource of [jobs, training]) body.append('resource', resource);
    const answer = await fetch(`${app.url}/token`, {
      method: 'POST',
      body,
      headers: { authorization: `Basic ${Buffer.from(`${service.id}:${service.secret}`).toString('base64')}` },
    });
    expect(((await answer.json()) as { error: string }).error).to.equal('invalid_target');
  });

  it('cease within seconds when the API is stopped, at the sign-in and at the refresh, and come back', async () => {
    const { body: first } = await redeem(service, await codeFor(service, [training]), training);
    await apis.setStatus(training, 'disabled');
    app.clock.advance({ seconds: 3 });
    expect(await errorOf(service, { scope, resource: training })).to.equal('invalid_target');
    const refused = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(first.refresh_token), resource: training },
      service,
    );
    expect(refused.body.error).to.equal('invalid_target');
    await apis.setStatus(training, 'active');
    app.clock.advance({ seconds: 3 });
    expect(await errorOf(service, { scope, resource: training })).to.equal(null);
  });

  it('may be asked for by a pushed request, and bound to a key', async () => {
    const bound = await createRelyingParty(app, { further: { resources: rights, dpop_bound_access_tokens: true } });
    const library = await client.discovery(
      new URL(app.url),
      bound.id,
      { id_token_signed_response_alg: 'ES256' },
      client.ClientSecretBasic(bound.secret),
      { execute: [client.allowInsecureRequests] },
    );
    const proof = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = await client.buildAuthorizationUrlWithPAR(
      library,
      {
        redirect_uri: `${bound.origin}/cb`,
        scope,
        state,
        resource: jobs,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      },
      { DPoP: proof },
    );
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
    const tokens = await client.authorizationCodeGrant(
      library,
      home.url,
      { expectedState: state, pkceCodeVerifier: verifier },
      { resource: jobs },
      { DPoP: proof },
    );
    expect(tokens.token_type).to.equal('dpop');
    const { payload } = await verify(tokens.access_token, jobs);
    expect((payload.cnf as { jkt: string }).jkt).to.equal(await proof.calculateThumbprint());
  });

  for (const way of ['in the address', 'by POST', 'by a pushed request']) {
    it(`are for each API that was named ${way}, also where the sign-in begins again`, async () => {
      const request = await service.begin({ scope });
      const asked = new URL(request.url);
      for (const resource of [jobs, training]) asked.searchParams.append('resource', resource);
      if (way === 'by a pushed request') {
        const headers = { authorization: `Basic ${Buffer.from(`${service.id}:${service.secret}`).toString('base64')}` };
        const pushed = (await (
          await fetch(`${app.url}/request`, { method: 'POST', body: asked.searchParams, headers })
        ).json()) as { request_uri: string };
        asked.search = new URLSearchParams({ client_id: service.id, request_uri: pushed.request_uri }).toString();
      }
      if (way === 'by POST')
        asked.href = new URL(
          (
            await fetch(`${app.url}/auth`, { method: 'POST', body: asked.searchParams, redirect: 'manual' })
          ).headers.get('location') ?? '',
          app.url,
        ).href;
      const browser = new Browser();
      const page = await browser.open(asked);
      const press = async (): Promise<Page> =>
        browser.follow(await browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password }));
      await press();
      const home = await press();
      expect(isHome(home, service), `${home.url.href} ${home.text.slice(0, 300)}`).to.equal(true);
      const { body } = await redeem(
        service,
        { code: home.url.searchParams.get('code') ?? '', verifier: request.verifier },
        jobs,
      );
      expect(body.scope, JSON.stringify(body)).to.equal('lamaran:baca');
      const { body: second } = await postAs(
        app,
        '/token',
        { grant_type: 'refresh_token', refresh_token: String(body.refresh_token), resource: training },
        service,
      );
      expect(second.scope, JSON.stringify(second)).to.equal('kelas:baca');
    });
  }

  it('may be asked for by a device', async () => {
    await app.addClient({
      type: 'native',
      metadata: {
        client_id: 'kiosk-api',
        client_name: 'Anjungan',
        application_type: 'native',
        redirect_uris: [],
        response_types: [],
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
        token_endpoint_auth_method: 'none',
        scope: 'openid',
        resources: rights,
      },
    });
    const kiosk = await client.discovery(
      new URL(app.url),
      'kiosk-api',
      { id_token_signed_response_alg: 'ES256' },
      client.None(),
      { execute: [client.allowInsecureRequests] },
    );
    const device = await client.initiateDeviceAuthorization(kiosk, { scope: 'openid kelas:baca', resource: training });
    const browser = new Browser();
    const compare = await browser.submit(await browser.open(`${app.url}/device`), 'user_code', {
      user_code: device.user_code,
    });
    const linked = await signIn(
      browser,
      await browser.submit(compare, 'user_code', { confirm: 'yes' }),
      citizen.nik,
      citizen.password,
    );
    expect(linked.text).to.include('Perangkat sudah masuk');
    const tokens = await client.pollDeviceAuthorizationGrant(
      kiosk,
      { ...device, interval: 0.001 },
      { resource: training },
    );
    expect((await verify(tokens.access_token, training)).payload).to.include({
      sub: accountId,
      scope: 'kelas:baca',
      client_id: 'kiosk-api',
    });
  });

  describe('for machines', () => {
    const machine = { id: 'mesin-karir', secret: 'rahasia-mesin-karir-untuk-pengujian' };
    const guard = { id: 'penjaga-surat', secret: 'rahasia-penjaga-surat-pengujian' };
    before(async () => {
      const plain = {
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
      };
      await app.addClient({
        type: 'machine',
        secret: machine.secret,
        metadata: {
          client_id: machine.id,
          client_name: 'Mesin',
          ...plain,
          resources: { [jobs]: ['lamaran:kirim'], [letters]: ['surat:baca'] },
        },
      });
      await app.addClient({
        type: 'machine',
        secret: guard.secret,
        metadata: { client_id: guard.id, client_name: 'Penjaga', ...plain, may_introspect: [letters] },
      });
    });
    const token = (fields: Readonly<Record<string, string>>): Promise<Answer> =>
      postAs(app, '/token', { grant_type: 'client_credentials', ...fields }, machine);
    const introspect = async (value: unknown, by: { id: string; secret: string }): Promise<Answer['body']> =>
      (await postAs(app, '/token/introspection', { token: String(value) }, by)).body;

    it('name the machine as subject, and no sign-in', async () => {
      const { body } = await token({ resource: jobs, scope: 'lamaran:kirim' });
      const { payload } = await verify(body.access_token, jobs);
      expect(payload).to.include({ sub: machine.id, client_id: machine.id, scope: 'lamaran:kirim' });
      expect(payload).not.to.have.any.keys('acr', 'auth_time');
    });

    it('are refused beyond its rights', async () => {
      expect((await token({ resource: training, scope: 'kelas:baca' })).body.error).to.equal('invalid_target');
      expect((await token({ resource: jobs, scope: 'lamaran:baca' })).body.error).to.equal('invalid_scope');
      expect((await token({ scope: 'lamaran:kirim' })).body, 'without the API no scope of it').not.to.have.property(
        'scope',
      );
    });

    it('may be opaque; then the machine of the API asks, and of no other token than its API’s', async () => {
      const { body } = await token({ resource: letters, scope: 'surat:baca' });
      expect(String(body.access_token)).not.to.include('.');
      expect(await introspect(body.access_token, guard)).to.include({
        active: true,
        aud: letters,
        scope: 'surat:baca',
        client_id: machine.id,
      });
      const stranger = await token({});
      expect(await introspect(stranger.body.access_token, guard), 'made for nobody in particular').to.deep.equal({
        active: false,
      });
      expect(await introspect(body.access_token, service), 'asked for by a stranger').to.deep.equal({ active: false });

      await apis.setStatus(letters, 'disabled');
      app.clock.advance({ seconds: 3 });
      expect(await introspect(body.access_token, guard), 'of a stopped API').to.deep.equal({ active: false });
      await apis.setStatus(letters, 'active');
      app.clock.advance({ seconds: 3 });
    });

    it('are told to be good for nothing that was taken from their client since', async () => {
      const former = { id: 'mesin-dulu', secret: 'rahasia-mesin-dulu-untuk-pengujian' };
      const metadata = {
        client_id: former.id,
        client_name: 'Mesin',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
      };
      await app.addClient({
        type: 'machine',
        secret: former.secret,
        metadata: { ...metadata, resources: { [letters]: ['surat:baca'] } },
      });
      const { body } = await postAs(
        app,
        '/token',
        { grant_type: 'client_credentials', resource: letters, scope: 'surat:baca' },
        former,
      );
      expect((await introspect(body.access_token, guard)).scope).to.equal('surat:baca');
      const leave = async (resources: Readonly<Record<string, readonly string[]>>): Promise<void> => {
        await app.store.clients.update(
          former.id,
          { metadata: { ...(await app.store.clients.find(former.id))!.metadata, resources } },
          app.clock.now(),
        );
        app.clock.advance({ seconds: 3 });
      };
      await leave({ [letters]: [] });
      expect(await introspect(body.access_token, guard))
        .to.include({ active: true })
        .and.not.have.property('scope');
      await leave({});
      expect(await introspect(body.access_token, guard)).to.deep.equal({ active: false });
    });

    it('of a person too, by the subject that the client knows', async () => {
      const pairwise = await createRelyingParty(app, {
        further: { subject_type: 'pairwise', resources: { [letters]: ['surat:baca'] } },
      });
      const { body } = await redeem(
        pairwise,
        await codeFor(pairwise, [letters], { scope: 'openid surat:baca' }),
        letters,
      );
      const seen = await introspect(body.access_token, guard);
      expect(seen).to.include({ active: true, aud: letters, client_id: pairwise.id });
      expect(seen.sub).to.be.a('string').and.not.equal(accountId);
      expect((await userinfo(app, body.access_token)).status, 'an opaque one opens no userinfo either').to.be.oneOf([
        401, 403,
      ]);
    });
  });

  describe('and the person', () => {
    it('is asked first, in the words of the API, by a service of somebody else', async () => {
      const guest = await createRelyingParty(app, {
        name: 'Mitra',
        further: { first_party: false, resources: rights },
      });
      const request = await guest.begin({ scope: 'openid lamaran:baca', resource: jobs });
      const browser = new Browser();
      const question = await signIn(browser, await browser.open(request.url), citizen.nik, citizen.password);
      expect(question.url.pathname).to.match(/\/consent$/);
      expect(question.text).to.include(means.id).and.include('API Karirhub').and.not.include('belum menuliskan');
      const home = await browser.submit(question, 'sharing');
      const { body } = await redeem(
        guest,
        { code: home.url.searchParams.get('code') ?? '', verifier: request.verifier },
        jobs,
      );
      expect((await verify(body.access_token, jobs)).payload.scope).to.equal('lamaran:baca');

      const again = await visit(browser, guest, { scope: 'openid lamaran:baca', resource: jobs });
      expect(again.page.url.searchParams.get('code'), 'not asked again').not.to.equal(null);
      const more = await visit(browser, guest, { scope: 'openid lamaran:kirim', resource: jobs });
      expect(more.page.url.pathname, 'asked for more').to.match(/\/consent$/);
      const elsewhere = await browser.open(`${app.url}/account/services`);
      expect(elsewhere.text).to.include(means.id).and.include('API Karirhub');
    });

    it('finds it among the connected services, and ends it there: the refresh token gives nothing more', async () => {
      const { body } = await redeem(service, await codeFor(service, [jobs]), jobs);
      const receipts = await app.store.consents.standing(accountId, service.id);
      expect(receipts.flatMap(({ text }) => text.shares.map(({ scope: one }) => one))).to.include('lamaran:baca');
      const browser = new Browser();
      await obtainCode(service, citizen, browser);
      const page = await browser.open(`${app.url}/account/services/withdraw?client=${service.id}`);
      await browser.submit(page, 'client');
      expect(
        (
          await postAs(
            app,
            '/token',
            { grant_type: 'refresh_token', refresh_token: String(body.refresh_token), resource: jobs },
            service,
          )
        ).body.error,
      ).to.equal('invalid_grant');
    });
  });
});
