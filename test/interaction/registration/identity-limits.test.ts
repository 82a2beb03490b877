import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody, type Citizen } from '../../support/citizens.ts';
import { proveIdentity } from '../../support/journeys.ts';
import { asked, begin, retryAfter } from './steps.ts';

const CALLS = 7;
const PER_NETWORK = 12;

describe('Registration: limits of the identity check', () => {
  let app: TestApp;
  let household = 0;

  before(async () => {
    app = await startTestApp({
      http: { trustProxy: 1 },
      limits: { identityCallsPerNik: CALLS, identityPerNetwork: PER_NETWORK, trustedNetworks: ['198.51.100.0/24'] },
    });
  });
  after(() => app.close());

  /** A device nobody has seen, in a network of its own unless told otherwise. */
  const newDevice = (address = `203.0.113.${(household += 1)}`): Browser =>
    new Browser({ headers: { 'x-forwarded-for': address } });
  const prove = async (citizen: Citizen, browser = newDevice()): Promise<Page> =>
    proveIdentity(browser, await begin(app, browser), citizen);
  const isWrong = (citizen: Citizen): Citizen => ({ ...citizen, mother: 'Bukan Contoh' });
  const events = async (limit: string): Promise<number> =>
    (await app.store.audit.list({ type: 'registration.identity.limited' })).filter(
      ({ details }) => details.limit === limit,
    ).length;

  it('refuses the sixth failed check of a NIK without asking the registry, from whatever device, and even the right answer', async () => {
    for (let times = 0; times < 5; times += 1) expect((await prove(isWrong(citizens.budi))).status).to.equal(422);
    const before = asked(app);
    for (const claim of [isWrong(citizens.budi), citizens.budi]) {
      const refused = await prove(claim);
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(86_000, 86_400);
      expect(refused.text).to.include('Percobaan untuk NIK ini sudah mencapai batas. Coba lagi setelah');
      expect(refused.form('nik').fields).to.include({
        nik: citizens.budi.nik,
        name: citizens.budi.name,
        mother_name: '',
      });
      expect(refused.html.toLowerCase()).not.to.include(claim.mother.toLowerCase());
    }
    expect(asked(app)).to.equal(before);
    expect(await events('identity.nik'), 'once an hour').to.equal(1);
  });

  it('lets nobody else pay for it', async () => {
    expect((await prove(citizens.ratna)).url.pathname).to.match(/\/register\/contact$/);
  });

  it('opens again the next day', async () => {
    app.clock.advance({ hours: 24, minutes: 1 });
    expect((await prove(citizens.budi)).url.pathname).to.match(/\/register\/contact$/);
  });

  it('lets no parallel check slip past', async () => {
    const devices = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const browser = newDevice();
        return { browser, first: await begin(app, browser) };
      }),
    );
    const before = asked(app);
    const pages = await Promise.all(
      devices.map(({ browser, first }) => proveIdentity(browser, first, isWrong(citizens.rizki))),
    );
    const answered = pages.filter(({ status }) => status === 422);
    expect(asked(app) - before)
      .to.equal(answered.length)
      .and.be.within(1, 5);
    expect(pages.filter(({ status }) => status === 429)).to.have.lengthOf(12 - answered.length);
    for (let times = answered.length; times < 5; times += 1)
      expect((await prove(isWrong(citizens.rizki))).status).to.equal(422);
    expect((await prove(isWrong(citizens.rizki))).status).to.equal(429);
    expect(asked(app) - before).to.equal(5);
  });

  it('counts good checks of one NIK too: each costs a call of the quota', async () => {
    const before = asked(app);
    const refusals = await events('identity.calls');
    for (let times = 0; times < CALLS; times += 1) expect((await prove(citizens.suparmin)).status).to.equal(200);
    const refused = await prove(citizens.suparmin);
    expect(refused.status).to.equal(429);
    expect(retryAfter(refused)).to.be.within(86_000, 86_400);
    expect(asked(app) - before).to.equal(CALLS);
    expect(await events('identity.calls')).to.equal(refusals + 1);
  });

  it('lets one device fail ten times a day, whosever NIK it types, and says that it is the device', async () => {
    const browser = newDevice();
    const first = await begin(app, browser);
    for (let times = 0; times < 10; times += 1)
      expect((await proveIdentity(browser, first, somebody({ ending: '9202' }))).status).to.equal(422);
    const before = asked(app);
    const refused = await proveIdentity(browser, first, somebody());
    expect(refused.status).to.equal(429);
    expect(refused.text)
      .to.include('Percobaan dari perangkat atau jaringan ini sudah mencapai batas.')
      .and.not.include('NIK ini');
    expect(asked(app)).to.equal(before);
    expect((await prove(somebody())).status, 'another device').to.equal(200);
  });

  it('lets one network fail so many times an hour, however many devices stand behind it', async () => {
    const address = '192.0.2.77';
    for (let times = 0; times < PER_NETWORK; times += 1)
      expect((await prove(somebody({ ending: '9202' }), newDevice(address))).status).to.equal(422);
    const refused = await prove(somebody(), newDevice(address));
    expect(refused.status).to.equal(429);
    expect(retryAfter(refused)).to.be.within(3500, 3600);
    expect(refused.text).to.include('perangkat atau jaringan ini');
    app.clock.advance({ hours: 1, minutes: 1 });
    expect((await prove(somebody(), newDevice(address))).status).to.equal(200);
  });

  it('counts a whole household of IPv6 as one network', async () => {
    for (let times = 0; times < PER_NETWORK; times += 1)
      await prove(somebody({ ending: '9202' }), newDevice(`2001:db8:7:1::${times + 1}`));
    expect((await prove(somebody(), newDevice('2001:db8:7:1:aaaa::1'))).status).to.equal(429);
    expect((await prove(somebody(), newDevice('2001:db8:7:2::1'))).status).to.equal(200);
  });

  it('spares trusted networks the limit per network, not the limit per NIK', async () => {
    for (let times = 0; times <= PER_NETWORK; times += 1)
      await prove(somebody({ ending: '9202' }), newDevice('198.51.100.9'));
    expect((await prove(somebody(), newDevice('198.51.100.9'))).status).to.equal(200);
    for (let times = 0; times < 5; times += 1) await prove(isWrong(citizens.andreas), newDevice('198.51.100.9'));
    expect((await prove(citizens.andreas, newDevice('198.51.100.9'))).status).to.equal(429);
  });

  it('takes no forwarding header for the limit that a stranger wrote in front of the proxy’s', async () => {
    const address = '192.0.2.99';
    for (let times = 0; times < PER_NETWORK; times += 1)
      await prove(somebody({ ending: '9202' }), newDevice(`198.51.100.1, 10.9.9.${times}, ${address}`));
    expect((await prove(somebody(), newDevice(`198.51.100.1, ${address}`))).status).to.equal(429);
  });
});
