import { expect } from 'chai';
import type { Context } from 'koa';
import { createCsrf } from '../../src/web/csrf.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';

const own = 'own';
const typed = { identifier: 'orang@contoh.test', password: 'Salah-Sekali9!' };

describe('Forms: who may send them', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ limits: { signInDelaySeconds: [0], signInPerAccount: 1000, signInPerDevice: 1000 } });
  });
  after(() => app.close());

  const openForm = (browser: Browser): Promise<Page> => browser.open(`${app.url}/portal/sign-in`);
  const send = (
    browser: Browser,
    page: Page,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Page> =>
    browser.request(page.url, { method: 'POST', headers, body: new URLSearchParams({ ...typed, ...fields }) });
  const tokenOf = (page: Page): string => page.form('identifier').fields.csrf ?? '';

  it('the page that was shown, any number of times, and whichever copy of it', async () => {
    const browser = new Browser();
    const first = await openForm(browser);
    const second = await browser.open(first.url);
    expect(tokenOf(first), 'a new mask on each page').not.to.equal(tokenOf(second));
    for (const page of [first, second, first])
      expect((await send(browser, first, { csrf: tokenOf(page) })).status).to.equal(422);
  });

  it('nobody without its token, with another one, or with one that was touched', async () => {
    const browser = new Browser();
    const page = await openForm(browser);
    const token = tokenOf(page);
    const bytes = Buffer.from(token, 'base64url');
    const masked = Buffer.concat([Buffer.alloc(16), bytes.subarray(16)]).toString('base64url');
    const bad = {
      missing: undefined,
      empty: '',
      short: token.slice(0, 10),
      cut: token.slice(0, -2),
      masked,
      doubled: token + token,
      nonsense: '%00\u0000',
      long: 'A'.repeat(5000),
    };
    for (const [what, csrf] of Object.entries(bad)) {
      const answer = await send(browser, page, csrf === undefined ? {} : { csrf });
      expect(answer.status, what).to.equal(403);
      expect(answer.html).not.to.include(typed.identifier);
    }
  });

  it('nobody with the token of another sign-in, or from another device', async () => {
    const browser = new Browser();
    const [one, other] = [await openForm(browser), await openForm(browser)];
    expect((await send(browser, one, { csrf: tokenOf(other) })).status).to.equal(403);

    const stranger = new Browser();
    const theirs = await openForm(stranger);
    expect((await send(browser, one, { csrf: tokenOf(theirs) })).status).to.equal(403);

    const token = tokenOf(one);
    browser.forgetCookies((name) => !name.startsWith('device'));
    expect(
      (await send(browser, one, { csrf: token }, { 'sec-fetch-site': '' })).status,
      'the device mark lost',
    ).to.equal(403);
  });

  describe('where the mark of the browser is another by now', () => {
    /** The page of a sign-in, whose browser has lost its mark and holds the cookie of the sign-in. */
    async function changed(): Promise<{ browser: Browser; page: Page }> {
      const browser = new Browser();
      const page = await openForm(browser);
      browser.forgetCookies((name) => !name.startsWith('device'));
      return { browser, page };
    }

    it('the page itself, where the browser says that it was one of ours', async () => {
      const { browser, page } = await changed();
      expect((await send(browser, page, { csrf: tokenOf(page) })).status).to.equal(422);
    });

    for (const [what, headers] of [
      ['says nothing', { 'sec-fetch-site': '', origin: own }],
      ['says that nobody did', { 'sec-fetch-site': 'none' }],
      ['names a sister of ours', { 'sec-fetch-site': 'same-site' }],
    ] as const) {
      it(`nobody, where the browser ${what}`, async () => {
        const { browser, page } = await changed();
        expect(
          (
            await send(
              browser,
              page,
              { csrf: tokenOf(page) },
              { ...headers, ...('origin' in headers ? { origin: app.url } : {}) },
            )
          ).status,
        ).to.equal(403);
      });
    }

    it('no token of another sign-in, and none that we did not make', async () => {
      const { browser, page } = await changed();
      const bytes = Buffer.from(tokenOf(page), 'base64url');
      for (const [at, csrf] of [
        ['another', tokenOf(await openForm(browser))],
        ['drawn', Buffer.concat([Buffer.alloc(8), bytes.subarray(8)]).toString('base64url')],
        ['signed', Buffer.concat([bytes.subarray(0, 8), Buffer.alloc(8), bytes.subarray(16)]).toString('base64url')],
        ['short', bytes.subarray(0, 8).toString('base64url')],
        ['empty', ''],
      ] as const) {
        browser.forgetCookies((name) => !name.startsWith('device'));
        expect((await send(browser, page, { csrf })).status, at).to.equal(403);
      }
    });

    it('nobody who does not hold the sign-in', async () => {
      const { page } = await changed();
      const stranger = new Browser();
      await openForm(stranger);
      expect((await send(stranger, page, { csrf: tokenOf(page) })).status).to.equal(403);
    });

    it('no form outside of a sign-in: there the mark is all that binds it', () => {
      const csrf = createCsrf({ ...app.container, issuer: app.url });
      const seenBy = (device: string): Context =>
        ({
          state: { device },
          get: (name: string) => (name === 'sec-fetch-site' ? 'same-origin' : ''),
        }) as unknown as Context;
      const token = csrf.token(seenBy('one'), 'account.contact');
      expect(() => {
        csrf.check(seenBy('one'), 'account.contact', token);
      }).not.to.throw();
      expect(() => {
        csrf.check(seenBy('other'), 'account.contact', token);
      }).to.throw('errors.stale-form');
    });
  });

  it('offers the page again when the form was too old', async () => {
    const browser = new Browser();
    const page = await openForm(browser);
    const stale = await send(browser, page, { csrf: '' });
    expect(stale.headers.get('cache-control')).to.equal('no-store');
    const again = await browser.open(stale.link(page.url.pathname));
    expect((await send(browser, again, { csrf: tokenOf(again) })).status).to.equal(422);
  });

  // What browsers say about the sender: with Sec-Fetch-Site, which settles it, and without.
  const senders: readonly { site?: string; origin?: string; isTaken: boolean }[] = [
    { site: 'same-origin', origin: own, isTaken: true },
    { site: 'same-origin', origin: 'null', isTaken: true },
    { site: 'same-origin', isTaken: true },
    { site: 'none', isTaken: true },
    { site: 'same-site', origin: 'http://localhost:1', isTaken: false },
    { site: 'cross-site', origin: 'https://evil.test', isTaken: false },
    { site: 'cross-site', origin: 'null', isTaken: false },
    { site: 'cross-site', origin: own, isTaken: false },
    { site: 'cross-site', isTaken: false },
    { site: 'anything', isTaken: false },
    { origin: own, isTaken: true },
    { origin: 'null', isTaken: true },
    { isTaken: true },
    { origin: 'https://evil.test', isTaken: false },
    { origin: 'http://localhost', isTaken: false },
    { origin: 'http://localhost:1', isTaken: false },
  ];
  for (const { site = '', origin = '', isTaken } of senders) {
    it(`a good token ${isTaken ? 'suffices' : 'does not help'} with Sec-Fetch-Site "${site}" and Origin "${origin}"`, async () => {
      const browser = new Browser();
      const page = await openForm(browser);
      const answer = await send(
        browser,
        page,
        { csrf: tokenOf(page) },
        { 'sec-fetch-site': site, origin: origin === own ? app.url : origin },
      );
      expect(answer.status).to.equal(isTaken ? 422 : 403);
    });
  }

  it('"Origin: null" without a token is refused like any other', async () => {
    const browser = new Browser();
    const page = await openForm(browser);
    expect((await send(browser, page, {}, { 'sec-fetch-site': '', origin: 'null' })).status).to.equal(403);
  });
});
