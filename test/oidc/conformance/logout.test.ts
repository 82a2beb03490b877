import { expect } from 'chai';
import { decodeJwt, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';

/** What the plan RP-Initiated Logout asks for and no other test shows; docs/conformance.md maps it. */
describe('Conformance: RP-Initiated Logout', () => {
  let app: TestApp;
  let citizen: Citizen;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    service = await createRelyingParty(app);
  });
  after(() => app.close());

  async function signedIn(): Promise<{ browser: Browser; idToken: string }> {
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const { idToken } = await service.receive(await signIn(browser, page, citizen.nik, citizen.password), request);
    return { browser, idToken };
  }
  const errorOf = async (browser: Browser): Promise<string | null> =>
    (await visit(browser, service, { prompt: 'none' })).page.url.searchParams.get('error');
  const signOut = (browser: Browser, parameters: Readonly<Record<string, string>>): Promise<Page> =>
    browser.open(`${app.url}/session/end?${new URLSearchParams(parameters).toString()}`);

  it('without state the person comes home without one, and is signed out', async () => {
    const { browser, idToken } = await signedIn();
    const home = await browser.submit(
      await signOut(browser, { id_token_hint: idToken, post_logout_redirect_uri: `${service.origin}/bye` }),
      'logout',
    );
    expect(home.url.href).to.equal(`${service.origin}/bye`);
    expect(await errorOf(browser)).to.equal('login_required');
  });

  for (const [what, parameters] of Object.entries({ 'no parameter': {}, 'a state alone': { state: 'keadaan' } })) {
    it(`with ${what} the person is asked, signed out and told so, and led nowhere`, async () => {
      const { browser } = await signedIn();
      const gone = await browser.submit(await signOut(browser, parameters), 'logout');
      expect(gone.url.origin).to.equal(app.url);
      expect(gone.text).to.include('Anda sudah keluar');
      expect(await errorOf(browser)).to.equal('login_required');
    });
  }

  it('an address without a word of who asks leads nowhere', async () => {
    const { browser } = await signedIn();
    const page = await signOut(browser, { post_logout_redirect_uri: `${service.origin}/bye`, state: 'keadaan' });
    expect(page.url.origin).to.equal(app.url);
    if (page.status === 200) expect((await browser.submit(page, 'logout')).url.origin).to.equal(app.url);
    else expect(page.status).to.equal(400);
  });

  it('a hint that nobody has signed, or another than we, is refused, and leads nowhere', async () => {
    const { browser, idToken } = await signedIn();
    const claims = decodeJwt(idToken);
    const { privateKey } = await generateKeyPair('ES256');
    const forged = [
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey),
    ];
    for (const hint of forged) {
      const page = await signOut(browser, { id_token_hint: hint, post_logout_redirect_uri: `${service.origin}/bye` });
      expect(page.status).to.equal(400);
      expect(page.url.origin).to.equal(app.url);
    }
    expect(await errorOf(browser), 'still signed in').to.equal(null);
  });
});
