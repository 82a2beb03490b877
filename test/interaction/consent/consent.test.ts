import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import type { Nik } from '../../../src/domain/nik.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody } from '../../support/citizens.ts';
import { goOn, register, signIn, toRegistration } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';

const { budi, ratna, nuraini } = citizens;
const use = {
  purpose: { id: 'Mengirim undangan wawancara.', en: 'Sending invitations to interviews.' },
  legal_basis: 'consent',
} as const;

describe('Sharing data with a service', () => {
  let app: TestApp;
  let budiId: AccountId;
  before(async () => {
    app = await startTestApp();
    budiId = await addAccount(app, budi);
    await addAccount(app, nuraini);
  });
  after(() => app.close());

  const guest = (
    further: Readonly<Record<string, unknown>> = {},
    scope = 'openid profile email',
  ): Promise<RelyingParty> =>
    createRelyingParty(app, {
      name: 'Mitra (contoh)',
      scope,
      further: { first_party: false, data_use: { email: use }, ...further },
    });
  const receipts = (service: RelyingParty, accountId = budiId) => app.store.consents.standing(accountId, service.id);
  const idOf = async ({ nik }: { readonly nik: string }): Promise<AccountId> =>
    (await app.store.accounts.findByNik(sensitive(nik as Nik)))!.id;
  const errorOf = (page: Page): string | null => page.url.searchParams.get('error');
  const change = async (service: RelyingParty, members: Readonly<Record<string, unknown>>): Promise<void> => {
    const client = await app.store.clients.find(service.id);
    await app.store.clients.update(service.id, { metadata: { ...client!.metadata, ...members } }, app.clock.now());
    app.clock.advance({ seconds: 3 });
  };

  /** Signed in, and before the question. */
  async function atQuestion(
    service: RelyingParty,
    citizen = budi,
    browser = new Browser(),
    parameters?: Readonly<Record<string, string>>,
  ) {
    const { page, request } = await visit(browser, service, parameters);
    const question = page.url.pathname.endsWith('/login')
      ? await signIn(browser, page, citizen.nik, citizen.password)
      : page;
    expect(question.url.pathname, question.text.slice(0, 200)).to.match(/\/consent$/);
    return { browser, question, request };
  }

  it('is asked for first, with what goes where and why, and nothing ticked or granted before the answer', async () => {
    const service = await guest();
    const { browser, question, request } = await atQuestion(service);
    expect(question.text)
      .to.include('Mitra (contoh) meminta akses ke data Anda')
      .and.include('b***@contoh.test')
      .and.include(use.purpose.id)
      .and.include('persetujuan Anda');
    expect(question.text, 'no purpose for the name').to.include('belum menuliskan tujuannya');
    expect(question.html).not.to.include('checkbox').and.not.to.include(budi.nik);
    expect(question.headers.get('cache-control')).to.equal('no-store');
    expect(await app.database.knex('protocol_state').where('model', 'Grant').whereNotNull('holder')).to.have.length(0);
    expect(await receipts(service)).to.deep.equal([]);

    const home = await browser.submit(question, 'sharing');
    expect((await service.receive(home, request)).claims).to.include({ name: budi.name, email: budi.email });
    const [receipt] = await receipts(service);
    expect(receipt).to.deep.include({ accountId: budiId, clientId: service.id, kind: 'consent', locale: 'id' });
    expect(receipt?.text).to.deep.include({ service: 'Mitra (contoh)', kind: 'consent' });
    expect(receipt?.text.shares.map(({ scope }) => scope)).to.deep.equal(['profile', 'email']);
    expect(receipt?.text.wording.en['interaction.consent.consent.submit'], 'the very words').to.equal('Allow');
    expect(JSON.stringify(receipt)).not.to.include(budi.email).and.not.to.include(budi.name);
    expect((await app.store.audit.list({ type: 'consent.given' })).at(-1)?.details).to.include({
      kind: 'consent',
      locale: 'id',
      textVersion: receipt?.textVersion,
    });
  });

  it('is asked for where the registration does not say whose the service is', async () => {
    const { question } = await atQuestion(await guest({ first_party: undefined }));
    expect(question.text).to.include('Mitra (contoh) meminta akses ke data Anda');
  });

  it('is not asked for again: in this session, in another browser, in silence', async () => {
    const service = await guest();
    const { browser, question } = await atQuestion(service);
    await browser.submit(question, 'sharing');
    expect(isHome((await visit(browser, service)).page, service), 'this session').to.equal(true);
    const other = new Browser();
    const { page, request } = await visit(other, service);
    await service.receive(await signIn(other, page, budi.nik, budi.password), request);
    expect(errorOf((await visit(other, service, { prompt: 'none' })).page)).to.equal(null);
    expect(await receipts(service)).to.have.length(1);
  });

  it('is not taken in silence: prompt=none answers consent_required', async () => {
    const browser = new Browser();
    const known = await createRelyingParty(app, { scope: 'openid' });
    await signIn(browser, (await visit(browser, known)).page, budi.nik, budi.password);
    const service = await guest();
    expect(errorOf((await visit(browser, service, { prompt: 'none' })).page)).to.equal('consent_required');
    expect(await receipts(service)).to.deep.equal([]);
  });

  it('asks of a wider request only what is new', async () => {
    const service = await guest({}, 'openid profile email phone');
    const first = await atQuestion(service, budi, new Browser(), { scope: 'openid email' });
    await first.browser.submit(first.question, 'sharing');
    const { question, browser, request } = await atQuestion(service, budi, first.browser);
    expect(question.text)
      .to.include('data tambahan')
      .and.include('Nomor HP')
      .and.include('Nama lengkap')
      .and.not.include('Alamat email');
    expect((await service.receive(await browser.submit(question, 'sharing'), request)).claims).to.include.keys(
      'email',
      'name',
      'phone_number',
    );
  });

  it('asks again when the purpose has become another, and grants nothing by the old one', async () => {
    const service = await guest({}, 'openid email');
    const { browser, question } = await atQuestion(service);
    await browser.submit(question, 'sharing');
    // The receipts have been looked at for this grant, and are not looked at again.
    for (const time of ['once', 'twice'])
      expect(isHome((await visit(browser, service)).page, service), time).to.equal(true);
    await change(service, {
      data_use: { email: { ...use, purpose: { ...use.purpose, id: 'Mengirim iklan setiap hari.' } } },
    });
    expect(errorOf((await visit(browser, service, { prompt: 'none' })).page)).to.equal('consent_required');
    const again = await atQuestion(service, budi, browser);
    expect(again.question.text).to.include('Mengirim iklan setiap hari.');
    expect(isHome(await browser.submit(again.question, 'sharing'), service)).to.equal(true);
    expect(isHome((await visit(browser, service)).page, service)).to.equal(true);
  });

  it('prompt=consent asks for all of it, known or not, and writes a receipt of that', async () => {
    const service = await guest();
    const first = await atQuestion(service);
    await first.browser.submit(first.question, 'sharing');
    const { question, browser, request } = await atQuestion(service, budi, first.browser, { prompt: 'consent' });
    expect(question.text).to.include('Alamat email').and.not.include('data tambahan');
    await service.receive(await browser.submit(question, 'sharing'), request);
    expect(await receipts(service)).to.have.length(2);
    const both = await atQuestion(service, budi, new Browser(), { prompt: 'login consent' });
    expect(isHome(await both.browser.submit(both.question, 'sharing'), service), 'with login').to.equal(true);
    const bare = await atQuestion(service, budi, browser, { prompt: 'consent', scope: 'openid' });
    expect(bare.question.text).to.include('tidak menerima data pribadi');
    expect(isHome(await browser.submit(bare.question, 'sharing'), service), 'nothing personal').to.equal(true);
  });

  it('may be declined: the service hears access_denied with its state, and nothing is kept', async () => {
    const service = await guest();
    const { browser, question, request } = await atQuestion(service);
    expect(question.text).to.include('Tidak sekarang');
    const home = await browser.submit(question, 'consent/decline');
    expect(isHome(home, service)).to.equal(true);
    expect([errorOf(home), home.url.searchParams.get('state')]).to.deep.equal(['access_denied', request.state]);
    expect(await receipts(service)).to.deep.equal([]);
    expect((await app.store.audit.list({ type: 'consent.declined' })).at(-1)).to.deep.include({
      accountId: budiId,
      clientId: service.id,
    });
    expect((await atQuestion(service, budi, browser)).question.status, 'and may be asked another time').to.equal(200);
  });

  describe('a service of the house', () => {
    const house = (
      further: Readonly<Record<string, unknown>> = {},
      scope = 'openid profile email',
    ): Promise<RelyingParty> =>
      createRelyingParty(app, {
        name: 'Karirhub (contoh)',
        scope,
        further: { data_use: { email: { ...use, legal_basis: 'public-task' } }, ...further },
      });

    it('tells at the sign-in, once for good, and asks nothing', async () => {
      const service = await house();
      const browser = new Browser();
      const { page, request } = await visit(browser, service);
      expect(page.text).to.include('Yang diterima Karirhub (contoh): nama, email.').and.include(use.purpose.id);
      await service.receive(await signIn(browser, page, budi.nik, budi.password), request);
      const other = new Browser();
      await signIn(other, (await visit(other, service)).page, budi.nik, budi.password);
      expect((await receipts(service)).map(({ kind }) => kind)).to.deep.equal(['notice']);
    });

    it('needs no page where somebody is signed in already: it stands among the connected services', async () => {
      const browser = new Browser();
      await signIn(browser, (await visit(browser, await house())).page, budi.nik, budi.password);
      const service = await house();
      const { page, request } = await visit(browser, service);
      expect((await service.receive(page, request)).claims).to.include({ email: budi.email });
      await visit(browser, service);
      expect(
        (await receipts(service)).map(({ kind }) => kind),
        'one receipt of it',
      ).to.deep.equal(['listed']);
      expect((await browser.open(`${app.url}/account/services`)).text)
        .to.include('Karirhub (contoh)')
        .and.include(use.purpose.id);
    });

    it('tells on a page after a withdrawal, and when it is no longer of the house it asks', async () => {
      const browser = new Browser();
      const service = await house();
      await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), budi.nik, budi.password);
      expect(isHome((await visit(browser, service)).page, service)).to.equal(true);
      await browser.submit(await browser.open(`${app.url}/account/services/withdraw?client=${service.id}`), 'client');
      expect(errorOf((await visit(browser, service, { prompt: 'none' })).page)).to.equal('consent_required');
      const { question } = await atQuestion(service, budi, browser);
      expect(question.text).to.include('Data Anda untuk Karirhub (contoh)');

      const told = await house();
      const there = new Browser();
      expect(isHome(await signIn(there, (await visit(there, told)).page, budi.nik, budi.password), told)).to.equal(
        true,
      );
      await change(told, { first_party: false });
      expect((await atQuestion(told, budi, there)).question.text, 'told is not asked').to.include('meminta akses');

      const other = await house();
      expect(isHome((await visit(browser, other)).page, other)).to.equal(true);
      await change(other, { first_party: false });
      expect((await atQuestion(other, budi, browser)).question.text).to.include('meminta akses');
    });

    it('tells whoever is signed in already on a page, once, where it is registered so', async () => {
      const browser = new Browser();
      const first = await house();
      await signIn(browser, (await visit(browser, first)).page, budi.nik, budi.password);
      const service = await house({ notice_page: true });
      const { question } = await atQuestion(service, budi, browser);
      expect(question.text).to.include('Data Anda untuk Karirhub (contoh)').and.include('Lanjutkan');
      expect(isHome(await browser.submit(question, 'sharing'), service)).to.equal(true);
      expect(isHome((await visit(browser, service)).page, service)).to.equal(true);
    });

    it('asks where its data rest on consent', async () => {
      const service = await house({ data_use: { email: use } });
      const { page } = await visit(new Browser(), service);
      expect(page.text).not.to.include('Yang diterima');
      const { question } = await atQuestion(service);
      expect(question.text).to.include('meminta akses');
    });

    it('grants nothing by a sign-in that did not show the text of today', async () => {
      const service = await house({ notice_page: true });
      const browser = new Browser();
      const { page } = await visit(browser, service);
      const question = await browser.submit(page, 'identifier', {
        identifier: budi.nik,
        password: budi.password,
        sharing: 'x',
      });
      expect(question.url.pathname).to.match(/\/consent$/);
      expect(await receipts(service)).to.deep.equal([]);
    });
  });

  it('at the end of a registration needs no page of its own: the way on agrees, or the way back declines', async () => {
    const service = await guest();
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const finished = await register(app, browser, await toRegistration(browser, page), ratna);
    expect(finished.text).to.include('Izinkan dan lanjutkan ke Mitra (contoh)').and.include(use.purpose.id);
    const declining = new Browser();
    const other = await visit(declining, service);
    const home = await goOn(browser, finished);
    const { claims } = await service.receive(home, request);
    expect((await receipts(service, claims.sub as AccountId)).map(({ kind }) => kind)).to.deep.equal(['consent']);

    const theirs = await register(app, declining, await toRegistration(declining, other.page), citizens.suparmin);
    const without = await declining.submit(theirs, 'register/decline');
    expect([
      errorOf(without),
      without.url.searchParams.get('state'),
      without.url.searchParams.get('code'),
    ]).to.deep.equal(['access_denied', other.request.state, null]);
    const accountId = await idOf(citizens.suparmin);
    expect(await receipts(service, accountId)).to.deep.equal([]);
    expect((await app.store.audit.list({ type: 'consent.declined' })).at(-1)).to.deep.include({
      accountId,
      clientId: service.id,
    });
  });

  describe('declined at the end of a registration or a recovery', () => {
    it('leaves the person signed in, as at any other sign-in: what they proved is proved', async () => {
      const [service, person, browser] = [await guest(), somebody(), new Browser()];
      await browser.submit(
        await register(app, browser, await toRegistration(browser, (await visit(browser, service)).page), person),
        'register/decline',
      );
      expect((await browser.open(`${app.url}/`)).text).to.include(person.name);
      // Of that service nothing was agreed to: it asks, and asks for nothing else.
      expect((await visit(browser, service)).page.url.pathname).to.match(/\/consent$/);
      const accountId = await idOf(person);
      expect(
        (await app.store.audit.list({ type: 'sign-in.succeeded' })).filter((event) => event.accountId === accountId),
      ).to.have.length(1);
    });

    it('does so for who set a new password, and not past a second factor', async () => {
      const service = await guest();
      const [plain, guarded] = [somebody(), somebody()];
      await addAccount(app, plain);
      const { recoveryCodes } = await giveSecondFactor(app, await addAccount(app, guarded));
      expect(recoveryCodes).not.to.deep.equal([]);
      for (const [person, signedIn] of [
        [plain, true],
        [guarded, false],
      ] as const) {
        const browser = new Browser();
        const asked = await browser.open((await visit(browser, service)).page.link('Kendala masuk?'));
        const code = await browser.submit(asked, 'identifier', { identifier: person.phone });
        const password = await browser.submit(code, 'code', { code: await app.codeFor(person.phone) });
        const finished = await browser.submit(password, 'password', { password: 'Sandi-Baru#2026-Uji' });
        expect(errorOf(await browser.submit(finished, 'recover/decline'))).to.equal('access_denied');
        expect((await browser.open(`${app.url}/`)).text.includes(person.name)).to.equal(signedIn);
      }
    });

    it('takes no form from elsewhere, from another browser or before the end', async () => {
      const [service, browser] = [await guest(), new Browser()];
      const first = await toRegistration(browser, (await visit(browser, service)).page);
      const early = await browser.request(first.url.href.replace(/\/register.*$/, '/register/decline'), {
        method: 'POST',
        body: new URLSearchParams({ csrf: first.form('nik').fields.csrf ?? '' }),
      });
      expect(
        [early.status, early.headers.get('location')?.endsWith('/register/identity')],
        'to the step that is due',
      ).to.deep.equal([303, true]);
      const person = somebody();
      const finished = await register(app, browser, first, person);
      expect((await browser.post(finished, 'register/decline', { csrf: 'forged' })).status).to.equal(403);
      expect(
        (await browser.post(finished, 'register/decline', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
      ).to.equal(403);
      expect((await new Browser().post(finished, 'register/decline')).status).to.be.oneOf([400, 403]);
      expect((await browser.open(`${app.url}/`)).text, 'nobody is signed in').not.to.include(person.name);
    });
  });

  describe('against whoever would help along', () => {
    it('takes no form from elsewhere', async () => {
      const service = await guest();
      const { browser, question } = await atQuestion(service);
      for (const form of ['sharing', 'consent/decline']) {
        expect((await browser.post(question, form, { csrf: 'forged' })).status).to.equal(403);
        expect(
          (await browser.post(question, form, {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
        ).to.equal(403);
      }
      expect((await new Browser().post(question, 'sharing')).status, 'another browser').to.be.oneOf([400, 403]);
      expect(await receipts(service)).to.deep.equal([]);
    });

    it('takes no other text than today’s, and shows that one', async () => {
      const service = await guest();
      const { browser, question } = await atQuestion(service);
      await change(service, {
        data_use: { email: use, profile: { ...use, purpose: { ...use.purpose, id: 'Menjual nama Anda.' } } },
      });
      const answer = await browser.submit(question, 'sharing');
      expect(answer.status).to.equal(422);
      expect(answer.text).to.include('baru saja berubah').and.include('Menjual nama Anda.');
      for (const version of ['', 'x', 'x'.repeat(5000)])
        expect((await browser.submit(answer, 'sharing', { sharing: version })).status).to.equal(422);
      expect(await receipts(service)).to.deep.equal([]);
      expect(isHome(await browser.submit(answer, 'sharing'), service)).to.equal(true);
    });

    it('takes scopes from the request alone, whatever the form says', async () => {
      const service = await guest({}, 'openid profile email phone');
      const { browser, question, request } = await atQuestion(service, budi, new Browser(), { scope: 'openid email' });
      const home = await browser.submit(question, 'sharing', {
        scope: 'openid profile email phone nik',
        client_id: 'other',
        account: 'other',
      });
      expect((await service.receive(home, request)).claims).not.to.have.any.keys('phone_number', 'nik', 'name');
      expect((await receipts(service)).flatMap(({ text }) => text.shares.map(({ scope }) => scope))).to.deep.equal([
        'email',
      ]);
    });

    it('does twice what is pressed twice, once', async () => {
      const service = await guest();
      const { browser, question } = await atQuestion(service);
      const answers = await Promise.all([
        browser.post(question, 'sharing'),
        browser.post(question, 'sharing'),
        browser.post(question, 'sharing'),
      ]);
      for (const answer of answers) expect(answer.status).to.equal(303);
      const first = await browser.follow(answers[0]);
      expect(
        isHome(first, service),
        `${first.status} ${first.url.href} ${first.text.slice(0, 300)} ${answers.map(({ headers }) => headers.get('location')).join(' ')}`,
      ).to.equal(true);
      expect(await receipts(service)).to.have.length(1);
      const late = await browser.submit(question, 'sharing');
      expect(isHome(late, service), late.url.href).to.equal(true);
      expect(await receipts(service)).to.have.length(1);
      const back = await browser.open(question.url);
      expect(back.status, 'the back button').to.equal(410);
      expect(back.text).to.include('selesai');
    });

    it('asks the person who is signed in, not the one who was', async () => {
      const service = await guest();
      const { browser, question } = await atQuestion(service);
      // Somebody else signs in in another tab of the same browser, and then the first tab is used.
      const other = await createRelyingParty(app, { scope: 'openid' });
      await signIn(browser, (await visit(browser, other, { prompt: 'login' })).page, nuraini.nik, nuraini.password);
      const answer = await browser.submit(question, 'sharing');
      expect(answer.url.pathname).to.match(/\/login$/);
      expect(await receipts(service)).to.deep.equal([]);
      const asked = await signIn(browser, answer, nuraini.nik, nuraini.password);
      expect(asked.text).to.include(`Anda masuk sebagai ${nuraini.name}`);
    });

    it('lets whoever finds a stranger signed in use their own account', async () => {
      const service = await guest();
      const { browser, question, request } = await atQuestion(service);
      const login = await browser.open(question.link('Bukan Anda?'));
      const mine = await signIn(browser, login, nuraini.nik, nuraini.password);
      expect(mine.text).to.include(`Anda masuk sebagai ${nuraini.name}`);
      expect((await service.receive(await browser.submit(mine, 'sharing'), request)).claims.name).to.equal(
        nuraini.name,
      );
      expect(await receipts(service)).to.deep.equal([]);
    });

    it('opens the question to no other prompt', async () => {
      const service = await guest();
      const browser = new Browser();
      const { page } = await visit(browser, service);
      const consent = await browser.request(page.url.href.replace(/login$/, 'consent'));
      expect(consent.headers.get('location')).to.match(/\/login$/);
    });
  });
});
