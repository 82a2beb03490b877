import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Authenticator } from '../support/authenticator.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { enterConsole, giveRoles, startOperator, type TestOperator } from '../support/console.ts';
import { enterCode, signIn } from '../support/journeys.ts';

const { budi, ratna } = citizens;
const why = 'tiket 2041, pemilik menelepon';

describe('The operators’ console', () => {
  let app: TestApp;
  let helper: TestOperator;
  let auditor: TestOperator;
  let subject: AccountId;

  before(async () => {
    app = await startTestApp({ limits: { operatorSearches: 14, operatorReveals: 4 } });
    subject = await addAccount(app, budi, { emailVerified: false });
    helper = await startOperator(app, ['support']);
    auditor = await startOperator(app, ['auditor']);
  });
  after(() => app.close());

  describe('lets in', () => {
    it('nobody without a sign-in, and leads to one and back to the page', async () => {
      const browser = new Browser();
      const login = await browser.open(`${app.url}/admin/accounts`);
      expect(login.url.pathname).to.match(/^\/interaction\/[\w-]+\/login$/);
      const asked = await signIn(browser, login, helper.citizen.nik, helper.citizen.password);
      expect(asked.url.pathname).to.match(/\/second-factor$/);
      const page = await enterCode(browser, asked, helper.authenticator.next());
      expect(page.url.pathname).to.equal('/admin/accounts');
      expect(page.headers.get('cache-control')).to.equal('no-store');
    });

    it('no citizen, who hears the same about every address, and it is remembered once', async () => {
      const browser = new Browser();
      const accountId = await addAccount(app, ratna);
      const pages = [await enterConsole(app, browser, ratna)];
      for (const path of ['/accounts', `/accounts/${subject}`, '/nothing/here'])
        pages.push(await browser.open(`${app.url}/admin${path}`));
      pages.push(await browser.request(`${app.url}/admin/accounts`, { method: 'POST', body: 'who=x' }));
      const withoutCode = ({ text }: Page): string => text.replace(/[2-9A-Z]{4}-[2-9A-Z]{2}/, '');
      for (const page of pages) {
        expect(page.status).to.equal(403);
        expect(withoutCode(page)).to.equal(withoutCode(pages[0]!));
        expect(page.text).not.to.include('Konsol');
      }
      const refused = await app.store.audit.list({ type: 'operator.refused', accountId });
      expect(refused.map(({ details }) => details)).to.deep.equal([
        { by: `operator:${accountId}`, permission: 'console' },
      ]);
    });

    it('no operator by the password alone: who has no second factor sets one up on the way, or stays outside', async () => {
      const citizen = somebody();
      await giveRoles(app, await addAccount(app, citizen), ['support']);
      const browser = new Browser();
      const offer = await enterConsole(app, browser, citizen);
      expect(offer.url.pathname).to.match(/\/second-factor\/enrol$/);
      expect((await browser.open(`${app.url}/admin/accounts`)).url.pathname).to.match(
        /\/(?:login|second-factor\/enrol)$/,
      );

      const again = new Browser();
      const enrol = await enterConsole(app, again, citizen);
      const codes = await again.submit(enrol, 'code', { code: Authenticator.from(app, enrol).code() });
      expect((await again.submit(codes, 'recovery-codes')).url.pathname).to.equal('/admin');
    });

    it('no operator to what the roles do not cover, with a page that says which do', async () => {
      const home = await auditor.open();
      expect(home.html).not.to.include('href="/admin/accounts"');
      const page = await auditor.open('/accounts');
      expect(page.status).to.equal(403);
      expect(page.text).to.include('Auditor');
      expect(
        (
          await auditor.browser.request(`${app.url}/admin/accounts/${subject}/suspend`, {
            method: 'POST',
            body: new URLSearchParams({ reason: why }),
          })
        ).status,
      ).to.equal(403);
      expect(
        (await app.store.audit.list({ type: 'operator.refused', accountId: auditor.accountId })).map(
          ({ details }) => details.permission,
        ),
      ).to.deep.equal(['accounts.read', 'accounts.write']);
    });

    it('nobody whose role was taken away a moment ago, or whose sign-in is of yesterday', async () => {
      const fired = await startOperator(app, ['support']);
      expect((await fired.open('/accounts')).status).to.equal(200);
      await app.store.operators.revoke(fired.accountId, 'support', 'operator', app.clock.now());
      expect((await fired.open('/accounts')).status).to.equal(403);

      const tired = await startOperator(app, ['support']);
      app.clock.advance({ hours: 9 });
      const away = await tired.browser.request(`${app.url}/admin/accounts`);
      expect(away.status).to.equal(303);
      expect(new URL(away.headers.get('location') ?? '', app.url).searchParams.get('max_age')).to.equal('28800');
      app.clock.advance({ hours: -9 });
    });

    it('no form of another site, another operator, another page or none', async () => {
      const page = await helper.open(`/accounts/${subject}`);
      const sent = (change: Record<string, string>, headers = {}): Promise<Page> =>
        helper.browser.post(page, '/suspend', { reason: why, ...change }, { headers });
      expect((await sent({ csrf: '' })).status).to.equal(403);
      expect((await sent({}, { 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
      expect((await sent({}, { 'sec-fetch-site': '', origin: 'https://evil.test' })).status).to.equal(403);
      const other = await startOperator(app, ['support']);
      const stolen = (await other.open(`/accounts/${subject}`)).form('/suspend').fields.csrf ?? '';
      expect((await sent({ csrf: stolen })).status).to.equal(403);
      expect((await app.store.accounts.findById(subject))?.status).to.equal('active');
    });

    it('an operator from the answer of a form to the page in the other language', async () => {
      const answer = await helper.browser.post(await helper.open(`/accounts/${subject}`), '/suspend', { reason: 'x' });
      expect(answer.status).to.equal(422);
      const page = await helper.browser.open(answer.link('English'));
      expect([page.status, page.url.pathname]).to.deep.equal([200, `/admin/accounts/${subject}`]);
      await helper.open('?lang=id');
    });

    it('an operator to a page that does not exist with 404', async () => {
      expect((await helper.open('/nothing')).status).to.equal(404);
      expect((await helper.open('/accounts/no-uuid')).status).to.equal(404);
      expect(
        (await helper.open(`/accounts/${auditor.accountId.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))}`))
          .status,
      ).to.equal(404);
      expect((await helper.browser.request(`${app.url}/admin`, { method: 'DELETE' })).status).to.equal(405);
    });
  });

  it('finds an account by NIK, address, number and id, masked, with nothing typed in address or log', async () => {
    for (const who of [budi.nik, budi.phone, '+62 812-3456-7890', subject]) {
      const page = await helper.browser.submit(await helper.open('/accounts'), 'who', { who });
      expect(page.url.pathname).to.equal(`/admin/accounts/${subject}`);
      expect(page.text).to.include('B*** C***** S******').and.include('************0001');
      for (const datum of [budi.nik, budi.name, budi.email, budi.phone]) expect(page.html).not.to.include(datum);
    }
    for (const who of ['tiada@contoh.test', '"><script>', ' ']) {
      const page = await helper.browser.submit(await helper.open('/accounts'), 'who', { who });
      expect(page.status, who).to.equal(422);
      expect(page.html).not.to.include('<script>');
    }
    expect(app.logLines.some((line) => line.includes(budi.nik))).to.equal(false);
    expect((await app.store.audit.list({ type: 'account.searched' })).at(0)?.details).to.deep.equal({
      by: `operator:${helper.accountId}`,
      kind: 'nik',
      found: true,
    });
  });

  it('shows one datum for a reason that stays, once and at no address', async () => {
    const page = await helper.open(`/accounts/${subject}`);
    for (const reason of ['', 'iseng', `atas permintaan ${budi.nik}`, `surat ${budi.email} kemarin`]) {
      const refused = await helper.browser.post(page, '/reveal', { datum: 'email', reason });
      expect(refused.status).to.equal(422);
      expect(refused.text).not.to.include('pemilik akun: ');
    }
    expect((await helper.browser.post(page, '/reveal', { datum: 'password', reason: why })).status).to.equal(422);
    const shown = await helper.browser.post(page, '/reveal', { datum: 'email', reason: why });
    expect(shown.text).to.include(budi.email).and.not.include(budi.nik);
    expect(shown.headers.get('cache-control')).to.equal('no-store');
    expect((await helper.open(`/accounts/${subject}`)).text).not.to.include(budi.email);
    const revealed = await app.store.audit.list({ type: 'account.revealed' });
    expect(revealed.map(({ details, accountId }) => ({ details, accountId }))).to.deep.equal([
      { details: { by: `operator:${helper.accountId}`, datum: 'email', reason: why }, accountId: subject },
    ]);
  });

  it('suspends, ends sessions for good, reinstates and sends the activation again, each with its reason', async () => {
    const citizen = new Browser();
    await signIn(citizen, await citizen.open(`${app.url}/portal/sign-in`), budi.nik, budi.password);
    const greets = async (): Promise<boolean> => (await citizen.open(app.url)).text.includes(budi.name);
    expect(await greets()).to.equal(true);
    app.clock.advance({ seconds: 2 });
    const act = async (action: string): Promise<Page> =>
      helper.browser.submit(await helper.open(`/accounts/${subject}`), `/${action}`, { reason: why });
    expect((await act('suspend')).text).to.include('Akun ditangguhkan');
    expect(await greets()).to.equal(false);
    expect((await act('reinstate')).text).to.include('Akun aktif kembali');
    expect(await greets(), 'the old session stays dead').to.equal(false);
    await act('end-sessions');
    await act('resend-activation');
    const shown = await helper.open(`/accounts/${subject}`);
    expect(shown.text).to.include('Faktor kedua (aplikasi autentikator) Tidak aktif');
    expect(shown.html, 'there is none to remove').not.to.include('/remove-second-factor');
    const { authenticator: _app } = await giveSecondFactor(app, subject);
    expect((await helper.open(`/accounts/${subject}`)).text).to.match(/autentikator\) Aktif Sejak/);
    expect((await act('remove-second-factor')).text).to.include('Tidak aktif');
    expect((await app.messagesTo(budi.email)).map(({ text }) => text).join()).to.include(
      '/account/contact/email?token=',
    );
    const done = ['account.suspended', 'account.reinstated', 'account.sessions-ended', 'account.activation-resent'];
    const events = (await app.store.audit.list({ accountId: subject })).filter(({ type }) => done.includes(type));
    expect(events.map(({ type, details }) => [type, details])).to.deep.equal(
      done.map((type) => [type, { by: `operator:${helper.accountId}`, reason: why }]),
    );
  });

  it('does nothing to oneself or to another operator', async () => {
    for (const [sub, words] of [
      [helper.accountId, 'akun Anda sendiri'],
      [auditor.accountId, 'milik seorang operator'],
    ] as const) {
      for (const action of ['reveal', 'suspend', 'end-sessions']) {
        const page = await helper.browser.post(await helper.open(`/accounts/${sub}`), `/${action}`, {
          reason: why,
          datum: 'nik',
        });
        expect(page.status).to.equal(422);
        expect(page.text).to.include(words);
      }
    }
  });

  it('speaks English', async () => {
    const browser = new Browser();
    await enterConsole(app, browser, helper.citizen, helper.authenticator);
    expect((await browser.open(`${app.url}/admin/accounts?lang=en`)).text)
      .to.include('Find a citizen’s account')
      .and.include('Support');
  });

  it('lets nobody try one number after the other', async () => {
    let last: Page | undefined;
    for (let tries = 0; tries < 15 && last?.status !== 429; tries += 1)
      last = await helper.browser.submit(await helper.open('/accounts'), 'who', { who: somebody().nik });
    expect(last?.status).to.equal(429);
    expect(last?.headers.get('retry-after')).to.equal('3600');
    const page = await helper.open(`/accounts/${subject}`);
    const statuses: number[] = [];
    for (let tries = 0; tries < 4; tries += 1)
      statuses.push((await helper.browser.post(page, '/reveal', { datum: 'name', reason: why })).status);
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
  });
});
