import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { enterCode, giveContact, goOn, proveIdentity, signIn, toRegistration } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';
import { answered, beginForm, type SlowForm } from '../support/slow-form.ts';
import { at, ask, enter } from './recovery/steps.ts';

/** In a service that has its answer brought by a form what was proved waits for the browser to come back for it. */
const WAITING = { response_mode: 'form_post' };

describe('Sign-in: what is proved in one browser', () => {
  let app: TestApp;
  let service: RelyingParty;
  let citizen: Citizen;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    service = await createRelyingParty(app);
  });
  after(() => app.close());
  beforeEach(() => {
    citizen = somebody();
  });

  /** A thief has begun a sign-in, and put its cookies into the browser of a person, who is led to its page. */
  async function planted(
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<{ thief: Browser; person: Browser; page: Page }> {
    const [thief, person] = [new Browser(), new Browser()];
    await Promise.all([thief.open(app.url), person.open(app.url)]);
    const { page } = await visit(thief, service, parameters);
    person.plant(thief);
    return { thief, person, page: await person.open(page.url) };
  }
  const wayBackOf = (page: Page): string => `${app.url}/auth/${page.url.pathname.split('/')[2] ?? ''}`;

  async function expectNobody(browser: Browser, page: Page): Promise<void> {
    expect(page.status, page.text).to.equal(403);
    expect(page.text).to.include('peramban lain').and.not.include(citizen.name);
    expect((await browser.open(app.url)).text, 'nobody is signed in').not.to.include(citizen.name);
    expect((await visit(browser, service)).page.url.pathname).to.match(/\/login$/);
  }

  it('signs in nobody in another, which has the cookies of the same sign-in', async () => {
    await addAccount(app, citizen);
    const { thief, person, page } = await planted(WAITING);
    const answer = await person.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    expect(answer.headers.get('location')).to.equal(wayBackOf(page));
    await expectNobody(thief, await thief.open(wayBackOf(page)));
    expect((await person.follow(answer)).forms[0]?.action, 'the person comes home').to.equal(`${service.origin}/cb`);
  });

  it('signs nobody else in in the person’s, where a thief proved who they are', async () => {
    await addAccount(app, citizen);
    const thief = new Browser();
    await thief.open(app.url);
    const { page } = await visit(thief, service, WAITING);
    const answer = await thief.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    const person = new Browser();
    await person.open(app.url);
    person.plant(thief);
    await expectNobody(person, await person.open(answer.headers.get('location') ?? ''));
  });

  it('makes a registration that goes on in no other', async () => {
    const { thief, person, page } = await planted();
    const contact = await proveIdentity(person, await toRegistration(person, page), citizen);
    await expectNobody(thief, await thief.open(contact.url));
    const finished = await enterCode(
      person,
      await giveContact(person, contact, citizen),
      await app.codeFor(citizen.phone),
    );
    await expectNobody(thief, await thief.open(finished.url));
    expect((await thief.post(finished, 'register/finished')).status, 'nor by its button').to.equal(403);
    expect(isHome(await goOn(person, finished), service)).to.equal(true);
  });

  it('makes a recovery whose password nobody sets in another', async () => {
    await addAccount(app, citizen);
    const { thief, person, page } = await planted();
    const code = await ask(person, await person.open(page.link('Kendala masuk?')), citizen.nik);
    const password = await enter(person, code, await app.codeFor(citizen.phone));
    expect(password.url.pathname).to.match(/\/recover\/password$/);
    await expectNobody(thief, await thief.open(at(code, 'recover/password')));
    expect((await thief.post(password, 'password', { password: 'Milik-Pencuri9!' })).status).to.equal(403);
    expect((await person.submit(password, 'password', { password: 'Perahu-Layar9!' })).text).to.include(
      'Kata sandi sudah diganti',
    );
  });

  it('lets nobody in another try the codes of the second factor', async () => {
    const id = await addAccount(app, citizen);
    const { authenticator } = await giveSecondFactor(app, id);
    const { thief, person, page } = await planted();
    const code = await signIn(person, page, citizen.nik, citizen.password);
    expect(code.url.pathname).to.match(/\/second-factor$/);
    await expectNobody(thief, await thief.open(code.url));
    expect((await thief.post(code, 'code', { code: '000000' })).status).to.equal(403);
    expect(isHome(await person.submit(code, 'code', { code: authenticator.next() }), service)).to.equal(true);
  });

  describe('is not reached by a form that a thief began to send before', () => {
    const TWO_FACTORS = { acr_values: 'urn:siapkerja:acr:two-factor' };
    /** The head of a form has come, and the entrance has looked whose the sign-in is. */
    const held = (browser: Browser, page: Page, step: string): Promise<SlowForm> =>
      beginForm(
        browser,
        `${app.url}/interaction/${page.url.pathname.split('/')[2] ?? ''}/${step}`,
        page.form('csrf').fields.csrf ?? '',
        answered(app.container.provider.Interaction, 'find'),
      );
    const stepOf = (page: Page): string => page.url.pathname.split('/').slice(3).join('/');
    async function expectNothing(form: SlowForm, fields?: Readonly<Record<string, string>>): Promise<void> {
      const { status, location, cookies } = await form.end(fields);
      expect(status).to.equal(303);
      expect(location).to.match(/^\/interaction\/[\w-]+$/);
      expect(cookies).not.to.include('session');
    }

    it('at the last page of a registration', async () => {
      const { thief, person, page } = await planted();
      const form = await held(thief, page, 'register/finished');
      const finished = await enterCode(
        person,
        await giveContact(person, await proveIdentity(person, await toRegistration(person, page), citizen), citizen),
        await app.codeFor(citizen.phone),
      );
      await expectNothing(form);
      expect(isHome(await goOn(person, finished), service)).to.equal(true);
    });

    it('in the midst of a registration, nor when the person has left it', async () => {
      const { thief, person, page } = await planted();
      const [now, later] = [await held(thief, page, 'register/contact'), await held(thief, page, 'register/contact')];
      const contact = await proveIdentity(person, await toRegistration(person, page), citizen);
      const own = { email: 'pencuri@contoh.test', phone: somebody().phone, password: 'Milik-Pencuri9!' };
      await expectNothing(now, own);
      expect(stepOf(await person.open(contact.url))).to.equal('register/contact');
      await person.open(contact.url.href.replace(/register\/contact$/, 'cancel'));
      await expectNothing(later, own);
      expect(await app.messagesTo(own.phone)).to.deep.equal([]);
    });

    it('at the second factor', async () => {
      await addAccount(app, citizen);
      const { thief, person, page } = await planted(TWO_FACTORS);
      const form = await held(thief, page, 'second-factor/decline');
      const enrol = await signIn(person, page, citizen.nik, citizen.password);
      expect(stepOf(enrol)).to.equal('second-factor/enrol');
      await expectNothing(form);
      expect(isHome(await person.submit(enrol, 'second-factor/decline'), service)).to.equal(true);
    });

    it('and at his own sign-in he takes nobody’s place', async () => {
      const [id, own] = [await addAccount(app, citizen), somebody()];
      const { authenticator } = await giveSecondFactor(app, id);
      await addAccount(app, own);
      const { thief, person, page } = await planted(TWO_FACTORS);
      const form = await held(thief, page, 'login');
      const code = await signIn(person, page, citizen.nik, citizen.password);
      expect(stepOf(code)).to.equal('second-factor');
      await expectNothing(form, { identifier: own.nik, password: own.password });
      expect(isHome(await person.submit(code, 'code', { code: authenticator.next() }), service)).to.equal(true);
    });

    it('and at a sign-in that needs nothing more he begins his own', async () => {
      const own = somebody();
      await addAccount(app, own);
      const { thief, person, page } = await planted();
      const form = await held(thief, page, 'login');
      const contact = await proveIdentity(person, await toRegistration(person, page), citizen);
      const { location, cookies } = await form.end({ identifier: own.nik, password: own.password });
      expect(location).to.match(/^\/interaction\/[\w-]+\/resume$/);
      expect(cookies).not.to.include('session');
      expect(stepOf(await person.open(contact.url))).to.equal('register/contact');
      await expectNobody(thief, await thief.open(contact.url));
    });
  });

  it('is not asked for where nothing was proved: tabs of a new browser may each have brought a mark', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const [one, two] = await Promise.all([visit(browser, service), visit(browser, service)]);
    expect(isHome(await signIn(browser, one.page, citizen.nik, citizen.password), service)).to.equal(true);
    expect(isHome(await signIn(browser, two.page, citizen.nik, citizen.password), service)).to.equal(true);
  });

  // Last, because time does not come back.
  it('is carried along into no sign-in that a thief has planted', async () => {
    const person = new Browser();
    const { page: own } = await visit(person, service);
    await proveIdentity(person, await toRegistration(person, own), citizen);
    await app.database
      .knex('protocol_state')
      .where('model', 'Interaction')
      .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
    app.clock.advance({ minutes: 61 });
    await person.request(own.url.href.replace(/\/login$/, '/resume'));
    const thief = new Browser();
    await thief.open(app.url);
    const { page } = await visit(thief, service);
    person.plant(thief);
    const contact = await person.open(page.url.href.replace(/\/login$/, ''));
    expect(contact.url.pathname).to.match(/\/register\/contact$/);
    await expectNobody(thief, await thief.open(contact.url));
  });

  it('is carried along in that browser alone, when the sign-in has run out', async () => {
    const { thief, person, page } = await planted();
    await proveIdentity(person, await toRegistration(person, page), citizen);
    await app.database
      .knex('protocol_state')
      .where('model', 'Interaction')
      .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
    app.clock.advance({ minutes: 61 });
    const resume = page.url.href.replace(/\/login$/, '/resume');
    expect((await thief.open(resume)).url.pathname, 'the thief begins anew').to.match(/\/login$/);
    expect((await person.open(resume)).url.pathname, 'the person goes on').to.match(/\/register\/contact$/);
  });
});
