import { expect } from 'chai';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProtocolWrite } from '../../src/store/protocol-state.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

describe('The answer to the last form, where it was lost on its way', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app, { further: { first_party: true } });
  });
  after(() => app.close());

  async function signedIn(): Promise<Browser> {
    const [citizen, browser] = [somebody(), new Browser()];
    await addAccount(app, citizen);
    await signIn(browser, (await visit(browser, karirhub)).page, citizen.nik, citizen.password);
    return browser;
  }

  /** The last form was sent and worked, and the browser heard nothing of it. */
  async function lost(parameters?: Readonly<Record<string, string>>, browser = new Browser()) {
    const citizen = somebody();
    await addAccount(app, citizen);
    const { page, request } = await visit(browser, karirhub, parameters);
    const { action, fields } = page.form('identifier');
    const body = new URLSearchParams({ ...fields, identifier: citizen.nik, password: citizen.password });
    const answer = await fetch(action, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { cookie: browser.cookieHeader(new URL(action)) },
    });
    expect([answer.status, answer.headers.get('location')?.startsWith(karirhub.origin)]).to.deep.equal([303, true]);
    return {
      citizen,
      browser,
      page,
      request,
      answer,
      again: () => browser.submit(page, 'identifier', { identifier: citizen.nik, password: citizen.password }),
    };
  }

  it('the same form sent again leads home, and nobody types anything', async () => {
    const { citizen, browser, request, again } = await lost();
    const home = await again();
    expect(isHome(home, karirhub), home.url.href).to.equal(true);
    expect((await karirhub.receive(home, request)).claims.name).to.equal(citizen.name);
    expect((await browser.open(app.url)).text, 'signed in').to.include(citizen.name);
  });

  it('and where a service insists on a new proof, which was given', async () => {
    const { citizen, request, again } = await lost({ prompt: 'login', max_age: '3600' }, await signedIn());
    const home = await again();
    expect(isHome(home, karirhub), `${home.url.href} ${home.text.slice(0, 200)}`).to.equal(true);
    expect((await karirhub.receive(home, request)).claims.name).to.equal(citizen.name);
  });

  it('and where the service gets its answer by a form, which the browser fetches itself', async () => {
    const [citizen, browser] = [somebody(), await signedIn()];
    await addAccount(app, citizen);
    const { page } = await visit(browser, karirhub, { prompt: 'login', response_mode: 'form_post' });
    const answer = await browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    const home = new URL(answer.headers.get('location') ?? '', app.url);
    const lostForm = await fetch(home, { redirect: 'manual', headers: { cookie: browser.cookieHeader(home) } });
    expect(lostForm.status).to.equal(200);
    const again = await browser.submit(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    expect(
      [again.status, again.forms[0]?.action, again.forms[0]?.fields.code?.length],
      again.text.slice(0, 200),
    ).to.deep.equal([200, `${karirhub.origin}/cb`, 43]);
    expect((await browser.open(app.url)).text).to.include(citizen.name);
  });

  it('also where it comes in the moment in which the sign-in ends', async () => {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    let ending: Promise<Page> | undefined;
    const { citizen, browser } = { citizen: somebody(), browser: await signedIn() };
    await addAccount(app, citizen);
    const { page } = await visit(browser, karirhub, { prompt: 'login' });
    const send = (): Promise<Page> =>
      browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    Object.assign(protocolState, {
      async destroy(model: string, id: Buffer) {
        const ended = usual.destroy(model, id);
        if (model === 'Interaction') await (ending ??= ended.then(send));
        return ended;
      },
      // What is written beside the end comes after it.
      async upsert(write: ProtocolWrite) {
        if (write.model === 'EndedSignIn') await nextTurn().then(() => ending);
        await usual.upsert(write);
      },
    });
    await send().finally(() => Object.assign(protocolState, usual));
    expect((await ending)?.status).to.equal(303);
  });

  it('also where another press has put a new session in the place of the one that both began with', async () => {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    const [citizen, browser] = [somebody(), await signedIn()];
    await addAccount(app, citizen);
    // Whoever was signed in signs in anew; then twice at once.
    await signIn(browser, (await visit(browser, karirhub, { prompt: 'login' })).page, citizen.nik, citizen.password);
    const { page } = await visit(browser, karirhub, { prompt: 'login' });
    const send = (): Promise<Page> =>
      browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    let second: Promise<Page> | undefined;
    Object.assign(protocolState, {
      // The former session is gone, the sign-in is not yet.
      async destroy(model: string, id: Buffer) {
        if (model === 'Interaction' && second === undefined) await (second = send());
        await usual.destroy(model, id);
      },
    });
    await send().finally(() => Object.assign(protocolState, usual));
    const home = await browser.follow((await second)!);
    expect(isHome(home, karirhub), `${home.status} ${home.url.href}`).to.equal(true);
  });

  it('not after two minutes, not after a sign-out, and not in a browser into which somebody planted the cookies of the sign-in', async () => {
    const late = await lost();
    await app.database
      .knex('protocol_state')
      .where('model', 'EndedSignIn')
      .update({ expires_at: app.database.knex.raw('now()') });
    expect((await late.again()).url.pathname, 'late').to.match(/\/login$/);

    const out = await lost();
    await app.database.knex('protocol_state').where('model', 'Session').delete();
    expect((await out.again()).url.pathname, 'signed out').to.match(/\/login$/);

    const victim = await lost();
    const path = victim.page.url.pathname.replace(/\/login$/, '');
    const thief = new Browser();
    await thief.open(app.url);
    const planted = victim.browser
      .cookieHeader(new URL(`${path}/resume`, app.url))
      .split('; ')
      .filter((one) => !/^(device|session)/.test(one))
      .join('; ');
    const stolen = await fetch(`${app.url}${path}/resume`, {
      redirect: 'manual',
      headers: { cookie: `${planted}; ${thief.cookieHeader(new URL(app.url))}` },
    });
    expect(stolen.status).to.equal(303);
    expect(stolen.headers.getSetCookie().filter((cookie) => cookie.startsWith('session'))).to.deep.equal([]);
  });

  it('leaves whoever signed in there since signed in', async () => {
    const { browser, page } = await lost();
    const other = somebody();
    await addAccount(app, other);
    await signIn(browser, (await visit(browser, karirhub)).page, other.nik, other.password);
    await browser.open(page.url.href.replace(/login$/, 'resume'));
    expect((await browser.open(app.url)).text).to.include(other.name);
  });

  it('gives a browser nothing in the place of its session where a second press found that gone', async () => {
    const browser = await signedIn();
    const { page } = await visit(browser, karirhub, { prompt: 'login' });
    const uid = page.url.pathname.split('/')[2] ?? '';
    const before = browser.cookieHeader(new URL(`/auth/${uid}`, app.url));
    const other = somebody();
    await addAccount(app, other);
    await signIn(browser, page, other.nik, other.password);
    const answer = await fetch(`${app.url}/auth/${uid}`, { redirect: 'manual', headers: { cookie: before } });
    expect(answer.status).to.be.within(300, 499);
    expect(answer.headers.getSetCookie().filter((cookie) => cookie.startsWith('session'))).to.deep.equal([]);
  });
});
