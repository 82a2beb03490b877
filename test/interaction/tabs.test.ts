import { expect } from 'chai';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty, type SignInRequest } from '../support/relying-party.ts';

const { budi, ratna, nuraini } = citizens;

interface Tab {
  readonly service: RelyingParty;
  readonly page: Page;
  readonly request: SignInRequest;
}

describe('Sign-in: several services in the tabs of one browser', () => {
  let app: TestApp;
  let services: RelyingParty[];
  const ids = new Map<string, string>();

  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    services = [];
    for (const name of ['Karirhub (contoh)', 'Skillhub (contoh)', 'Bizhub (contoh)'])
      services.push(await createRelyingParty(app, { name }));
    for (const citizen of [budi, ratna, nuraini]) ids.set(citizen.nik, await addAccount(app, citizen));
  });
  after(() => app.close());

  async function openTabs(browser: Browser): Promise<Tab[]> {
    const tabs = [];
    for (const service of services) tabs.push({ service, ...(await visit(browser, service)) });
    return tabs;
  }

  /** At the service's own address, with its own state, as this citizen. */
  async function expectHome(home: Page, { service, request }: Tab, nik: string): Promise<void> {
    expect(home.url.href.split('?')[0]).to.equal(`${service.origin}/cb`);
    expect(home.url.searchParams.get('state')).to.equal(request.state);
    const { claims } = await service.receive(home, request);
    expect(claims.sub).to.equal(ids.get(nik));
    expect(claims.aud).to.equal(service.id);
  }

  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    it(`bring one citizen home to each, in the order ${order.map((index) => index + 1).join(', ')}`, async () => {
      const browser = new Browser();
      const tabs = await openTabs(browser);
      for (const [index, tab] of tabs.entries()) expect(tab.page.text).to.include(services[index]!.name);
      for (const index of order) {
        const tab = tabs[index]!;
        await expectHome(await signIn(browser, tab.page, budi.nik, budi.password), tab, budi.nik);
      }
    });
  }

  it('bring home whoever opens all of them at the same moment in a browser that has never been here', async () => {
    const browser = new Browser();
    const tabs = await Promise.all(services.map(async (service) => ({ service, ...(await visit(browser, service)) })));
    for (const tab of tabs) await expectHome(await signIn(browser, tab.page, budi.nik, budi.password), tab, budi.nik);
  });

  it('bring three citizens home in turn, each as themselves, and end the session of the one before', async () => {
    const browser = new Browser();
    const tabs = await openTabs(browser);
    const sessions = async (): Promise<number> => {
      const rows = await app.database.knex('protocol_state').where('model', 'Session').select('id');
      return rows.length;
    };
    const before = await sessions();
    for (const [index, citizen] of [budi, ratna, nuraini].entries()) {
      const tab = tabs[index]!;
      await expectHome(await signIn(browser, tab.page, citizen.phone, citizen.password), tab, citizen.nik);
    }
    expect((await sessions()) - before, 'one session, not three').to.equal(1);
    const portal = await browser.open(app.url);
    expect(portal.text).to.include(nuraini.name).and.not.to.include(budi.name).and.not.to.include(ratna.name);
  });

  it('revives no session of the citizen before with its old cookie', async () => {
    const browser = new Browser();
    const [first, second] = await openTabs(browser);
    await signIn(browser, first!.page, budi.nik, budi.password);
    const stolen = ['session', 'session.sig'].map((name) => `${name}=${browser.cookie(name) ?? ''}`).join('; ');
    const thief = new Browser({ headers: { cookie: stolen } });
    expect((await thief.open(app.url)).text, 'before').to.include(budi.name);
    await signIn(browser, second!.page, ratna.nik, ratna.password);
    expect((await thief.open(app.url)).text, 'after').not.to.include(budi.name);
  });

  it('offer to go on as whom the citizen has just become in another tab, with one press', async () => {
    const browser = new Browser();
    const [first, second] = await openTabs(browser);
    await signIn(browser, first!.page, budi.nik, budi.password);
    const again = await browser.open(second!.page.url);
    expect(again.text).to.include(`Lanjutkan sebagai ${budi.name}`);
    await expectHome(await browser.submit(again, 'continue'), second!, budi.nik);
  });

  it('let another citizen sign in beside that offer', async () => {
    const browser = new Browser();
    const [first, second] = await openTabs(browser);
    await signIn(browser, first!.page, budi.nik, budi.password);
    const again = await browser.open(second!.page.url);
    await expectHome(await signIn(browser, again, ratna.nik, ratna.password), second!, ratna.nik);
  });

  it('lead back to the page when the offer is taken after the session has ended', async () => {
    const browser = new Browser();
    const [first, second] = await openTabs(browser);
    await signIn(browser, first!.page, budi.nik, budi.password);
    const offer = await browser.open(second!.page.url);
    const question = await browser.open((await browser.open(app.url)).link('Keluar'));
    await browser.submit(question, 'xsrf');
    const answer = await browser.submit(offer, 'continue');
    expect(answer.status).to.equal(200);
    expect(answer.text).not.to.include('Lanjutkan sebagai');
    await expectHome(await signIn(browser, answer, budi.nik, budi.password), second!, budi.nik);
  });

  it('answer a press on the offer by GET, as after "back", with the page', async () => {
    const browser = new Browser();
    const { page } = await visit(browser, services[0]!);
    const answer = await browser.open(page.url.href.replace(/login$/, 'continue'));
    expect(answer.url.pathname).to.equal(page.url.pathname);
    expect(answer.status).to.equal(200);
  });

  it('show the same page on reload, and keep each sign-in apart from the others', async () => {
    const browser = new Browser();
    const tabs = await openTabs(browser);
    for (const tab of tabs) {
      const reloaded = await browser.open(tab.page.url);
      expect(reloaded.status).to.equal(200);
      expect(reloaded.text).to.include(tab.service.name);
    }
    const [first, second] = tabs;
    const crossed = await browser.post(first!.page, 'identifier', {
      identifier: budi.nik,
      password: budi.password,
      csrf: second!.page.form('identifier').fields.csrf!,
    });
    expect(crossed.status, 'the form of one tab at the address of another').to.equal(403);
  });

  it('bring a double click home, whichever of the two the browser waits for', async () => {
    const browser = new Browser();
    const [tab] = await openTabs(browser);
    const press = (): Promise<Page> =>
      browser.post(tab!.page, 'identifier', { identifier: budi.nik, password: budi.password });
    const answers = await Promise.all([press(), press()]);
    expect(answers.map(({ status }) => status)).to.deep.equal([303, 303]);
    await expectHome(await browser.follow(answers[0]), tab!, budi.nik);
    const second = await browser.follow(answers[1]);
    expect(isHome(second, tab!.service), `${second.status} ${second.url.href}`).to.equal(true);
  });
});
