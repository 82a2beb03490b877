import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { userinfo } from './exchange.ts';

const { budi } = citizens;

describe('Protocol: signing out', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let skillhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
    skillhub = await createRelyingParty(app, { name: 'Skillhub (contoh)' });
    await addAccount(app, budi);
  });
  after(() => app.close());

  async function signedIn(): Promise<{ browser: Browser; idToken: string; accessToken: string }> {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    return { browser, ...(await karirhub.receive(await signIn(browser, page, budi.nik, budi.password), request)) };
  }
  const isSignedIn = async (browser: Browser): Promise<boolean> =>
    isHome((await visit(browser, karirhub)).page, karirhub);

  it('asks first, then leads back to the service with its state, and ends single sign-on and tokens', async () => {
    const { browser, idToken, accessToken } = await signedIn();
    expect(isHome((await visit(browser, skillhub)).page, skillhub)).to.equal(true);

    const question = await browser.open(await karirhub.signOutUrl(idToken, 'keadaan-1'));
    expect(question.status).to.equal(200);
    expect(question.text).to.include(karirhub.name);
    expect(await isSignedIn(browser), 'only asked').to.equal(true);

    const again = await browser.open(await karirhub.signOutUrl(idToken, 'keadaan-2'));
    const gone = await browser.submit(again, 'xsrf');
    expect(gone.url.href).to.equal(`${karirhub.origin}/bye?state=keadaan-2`);
    expect(browser.cookie('session')).to.equal(undefined);
    expect(await isSignedIn(browser)).to.equal(false);
    expect(isHome((await visit(browser, skillhub)).page, skillhub), 'at no service').to.equal(false);
    expect((await userinfo(app, accessToken)).status).to.equal(401);
  });

  it('is remembered, with the account and no word of who it is', async () => {
    const { browser, idToken } = await signedIn();
    const before = (await app.store.audit.list({ type: 'sign-out.completed' })).length;
    await browser.submit(await browser.open(await karirhub.signOutUrl(idToken)), 'xsrf');
    const events = await app.store.audit.list({ type: 'sign-out.completed' });
    expect(events.length).to.equal(before + 1);
    const account = (await app.store.audit.list({ type: 'sign-in.succeeded' })).at(-1)!.accountId;
    expect(events.at(-1)).to.deep.include({ accountId: account, details: {} });
  });

  it('leaves the citizen signed in who does not confirm', async () => {
    const { browser, idToken } = await signedIn();
    const question = await browser.open(await karirhub.signOutUrl(idToken));
    expect((await browser.open(question.link('Tetap masuk'))).text).to.include(budi.name);
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('is not done for another site: the form is worth nothing without the secret of the question', async () => {
    const { browser, idToken } = await signedIn();
    const confirm = (fields: Record<string, string>): Promise<Page> =>
      browser.request(`${app.url}/session/end/confirm`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
      });
    expect((await confirm({ logout: 'yes' })).status, 'never asked').to.equal(400);
    await browser.open(await karirhub.signOutUrl(idToken));
    for (const fields of [{ logout: 'yes' }, { logout: 'yes', xsrf: '' }, { logout: 'yes', xsrf: 'x'.repeat(48) }]) {
      expect((await confirm(fields)).status, JSON.stringify(fields)).to.equal(400);
    }
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('works without a session too: straight back to the service, state and all', async () => {
    const { idToken } = await signedIn();
    const stranger = new Browser();
    expect((await stranger.open(await karirhub.signOutUrl(idToken, 's1'))).url.href).to.equal(
      `${karirhub.origin}/bye?state=s1`,
    );
    expect((await stranger.open(await karirhub.signOutUrl())).url.href).to.equal(`${karirhub.origin}/bye`);
    const bare = await stranger.open(`${app.url}/session/end`);
    expect(bare.status).to.equal(200);
    expect(bare.text).to.include('Anda sudah keluar');
  });

  it('may be asked for by POST', async () => {
    const { browser, idToken } = await signedIn();
    const answer = await browser.request(`${app.url}/session/end`, {
      method: 'POST',
      body: new URL(await karirhub.signOutUrl(idToken, 's2')).searchParams,
    });
    const gone = await browser.submit(await browser.follow(answer), 'xsrf');
    expect(gone.url.href).to.equal(`${karirhub.origin}/bye?state=s2`);
  });

  it('leads to no address that the service has not registered', async () => {
    const { browser, idToken } = await signedIn();
    const bent = async (who: Browser, back: string): Promise<Page> => {
      const url = new URL(await karirhub.signOutUrl(idToken));
      url.searchParams.set('post_logout_redirect_uri', back);
      return who.open(url);
    };
    for (const back of [
      'https://evil.test/',
      `${karirhub.origin}/bye/`,
      `${karirhub.origin}/bye?x=1`,
      `${karirhub.origin}.evil.test/bye`,
      'javascript:alert(1)',
      '//evil.test',
    ]) {
      const signedInAnswer = await bent(browser, back);
      expect(signedInAnswer.url.origin, back).to.equal(app.url);
      expect(signedInAnswer.status, back).to.equal(400);
      const stranger = await bent(new Browser(), back);
      expect(stranger.url.origin, back).to.equal(app.url);
      expect(stranger.html).not.to.match(/(?:href|action)="(?:https?:)?\/\/(?!localhost)/);
    }
    const anonymous = new URL('/session/end', app.url);
    anonymous.searchParams.set('post_logout_redirect_uri', `${karirhub.origin}/bye`);
    expect((await new Browser().open(anonymous)).url.origin, 'of nobody').to.equal(app.url);
  });

  it('is refused with a hint that nobody here signed, and survives any other nonsense', async () => {
    const { browser, idToken } = await signedIn();
    const [head = '', , signature = ''] = idToken.split('.');
    const forged = [
      head,
      Buffer.from(JSON.stringify({ sub: 'x', aud: karirhub.id, iss: app.url })).toString('base64url'),
      signature,
    ].join('.');
    expect((await browser.open(await karirhub.signOutUrl(forged))).status).to.equal(400);
    for (const [name, value] of [
      ['id_token_hint', 'a.b.c'],
      ['id_token_hint', '\u0000'],
      ['client_id', '\u0000'],
      ['client_id', 'unknown'],
      ['state', '\u0000'],
      ['ui_locales', 'x'.repeat(500)],
    ] as const) {
      const url = new URL('/session/end', app.url);
      url.searchParams.set(name, value);
      for (const who of [browser, new Browser()])
        expect((await who.open(url)).status, `${name}=${value}`).to.be.oneOf([200, 400]);
    }
    expect(await isSignedIn(browser)).to.equal(true);
  });

  it('is asked of who comes from a service that was stopped meanwhile, as if nobody had sent them', async () => {
    const stopped = await createRelyingParty(app, { name: 'Dihentikan (contoh)' });
    const { browser } = await signedIn();
    const { page, request } = await visit(browser, stopped);
    const { idToken } = await stopped.receive(page, request);
    await app.store.clients.update(stopped.id, { status: 'disabled' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    for (const address of [await stopped.signOutUrl(idToken, 's3'), await stopped.signOutUrl(undefined, 's3')]) {
      const question = await browser.open(address);
      expect(question.status, question.text).to.equal(200);
      expect(question.text).not.to.include('Dihentikan (contoh)');
    }
    const gone = await browser.submit(await browser.open(await stopped.signOutUrl(idToken, 's3')), 'xsrf');
    expect(gone.url.origin, 'its address is worth nothing').to.equal(app.url);
    expect(gone.text).to.include('Anda sudah keluar');
    expect(await isSignedIn(browser)).to.equal(false);
  });

  it('ends with the page of farewell from the portal too, and leads home from there', async () => {
    const { browser } = await signedIn();
    const portal = await browser.open(app.url);
    const question = await browser.open(portal.link('Keluar'));
    const gone = await browser.submit(question, 'xsrf');
    expect(gone.text).to.include('Anda sudah keluar');
    const home = await browser.open(gone.link('Ke beranda SIAPkerja'));
    expect(home.url.href).to.equal(`${app.url}/`);
    expect(home.text).not.to.include(budi.name);
  });

  it('shows a page of farewell where no address was given', async () => {
    const { browser, idToken } = await signedIn();
    const url = new URL(await karirhub.signOutUrl(idToken));
    url.searchParams.delete('post_logout_redirect_uri');
    const gone = await browser.submit(await browser.open(url), 'xsrf');
    expect(gone.status).to.equal(200);
    expect(gone.text).to.include('Anda sudah keluar');
    expect(gone.headers.get('cache-control')).to.include('no-store');
  });
});
