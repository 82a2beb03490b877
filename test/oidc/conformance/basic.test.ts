import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { basic, exchange, obtainCode, postAs, userinfo, type Answer } from '../exchange.ts';

/** What the plans OIDC Basic and Form Post Basic ask for and no other test shows; docs/conformance.md maps them. */
describe('Conformance: OIDC Basic', () => {
  let app: TestApp;
  let citizen: Citizen;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    service = await createRelyingParty(app, { further: { grant_types: ['authorization_code', 'refresh_token'] } });
  });
  after(() => app.close());

  async function requestWith(change: (parameters: URLSearchParams) => void, browser = new Browser()): Promise<Page> {
    const url = new URL((await service.begin()).url);
    change(url.searchParams);
    return browser.open(url);
  }
  async function tokensOf(
    by: RelyingParty,
    parameters: Readonly<Record<string, string>> = {},
    browser = new Browser(),
  ): Promise<Answer['body']> {
    const { code, request } = await obtainCode(by, citizen, browser, parameters);
    const answer = await exchange(app, by, { code, code_verifier: request.verifier });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    return answer.body;
  }

  it('a request without response_type is answered by an error at the service', async () => {
    const page = await requestWith((parameters) => {
      parameters.delete('response_type');
    });
    expect(isHome(page, service)).to.equal(true);
    expect(page.url.searchParams.get('error')).to.equal('invalid_request');
    expect(page.url.searchParams.get('state')).to.be.a('string');
  });

  it('tokens come with no-store, a type, a life and an ID token that names its key', async () => {
    const { code, request } = await obtainCode(service, citizen);
    const response = await fetch(`${app.url}/token`, {
      method: 'POST',
      headers: { authorization: basic(service) },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        code_verifier: request.verifier,
        redirect_uri: `${service.origin}/cb`,
      }),
    });
    expect(response.headers.get('cache-control')).to.equal('no-store');
    expect(response.headers.get('content-type')).to.match(/^application\/json/);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).to.include({ token_type: 'Bearer', expires_in: 900 });
    const { kid } = decodeProtectedHeader(String(body.id_token));
    const { keys } = (await (await fetch(`${app.url}/jwks`)).json()) as { keys: { kid: string }[] };
    expect(keys.map((key) => key.kid)).to.include(kid);
    const { nonce, exp, iat, aud, iss } = decodeJwt(String(body.id_token));
    expect({ nonce, aud, iss }).to.deep.equal({ nonce: request.nonce, aud: service.id, iss: app.url });
    expect(exp! - iat!).to.equal(900);
  });

  it('userinfo answers POST, with the token in the header or in the body, and never with both', async () => {
    const { access_token: token } = await tokensOf(service);
    const authorization = `Bearer ${String(token)}`;
    const post = (headers: Record<string, string>, body?: URLSearchParams): Promise<Response> =>
      fetch(`${app.url}/me`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    for (const response of [
      await post({ authorization }),
      await post({}, new URLSearchParams({ access_token: String(token) })),
    ]) {
      expect(response.status).to.equal(200);
      expect(await response.json()).to.include({ name: citizen.name });
    }
    expect(
      (await post({ authorization }, new URLSearchParams({ access_token: String(token) }))).status,
      'both',
    ).to.equal(400);
    expect((await fetch(`${app.url}/me?access_token=${String(token)}`)).status, 'in the address').to.be.oneOf([
      400, 401,
    ]);
  });

  it('userinfo refuses without a token and with a wrong one as RFC 6750 says', async () => {
    for (const headers of [{}, { authorization: 'Bearer salah' }]) {
      const response = await fetch(`${app.url}/me`, { headers });
      expect(response.status).to.be.oneOf([400, 401]);
      expect(response.headers.get('www-authenticate') ?? '').to.match(/^Bearer /);
    }
  });

  it('a request without nonce gives an ID token without one', async () => {
    const url = new URL((await service.begin()).url);
    url.searchParams.delete('nonce');
    url.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
    const browser = new Browser();
    const home = await browser.submit(await browser.open(url), 'identifier', {
      identifier: citizen.nik,
      password: citizen.password,
    });
    const answer = await exchange(app, service, {
      code: home.url.searchParams.get('code') ?? '',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    });
    expect(decodeJwt(String(answer.body.id_token))).not.to.have.property('nonce');
  });

  const SCOPES = {
    openid: ['sub'],
    'openid profile': ['sub', 'name', 'locale', 'zoneinfo', 'updated_at'],
    'openid email': ['sub', 'email', 'email_verified'],
    'openid phone': ['sub', 'phone_number', 'phone_number_verified'],
    'phone email profile openid': [
      'sub',
      'name',
      'locale',
      'zoneinfo',
      'updated_at',
      'email',
      'email_verified',
      'phone_number',
      'phone_number_verified',
    ],
  } as const;
  for (const [scope, claims] of Object.entries(SCOPES)) {
    it(`scope "${scope}" opens its claims at userinfo and no others`, async () => {
      const tokens = await tokensOf(service, { scope });
      const { body } = await userinfo(app, tokens.access_token);
      expect(Object.keys(body).sort()).to.deep.equal([...claims].sort());
      expect(decodeJwt(String(tokens.id_token))).not.to.have.any.keys('name', 'email', 'phone_number');
    });
  }

  it('the order of parameters and of scopes means nothing', async () => {
    const browser = new Browser();
    const { url: first, ...request } = await service.begin({ scope: 'email profile openid' });
    const url = new URL(first);
    url.search = new URLSearchParams([...url.searchParams].reverse()).toString();
    const home = await browser.submit(await browser.open(url), 'identifier', {
      identifier: citizen.nik,
      password: citizen.password,
    });
    await service.receive(home, { url: first, ...request });
  });

  const HARMLESS: readonly Readonly<Record<string, string>>[] = [
    { display: 'page' },
    { display: 'popup' },
    { extra: 'foobar' },
    { ui_locales: 'se' },
    { claims_locales: 'se' },
    { acr_values: '1 2' },
    { acr_values: 'urn:siapkerja:acr:password urn:siapkerja:acr:password-phone urn:siapkerja:acr:two-factor' },
    { login_hint: 'buffy@localhost' },
  ];
  for (const parameters of HARMLESS) {
    it(`${JSON.stringify(parameters)} does no harm`, async () => {
      const browser = new Browser();
      expect(await tokensOf(service, parameters, browser)).to.have.property('id_token');
    });
  }

  it('max_age large enough leaves the session alone and repeats when the sign-in was; prompt=none does so too', async () => {
    const browser = new Browser();
    const first = decodeJwt(String((await tokensOf(service, { max_age: '15000' }, browser)).id_token));
    expect(first.auth_time).to.be.a('number');
    for (const parameters of [{ max_age: '10000' }, { prompt: 'none' }] as const) {
      const { page, request } = await visit(browser, service, parameters);
      expect(isHome(page, service), 'without a page').to.equal(true);
      const answer = await exchange(app, service, {
        code: page.url.searchParams.get('code') ?? '',
        code_verifier: request.verifier,
      });
      const again = decodeJwt(String(answer.body.id_token));
      expect(again.sub).to.equal(first.sub);
      expect(again.auth_time ?? first.auth_time).to.equal(first.auth_time);
    }
  });

  it('max_age=1 asks again as soon as the sign-in is older, and the new one is later', async () => {
    const browser = new Browser();
    const first = decodeJwt(String((await tokensOf(service, { max_age: '1' }, browser)).id_token));
    let { page, request } = await visit(browser, service, { max_age: '1' });
    // The library's clock is the machine's: until it has moved on, single sign-on goes on.
    while (isHome(page, service)) ({ page, request } = await visit(browser, service, { max_age: '1' }));
    const home = await browser.submit(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    const answer = await exchange(app, service, {
      code: home.url.searchParams.get('code') ?? '',
      code_verifier: request.verifier,
    });
    expect(decodeJwt(String(answer.body.id_token)).auth_time).to.be.greaterThan(Number(first.auth_time));
  });

  it('userinfo is signed by RS256 for who registered so', async () => {
    const signed = await createRelyingParty(app, { further: { userinfo_signed_response_alg: 'RS256' } });
    const { access_token: token } = await tokensOf(signed);
    const response = await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${String(token)}` } });
    expect(response.headers.get('content-type')).to.match(/^application\/jwt/);
    const { payload, protectedHeader } = await jwtVerify(
      await response.text(),
      createRemoteJWKSet(new URL('/jwks', app.url)),
      { issuer: app.url, audience: signed.id },
    );
    expect(protectedHeader.alg).to.equal('RS256');
    expect(payload.name).to.equal(citizen.name);
  });

  it('a request object by reference is refused by the error made for it', async () => {
    const page = await requestWith((parameters) => {
      parameters.set('request_uri', 'https://suite.contoh.test/request/x');
    });
    expect(page.url.searchParams.get('error') ?? page.text).to.equal('request_uri_not_supported');
  });

  it('an essential claim fails nobody, and opens nothing past the scopes', async () => {
    const tokens = await tokensOf(service, { scope: 'openid', claims: '{"userinfo":{"name":{"essential":true}}}' });
    expect(Object.keys((await userinfo(app, tokens.access_token)).body)).to.deep.equal(['sub']);
    expect(decodeJwt(String(tokens.id_token))).not.to.have.property('name');
  });

  it('a secret comes in the header or in the body, and not in both', async () => {
    const posting = await createRelyingParty(app, { further: { token_endpoint_auth_method: 'client_secret_post' } });
    const attempt = async (
      by: RelyingParty,
      { inBody, secret = by.secret, header }: { inBody: boolean; secret?: string; header?: RelyingParty },
    ): Promise<Answer> => {
      const { code, request } = await obtainCode(by, citizen);
      return postAs(
        app,
        '/token',
        {
          grant_type: 'authorization_code',
          code,
          code_verifier: request.verifier,
          redirect_uri: `${by.origin}/cb`,
          ...(inBody ? { client_id: by.id, client_secret: secret } : {}),
        },
        header,
      );
    };
    expect((await attempt(posting, { inBody: true })).body).to.have.property('id_token');
    expect((await attempt(posting, { inBody: true, secret: 'salah' })).body.error).to.equal('invalid_client');
    expect((await attempt(posting, { inBody: true, header: posting })).status, 'both').to.be.oneOf([400, 401]);
    expect((await attempt(service, { inBody: true, header: posting })).status, 'of two').to.be.oneOf([400, 401]);
  });

  it('a refreshed ID token is about the same sign-in, with no nonce of its own', async () => {
    const first = await tokensOf(service);
    const refreshed = await postAs(
      app,
      '/token',
      { grant_type: 'refresh_token', refresh_token: String(first.refresh_token) },
      service,
    );
    const [before, after] = [decodeJwt(String(first.id_token)), decodeJwt(String(refreshed.body.id_token))];
    for (const claim of ['iss', 'sub', 'aud', 'sid', 'acr'] as const)
      expect(after[claim], claim).to.deep.equal(before[claim]);
    expect(after.nonce).to.be.oneOf([undefined, before.nonce]);
    expect(after.iat).to.be.at.least(before.iat!);
  });

  describe('for a client without PKCE', () => {
    let waived: RelyingParty;
    before(async () => {
      waived = await createRelyingParty(app, {
        further: { pkce_waived_because: 'The vendor of the library ended its support in 2024.' },
      });
    });
    async function codeOf(withChallenge: boolean): Promise<{ code: string; verifier: string }> {
      const { url: address, verifier } = await waived.begin();
      const url = new URL(address);
      if (!withChallenge) for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name);
      const browser = new Browser();
      const home = await browser.submit(await browser.open(url), 'identifier', {
        identifier: citizen.nik,
        password: citizen.password,
      });
      return { code: home.url.searchParams.get('code') ?? '', verifier };
    }

    it('works without', async () => {
      const { code } = await codeOf(false);
      expect((await exchange(app, waived, { code })).status).to.equal(200);
    });

    it('holds to PKCE once it was begun with: without the verifier, or with another, the code is worth nothing', async () => {
      const first = await codeOf(true);
      expect((await exchange(app, waived, { code: first.code })).body.error).to.equal('invalid_grant');
      const second = await codeOf(true);
      expect((await exchange(app, waived, { code: second.code, code_verifier: 'x'.repeat(43) })).body.error).to.equal(
        'invalid_grant',
      );
      const third = await codeOf(true);
      expect((await exchange(app, waived, { code: third.code, code_verifier: third.verifier })).status).to.equal(200);
    });

    it('refuses a verifier for a code that was asked for without a challenge (RFC 9700, 2.1.1)', async () => {
      const { code, verifier } = await codeOf(false);
      expect((await exchange(app, waived, { code, code_verifier: verifier })).body.error).to.equal('invalid_grant');
    });
  });

  describe('by form_post', () => {
    const fieldsOf = (page: Page): Readonly<Record<string, string>> => {
      // A page with an error may say so by its status too: it sends itself all the same.
      expect(page.status).to.be.oneOf([200, 400]);
      expect(page.headers.get('content-security-policy'))
        .to.match(/form-action [^;]*https:/)
        .and.match(/script-src [^;]*'sha256-/);
      expect(page.forms[0]?.action).to.equal(`${service.origin}/cb`);
      return page.forms[0]?.fields ?? {};
    };

    it('the code travels in the body, with state and issuer, and is worth as much as any other', async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, service, { response_mode: 'form_post' });
      const fields = fieldsOf(
        await browser.submit(page, 'identifier', { identifier: citizen.nik, password: citizen.password }),
      );
      expect(fields).to.include({ state: request.state, iss: app.url });
      expect(
        (await exchange(app, service, { code: fields.code ?? '', code_verifier: request.verifier })).status,
      ).to.equal(200);
    });

    it('errors travel in the body too', async () => {
      const { page, request } = await visit(new Browser(), service, { response_mode: 'form_post', prompt: 'none' });
      expect(fieldsOf(page)).to.include({ error: 'login_required', state: request.state, iss: app.url });
      const { error_description: words = '' } = fieldsOf(page);
      expect(words).to.match(/\(help code [A-Z0-9]{4}-[A-Z0-9]{2}\)$/);
      const helpCode = words.slice(-8, -1);
      expect(
        app.logLines.some((line) => line.includes(helpCode)),
        'the log knows the help code',
      ).to.equal(true);
      const untyped = await requestWith((parameters) => {
        parameters.set('response_mode', 'form_post');
        parameters.delete('response_type');
      });
      expect(fieldsOf(untyped)).to.include({ error: 'invalid_request' });
    });
  });
});
