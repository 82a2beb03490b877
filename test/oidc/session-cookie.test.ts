import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

describe('The cookie of a session', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app, { further: { first_party: true } });
  });
  after(() => app.close());

  async function signedIn(further: Readonly<Record<string, string>>): Promise<Browser> {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const home = await browser.submit((await visit(browser, karirhub)).page, 'identifier', { identifier: citizen.nik, password: citizen.password, ...further });
    expect(isHome(home, karirhub), home.text.slice(0, 300)).to.equal(true);
    return browser;
  }

  /** @returns what single sign-on told the browser of it, by name. */
  async function told(browser: Browser): Promise<readonly string[]> {
    const { page } = await visit(browser, karirhub);
    expect(isHome(page, karirhub), page.text.slice(0, 300)).to.equal(true);
    return page.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('='))).filter((name) => name.startsWith('session'));
  }

  it('that ends with the browser is not told again to the browser that has it', async () => {
    expect(await told(await signedIn({}))).to.deep.equal([]);
  });

  it('that is remembered is told at each use: it ends a while after the last', async () => {
    expect(await told(await signedIn({ remember: 'on' }))).to.deep.equal(['session', 'session.sig']);
  });
});
