import { expect } from 'chai';
import { daysLater, todayIn } from '../../src/domain/day.ts';
import type { ProtocolWrite } from '../../src/store/protocol-state.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, type RelyingParty } from '../support/relying-party.ts';

describe('The bridge: a sign-in that begins again', () => {
  let app: TestApp;
  let citizen: Citizen;
  let browser: Browser;
  let today: string;
  let old: RelyingParty;

  before(async () => {
    app = await startTestApp();
    today = todayIn(app.config.identity.timeZone, app.clock.now());
  });
  after(() => app.close());
  beforeEach(async () => {
    [citizen, browser] = [somebody(), new Browser()];
    await addAccount(app, citizen);
    old = await service();
  });

  const service = (further: Readonly<Record<string, unknown>> = {}): Promise<RelyingParty> =>
    createRelyingParty(app, {
      name: 'Gajihub (contoh)',
      scope: 'openid profile email',
      further: { bridge: { until: daysLater(today, 30) }, ...further },
    });
  const addressOf = ({ id, origin }: RelyingParty, further: Readonly<Record<string, string>> = {}): string =>
    `${app.url}/auth?${new URLSearchParams({ response_type: 'code', client_id: id, redirect_uri: `${origin}/cb`, scope: 'basic email', state: 'xyz', ...further }).toString()}`;
  const begin = (by = old, further?: Readonly<Record<string, string>>): Promise<Page> =>
    browser.open(addressOf(by, further));

  async function expectCode({ url, text }: Page, { id, secret, origin } = old): Promise<void> {
    expect(url.href, text.slice(0, 300))
      .to.match(new RegExp(`^${origin}/cb\\?`))
      .and.not.include('error');
    expect(url.searchParams.get('state')).to.equal('xyz');
    const answer = await fetch(`${app.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: id,
        client_secret: secret,
        grant_type: 'authorization_code',
        code: url.searchParams.get('code'),
        redirect_uri: `${origin}/cb`,
      }),
    });
    expect(answer.status, await answer.text()).to.equal(200);
  }
  async function letTimePass(): Promise<void> {
    await app.database
      .knex('protocol_state')
      .where('model', 'Interaction')
      .update({ expires_at: app.database.knex.raw("now() - interval '1 second'") });
    app.clock.advance({ minutes: 61 });
  }
  /** Presses the button, and the answer is lost. */
  async function lose(page: Page, form: string, typed: Readonly<Record<string, string>>): Promise<void> {
    const { action, fields } = page.form(form);
    const answer = await fetch(action, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, ...typed }),
      redirect: 'manual',
      headers: { cookie: browser.cookieHeader(new URL(action)) },
    });
    expect([answer.status, answer.headers.get('location')?.startsWith('https://')]).to.deep.equal([303, true]);
  }

  it('leads to the service where the button was pressed again before the answer came', async () => {
    const page = await begin(old, { prompt: 'login' });
    await lose(page, 'identifier', { identifier: citizen.nik, password: citizen.password });
    await expectCode(await signIn(browser, page, citizen.nik, citizen.password));
  });

  it('leads there from the page of consent as well, which follows the password', async () => {
    const guest = await service({ first_party: false });
    const question = await signIn(browser, await begin(guest), citizen.nik, citizen.password);
    expect(question.url.pathname).to.match(/\/consent$/);
    await lose(question, 'sharing', {});
    await expectCode(await browser.submit(question, 'sharing'), guest);
  });

  it('leads there where another press is faster in that very moment', async () => {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    const page = await begin();
    let first: Promise<Page> | undefined;
    Object.assign(protocolState, {
      async replace(write: ProtocolWrite) {
        if (write.model === 'Interaction' && first === undefined)
          await (first = browser.post(page, 'identifier', { identifier: citizen.nik, password: citizen.password }));
        return usual.replace(write);
      },
    });
    const second = await browser
      .post(page, 'identifier', { identifier: citizen.nik, password: citizen.password })
      .finally(() => Object.assign(protocolState, usual));
    expect((await first)?.headers.get('location')).to.match(/[?&]code=/);
    await expectCode(await browser.follow(second));
  });

  it('begins as it was asked for where the database was away', async () => {
    const { protocolState } = app.container.store;
    const usual = { ...protocolState };
    Object.assign(protocolState, {
      upsert: () => Promise.reject(Object.assign(new Error('Redis is away'), { code: 'REDIS_AWAY' })),
    });
    const busy = await begin().finally(() => Object.assign(protocolState, usual));
    expect(busy.status).to.equal(503);
    expect(busy.link('Muat ulang')).to.equal(addressOf(old));
    await expectCode(await signIn(browser, await browser.open(busy.link('Muat ulang')), citizen.nik, citizen.password));
  });

  it('leads there after its time has run out', async () => {
    const page = await begin();
    await letTimePass();
    const ended = await signIn(browser, page, citizen.nik, citizen.password);
    expect(ended.status).to.equal(410);
    await expectCode(
      await signIn(browser, await browser.open(ended.link('Mulai lagi')), citizen.nik, citizen.password),
    );
    expect(
      (await app.store.bridgeUses.since(today, old.id)).map(({ call, uses }) => [call, uses]),
      'counted as any other',
    ).to.deep.include(['sign-in', 2]);
  });

  it('ends with the day of the bridge: what came in its words goes on in them', async () => {
    const page = await begin();
    await letTimePass();
    const { metadata } = (await app.store.clients.find(old.id))!;
    await app.store.clients.update(
      old.id,
      { metadata: { ...metadata, bridge: { until: daysLater(today, -1) } } },
      app.clock.now(),
    );
    app.clock.advance({ seconds: 3 });
    const ended = await browser.open((await browser.open(page.url)).link('Mulai lagi'));
    expect(ended.status).to.equal(400);
    expect(ended.text).to.include('cara masuk lama');
  });
});
