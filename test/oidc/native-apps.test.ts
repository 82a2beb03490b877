import { expect } from 'chai';
import * as client from 'openid-client';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { postAs } from './exchange.ts';

const SCHEME = 'id.contoh.aplikasi:/pulang';

/**
 * RFC 8252: an app on a phone or a computer, without a secret, to which the browser comes back by loopback or by a
 * scheme.
 */
describe('Apps on the device', () => {
  let app: TestApp;
  let citizen: Citizen;
  let configuration: client.Configuration;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    await app.addClient({
      type: 'native',
      metadata: {
        client_id: 'aplikasi',
        client_name: 'Aplikasi (contoh)',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/pulang', SCHEME],
        scope: 'openid profile',
        first_party: true,
      },
    });
    configuration = await client.discovery(
      new URL(app.url),
      'aplikasi',
      { id_token_signed_response_alg: 'ES256' },
      client.None(),
      { execute: [client.allowInsecureRequests] },
    );
  });
  after(() => app.close());

  async function begin(redirectUri: string): Promise<{ url: string; verifier: string; state: string }> {
    const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    });
    return { url: url.href, verifier, state };
  }
  /** The browser of the device: what it is sent to at the app's address it hands over, and does not open. */
  const browserOf = (home: string): Browser => new Browser({ foreign: ({ href }) => href.startsWith(home) });

  for (const [how, home] of [
    ['at the loopback address, on whatever port it got', 'http://127.0.0.1:51004/pulang'],
    ['by a scheme of its own', SCHEME],
  ] as const) {
    it(`sign a person in and come home ${how}`, async () => {
      const { url, verifier, state } = await begin(home);
      const browser = browserOf(home);
      const back = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
      expect(back.url.href.startsWith(`${home}?`), back.url.href).to.equal(true);
      const tokens = await client.authorizationCodeGrant(
        configuration,
        back.url,
        { expectedState: state, pkceCodeVerifier: verifier },
        { redirect_uri: home },
      );
      expect(tokens.claims()).to.include({ aud: 'aplikasi' });
      expect(await client.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '')).to.include({
        name: citizen.name,
      });
    });
  }

  it('are known by nothing but PKCE: another app that caught the code gets nothing for it', async () => {
    const { url } = await begin(SCHEME);
    const browser = browserOf(SCHEME);
    const back = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
    const code = back.url.searchParams.get('code') ?? '';
    const answer = await postAs(app, '/token', {
      grant_type: 'authorization_code',
      client_id: 'aplikasi',
      code,
      redirect_uri: SCHEME,
      code_verifier: client.randomPKCECodeVerifier(),
    });
    expect({ status: answer.status, error: answer.body.error }).to.deep.equal({ status: 400, error: 'invalid_grant' });
  });

  it('come home to no other path, host or scheme', async () => {
    for (const home of [
      'http://127.0.0.1:51004/lain',
      'http://127.0.0.2:51004/pulang',
      'https://127.0.0.1:51004/pulang',
      'id.contoh.aplikasi:/lain',
      'id.contoh.lain:/pulang',
    ]) {
      const page = await browserOf(home).open((await begin(home)).url);
      expect({ status: page.status, origin: page.url.origin }, home).to.deep.equal({ status: 400, origin: app.url });
    }
  });
});
