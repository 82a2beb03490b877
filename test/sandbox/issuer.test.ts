import { expect } from 'chai';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { startLogoutReceiver, withStatus } from '../support/logout-receiver.ts';

const SECRET = 'rahasia-hanya-untuk-pengujian';
const HOME = 'https://rp.test/cb';
const TRIAL = 'https://uji.rp.test/cb';

/** A sign-in at one of the two issuers, by a library that knows nothing of us. */
async function begin(issuer: string, redirectUri: string, more: Readonly<Record<string, string>> = {}, id = 'rp') {
  const configuration = await oidc.discovery(
    new URL(issuer),
    id,
    { client_secret: SECRET, id_token_signed_response_alg: 'ES256' },
    oidc.ClientSecretBasic(SECRET),
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  return { url, receive: (home: Page) => oidc.authorizationCodeGrant(configuration, home.url, checks), configuration };
}

const asCitizen = (browser: Browser, page: Page, citizen: string): Promise<Page> =>
  browser.submit(page, '/login', { citizen });
const answer = (browser: Browser, page: Page, given: 'allow' | 'deny'): Promise<Page> =>
  browser.submit(page, '/consent', { answer: given });

describe('The sandbox issuer', () => {
  let app: TestApp;
  let sandbox: string;
  before(async () => {
    app = await startTestApp();
    sandbox = `${app.url}/sandbox`;
    await app.addClient({
      metadata: {
        client_id: 'rp',
        client_name: 'Layanan Uji',
        redirect_uris: [HOME],
        test_redirect_uris: [TRIAL],
        scope: 'openid profile email nik',
        data_use: { profile: { purpose: { id: 'Menyapa Anda.', en: 'Greeting you.' }, legal_basis: 'contract' } },
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: SECRET,
    });
    await app.addClient({
      metadata: {
        client_id: 'tanpa',
        client_name: 'Tanpa alamat uji',
        redirect_uris: [HOME],
        scope: 'openid',
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: SECRET,
    });
  });
  after(() => app.close());

  async function tokensAt(browser: Browser, citizen = 'ordinary') {
    const request = await begin(sandbox, TRIAL);
    const consent = await asCitizen(browser, await browser.open(request.url), citizen);
    return { ...request, tokens: await request.receive(await answer(browser, consent, 'allow')) };
  }

  async function realTokens(browser: Browser) {
    const citizen = somebody();
    await addAccount(app, citizen);
    const request = await begin(app.url, HOME);
    return request.receive(await signIn(browser, await browser.open(request.url), citizen.nik, citizen.password));
  }

  it('gives errors their help code too, and the log its line: this is where teams meet most of them', async () => {
    const answer = await fetch(`${sandbox}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('rp:salah')}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: TRIAL }),
    });
    const { error, help_code: helpCode } = (await answer.json()) as Record<string, string>;
    expect([answer.status, error]).to.deep.equal([401, 'invalid_client']);
    expect(
      app.logLines.filter((line) => line.includes(helpCode ?? 'none given') && line.includes('error.answered')),
    ).to.have.lengthOf(1);
  });

  it('signs invented people in without a password, and says on every page that nothing is real', async () => {
    const browser = new Browser();
    const request = await begin(sandbox, TRIAL);
    const choice = await browser.open(request.url);
    expect(choice.text).to.include('Uji coba: bukan data sungguhan').and.include('Suharti').and.include('Layanan Uji');
    expect(choice.html).not.to.include('type="password"');
    const consent = await asCitizen(browser, choice, 'ordinary');
    // Chromium applies it to where a form ends: without, nobody comes home.
    for (const { headers } of [choice, consent])
      expect(headers.get('content-security-policy')).to.match(/form-action 'self' https:/);
    expect(consent.text).to.include('Uji coba: bukan data sungguhan').and.include('Budi Uji Santoso');
    expect(consent.text)
      .to.include('Menyapa Anda.')
      .and.include('perjanjian dengan Anda')
      .and.include('budi@uji.contoh.test')
      .and.include('belum menuliskan tujuannya')
      .and.include('tercantum di daftar layanan terhubung');
    const home = await answer(browser, consent, 'allow');
    expect(`${home.url.origin}${home.url.pathname}`).to.equal(TRIAL);
    const tokens = await request.receive(home);
    expect(tokens.claims()?.iss).to.equal(sandbox);
    const error = await browser.open(
      `${sandbox}/auth?client_id=rp&redirect_uri=https://evil.test&response_type=code&scope=openid`,
    );
    expect(error.status).to.equal(400);
    expect(error.text).to.include('Uji coba: bukan data sungguhan');
  });

  it('has people that services get wrong: one name, an apostrophe, an 18-digit NIP as text, no e-mail', async () => {
    const of = async (citizen: string): Promise<Record<string, unknown>> => {
      const { tokens, configuration } = await tokensAt(new Browser(), citizen);
      return oidc.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '');
    };
    expect((await of('single-name')).name).to.equal('Suharti');
    expect((await of('apostrophe')).name)
      .to.include("'")
      .and.include('’');
    expect((await of('nip')).nip).to.equal('199001012015042009');
    expect(await of('no-email')).not.to.have.any.keys('email', 'email_verified');
    expect(await of('ordinary')).not.to.have.any.keys('nik', 'phone_number');
  });

  it('turns a suspended person and a person who denies back with access_denied', async () => {
    for (const go of [
      (browser: Browser, page: Page) => asCitizen(browser, page, 'suspended'),
      async (browser: Browser, page: Page) => answer(browser, await asCitizen(browser, page, 'ordinary'), 'deny'),
      (browser: Browser, page: Page) => browser.submit(page, '/cancel'),
    ]) {
      const browser = new Browser();
      const request = await begin(sandbox, TRIAL);
      const home = await go(browser, await browser.open(request.url));
      expect(home.url.searchParams.get('error')).to.equal('access_denied');
      expect(home.url.searchParams.get('iss')).to.equal(sandbox);
    }
  });

  it('refuses forms of another site, of another page and of nobody', async () => {
    const browser = new Browser();
    const page = await browser.open((await begin(sandbox, TRIAL)).url);
    expect(
      (await browser.post(page, '/login', { citizen: 'ordinary' }, { headers: { 'sec-fetch-site': 'cross-site' } }))
        .status,
    ).to.equal(403);
    expect((await browser.post(page, '/login', { citizen: 'ordinary', csrf: 'x' })).status).to.equal(403);
    expect((await browser.post(page, '/login', { citizen: 'nobody' })).status).to.equal(422);
    expect((await new Browser().open(page.url)).status).to.equal(410);
  });

  it('is another issuer: keys, tokens, codes and sessions of one are nothing at the other, either way', async () => {
    const browser = new Browser();
    const { tokens, configuration } = await tokensAt(browser);
    const real = await realTokens(browser);

    const kids = async (issuer: string): Promise<string[]> =>
      ((await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    expect(await kids(sandbox))
      .to.have.length(3)
      .and.not.include.any.members(await kids(app.url));

    const userinfo = (issuer: string, token: string): Promise<Response> =>
      fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
    expect((await userinfo(app.url, tokens.access_token)).status).to.equal(401);
    expect((await userinfo(sandbox, real.access_token)).status).to.equal(401);
    expect((await userinfo(sandbox, tokens.access_token)).status).to.equal(200);
    expect(
      (
        await fetch(`${app.url}/api/admin/v1/operators`, {
          headers: { authorization: `Bearer ${tokens.access_token}` },
        })
      ).status,
    ).to.equal(401);

    const introspect = async (issuer: string, token = ''): Promise<unknown> =>
      (
        (await (
          await fetch(`${issuer}/token/introspection`, {
            method: 'POST',
            headers: { authorization: `Basic ${btoa(`rp:${SECRET}`)}` },
            body: new URLSearchParams({ token }),
          })
        ).json()) as { active: unknown }
      ).active;
    expect(await introspect(app.url, tokens.access_token)).to.equal(false);
    expect(await introspect(app.url, tokens.refresh_token)).to.equal(false);
    expect(await introspect(sandbox, real.access_token)).to.equal(false);
    expect(await introspect(sandbox, tokens.access_token)).to.equal(true);

    const exchange = async (issuer: string, body: Record<string, string>): Promise<unknown> =>
      (
        (await (
          await fetch(`${issuer}/token`, {
            method: 'POST',
            headers: { authorization: `Basic ${btoa(`rp:${SECRET}`)}` },
            body: new URLSearchParams(body),
          })
        ).json()) as { error: unknown }
      ).error;
    expect(
      await exchange(app.url, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
    ).to.equal('invalid_grant');
    expect(await exchange(sandbox, { grant_type: 'refresh_token', refresh_token: real.refresh_token ?? '' })).to.equal(
      'invalid_grant',
    );
    expect((await oidc.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).access_token).to.be.a('string');

    const stolen = await begin(sandbox, TRIAL);
    const home = await answer(browser, await asCitizen(browser, await browser.open(stolen.url), 'ordinary'), 'allow');
    expect(
      await exchange(app.url, {
        grant_type: 'authorization_code',
        code: home.url.searchParams.get('code') ?? '',
        redirect_uri: TRIAL,
        code_verifier: 'x'.repeat(43),
      }),
    ).to.equal('invalid_grant');
  });

  it('keeps the two sessions of one browser apart, under cookies of other names and paths', async () => {
    const lines: string[] = [];
    const browser = new Browser();
    const keep = browser.request.bind(browser);
    browser.request = async (...args) => {
      const page = await keep(...args);
      lines.push(...page.headers.getSetCookie());
      return page;
    };
    await tokensAt(browser);
    const own = lines.filter((line) => line.startsWith('sandbox-'));
    expect(own).not.to.be.empty;
    for (const line of own) expect(line).to.match(/path=\/sandbox(?:\/|;|$)/i);
    expect(lines.filter((line) => /^(?:session|interaction|authorization)=/.test(line))).to.deep.equal([]);
    // Signed in at the sandbox is signed in nowhere else, and silent requests say so.
    const silent = await browser.open((await begin(app.url, HOME, { prompt: 'none' })).url);
    expect(silent.url.searchParams.get('error')).to.equal('login_required');
    expect((await browser.open(`${app.url}/account/services`)).text).to.include('Kata sandi');
    expect(
      (await browser.open((await begin(sandbox, TRIAL, { prompt: 'none' })).url)).url.searchParams.get('code'),
    ).to.be.a('string');
    const other = new Browser();
    await realTokens(other);
    expect(
      (await other.open((await begin(sandbox, TRIAL, { prompt: 'none' })).url)).url.searchParams.get('error'),
    ).to.equal('login_required');
    // A session id under the other's name is nobody's.
    const session = browser.cookie('sandbox-session') ?? '';
    const forged = await fetch((await begin(app.url, HOME, { prompt: 'none' })).url, {
      redirect: 'manual',
      headers: { cookie: `session=${session}; session.sig=${browser.cookie('sandbox-session.sig') ?? ''}` },
    });
    expect(forged.headers.get('location')).to.include('login_required');
  });

  it('knows test addresses alone, and the real issuer knows none of them', async () => {
    const at = async (issuer: string, uri: string, id = 'rp'): Promise<string> => {
      const query = new URLSearchParams({
        client_id: id,
        redirect_uri: uri,
        response_type: 'code',
        scope: 'openid',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
        prompt: 'none',
      });
      const { status, headers } = await fetch(`${issuer}/auth?${query.toString()}`, { redirect: 'manual' });
      return headers.get('location')?.split('?')[0] ?? String(status);
    };
    expect(await at(sandbox, TRIAL)).to.equal(TRIAL);
    expect(await at(app.url, HOME)).to.equal(HOME);
    for (const [issuer, uri] of [
      [sandbox, HOME],
      [app.url, TRIAL],
      [sandbox, `${TRIAL}/../evil`],
      [sandbox, 'https://uji.rp.test.evil.test/cb'],
      [sandbox, `${TRIAL}?x=1`],
    ] as const)
      expect(await at(issuer, uri), `${issuer} ${uri}`).to.equal('400');
    expect(await at(sandbox, HOME, 'tanpa')).to.equal('400');
    const signedOut = await fetch(
      `${app.url}/session/end?${new URLSearchParams({ client_id: 'rp', post_logout_redirect_uri: TRIAL }).toString()}`,
      { redirect: 'manual' },
    );
    expect(signedOut.headers.get('location')).to.equal(null);
  });

  it('is shut to a disabled client, within the time of a stop', async () => {
    await app.addClient({
      metadata: {
        client_id: 'henti',
        client_name: 'Henti',
        redirect_uris: [HOME],
        test_redirect_uris: [TRIAL],
        scope: 'openid',
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: SECRET,
    });
    const open = async (): Promise<number> =>
      (await new Browser().open((await begin(sandbox, TRIAL, { scope: 'openid' }, 'henti')).url)).status;
    expect(await open()).to.equal(200);
    await app.store.clients.update('henti', { status: 'disabled' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    expect(await open()).to.equal(400);
  });

  it('says what it is in discovery, and nothing of registration or devices', async () => {
    const document = (await (await fetch(`${sandbox}/.well-known/openid-configuration`)).json()) as Record<
      string,
      unknown
    >;
    expect(document.issuer).to.equal(sandbox);
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'userinfo_endpoint',
      'end_session_endpoint',
    ])
      expect(document[name], name)
        .to.be.a('string')
        .and.satisfy((url: string) => url.startsWith(`${sandbox}/`));
    expect(document.claims_supported).to.include('nip');
    expect(document).not.to.have.any.keys('device_authorization_endpoint');
  });

  it('signs out, by itself', async () => {
    const browser = new Browser();
    const { tokens } = await tokensAt(browser);
    const asked = await browser.open(`${sandbox}/session/end?id_token_hint=${tokens.id_token ?? ''}`);
    expect(asked.text).to.include('Uji coba: bukan data sungguhan');
    await browser.submit(asked, 'logout');
    expect(
      (await browser.open((await begin(sandbox, TRIAL, { prompt: 'none' })).url)).url.searchParams.get('error'),
    ).to.equal('login_required');
  });

  it('tells the service of a sign-out by its test address, at once, and where another person signs in', async () => {
    const receiver = await startLogoutReceiver();
    try {
      await app.addClient({
        metadata: {
          client_id: 'dengar',
          client_name: 'Dengar',
          redirect_uris: [HOME],
          test_redirect_uris: [TRIAL],
          test_backchannel_logout_uri: receiver.uri,
          backchannel_logout_session_required: true,
          scope: 'openid',
          token_endpoint_auth_method: 'client_secret_basic',
        },
        secret: SECRET,
      });
      const browser = new Browser();
      const enter = async (citizen: string) => {
        const request = await begin(sandbox, TRIAL, { scope: 'openid' }, 'dengar');
        return request.receive(
          await answer(browser, await asCitizen(browser, await browser.open(request.url), citizen), 'allow'),
        );
      };
      const first = await enter('ordinary');
      const second = await enter('single-name');
      const read = async (token: string | undefined) =>
        (
          await jwtVerify(token ?? '', createRemoteJWKSet(new URL(`${sandbox}/jwks`)), {
            issuer: sandbox,
            audience: 'dengar',
            typ: 'logout+jwt',
          })
        ).payload;
      expect(receiver.tokens).to.have.length(1);
      expect(await read(receiver.tokens[0])).to.include({ sub: first.claims()?.sub, sid: first.claims()?.sid });

      receiver.answer = withStatus(500);
      const asked = await browser.open(`${sandbox}/session/end?id_token_hint=${second.id_token ?? ''}`);
      expect((await browser.submit(asked, 'logout')).status, 'also where it does not listen').to.equal(200);
      expect(receiver.tokens).to.have.length(2);
      expect(await read(receiver.tokens[1])).to.include({ sub: second.claims()?.sub, sid: second.claims()?.sid });
    } finally {
      await receiver.close();
    }
  });

  it('can be left out, and is limited by itself', async () => {
    const off = await startTestApp({ sandbox: { enabled: false }, limits: { sandboxPerNetwork: 1 } });
    try {
      expect((await fetch(`${off.url}/sandbox/.well-known/openid-configuration`)).status).to.equal(404);
      expect((await fetch(`${off.url}/.well-known/openid-configuration`)).status).to.equal(200);
    } finally {
      await off.close();
    }
    const few = await startTestApp({ limits: { sandboxPerNetwork: 2 } });
    try {
      const statuses: number[] = [];
      for (let n = 0; n < 3; n += 1) statuses.push((await fetch(`${few.url}/sandbox/jwks`)).status);
      expect(statuses).to.deep.equal([200, 200, 429]);
      expect((await fetch(`${few.url}/jwks`)).status).to.equal(200);
    } finally {
      await few.close();
    }
  });
});
