import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
import { until } from '../../support/until.ts';
import { attempt, openSignIn, replaceHashing, watchHashing } from './attempts.ts';

const { budi, ratna, nuraini, rizki, andreas, suparmin } = citizens;
const WRONG = 'Salah-Sekali9!';
const PER_DEVICE = 20;
/** More than one device may, and fewer than the good sign-ins of the family below. */
const PER_NETWORK = 24;
const seconds = (page: Page): number => Number(page.headers.get('retry-after'));

describe('Sign-in: guessing', () => {
  let app: TestApp;
  const fail = async (identifier: string, browser = new Browser()): Promise<Page> =>
    attempt(app, browser, identifier, WRONG);

  before(async () => {
    app = await startTestApp({
      http: { trustProxy: 1 },
      limits: { signInPerDevice: PER_DEVICE, signInPerNetwork: PER_NETWORK, trustedNetworks: ['198.51.100.0/24'] },
    });
    app.clock.stop();
    for (const citizen of [budi, ratna, nuraini, rizki]) await addAccount(app, citizen);
  });
  after(() => app.close());
  // Each test begins on a new hour, with every wait and every count behind it.
  afterEach(() => {
    app.clock.advance({ hours: 2 });
  });

  it('costs a longer wait each time: 1, 2, 4 … 60 seconds, whoever asks and however good the next try is', async () => {
    for (const wait of [1, 2, 4, 8, 16, 32, 60]) {
      expect((await fail(budi.nik)).status).to.equal(422);
      const early = await attempt(app, new Browser(), budi.nik, budi.password);
      expect(early.status, 'the right password, too soon').to.equal(429);
      expect(seconds(early)).to.equal(wait);
      expect(early.text).to.include(`Tunggu ${seconds(early)} detik`);
      app.clock.advance({ seconds: wait + 1 });
    }
    expect((await attempt(app, new Browser(), budi.nik, budi.password)).status).to.equal(303);
  });

  it('pauses the password after ten, for a quarter of an hour, and then lets the citizen in', async () => {
    for (let count = 0; count < 10; count += 1) {
      expect((await fail(ratna.nik)).status, `guess ${count + 1}`).to.equal(422);
      app.clock.advance({ seconds: 61 });
    }
    const hashing = watchHashing(app);
    const paused = await attempt(app, new Browser(), ratna.nik, ratna.password);
    hashing.stop();
    expect(hashing.verified, 'the password is not even looked at').to.equal(0);
    expect(paused.status).to.equal(429);
    expect(seconds(paused)).to.be.within(700, 900);
    expect(paused.text)
      .to.include('ditutup sementara')
      .and.to.match(/memulihkan akun/);
    app.clock.advance({ minutes: 15 });
    expect((await attempt(app, new Browser(), ratna.nik, ratna.password)).status).to.equal(303);
  });

  it('never locks out a device that has signed in before, however hard a stranger tries', async () => {
    const own = new Browser();
    expect((await attempt(app, own, nuraini.nik, nuraini.password)).status).to.equal(303);
    own.forgetCookies((name) => name.startsWith('device'));
    for (let count = 0; count < 12; count += 1) {
      await fail(nuraini.nik);
      app.clock.advance({ seconds: 61 });
    }
    expect((await attempt(app, new Browser(), nuraini.nik, nuraini.password)).status, 'a stranger').to.equal(429);
    expect((await attempt(app, own, nuraini.nik, nuraini.password)).status, 'the own device').to.equal(303);
    own.forgetCookies((name) => name.startsWith('device'));
    expect((await attempt(app, own, nuraini.phone, nuraini.password)).status).to.equal(303);
  });

  it('counts the failures of a known device for itself', async () => {
    const own = new Browser();
    await attempt(app, own, nuraini.nik, nuraini.password);
    own.forgetCookies((name) => name.startsWith('device'));
    for (let count = 0; count < 10; count += 1) {
      expect((await fail(nuraini.nik, own)).status).to.equal(422);
      app.clock.advance({ seconds: 61 });
    }
    expect((await fail(nuraini.nik, own)).status).to.equal(429);
    expect((await attempt(app, new Browser(), nuraini.nik, nuraini.password)).status, 'elsewhere').to.equal(303);
  });

  it('buys at most ten guesses with a hundred at once', async () => {
    const pages = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const browser = new Browser({ headers: { 'x-forwarded-for': '198.51.100.7' } });
        return { browser, page: await openSignIn(app, browser) };
      }),
    );
    const hashing = watchHashing(app);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const { browser, page } = pages[index % pages.length]!;
        return browser.post(page, 'identifier', { identifier: rizki.nik, password: `${WRONG}${index}` });
      }),
    );
    hashing.stop();
    expect(hashing.verified).to.be.within(1, 10);
    expect(answers.filter(({ status }) => status === 422)).to.have.length(hashing.verified);
    expect(answers.filter(({ status }) => status === 429)).to.have.length(100 - hashing.verified);
  });

  it('lets none of a hundred parallel guesses in when the right one is among the refused', async () => {
    const browser = new Browser();
    const page = await openSignIn(app, browser);
    await Promise.all(
      Array.from({ length: 15 }, (_, index) =>
        browser.post(page, 'identifier', { identifier: rizki.email, password: `${WRONG}${index}` }),
      ),
    );
    expect((await attempt(app, new Browser(), rizki.email, rizki.password)).status).to.equal(429);
  });

  it('takes a button pressed twice for one try, and answers both presses alike', async () => {
    const counted = async (): Promise<number> =>
      Number(
        (await app.database.knex('counters').where('key', 'like', 'sign-in.account:%').sum('points as points').first())
          ?.points ?? 0,
      );
    const browser = new Browser();
    const page = await openSignIn(app, browser);
    const before = await counted();
    const hashing = watchHashing(app);
    const press = (): Promise<Page> => browser.post(page, 'identifier', { identifier: suparmin.nik, password: WRONG });
    // The first is not answered before the second is there.
    const { csrf, passwords } = app.container;
    const [check, verify] = [csrf.check.bind(csrf), passwords.verify.bind(passwords)];
    let come = 0;
    Object.assign(csrf, {
      check: (...args: Parameters<typeof check>) => {
        come += 1;
        check(...args);
      },
    });
    const restore = replaceHashing(app, {
      verify: async (...args) => {
        await until('both presses', () => come === 2);
        return verify(...args);
      },
    });
    const answers = await Promise.all([press(), press()]);
    restore();
    Object.assign(csrf, { check });
    expect(answers.map(({ status }) => status)).to.deep.equal([422, 422]);
    expect(hashing.verified).to.equal(1);
    expect((await counted()) - before).to.equal(1);
    app.clock.advance({ seconds: 2 });
    expect((await press()).status).to.equal(422);
    hashing.stop();
    expect((await counted()) - before, 'once it is answered the same is another try').to.equal(2);
  });

  it('stops one device that tries many accounts, and forgets nothing when the cookie of the sign-in is new', async () => {
    const browser = new Browser({ headers: { 'x-forwarded-for': '198.51.100.7' } });
    await browser.open(app.url);
    for (let count = 0; count < PER_DEVICE; count += 1)
      expect((await fail(`orang${count}@contoh.test`, browser)).status).to.equal(422);
    browser.forgetCookies((name) => name.startsWith('device'));
    const refused = await attempt(app, browser, andreas.nik, andreas.password);
    expect(refused.status).to.equal(429);
    expect(seconds(refused)).to.be.within(1, 3600);
    expect(
      (await attempt(app, new Browser({ headers: { 'x-forwarded-for': '198.51.100.7' } }), budi.nik, budi.password))
        .status,
      'another device',
    ).to.equal(303);
  });

  it('stops one network that tries many accounts from many devices; a trusted network has no limit of its own', async () => {
    const from = (address: string, index: number): Promise<Page> =>
      fail(`warga${index}@contoh.test`, new Browser({ headers: { 'x-forwarded-for': address } }));
    for (let count = 0; count < PER_NETWORK; count += 1)
      expect((await from('203.0.113.9', count)).status).to.equal(422);
    expect((await from('203.0.113.9', 1000)).status, 'the network').to.equal(429);
    expect((await from('203.0.113.10', 1001)).status, 'its neighbour').to.equal(422);
    expect((await from('198.51.100.200', 1002)).status, 'a trusted one').to.equal(422);
    for (let count = 0; count <= PER_NETWORK; count += 1)
      expect((await from('198.51.100.201', 2000 + count)).status, 'a trusted one').to.equal(422);
  });

  it('lets a known device in when strangers have used up its network, and nobody else', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.50' };
    const own = new Browser({ headers });
    expect((await attempt(app, own, budi.nik, budi.password)).status).to.equal(303);
    own.forgetCookies((name) => name.startsWith('device'));
    for (let count = 0; count < PER_NETWORK; count += 1)
      expect((await fail(`tamu${count}@contoh.test`, new Browser({ headers }))).status).to.equal(422);
    expect(
      (await attempt(app, new Browser({ headers }), budi.nik, budi.password)).status,
      'an unknown device',
    ).to.equal(429);
    expect((await attempt(app, own, budi.nik, budi.password)).status, 'the own device').to.equal(303);
    own.forgetCookies((name) => name.startsWith('device'));
    expect((await attempt(app, own, ratna.nik, ratna.password)).status, 'the own device, for somebody else').to.equal(
      429,
    );
  });

  it('remembers a refusal by a limit once an hour, however often it is asked for, and logs each', async () => {
    const refusals = async (reason: string): Promise<number> =>
      (await app.store.audit.list({ type: 'sign-in.refused' })).filter(({ details }) => details.reason === reason)
        .length;
    const logged = (reason: string): number =>
      app.logLines.filter((line) => line.includes('"sign-in.refused"') && line.includes(`"reason":"${reason}"`)).length;
    const browser = new Browser();
    const page = await openSignIn(app, browser);
    const refusedOften = async (reason: string, times: number): Promise<void> => {
      const [remembered, told] = [await refusals(reason), logged(reason)];
      for (let count = 0; count < times; count += 1)
        expect(
          (await browser.post(page, 'identifier', { identifier: nuraini.email, password: WRONG })).status,
        ).to.equal(429);
      expect(await refusals(reason)).to.equal(remembered + 1);
      expect(logged(reason)).to.equal(told + times);
    };
    for (let count = 0; count < 7; count += 1) {
      app.clock.advance({ seconds: 61 });
      await fail(nuraini.email);
    }
    await refusedOften('slow', 20);
    for (let count = 0; count < 3; count += 1) {
      app.clock.advance({ seconds: 61 });
      await fail(nuraini.email);
    }
    app.clock.advance({ seconds: 61 });
    await refusedOften('paused', 40);
  });

  it('gives back the point of a good sign-in: a family that shares a network is not stopped by its own success', async () => {
    for (let count = 0; count <= PER_NETWORK; count += 1) {
      const browser = new Browser({ headers: { 'x-forwarded-for': '203.0.113.77' } });
      expect((await attempt(app, browser, budi.nik, budi.password)).status).to.equal(303);
    }
  });

  it('refuses everybody while the counters cannot be read, and signs nobody in', async () => {
    const hashing = watchHashing(app);
    await app.database.knex.raw('alter table counters rename to counters_away');
    try {
      for (const [identifier, password] of [
        [budi.nik, budi.password],
        [suparmin.nik, WRONG],
      ] as const) {
        const browser = new Browser();
        const page = await attempt(app, browser, identifier, password);
        expect(page.status).to.be.oneOf([500, 503]);
        expect(browser.cookie('session')).to.equal(undefined);
      }
    } finally {
      await app.database.knex.raw('alter table counters_away rename to counters');
      hashing.stop();
    }
    expect(hashing.verified).to.equal(0);
    expect((await attempt(app, new Browser(), budi.nik, budi.password)).status).to.equal(303);
  });

  it('remembers each refusal and its reason, and nothing of what was typed', async () => {
    await fail('canary.masuk@contoh.test');
    const events = await app.store.audit.list({ type: 'sign-in.refused' });
    expect(new Set(events.map(({ details }) => details.reason))).to.include.all.keys('wrong', 'slow', 'paused');
    expect(JSON.stringify(events)).not.to.include('canary').and.not.to.include(budi.nik);
    expect(app.logLines.join('')).not.to.include('canary.masuk').and.not.to.include(WRONG);
  });
});
