import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { register, signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

const { budi, ratna } = citizens;

describe('Sign-in: what the service asks of it', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
    await addAccount(app, budi);
  });
  after(() => app.close());

  async function signedIn(): Promise<{ browser: Browser; idToken: string; authTime: number }> {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const { idToken, claims } = await karirhub.receive(await signIn(browser, page, budi.nik, budi.password), request);
    return { browser, idToken, authTime: Number(claims.auth_time) };
  }

  const errorAt = (page: Page): string | null =>
    isHome(page, karirhub) ? page.url.searchParams.get('error') : `no redirect: ${page.status}`;

  it('prompt=login asks for the password of whoever is signed in, and offers no short cut', async () => {
    const { browser } = await signedIn();
    const { page, request } = await visit(browser, karirhub, { prompt: 'login' });
    expect(page.status).to.equal(200);
    expect(page.text).not.to.include('Lanjutkan sebagai');
    const forced = await browser.request(page.url.href.replace(/login$/, 'continue'), {
      method: 'POST',
      body: new URLSearchParams({ csrf: page.form('identifier').fields.csrf ?? '' }),
    });
    expect(forced.headers.get('location'), 'not even by hand').to.match(/\/login$/);
    const home = await signIn(browser, page, budi.nik, budi.password);
    await karirhub.receive(home, request);
  });

  it('max_age asks again when the sign-in is older, and says when it was', async () => {
    const { browser } = await signedIn();
    expect(isHome((await visit(browser, karirhub, { max_age: '600' })).page, karirhub), 'young enough').to.equal(true);
    const { page, request } = await visit(browser, karirhub, { max_age: '0' });
    // Somebody who signed in within this very second is young enough for any age.
    const home = isHome(page, karirhub) ? page : await signIn(browser, page, budi.nik, budi.password);
    const { claims } = await karirhub.receive(home, request);
    expect(claims.auth_time).to.be.a('number');
  });

  it('prompt=none brings home who is signed in, and an error otherwise, never a page', async () => {
    const stranger = await visit(new Browser(), karirhub, { prompt: 'none' });
    expect(errorAt(stranger.page)).to.equal('login_required');
    expect(stranger.page.url.searchParams.get('state')).to.equal(stranger.request.state);

    const { browser, idToken } = await signedIn();
    const silent = await visit(browser, karirhub, { prompt: 'none' });
    expect(errorAt(silent.page)).to.equal(null);
    await karirhub.receive(silent.page, silent.request);
    expect(errorAt((await visit(browser, karirhub, { prompt: 'none', id_token_hint: idToken })).page)).to.equal(null);

    await addAccount(app, citizens.nuraini);
    const other = new Browser();
    await signIn(other, (await visit(other, karirhub)).page, citizens.nuraini.nik, citizens.nuraini.password);
    expect(
      errorAt((await visit(other, karirhub, { prompt: 'none', id_token_hint: idToken })).page),
      'somebody else',
    ).to.equal('login_required');
  });

  it('prompt=none with anything beside it is refused', async () => {
    expect(errorAt((await visit(new Browser(), karirhub, { prompt: 'none login' })).page)).to.equal('invalid_request');
  });

  it('prompt=create leads to registration at once, and home to the service that asked', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub, { prompt: 'create' });
    expect(page.url.pathname).to.match(/\/register\/identity$/);
    const finished = await register(app, browser, page, ratna);
    const home = await browser.submit(finished, 'register/finished');
    expect(isHome(home, karirhub)).to.equal(true);
    expect((await karirhub.receive(home, request)).claims.name).to.equal(ratna.name);
  });

  it('prompt=create lets whoever has an account sign in instead', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub, { prompt: 'create' });
    const login = await browser.open(page.link('/login'));
    const home = await signIn(browser, login, budi.nik, budi.password);
    expect(isHome(home, karirhub)).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('prompts that nobody knows are refused, not ignored', async () => {
    for (const prompt of ['select_account', 'login magic', 'magic']) {
      expect(errorAt((await visit(new Browser(), karirhub, { prompt })).page), prompt).to.equal('invalid_request');
    }
  });

  it('login_hint stands in the field, escaped, and moves nothing else', async () => {
    const hint = '"><img src=x onerror=alert(1)>@contoh.test';
    const { page } = await visit(new Browser(), karirhub, { login_hint: hint });
    expect(page.form('identifier').fields.identifier).to.equal(hint);
    expect(page.html).not.to.include('<img src=x');
    const long = await visit(new Browser(), karirhub, { login_hint: 'x'.repeat(1000) });
    expect(long.page.form('identifier').fields.identifier).to.have.length(320);
    expect((await visit(new Browser(), karirhub, { login_hint: 'a\u0000b' })).page.status).to.equal(200);
    expect(app.logLines.join('')).not.to.include('onerror');
  });

  it('ui_locales is honoured at the beginning, and the citizen may choose otherwise', async () => {
    const browser = new Browser();
    const { page } = await visit(browser, karirhub, { ui_locales: 'fr-CA en-GB id' });
    expect(page.headers.get('content-language')).to.equal('en');
    expect(page.html).to.include('<html lang="en"');
    const switched = await browser.open(page.link('lang=id'));
    expect(switched.headers.get('content-language')).to.equal('id');
    expect(switched.url.pathname).to.equal(page.url.pathname);
    expect(switched.url.search).to.equal('');
    expect((await browser.open(page.url)).headers.get('content-language'), 'it stays').to.equal('id');
  });

  it('ui_locales in a language nobody speaks here leaves the page Indonesian', async () => {
    for (const wish of ['fr de', 'x'.repeat(300), '../../etc/passwd', 'en\u0000']) {
      const { page } = await visit(new Browser(), karirhub, { ui_locales: wish });
      expect(page.status).to.equal(200);
      expect(page.headers.get('content-language')).to.equal('id');
    }
  });
});
