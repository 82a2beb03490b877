import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens, somebody, type Citizen } from '../support/citizens.ts';
import { giveContact, goOn, enterCode, proveIdentity, register, signIn, toRegistration } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

const { budi, ratna } = citizens;
const uidOf = (page: Page): string => page.url.pathname.split('/')[2] ?? '';

describe('Sign-in: pages that cannot be shown any more', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
    await addAccount(app, budi);
  });
  after(() => app.close());

  /** The time of every sign-in runs out, in the table and on the clock. */
  async function letTimePass(): Promise<void> {
    await app.database
      .knex('protocol_state')
      .where('model', 'Interaction')
      .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
    app.clock.advance({ minutes: 61 });
  }

  describe('a finished one', () => {
    it('leads on by itself when its button is pressed once more', async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      await signIn(browser, page, budi.nik, budi.password);
      const again = await signIn(browser, page, budi.nik, budi.password);
      expect(isHome(again, karirhub), again.text).to.equal(true);
      await karirhub.receive(again, request);
    });

    it('says so after "back" and leads to the service', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await signIn(browser, page, budi.nik, budi.password);

      const back = await browser.open(page.url);
      expect(back.status).to.equal(410);
      expect(back.text).to.include('sudah selesai').and.include(karirhub.name);
      expect(back.link(karirhub.origin)).to.equal(`${karirhub.origin}/`);
      expect(() => back.link('Mulai lagi'), 'the service would refuse the same answer twice').to.throw();
    });

    it('takes no second answer', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await signIn(browser, page, budi.nik, budi.password);
      const again = await browser.post(page, 'identifier', { identifier: budi.nik, password: 'Salah-Sekali9!' });
      expect(again.headers.get('location'), 'no password is looked at: the session decides').to.match(/\/resume$/);
    });

    it('explains a reload of the way back, too', async () => {
      const browser = new Browser();
      // The answer by a form of its own has an address of its own; others go home with the answer to the password.
      const { page } = await visit(browser, karirhub, { response_mode: 'form_post' });
      const answer = await browser.post(page, 'identifier', { identifier: budi.nik, password: budi.password });
      const resume = new URL(answer.headers.get('location') ?? '', app.url);
      expect((await browser.follow(answer)).forms[0]?.action).to.equal(`${karirhub.origin}/cb`);
      const reloaded = await browser.open(resume);
      expect(reloaded.status).to.equal(410);
      expect(reloaded.text).to.include('sudah selesai');
    });
  });

  describe('one of another browser', () => {
    it('is refused, without its ticket, and names the service that can be opened here', async () => {
      const { page } = await visit(new Browser(), karirhub);
      const stranger = new Browser();
      await stranger.open(app.url);
      for (const address of [
        page.url.href,
        page.url.href.replace(/\/login$/, ''),
        page.url.href.replace(/login$/, 'register/identity'),
      ]) {
        const refused = await stranger.open(address);
        expect(refused.status, address).to.equal(403);
        expect(refused.text).to.include('peramban lain').and.include(karirhub.name);
        expect(refused.link(karirhub.origin)).to.equal(`${karirhub.origin}/`);
        expect(refused.html).not.to.include('/resume').and.not.to.include('name="identifier"');
      }
      const forged = await stranger.post(page, 'identifier', { identifier: budi.nik, password: budi.password });
      expect(forged.status).to.equal(403);
      expect(forged.headers.get('location')).to.equal(null);
    });

    it('cannot be cancelled, resumed or finished from there', async () => {
      const { page } = await visit(new Browser(), karirhub);
      const stranger = new Browser();
      await stranger.open(app.url);
      const base = page.url.href.replace(/\/login$/, '');
      expect((await stranger.request(`${base}/cancel`)).status).to.equal(403);
      expect((await stranger.request(`${base}/resume`)).status).to.equal(410);
      const returned = await stranger.open(base.replace('/interaction/', '/auth/'));
      expect(returned.status).to.equal(403);
    });
  });

  it('explains missing cookies to a browser that keeps none, with a way back to the service', async () => {
    const { page } = await visit(new Browser(), karirhub);
    const bare = await new Browser().request(page.url);
    const refused =
      bare.status === 303 ? await new Browser().request(new URL(bare.headers.get('location') ?? '', app.url)) : bare;
    expect(refused.status).to.equal(400);
    expect(refused.text).to.include('Cookie perlu diaktifkan');
    expect(refused.link(karirhub.origin)).to.equal(`${karirhub.origin}/`);
  });

  it('tells a link from another phone, in a browser that has never been here, from missing cookies', async () => {
    const { page } = await visit(new Browser(), karirhub);
    const refused = await new Browser().open(page.url);
    expect(refused.status).to.equal(403);
    expect(refused.text).to.include('peramban lain');
  });

  it('knows nothing of a sign-in that never was', async () => {
    const browser = new Browser();
    await browser.open(app.url);
    const page = await browser.open(`${app.url}/interaction/nevernevernevernever/login`);
    expect(page.status).to.equal(403);
    expect(page.html).to.include('href="/"').and.not.to.include('/resume');
    for (const uid of ['x', '%00', '..%2f..', 'a'.repeat(200), 'ab%0d%0aset-cookie:x']) {
      expect((await browser.open(`${app.url}/interaction/${uid}/login`)).status, uid).to.be.oneOf([400, 403, 404]);
    }
  });

  describe('Tickets', () => {
    const ticketOf = async (browser: Browser): Promise<{ page: Page; ticket: string }> => {
      const { page } = await visit(browser, karirhub);
      return { page, ticket: browser.cookie('resume') ?? '' };
    };
    const resume = (page: Page, ticket: string): Promise<Page> =>
      new Browser({ headers: { cookie: `resume=${ticket}` } }).request(page.url.href.replace(/login$/, 'resume'));

    it('hold the request sealed: nothing of it can be read, login_hint included', async () => {
      const browser = new Browser();
      await visit(browser, karirhub, { login_hint: 'canary.tiket@contoh.test' });
      const ticket = browser.cookie('resume') ?? '';
      expect(ticket).to.have.length.greaterThan(50);
      for (const text of [ticket, Buffer.from(ticket, 'base64url').toString('latin1')])
        expect(text).not.to.include('canary').and.not.to.include(karirhub.id);
    });

    it('are ignored when they were changed, cut, made up, or belong to another sign-in', async () => {
      const { page, ticket } = await ticketOf(new Browser());
      const other = await ticketOf(new Browser());
      const middle = Math.floor(ticket.length / 2);
      const changed = `${ticket.slice(0, middle)}${ticket[middle] === 'A' ? 'B' : 'A'}${ticket.slice(middle + 1)}`;
      expect((await resume(page, ticket)).status, 'the true one').to.equal(303);
      for (const [what, text] of Object.entries({
        changed,
        cut: ticket.slice(0, -4),
        'made up': 'eyJhIjoxfQ',
        empty: '',
        another: other.ticket,
      })) {
        const answer = await resume(page, text);
        expect(answer.status, what).to.equal(410);
        expect(answer.headers.get('location')).to.equal(null);
      }
    });

    it('lead to no address but the validated request of the service', async () => {
      const { page, ticket } = await ticketOf(new Browser());
      const location = new URL((await resume(page, ticket)).headers.get('location') ?? '', app.url);
      expect(location.origin).to.equal(app.url);
      expect(location.pathname).to.equal('/auth');
      expect(location.searchParams.get('client_id')).to.equal(karirhub.id);
      expect(location.searchParams.get('redirect_uri')).to.equal(`${karirhub.origin}/cb`);
    });
  });

  it('brings whoever cancels home with access_denied and the state of the service', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const home = await browser.open(page.link('Kembali ke'));
    expect(isHome(home, karirhub)).to.equal(true);
    expect(Object.fromEntries(home.url.searchParams)).to.include({
      error: 'access_denied',
      state: request.state,
      iss: app.url,
    });
    expect(home.url.searchParams.has('code')).to.equal(false);
  });

  // Last, because time does not come back.
  describe('an expired one', () => {
    it('says so and leads to a new sign-in of the same request', async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      await letTimePass();

      const ended = await browser.open(page.url);
      expect(ended.status).to.equal(410);
      expect(ended.headers.get('cache-control')).to.equal('no-store');
      expect(ended.text).to.include('kedaluwarsa').and.include(karirhub.name);

      const again = await browser.open(ended.link('Mulai lagi'));
      expect(again.status).to.equal(200);
      expect(uidOf(again)).not.to.equal(uidOf(page));
      const home = await signIn(browser, again, budi.nik, budi.password);
      expect(isHome(home, karirhub)).to.equal(true);
      expect(home.url.searchParams.get('state')).to.equal(request.state);
      await karirhub.receive(home, request);
    });

    it('says so too when its form is sent, and looks at no password', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await letTimePass();
      const ended = await browser.post(page, 'identifier', { identifier: budi.nik, password: budi.password });
      expect(ended.status).to.equal(410);
      expect(isHome(await browser.open(ended.link('Mulai lagi')), karirhub)).to.equal(false);
    });

    it('carries an unfinished registration along', async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const contact = await proveIdentity(browser, await toRegistration(browser, page), ratna);
      await letTimePass();

      const ended = await browser.submit(contact, 'email', ratna);
      expect(ended.status).to.equal(410);
      const again = await browser.open(ended.link('Mulai lagi'));
      expect(again.url.pathname, 'at the step where it was').to.match(/\/register\/contact$/);
      expect(uidOf(again)).not.to.equal(uidOf(page));

      // Left for another hour, and for one more.
      let further = again;
      for (const looksAgain of [false, true]) {
        if (looksAgain) await browser.open(`${app.url}/interaction/${uidOf(further)}`);
        await letTimePass();
        further = await browser.open((await browser.open(further.url)).link('Mulai lagi'));
        expect(further.url.pathname, 'and once more').to.match(/\/register\/contact$/);
      }
      expect(uidOf(further)).not.to.equal(uidOf(again));

      const code = await giveContact(browser, further, ratna);
      const home = await goOn(browser, await enterCode(browser, code, await app.codeFor(ratna.phone)));
      expect(isHome(home, karirhub)).to.equal(true);
      const { claims } = await karirhub.receive(home, request);
      expect(claims.name).to.equal(ratna.name);
    });

    /** "Start again" leads to the sign-in that takes the place of the other, and its answer is lost. */
    async function startAgainUnheard(): Promise<{ browser: Browser; again: string; next: URL; citizen: Citizen }> {
      const [browser, citizen] = [new Browser(), somebody()];
      const { page } = await visit(browser, karirhub);
      const contact = await proveIdentity(browser, await toRegistration(browser, page), citizen);
      await letTimePass();
      const again = (await browser.open(contact.url)).link('Mulai lagi');
      let next = new URL(again);
      while (!/^\/interaction\/[\w-]+$/.test(next.pathname))
        next = new URL((await browser.request(next)).headers.get('location') ?? '', app.url);
      const lost = await fetch(next, { redirect: 'manual', headers: { cookie: browser.cookieHeader(next) } });
      expect(lost.headers.get('location')).to.equal(`${next.pathname}/register/identity`);
      return { browser, again, next, citizen };
    }

    it('carries it along where the answer was lost and the page is loaded once more', async () => {
      const { browser, next } = await startAgainUnheard();
      expect((await browser.open(next)).url.pathname).to.equal(`${next.pathname}/register/contact`);
    });

    it('carries it along where the answer was lost and "start again" is pressed once more, and once more', async () => {
      const { browser, again, next } = await startAgainUnheard();
      for (const press of ['second', 'third']) {
        const pressed = await browser.open(again);
        expect(pressed.url.pathname, press).to.match(/\/register\/contact$/);
        expect(uidOf(pressed)).not.to.equal(next.pathname.split('/')[2]);
      }
      const stranger = new Browser();
      stranger.plant(browser);
      expect((await stranger.open(again)).url.pathname, 'in no other browser').to.match(/\/login$/);
    });

    it('hands nobody an account that was made before "start again" is pressed once more', async () => {
      const { browser, again, next, citizen } = await startAgainUnheard();
      const code = await giveContact(browser, await browser.open(next), citizen);
      await goOn(browser, await enterCode(browser, code, await app.codeFor(citizen.phone)));
      await browser.submit(await browser.open(await karirhub.signOutUrl()), 'xsrf');
      expect((await browser.open(again)).url.pathname).to.match(/\/login$/);
    });

    it('hands nobody an account: what was finished stays, and the next at the browser proves themselves', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      const finished = await register(app, browser, await toRegistration(browser, page), somebody());
      await goOn(browser, finished);
      await browser.submit(await browser.open(await karirhub.signOutUrl()), 'xsrf');
      for (const late of [false, true]) {
        if (late) await letTimePass();
        const back = await browser.open(finished.url);
        expect(back.status).to.equal(410);
        const again = await browser.open(`${app.url}/interaction/${uidOf(finished)}/resume`);
        expect(again.url.pathname, 'signed out, so the password is asked for').to.match(/\/login$/);
      }
    });

    it('hands nobody an account that was made and not gone home with, once its time has passed', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      const finished = await register(app, browser, await toRegistration(browser, page), somebody());
      await letTimePass();
      const again = await browser.open((await browser.open(finished.url)).link('Mulai lagi'));
      expect(again.url.pathname).to.match(/\/login$/);
    });

    it('carries it to no other service and to no other browser', async () => {
      const skillhub = await createRelyingParty(app, { name: 'Skillhub (contoh)' });
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await proveIdentity(browser, await toRegistration(browser, page), citizens.rizki);
      await letTimePass();
      const ended = await browser.open(page.url);
      const answer = await browser.request(ended.link('Mulai lagi'));
      const elsewhere = await visit(browser, skillhub);
      expect(elsewhere.page.url.pathname).to.match(/\/login$/);
      const stranger = await visit(new Browser(), karirhub);
      expect(stranger.page.url.pathname).to.match(/\/login$/);
      // Another tab was faster than the answer on a slow network.
      const own = await browser.open(new URL(answer.headers.get('location') ?? '', app.url));
      expect(own.url.pathname, 'at the step where it was').to.match(/\/register\/contact$/);
    });

    it('names the service only when its ticket has run out as well', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await letTimePass();
      app.clock.advance({ days: 2 });
      const ended = await browser.open(page.url);
      expect(ended.status).to.equal(410);
      expect(() => ended.link('Mulai lagi')).to.throw();
      expect(ended.html).to.include('href="/"');
    });

    it('does without a ticket where the request is too long for a cookie', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub, { state: randomBytes(3000).toString('hex') });
      expect(page.status).to.equal(200);
      await letTimePass();
      const ended = await browser.open(page.url);
      expect(ended.status).to.equal(410);
      expect(() => ended.link('Mulai lagi')).to.throw();
    });
  });

  describe('the first one', () => {
    it('is where the answer to the request leads, without a way in between, and its address finds it too', async () => {
      const browser = new Browser();
      const answer = await browser.request((await karirhub.begin()).url);
      const location = answer.headers.get('location') ?? '';
      expect(answer.status).to.equal(303);
      expect(location).to.match(/^\/interaction\/[\w-]+\/login$/);
      expect((await browser.open(`${app.url}${location}`)).status).to.equal(200);
      const byAddress = await browser.request(`${app.url}${location.replace(/\/login$/, '')}`);
      expect(byAddress.headers.get('location')).to.equal(location);
    });

    it('is found by its address where it could not be found at once', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      // Something was typed, and nothing proved.
      expect((await browser.submit(await toRegistration(browser, page), 'nik', { nik: '' })).status).to.equal(422);
      await letTimePass();
      const ended = await browser.open(page.url);
      const resumed = await browser.request(ended.link('Mulai lagi'));
      const { store } = app.container;
      const usual = { ...store };
      Object.assign(store, { transactionOnce: () => Promise.reject(new Error('the database is away')) });
      const answer = await browser.request(new URL(resumed.headers.get('location') ?? '', app.url).href);
      Object.assign(store, usual);
      expect(answer.status).to.equal(303);
      expect(answer.headers.get('location')).to.match(/^\/interaction\/[\w-]+$/);
      const again = await browser.open(new URL(answer.headers.get('location') ?? '', app.url));
      expect(isHome(await signIn(browser, again, budi.nik, budi.password), karirhub)).to.equal(true);
    });

    it('keeps an unfinished registration that could not be taken along at once for its address', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      await proveIdentity(browser, await toRegistration(browser, page), somebody());
      await letTimePass();
      const resumed = await browser.request((await browser.open(page.url)).link('Mulai lagi'));
      const { store } = app.container;
      const usual = { ...store };
      Object.assign(store, { transactionOnce: () => Promise.reject(new Error('the database is away')) });
      const answer = await browser.request(new URL(resumed.headers.get('location') ?? '', app.url).href);
      const address = new URL(answer.headers.get('location') ?? '', app.url);
      expect((await browser.request(address)).status, 'nor there').to.be.at.least(500);
      Object.assign(store, usual);
      const again = await browser.open(address);
      expect(again.url.pathname, 'at the step where it was').to.match(/\/register\/contact$/);
      expect(browser.cookie('carry'), 'and once').to.equal(undefined);
    });
  });
});
