import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { proveIdentity } from '../../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';
import {
  at,
  atCode,
  atFiled,
  atNumber,
  atPassword,
  enter,
  giveNumber,
  LOST,
  newNumber,
  openRequests,
  ticketOf,
  toRequest,
  type Way,
} from './steps.ts';

const STEPS = [
  'identity',
  'no-account',
  'number',
  'code',
  'code/number',
  'code/resend',
  'password',
  'filed',
  'restart',
];

describe('Recovery request: back, reload, other windows and other browsers', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
  });
  after(() => app.close());

  const step = ({ url }: Page): string => url.pathname.split('/').slice(4).join('/');

  it('shows the right page at every address', async () => {
    const way = await atNumber(app);
    const where = async ({ browser, page }: Way): Promise<Set<string>> =>
      new Set(
        await Promise.all(
          STEPS.filter((one) => one !== 'code/number').map(async (one) => step(await browser.open(at(page, one)))),
        ),
      );
    expect(await where(way)).to.deep.equal(new Set(['number']));
    const code = await atCode(app, way);
    expect(await where(code)).to.deep.equal(new Set(['code']));
    expect(step(await code.browser.open(at(code.page, 'code/number')))).to.equal('code/number');
    const page = await enter(code.browser, code.page, await app.codeFor(code.phone));
    expect(await where({ ...code, page })).to.deep.equal(new Set(['password']));
  });

  it('leads an old tab to the step where it is', async () => {
    const way = await atNumber(app);
    const { page } = await atPassword(app, way);
    expect(step(await giveNumber(way.browser, way.page, newNumber()))).to.equal('password');
    expect(step(page)).to.equal('password');
  });

  it('begins anew for somebody else, at any step', async () => {
    for (const reach of [atNumber, atCode, atPassword] as const) {
      const way = await reach(app);
      const first = await way.browser.submit(way.page, 'recover-request/restart');
      expect(step(first)).to.equal('identity');
      const other = somebody({ name: 'Lain Contoh Orang' });
      await addAccount(app, other);
      expect((await proveIdentity(way.browser, first, other)).text).to.include(other.name);
    }
  });

  it('gives a number to nobody else: a form that another window overtook with another person files nothing for them', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.phone);
    const first = await way.browser.submit(way.page, 'recover-request/restart');
    const other = somebody({ name: 'Lain Contoh Orang' });
    await addAccount(app, other);
    await proveIdentity(way.browser, first, other);
    expect(step(await enter(way.browser, way.page, code))).to.equal('number');
  });

  it('keeps the last page for its person, and lets the next begin after a quarter of an hour', async () => {
    const way = await atFiled(app);
    const restarted = await way.browser.request(at(way.page, 'restart'), {
      method: 'POST',
      body: new URLSearchParams({ csrf: /name="csrf" value="([^"]*)"/.exec((await atNumber(app)).page.html)![1]! }),
    });
    expect(restarted.status, 'a token of another sign-in').to.equal(403);
    expect(step(await way.browser.open(at(way.page, 'identity')))).to.equal('filed');
    app.clock.advance({ minutes: 16 });
    expect(ticketOf(await way.browser.open(way.page.url)), 'still there').to.equal(ticketOf(way.page));
    const first = await way.browser.open(at(way.page, 'identity'));
    expect(step(first)).to.equal('identity');
    const other = somebody();
    const otherId = await addAccount(app, other);
    const page = await proveIdentity(way.browser, first, other);
    await atFiled(app, { ...way, page, phone: newNumber() });
    for (const accountId of [way.accountId, otherId])
      expect(
        await app.database.knex('verification_log').where('account_id', accountId),
        'each has the check of their own',
      ).to.have.length(1);
  });

  it('is not shown to a browser that did not begin it, not even with all its fields', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.phone);
    const thief = new Browser();
    await thief.open(app.url);
    for (const one of STEPS) {
      const seen = await thief.open(at(way.page, one));
      expect(seen.status).to.be.oneOf([400, 403]);
      expect(seen.html).not.to.include('08*****').and.not.include(way.citizen.name);
    }
    thief.plant(way.browser);
    expect((await thief.open(way.page.url)).status, 'nor with its cookies').to.equal(403);
    expect((await thief.post(way.page, 'code', { code })).status).to.equal(403);
    expect(step(await enter(way.browser, way.page, code))).to.equal('password');
  });

  it('takes no form from another site, and none of another request', async () => {
    const [one, other] = [await atPassword(app), await atPassword(app)];
    const password = 'Perahu-Layar9!';
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': '', origin: 'https://jahat.test' },
    ])
      expect((await one.browser.post(one.page, 'password', { password }, { headers })).status).to.equal(403);
    const { csrf } = other.page.form('password').fields;
    expect((await one.browser.post(one.page, 'password', { password, csrf: csrf! })).status).to.equal(403);
    expect(await openRequests(app, one)).to.deep.equal([]);
  });

  // Last, because time does not come back.
  describe('an expired sign-in', () => {
    async function expired(reach: (browser: Browser, identity: Page) => Promise<Page>): Promise<Page> {
      const browser = new Browser();
      const page = await reach(browser, await toRequest(browser, (await visit(browser, karirhub)).page));
      await app.database
        .knex('protocol_state')
        .where('model', 'Interaction')
        .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
      app.clock.advance({ minutes: 61 });
      const ended = await browser.open(page.url);
      expect(ended.status, ended.text).to.equal(410);
      return browser.open(ended.link('Mulai lagi'));
    }

    it('carries an unfinished request along', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const again = await expired(async (browser, identity) => proveIdentity(browser, identity, citizen));
      expect(again.url.pathname).to.match(/\/recover-request\/number$/);
      expect(again.text).to.include(citizen.name);
    });

    it('goes on with the request of somebody who came to it from a registration', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const again = await expired(async (browser, identity) => {
        const first = await browser.open(at(identity, '').replace(/recover-request\/$/, 'register/identity'));
        const registered = await proveIdentity(browser, first, citizen);
        return proveIdentity(browser, await browser.open(registered.link(LOST)), citizen);
      });
      expect(again.url.pathname).to.match(/\/recover-request\/number$/);
    });

    it('leaves a filed one behind, and one of a person who has no account', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const phone = newNumber();
      const filed = await expired(async (browser, identity) => {
        const code = await giveNumber(browser, await proveIdentity(browser, identity, citizen), phone);
        const password = await enter(browser, code, await app.codeFor(phone));
        return browser.submit(password, 'password', { password: 'Perahu-Layar9!' });
      });
      expect(filed.url.pathname).to.match(/\/login$/);
      const none = await expired(async (browser, identity) => proveIdentity(browser, identity, somebody()));
      expect(none.url.pathname).to.match(/\/login$/);
    });
  });
});
