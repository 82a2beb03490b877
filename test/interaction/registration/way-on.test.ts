import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody } from '../../support/citizens.ts';
import {
  enterCode,
  giveContact,
  goOn,
  proveIdentity,
  register,
  signIn,
  toRegistration,
} from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { asked, at, atCode, atContact, begin, codesTo, type Way } from './steps.ts';

const STEPS = ['identity', 'contact', 'otp', 'phone', 'email', 'registered', 'finished'];

describe('Registration: back, reload, double press and other windows', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp({ limits: { identityPerDevice: 100 } });
    karirhub = await createRelyingParty(app);
  });
  after(() => app.close());

  const accounts = async (): Promise<number> =>
    Number((await app.database.knex('accounts').count('id as count').first())?.count);
  const open = (way: Way, step: string): Promise<Page> => way.browser.open(at(way.page, step));
  /** Where the address of each step leads. */
  async function whereTo(way: Way): Promise<Record<string, string>> {
    const ends = await Promise.all(
      STEPS.map(async (step) => [step, (await open(way, step)).url.pathname.split('/').at(-1) ?? ''] as const),
    );
    return Object.fromEntries(ends);
  }

  it('shows the right page at every address: the one of the step that the registration is at', async () => {
    const browser = new Browser();
    const citizen = somebody();
    let page = await begin(app, browser);
    const way = (): Way => ({ browser, citizen, page });
    expect(await whereTo(way())).to.deep.equal({
      identity: 'identity',
      contact: 'identity',
      otp: 'identity',
      phone: 'identity',
      email: 'identity',
      registered: 'identity',
      finished: 'identity',
    });
    page = await proveIdentity(browser, page, citizen);
    expect(await whereTo(way())).to.deep.equal({
      identity: 'contact',
      contact: 'contact',
      otp: 'contact',
      phone: 'contact',
      email: 'contact',
      registered: 'contact',
      finished: 'contact',
    });
    page = await giveContact(browser, page, citizen);
    expect(await whereTo(way())).to.deep.equal({
      identity: 'otp',
      contact: 'otp',
      otp: 'otp',
      phone: 'phone',
      email: 'email',
      registered: 'otp',
      finished: 'otp',
    });
    page = await enterCode(browser, page, await app.codeFor(citizen.phone));
    expect(await whereTo(way())).to.deep.equal({
      identity: 'finished',
      contact: 'finished',
      otp: 'finished',
      phone: 'finished',
      email: 'finished',
      registered: 'finished',
      finished: 'finished',
    });
  });

  it('leads whoever opens the address of a form by hand to the page of the step', async () => {
    const way = await atCode(app);
    for (const form of ['otp/resend', 'restart', 'report', ''])
      expect((await open(way, form)).url.pathname, form).to.match(/\/register\/otp$/);
  });

  it('repeats nothing on reload', async () => {
    const way = await atCode(app);
    for (let times = 0; times < 3; times += 1) expect((await open(way, 'otp')).status).to.equal(200);
    expect(await codesTo(app, way.citizen.phone)).to.equal(1);
  });

  it('goes on to the step it is at when an old form is sent again after Back, and repeats nothing', async () => {
    const browser = new Browser();
    const citizen = somebody();
    const identity = await begin(app, browser);
    const contact = await proveIdentity(browser, identity, citizen);
    const before = asked(app);
    expect((await proveIdentity(browser, identity, somebody())).url.pathname, 'identity again').to.match(
      /\/register\/contact$/,
    );
    expect(asked(app)).to.equal(before);
    const code = await giveContact(browser, contact, citizen);
    expect((await giveContact(browser, contact, { ...citizen, phone: '081300001111' })).url.pathname).to.match(
      /\/register\/otp$/,
    );
    expect(await codesTo(app, '081300001111')).to.equal(0);
    await enterCode(browser, code, await app.codeFor(citizen.phone));
    for (const [page, form] of [
      [identity, 'nik'],
      [contact, 'email'],
      [code, 'code'],
      [code, 'otp/resend'],
    ] as const) {
      expect(
        (await browser.submit(page, form, { nik: citizen.nik, email: citizen.email, code: '000000' })).url.pathname,
        form,
      ).to.match(/\/register\/finished$/);
    }
    expect(await codesTo(app, citizen.phone)).to.equal(1);
  });

  describe('a double press', () => {
    const times = <T>(press: () => Promise<T>): Promise<T[]> => Promise.all([press(), press(), press()]);

    it('asks the registry once', async () => {
      const browser = new Browser();
      const page = await begin(app, browser);
      const citizen = somebody();
      const before = asked(app);
      for (const answer of await times(() => proveIdentity(browser, page, citizen)))
        expect(answer.url.pathname).to.match(/\/register\/contact$/);
      expect(asked(app)).to.equal(before + 1);
    });

    it('sends one SMS', async () => {
      const { browser, page, citizen } = await atContact(app);
      for (const answer of await times(() => giveContact(browser, page, citizen)))
        expect(answer.url.pathname).to.match(/\/register\/otp$/);
      expect(await codesTo(app, citizen.phone)).to.equal(1);
    });

    it('sends one SMS even when something else was typed in a second window', async () => {
      const { browser, page, citizen } = await atContact(app);
      const phones = ['081300002221', '081300012222'];
      await Promise.all(phones.map((phone) => giveContact(browser, page, { ...citizen, phone })));
      expect((await Promise.all(phones.map((phone) => codesTo(app, phone)))).sort()).to.deep.equal([0, 1]);
    });

    it('makes one account', async () => {
      const { browser, page, citizen } = await atCode(app);
      const [before, code] = [await accounts(), await app.codeFor(citizen.phone)];
      for (const answer of await times(() => enterCode(browser, page, code)))
        expect(answer.text).to.include('Pendaftaran berhasil');
      expect(await accounts()).to.equal(before + 1);
    });

    it('on the last button still leads home', async () => {
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const finished = await register(app, browser, await toRegistration(browser, page), somebody());
      const [, second] = await Promise.all([
        browser.post(finished, 'register/finished'),
        browser.post(finished, 'register/finished'),
      ]);
      const home = await browser.follow(second);
      expect(isHome(home, karirhub), home.text).to.equal(true);
      await karirhub.receive(home, request);
    });

    it('on restart leads to the first page', async () => {
      const { browser, page } = await atContact(app);
      for (const answer of await times(() => browser.submit(page, 'register/restart')))
        expect(answer.url.pathname).to.match(/\/register\/identity$/);
    });
  });

  it('begins anew from the code for whoever is not the person who waits for it, and that code is worth nothing then', async () => {
    const first = somebody({ name: 'Pertama Contoh Orang' });
    const { browser, page } = await atCode(app, first);
    expect(page.text).to.include('Bukan Pertama Contoh Orang? Mulai dari awal');
    const identity = await browser.submit(page, 'register/restart');
    expect(identity.url.pathname).to.match(/\/register\/identity$/);
    const second = somebody();
    const code = await giveContact(browser, await proveIdentity(browser, identity, second), second);
    expect(code.text).to.include(second.email).and.not.include(first.email);
    const [old, fresh] = [await app.codeFor(first.phone), await app.codeFor(second.phone)];
    if (old !== fresh) expect((await browser.post(code, 'code', { code: old })).status).to.equal(422);
    expect((await enterCode(browser, code, fresh)).text).to.include('Pendaftaran berhasil');
  });

  it('begins anew from the page of another number, too', async () => {
    const way = await atCode(app);
    const phone = await open(way, 'phone');
    expect((await way.browser.submit(phone, 'register/restart')).url.pathname).to.match(/\/register\/identity$/);
  });

  it('gives a password to nobody else: a form that another window overtook with another person is void', async () => {
    const { browser, page, citizen } = await atContact(app);
    const other = somebody({ name: 'Lain Contoh Orang' });
    const identity = await browser.submit(page, 'register/restart');
    expect((await proveIdentity(browser, identity, other)).text).to.include('Lain Contoh Orang');
    const refused = await browser.post(page, 'email', {
      email: citizen.email,
      phone: citizen.phone,
      password: 'Orang-Lain7!',
    });
    expect(refused.status, 'judged by the name of the person it is for now').to.equal(422);
  });

  describe('what ended or belongs to another browser', () => {
    it('is explained once the registration is over, with the way on to the service', async () => {
      const browser = new Browser();
      const { page } = await visit(browser, karirhub);
      const finished = await register(app, browser, await toRegistration(browser, page), somebody());
      const way = { browser, page: finished, citizen: somebody() };
      expect(isHome(await goOn(browser, finished), karirhub)).to.equal(true);
      for (const step of ['identity', 'contact', 'otp', 'finished']) {
        const ended = await open(way, step);
        expect(ended.status).to.equal(410);
        expect(ended.text).to.include('Halaman ini sudah selesai dipakai').and.include('Karirhub (contoh)');
      }
      expect(isHome(await goOn(browser, finished), karirhub), 'the button pressed once more leads home').to.equal(true);
      expect((await open(way, 'finished')).link(karirhub.origin)).to.equal(`${karirhub.origin}/`);
    });

    it('is not shown to a browser that did not begin it, not even with all its fields', async () => {
      const way = await atCode(app);
      const code = await app.codeFor(way.citizen.phone);
      const before = await accounts();
      const thief = new Browser();
      await thief.open(`${app.url}/`);
      for (const step of STEPS) {
        const seen = await thief.open(at(way.page, step));
        expect(seen.status).to.be.oneOf([400, 403]);
        expect(seen.html)
          .not.to.include(way.citizen.phone.slice(2))
          .and.not.include('08*****')
          .and.not.include('Wulan')
          .and.not.include('@contoh.test');
      }
      const { fields } = way.page.form('code');
      const stolen = await thief.request(way.page.url, {
        method: 'POST',
        body: new URLSearchParams({ ...fields, code }),
      });
      expect(stolen.status).to.be.oneOf([400, 403]);
      expect(await accounts()).to.equal(before);
      expect((await enterCode(way.browser, way.page, code)).text, 'and the rightful browser goes on').to.include(
        'Pendaftaran berhasil',
      );
    });

    it('takes no form of another registration, and none from another site', async () => {
      const [one, other] = [await atCode(app), await atCode(app)];
      const code = await app.codeFor(one.citizen.phone);
      const { csrf } = other.page.form('code').fields;
      expect(
        (await one.browser.request(one.page.url, { method: 'POST', body: new URLSearchParams({ csrf: csrf!, code }) }))
          .status,
      ).to.equal(403);
      expect(
        (await one.browser.post(one.page, 'code', { code }, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
      ).to.equal(403);
      expect(
        (await one.browser.post(one.page, 'code', { code }, { headers: { 'sec-fetch-site': 'same-site' } })).status,
      ).to.equal(403);
      expect(
        (
          await one.browser.post(
            one.page,
            'code',
            { code },
            { headers: { 'sec-fetch-site': '', origin: 'https://jahat.test' } },
          )
        ).status,
      ).to.equal(403);
      expect((await enterCode(one.browser, one.page, code)).text).to.include('Pendaftaran berhasil');
    });
  });

  it('keeps registrations in three tabs of one browser apart', async () => {
    const browser = new Browser();
    // The first page of all gives the browser its mark: tabs that were opened at the very same moment would each be
    // given one, of which the last stays.
    await browser.open(app.url);
    const people = [somebody(), somebody(), somebody()];
    const tabs = await Promise.all(
      people.map(async () => toRegistration(browser, (await visit(browser, karirhub)).page)),
    );
    const contacts = await Promise.all(people.map((citizen, tab) => proveIdentity(browser, tabs[tab]!, citizen)));
    const codes = await Promise.all(people.map((citizen, tab) => giveContact(browser, contacts[tab]!, citizen)));
    for (const tab of [2, 0, 1]) {
      const finished = await enterCode(browser, codes[tab]!, await app.codeFor(people[tab]!.phone));
      expect(finished.text).to.include('Pendaftaran berhasil');
      expect(isHome(await goOn(browser, finished), karirhub)).to.equal(true);
    }
  });

  it('begins with registration at prompt=create, and leads people who have an account to the sign-in and home', async () => {
    const browser = new Browser();
    const citizen = await atCode(app).then(async (way) => {
      await enterCode(way.browser, way.page, await app.codeFor(way.citizen.phone));
      return way.citizen;
    });
    const { page, request } = await visit(browser, karirhub, { prompt: 'create' });
    expect(page.url.pathname).to.match(/\/register\/identity$/);
    expect(page.text).to.include('untuk melanjutkan ke Karirhub (contoh)').and.include('Sudah memiliki akun? Masuk');
    const login = await browser.open(page.link('Masuk'));
    const home = await signIn(browser, login, citizen.email, citizen.password);
    expect(isHome(home, karirhub), home.text).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('takes a draft that outlived its time for none, and lets the person begin again', async () => {
    const brief = await startTestApp({ lifetimes: { draftSeconds: 60 } });
    try {
      const { browser, page, citizen } = await atContact(brief, citizens.budi);
      brief.clock.advance({ minutes: 2 });
      const first = await giveContact(browser, page, citizen);
      expect(first.url.pathname, first.text).to.match(/\/register\/identity$/);
      expect((await register(brief, browser, first, citizen)).text).to.include('Pendaftaran berhasil');
    } finally {
      await brief.close();
    }
  });
});
