import { expect } from 'chai';
import { sensitive } from '../../src/domain/sensitive.ts';
import { activationCode } from '../../src/messages/templates.ts';
import { addSeconds } from '../../src/ports/clock/clock.ts';
import { startServer, type RunningServer } from '../../src/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { TestClock } from '../support/clock.ts';
import { enterCode, giveContact, goOn, proveIdentity } from '../support/journeys.ts';
import { until } from '../support/until.ts';
import { exchange, obtainCode } from './exchange.ts';
import { createRelyingParty, isHome, type RelyingParty } from '../support/relying-party.ts';

const { budi, ratna } = citizens;

/** A browser whose every request reaches the other instance than the one before, as behind a load balancer. */
class BalancedBrowser extends Browser {
  readonly ports: readonly string[];
  #count = 0;

  constructor(ports: readonly string[]) {
    super();
    this.ports = ports;
  }

  override request(...[address, options]: Parameters<Browser['request']>): ReturnType<Browser['request']> {
    const url = new URL(address);
    if (this.ports.includes(url.port)) url.port = this.ports[this.#count++ % this.ports.length] ?? url.port;
    return super.request(url, options);
  }
}

describe('Two instances of the sign-on on one database', () => {
  let app: TestApp;
  let second: RunningServer;
  let karirhub: RelyingParty;
  let ports: string[];

  before(async () => {
    app = await startTestApp();
    // A second of waiting between two tries must not pass by itself.
    app.clock.stop();
    const port = await freePort();
    second = await startServer({
      config: { ...app.config, http: { ...app.config.http, port } },
      log: createLog({ level: 'silent' }),
      clock: app.clock,
    });
    ports = [new URL(app.url).port, String(port)];
    karirhub = await createRelyingParty(app);
    await addAccount(app, budi);
  });
  after(async () => {
    await second.close();
    await app.close();
  });

  async function home(browser: Browser, page: Page, state: string): Promise<void> {
    expect(isHome(page, karirhub), page.text.slice(0, 200)).to.equal(true);
    expect(page.url.searchParams.get('state')).to.equal(state);
    expect((await browser.open(app.url)).text).to.include('Keluar');
  }

  it('share a sign-in: each request may reach either', async () => {
    for (const order of [ports, [...ports].reverse()]) {
      const browser = new BalancedBrowser(order);
      const request = await karirhub.begin();
      const page = await browser.open(request.url);
      expect(page.text).to.include(karirhub.name);
      const back = await browser.submit(page, 'identifier', { identifier: budi.nik, password: budi.password });
      await home(browser, back, request.state);
      await karirhub.receive(back, request);
    }
  });

  it('share a registration, from its first page to the service', async () => {
    const browser = new BalancedBrowser(ports);
    const request = await karirhub.begin({ prompt: 'create' });
    const contact = await proveIdentity(browser, await browser.open(request.url), ratna);
    const code = await giveContact(browser, contact, ratna);
    const back = await goOn(browser, await enterCode(browser, code, await app.codeFor(ratna.phone)));
    await home(browser, back, request.state);
    expect((await karirhub.receive(back, request)).claims.name).to.equal(ratna.name);
  });

  it('speak with one voice: the second names the issuer, not itself', async () => {
    const document = (await (
      await fetch(`http://localhost:${ports[1]}/.well-known/openid-configuration`)
    ).json()) as Record<string, unknown>;
    expect(document.issuer).to.equal(app.url);
    expect(JSON.stringify(document)).not.to.include(`:${ports[1]}`);
    const keys = await Promise.all(ports.map(async (port) => (await fetch(`http://localhost:${port}/jwks`)).text()));
    expect(keys[1]).to.deep.equal(keys[0]);
  });

  it('end a session for both', async () => {
    const browser = new BalancedBrowser(ports);
    const request = await karirhub.begin();
    await browser.submit(await browser.open(request.url), 'identifier', {
      identifier: budi.nik,
      password: budi.password,
    });
    const question = await browser.open((await browser.open(app.url)).link('Keluar'));
    await browser.submit(question, 'xsrf');
    for (const port of ports)
      expect((await browser.open(`http://localhost:${port}/`)).text)
        .to.include('Masuk')
        .and.not.to.include(budi.name);
  });

  const cutOff = (): Promise<unknown> =>
    app.database.knex.raw(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'siapkerja-sso changes'`,
    );
  /** By the clock of the machine: the one of the instances stands still. */
  const withinTwoSeconds = async (what: string, isSo: () => Promise<boolean>): Promise<void> => until(what, isSo, 2000);

  it('stop a service together within two seconds: what is done at one acts at the other, though its ear was cut off a moment before', async () => {
    for (const hears of [true, false]) {
      const stopped = await createRelyingParty(app, { name: 'Terhenti' });
      const answers = async (): Promise<number[]> =>
        Promise.all(
          ports.map(async (port) => {
            const url = new URL((await stopped.begin({ prompt: 'none' })).url);
            url.port = port;
            return (await new Browser().request(url)).status;
          }),
        );
      expect(await answers(), 'both know it, and hold it').to.deep.equal([303, 303]);
      // Time stands still here: neither would ever read the service again for its age.
      if (!hears) await cutOff();
      await app.store.clients.update(stopped.id, { status: 'disabled' }, app.clock.now());
      await withinTwoSeconds('both refuse', async () => (await answers()).every((status) => status === 400));
    }
  });

  it('suspend a person together: at once where it is done, by a notice at the other, and without one after a second', async () => {
    const person = somebody();
    const id = await addAccount(app, person);
    const browser = new BalancedBrowser(ports);
    const { code, request } = await obtainCode(karirhub, person, browser);
    const { status, body } = await exchange(app, karirhub, { code, code_verifier: request.verifier });
    expect(status).to.equal(200);
    const ask = async (port: string): Promise<number> =>
      (
        await fetch(`http://localhost:${port}/me`, {
          headers: { authorization: `Bearer ${String(body.access_token)}` },
        })
      ).status;
    const answers = (): Promise<number[]> => Promise.all(ports.map(ask));

    for (const hears of [true, false]) {
      await until('both honour the person, and hold that', async () => (await answers()).every((each) => each === 200));
      if (!hears) await cutOff();
      await app.store.accounts.setStatus(id, 'suspended', app.clock.now());
      expect(await ask(ports[0]!), 'where it was done').to.equal(401);
      await withinTwoSeconds('the other refuses as well', async () => (await ask(ports[1]!)) === 401);
      await app.store.accounts.setStatus(id, 'active', app.clock.now());
    }
  });

  it('count failures together', async () => {
    const wrong = async (port: string): Promise<number> => {
      const browser = new Browser();
      const page = await browser.open(`http://localhost:${port}/portal/sign-in`);
      return (await browser.post(page, 'identifier', { identifier: 'bersama@contoh.test', password: 'Salah-Sekali9!' }))
        .status;
    };
    expect(await wrong(ports[0]!)).to.equal(422);
    expect(await wrong(ports[1]!)).to.equal(429);
  });

  it('leave codes alone while the clock of one of them has just jumped', async () => {
    const clock = new TestClock();
    const jumped = await startServer({
      config: { ...app.config, http: { ...app.config.http, port: await freePort() } },
      log: createLog({ level: 'silent' }),
      clock,
      onWrongClock: () => undefined,
    });
    try {
      clock.advance({ hours: 1 });
      expect(jumped.container.isTimeUncertain()).to.equal(true);
      // Stored where no courier is woken, and looked at by the one that takes all of it for an hour too late.
      const id = await app.container.courier.post(app.store, {
        ...activationCode({ code: '482913', host: 'localhost', ttlSeconds: 300, locale: 'id' }),
        to: sensitive('+6281234567890'),
        expiresAt: addSeconds(app.clock.now(), 300),
      });
      await jumped.container.courier.flush();
      expect(await app.store.messages.stateOf(id)).not.to.equal('expired');
      await app.container.courier.flush();
      expect(await app.store.messages.stateOf(id)).to.equal('sent');
    } finally {
      await jumped.close(true);
    }
  });
});
