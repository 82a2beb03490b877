import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, type RelyingParty, type SignInRequest } from '../support/relying-party.ts';

/** RFC 9101: the whole request of a sign-in signed by the service, in the parameter `request`. */
describe('Signed requests (JAR)', () => {
  let app: TestApp;
  let citizen: Citizen;
  let service: RelyingParty;
  let key: CryptoKey;
  let foreignKey: CryptoKey;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    const pair = await generateKeyPair('ES256', { extractable: true });
    key = pair.privateKey;
    foreignKey = (await generateKeyPair('ES256')).privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'permintaan', use: 'sig', alg: 'ES256' };
    service = await createRelyingParty(app, {
      further: { jwks: { keys: [jwk] }, request_object_signing_alg: 'ES256', require_signed_request_object: true },
    });
  });
  after(() => app.close());

  async function signed({
    by = key,
    change = {},
    audience = app.url,
  }: { by?: CryptoKey; change?: Readonly<Record<string, string>>; audience?: string } = {}): Promise<{
    url: URL;
    request: SignInRequest;
  }> {
    const request = await service.begin();
    const seconds = Math.floor(app.clock.now().getTime() / 1000);
    const object = await new SignJWT({ ...Object.fromEntries(new URL(request.url).searchParams), ...change })
      .setProtectedHeader({ alg: 'ES256', kid: 'permintaan', typ: 'oauth-authz-req+jwt' })
      .setIssuer(service.id)
      .setAudience(audience)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + 60)
      .setJti(crypto.randomUUID())
      .sign(by);
    const url = new URL('/auth', app.url);
    // What OpenID Connect wants outside as well; everything else stands in the object alone.
    url.search = new URLSearchParams({
      client_id: service.id,
      scope: 'openid',
      response_type: 'code',
      request: object,
    }).toString();
    return { url, request };
  }
  const open = (url: URL | string): Promise<Page> => new Browser().open(url);
  const errorOf = ({ url, text }: Page): string => url.searchParams.get('error') ?? text;

  it('sign a person in, with all that stands in the object and nowhere else', async () => {
    const browser = new Browser();
    const { url, request } = await signed();
    const home = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
    expect(isHome(home, service), home.url.href).to.equal(true);
    expect(home.url.searchParams.get('state')).to.equal(request.state);
    const { claims } = await service.receive(home, request);
    expect(claims).to.include({ nonce: request.nonce });
    expect(claims.email, 'the scope of the object holds').to.be.a('string');
  });

  it('count whole: what stands beside the object changes nothing of it', async () => {
    const { url, request } = await signed();
    url.searchParams.set('state', 'diubah-di-jalan');
    url.searchParams.set('prompt', 'none');
    const page = await open(url);
    expect(page.url.pathname, 'no prompt=none').to.match(/\/login$/);
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
    expect(home.url.searchParams.get('state')).to.equal(request.state);
  });

  it('are nothing by another key, for another provider, or with a scope that is not registered', async () => {
    expect(errorOf(await open((await signed({ by: foreignKey })).url))).to.include('invalid_request_object');
    expect(errorOf(await open((await signed({ audience: 'https://lain.test' })).url))).to.include(
      'invalid_request_object',
    );
    expect(errorOf(await open((await signed({ change: { scope: 'openid nik' } })).url))).to.equal('invalid_scope');
  });

  it('lead nowhere that is not registered, whoever signed it', async () => {
    const page = await open((await signed({ change: { redirect_uri: 'https://penyerang.test/cb' } })).url);
    expect(page.status).to.equal(400);
    expect(page.url.origin).to.equal(app.url);
  });

  it('are the only ones that count where the registration says so: a plain request is refused', async () => {
    const page = await open((await service.begin()).url);
    expect(isHome(page, service), page.url.href).to.equal(true);
    expect(errorOf(page)).to.equal('invalid_request');
    expect(page.url.searchParams.get('error_description')).to.match(/Request Object/i);
  });
});
