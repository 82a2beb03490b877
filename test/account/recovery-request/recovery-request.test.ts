import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { enterCode, signIn } from '../../support/journeys.ts';
import { answered, beginForm } from '../../support/slow-form.ts';
import {
  eventsOf,
  file,
  holder,
  linkTo,
  officer,
  requestsOf,
  stateOf,
  why,
  type Filed,
  type Holder,
} from '../../recovery-request/steps.ts';

const OPEN = '/account/recovery-request/open';

describe('The holder of an account that somebody asks for', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  async function asked(): Promise<{ person: Holder; request: Filed; link: string }> {
    const person = await holder(app);
    const request = await file(app, person);
    return { person, request, link: await linkTo(app, person.citizen.email) };
  }
  const enter = async (browser: Browser, { citizen }: Holder, path = OPEN): Promise<Page> =>
    signIn(browser, await browser.open(`${app.url}${path}`), citizen.nik, citizen.password);

  describe('by the link of the letter', () => {
    it('sees what it is about, without signing in; opening it, again and again, changes nothing', async () => {
      const { person, request, link } = await asked();
      for (let times = 0; times < 3; times += 1) {
        const page = await new Browser().open(link);
        expect(page.status).to.equal(200);
        expect(page.text).to.include('Batalkan permohonan pemulihan?').and.include(request.number);
        for (const datum of [person.citizen.name, person.citizen.phone, person.citizen.email, request.phone])
          expect(page.html).not.to.include(datum);
        expect(page.headers.get('cache-control')).to.equal('no-store');
        expect(page.headers.get('referrer-policy')).to.be.oneOf(['same-origin', 'no-referrer']);
      }
      expect((await new Browser().request(link, { method: 'HEAD' })).status).to.equal(200);
      expect(await stateOf(app, request)).to.equal('filed');
      app.clock.advance({ days: 2 });
      expect((await new Browser().open(link)).text).to.include('Anda masih dapat membatalkannya sekarang');
      expect((await new Browser().open(`${link}&lang=en`)).text).to.include('Cancel the recovery request?');
    });

    it('cancels by the button, and hears so however often it is pressed', async () => {
      const { person, request, link } = await asked();
      const browser = new Browser();
      const page = await browser.open(link);
      for (const done of await Promise.all([1, 2, 3].map(() => browser.submit(page, 'csrf')))) {
        expect(done.status).to.equal(200);
        expect(done.text).to.include('Permohonan dibatalkan').and.include('Amankan akun Anda');
      }
      expect(await stateOf(app, request)).to.equal('cancelled');
      expect(await eventsOf(app, person.id, 'recovery.request.cancelled')).to.deep.equal([
        { request: request.id, way: 'letter' },
      ]);
    });

    it('reads the same of a link that is forged, used, of a closed request and of a suspended account', async () => {
      const base = `${app.url}/account/recovery-request`;
      const [used, closed, suspended] = [await asked(), await asked(), await asked()];
      const browser = new Browser();
      await browser.submit(await browser.open(used.link), 'csrf');
      await requestsOf(app).reject(closed.request.id, why, officer('00000000-0000-4000-8000-00000000000a'));
      const before = await new Browser().open(suspended.link);
      await app.store.accounts.setStatus(suspended.person.id, 'suspended', app.clock.now());
      const words = new Set<string>();
      for (const address of [
        base,
        `${base}?token=`,
        `${base}?token=x`,
        `${base}?token=x&cancelled=yes`,
        `${base}?token=${'a'.repeat(3000)}`,
        `${base}?token[]=x`,
        `${base}?token=%00%27`,
        used.link,
        closed.link,
        `${closed.link}&cancelled=yes`,
        suspended.link,
        `${suspended.link}&cancelled=yes`,
      ]) {
        const page = await new Browser().open(address);
        expect(page.status, address).to.equal(410);
        words.add(page.text);
      }
      expect([...words], 'one page for all').to.have.length(1);
      expect([...words][0])
        .to.include('Tidak ada yang dapat dibatalkan di sini')
        .and.include('Amankan akun Anda')
        .and.include('bantuan');
      expect(before.text).to.include(suspended.request.number);
      expect(await stateOf(app, suspended.request)).to.equal('filed');
    });

    it('is cancelled by no button that another page or site has pressed', async () => {
      const { request, link } = await asked();
      const browser = new Browser();
      const page = await browser.open(link);
      expect((await browser.post(page, 'csrf', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status).to.equal(
        403,
      );
      expect((await browser.post(page, 'csrf', { csrf: 'x' })).status).to.equal(403);
      expect((await new Browser().post(page, 'csrf')).status).to.equal(403);
      expect(await stateOf(app, request)).to.equal('filed');
    });

    it('never reaches the log', async () => {
      const { link } = await asked();
      const browser = new Browser();
      await browser.submit(await browser.open(link), 'csrf');
      const log = app.logLines.join('');
      expect(log).to.include('/account/recovery-request');
      expect(log).not.to.include(new URL(link).searchParams.get('token'));
    });
  });

  describe('signed in', () => {
    it('is told on the first page, sees what is open, and cancels all of it', async () => {
      const { person, request } = await asked();
      const second = await file(app, person);
      const browser = new Browser();
      const page = await enter(browser, person);
      expect(page.text).to.include(request.number).and.include(second.number);
      const home = await browser.open(app.url);
      expect(home.text).to.include('Ada permohonan untuk memulihkan akun Anda');
      expect(home.link(OPEN)).to.equal(`${app.url}${OPEN}`);
      for (const done of await Promise.all([1, 2].map(() => browser.submit(page, 'csrf')))) {
        expect(done.text).to.include('Tidak ada lagi permohonan yang terbuka').and.include('Amankan akun Anda');
        expect(done.text).not.to.include(request.number);
      }
      for (const one of [request, second]) expect(await stateOf(app, one)).to.equal('cancelled');
      expect((await browser.open(app.url)).text).not.to.include('Ada permohonan untuk memulihkan');
      expect((await browser.open(`${app.url}${OPEN}`)).text).to.include('Tidak ada permohonan yang terbuka');
      expect((await eventsOf(app, person.id, 'recovery.request.cancelled')).length).to.equal(2);
    });

    it('has to have signed in just now', async () => {
      const { person, request } = await asked();
      const browser = new Browser();
      const page = await enter(browser, person);
      app.clock.advance({ minutes: 6 });
      for (const late of [await browser.post(page, 'csrf'), await browser.request(`${app.url}${OPEN}`)]) {
        expect(late.status).to.equal(303);
        const asks = new URL(late.headers.get('location') ?? '', app.url);
        expect([asks.pathname, asks.searchParams.get('max_age')]).to.deep.equal(['/auth', '300']);
      }
      expect(await stateOf(app, request)).to.equal('filed');
      app.clock.advance({ minutes: -6 });
      expect((await browser.submit(page, 'csrf')).url.search).to.equal('?cancelled=yes');
    });

    it('with both factors, where there are two', async () => {
      const { person, request } = await asked();
      const { authenticator } = await giveSecondFactor(app, person.id);
      const browser = new Browser();
      const asks = await enter(browser, person);
      expect(asks.url.pathname).to.match(/\/second-factor$/);
      const page = await enterCode(browser, asks, authenticator.next());
      expect(page.url.pathname).to.equal(OPEN);
      await browser.submit(page, 'csrf');
      expect(await stateOf(app, request)).to.equal('cancelled');
    });

    it('by no form that began to come before there was a second factor', async () => {
      const { person, request } = await asked();
      const browser = new Browser();
      const {
        action,
        fields: { csrf = '' },
      } = (await enter(browser, person)).form('csrf');
      const form = await beginForm(browser, action, csrf, answered(app.container.secondFactors, 'isEnrolled'));
      await giveSecondFactor(app, person.id);
      const { status, location } = await form.end();
      expect([status, location?.includes('two-factor')], location).to.deep.equal([303, true]);
      expect(await stateOf(app, request)).to.equal('filed');
    });

    it('takes no form of another site or account', async () => {
      const [one, other] = [await asked(), await asked()];
      const [browser, stranger] = [new Browser(), new Browser()];
      const page = await enter(browser, one.person);
      const stolen = (await enter(stranger, other.person)).form('csrf').fields.csrf ?? '';
      expect((await browser.post(page, 'csrf', { csrf: stolen })).status).to.equal(403);
      expect((await browser.post(page, 'csrf', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status).to.equal(
        403,
      );
      expect(await stateOf(app, one.request)).to.equal('filed');
    });
  });
});
