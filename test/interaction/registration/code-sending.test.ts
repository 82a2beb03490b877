import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode } from '../../support/journeys.ts';
import { at, atCode, atContact, codesTo, errorOf, retryAfter, type Way } from './steps.ts';

const PER_PREFIX = 6;
const PER_NETWORK = 9;
const PER_DAY = 50;

describe('Registration: sending codes', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp({
      http: { trustProxy: 1 },
      otp: { sendsPerPrefix: PER_PREFIX, sendsPerDay: PER_DAY },
      limits: { codesPerNetwork: PER_NETWORK },
    });
    app.clock.stop();
  });
  after(() => app.close());
  beforeEach(() => app.database.knex('counters').del());

  let household = 0;
  const anywhere = (address = `203.0.113.${(household += 1)}`): Browser =>
    new Browser({ headers: { 'x-forwarded-for': address } });
  const waiting = (citizen = somebody()): Promise<Way> => atCode(app, citizen, anywhere());
  const reload = (way: Way): Promise<Page> => way.browser.open(way.page.url);
  const resend = async (way: Way): Promise<Page> => way.browser.post(await reload(way), 'otp/resend');
  const change = async (way: Way, phone: string): Promise<Page> =>
    way.browser.follow(await way.browser.post(await way.browser.open(at(way.page, 'phone')), 'phone', { phone }));
  const askFor = async (citizen: Citizen, browser = anywhere()): Promise<Page> => {
    const { page } = await atContact(app, citizen, browser);
    return browser.post(page, 'email', { email: citizen.email, phone: citizen.phone, password: citizen.password });
  };

  const points = async (limit: string): Promise<number> =>
    Number(
      (await app.database.knex('counters').where('key', 'like', `${limit}:%`).sum('points as points').first())
        ?.points ?? 0,
    );

  describe('again', () => {
    it('waits 60, 120, 300 and then 900 seconds, says how long, and answers an impatient press with the wait', async () => {
      const way = await waiting();
      let sent = 1;
      for (const seconds of [60, 120, 300, 900]) {
        const page = await reload(way);
        expect(page.text).to.include(`Kirim ulang dapat dilakukan dalam ${seconds} detik`);
        app.clock.advance({ seconds: seconds - 1 });
        const early = await resend(way);
        expect(early.status).to.equal(429);
        expect(retryAfter(early)).to.equal(1);
        expect(early.text).to.include('Kirim ulang dapat dilakukan dalam 1 detik');
        expect(await codesTo(app, way.citizen.phone)).to.equal(sent);
        app.clock.advance({ seconds: 1 });
        expect((await resend(way)).status).to.equal(303);
        sent += 1;
        expect(await codesTo(app, way.citizen.phone)).to.equal(sent);
        expect((await reload(way)).text).to.include('Kode baru sudah dikirim. Kode lama tidak berlaku lagi.');
      }
    });

    it('takes the code on the page of a refusal, too: what is typed there asks for no other code', async () => {
      const way = await waiting();
      app.clock.advance({ seconds: 50 });
      const early = await resend(way);
      expect(early.status).to.equal(429);
      app.clock.advance({ seconds: 12 });
      const page = await enterCode(way.browser, early, await app.codeFor(way.citizen.phone));
      expect(page.text).to.include('Pendaftaran berhasil');
      expect(await codesTo(app, way.citizen.phone)).to.equal(1);
    });

    it('kills the old code', async () => {
      const way = await waiting();
      const old = await app.codeFor(way.citizen.phone);
      app.clock.advance({ seconds: 60 });
      const page = await way.browser.follow(await resend(way));
      const fresh = await app.codeFor(way.citizen.phone);
      if (old !== fresh)
        expect(errorOf(await way.browser.post(page, 'code', { code: old }), 'code')).to.include('Kode tidak cocok');
      expect((await enterCode(way.browser, page, fresh)).text).to.include('Pendaftaran berhasil');
    });

    it('sends one SMS for a double press, and shows nobody a refusal', async () => {
      const way = await waiting();
      app.clock.advance({ seconds: 60 });
      const page = await reload(way);
      const pressed = await Promise.all([1, 2, 3, 4].map(() => way.browser.post(page, 'otp/resend')));
      expect(pressed.map(({ status }) => status)).to.deep.equal([303, 303, 303, 303]);
      expect((await way.browser.post(page, 'otp/resend')).status, 'a second after the first').to.equal(303);
      expect(await codesTo(app, way.citizen.phone)).to.equal(2);
      expect(await points('code.nik')).to.equal(2);
    });

    it('lets the last code of the day be asked for with a double press', async () => {
      const way = await waiting();
      for (const seconds of [60, 120, 300, 900]) {
        // Before time leaps, or the message is too old to be sent.
        await app.container.courier.flush();
        app.clock.advance({ seconds });
        if (seconds < 900) await resend(way);
      }
      const page = await reload(way);
      const pressed = await Promise.all([1, 2, 3].map(() => way.browser.post(page, 'otp/resend')));
      expect(await codesTo(app, way.citizen.phone)).to.equal(5);
      expect(pressed.map(({ status }) => status)).to.deep.equal([303, 303, 303]);
      app.clock.advance({ seconds: 900 });
      const refused = await resend(way);
      expect(refused.status).to.equal(429);
      expect(refused.text).to.include('Batas pengiriman kode hari ini tercapai. Coba lagi setelah');
      expect(retryAfter(refused)).to.be.within(80_000, 86_400);
    });
  });

  describe('within limits', () => {
    it('sends five to one number a day, whoever asks, and keeps what was typed', async () => {
      const phone = '081311110001';
      for (let times = 0; times < 5; times += 1) expect((await askFor(somebody({ phone }))).status).to.equal(303);
      const citizen = somebody({ phone });
      const refused = await askFor(citizen);
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(86_000, 86_400);
      expect(refused.text)
        .to.include('Batas pengiriman kode hari ini tercapai. Coba lagi setelah')
        .and.include('atau pakai nomor lain');
      expect(refused.form('email').fields).to.include({ email: citizen.email, phone });
      expect(await codesTo(app, phone)).to.equal(5);
      expect((await askFor({ ...citizen, phone: '081311120002' })).status, 'another number').to.equal(303);
    });

    it('sends eight for one NIK a day, over all numbers and registrations', async () => {
      const citizen = somebody();
      for (let times = 0; times < 8; times += 1)
        expect((await askFor({ ...citizen, phone: `0813${12_000_000 + times * 10_000}` })).status).to.equal(303);
      expect((await askFor({ ...citizen, phone: '081312990001' })).status).to.equal(429);
      expect(await codesTo(app, '081312990001')).to.equal(0);
    });

    it('sends so many to one block of numbers an hour', async () => {
      for (let times = 0; times < PER_PREFIX; times += 1)
        expect((await askFor(somebody({ phone: `08131313000${times}` }))).status).to.equal(303);
      const refused = await askFor(somebody({ phone: '081313130009' }));
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(3500, 3600);
      expect(refused.text).to.include('pengiriman kode sedang kami batasi. Silakan coba lagi setelah');
      app.clock.advance({ hours: 1, minutes: 1 });
      expect((await askFor(somebody({ phone: '081313130009' }))).status).to.equal(303);
    });

    it('sends so many on behalf of one network an hour', async () => {
      for (let times = 0; times < PER_NETWORK; times += 1)
        expect((await askFor(somebody(), anywhere('192.0.2.5'))).status).to.equal(303);
      expect((await askFor(somebody(), anywhere('192.0.2.5'))).status).to.equal(429);
      expect((await askFor(somebody(), anywhere('192.0.2.6'))).status).to.equal(303);
    });

    it('sends so many a day in all', async () => {
      await askFor(somebody());
      await app.database.knex('counters').where('key', 'like', 'code.day:%').update({ points: PER_DAY });
      const refused = await askFor(somebody());
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(86_000, 86_400);
    });

    it('takes nothing from any limit when one of them refuses', async () => {
      const phone = '081314140001';
      for (let times = 0; times < 5; times += 1) await askFor(somebody({ phone }));
      const before = await app.database.knex('counters').where('key', 'like', 'code.%').sum('points');
      await askFor(somebody({ phone }));
      expect(await app.database.knex('counters').where('key', 'like', 'code.%').sum('points')).to.deep.equal(before);
    });

    it('lets nothing slip past a limit in parallel', async () => {
      const phone = '081315150001';
      const ways = await Promise.all(Array.from({ length: 9 }, () => atContact(app, somebody({ phone }), anywhere())));
      await Promise.all(
        ways.map(({ browser, page, citizen }) =>
          browser.post(page, 'email', { email: citizen.email, phone, password: citizen.password }),
        ),
      );
      expect(await codesTo(app, phone)).to.be.within(1, 5);
    });
  });

  describe('and how far it has come', () => {
    it('says that a code is sent', async () => {
      const way = await waiting();
      await app.container.courier.flush();
      expect((await reload(way)).text).to.include('Kode sudah kami kirim. Biasanya sampai dalam 1 menit.');
    });

    it('says that a code cannot be sent to this number, and another number helps', async () => {
      const way = await waiting(somebody({ phone: '081316190001' }));
      await app.container.courier.flush();
      expect((await reload(way)).text).to.include(
        'Kode tidak dapat dikirim ke nomor ini. Kirim ulang atau ubah nomor.',
      );
      const page = await change(way, '081316160002');
      expect((await enterCode(way.browser, page, await app.codeFor('081316160002'))).text).to.include(
        'Pendaftaran berhasil',
      );
    });

    it('says that a code is on its way while the gateway is busy, and does not make anybody wait for it', async () => {
      const way = await waiting(somebody({ phone: '081316190002' }));
      expect((await reload(way)).text).to.include('Kode sedang dikirim ke operator.');
    });

    it('says that a code came too late to be sent', async () => {
      const way = await waiting(somebody({ phone: '081316290002' }));
      await app.container.courier.flush();
      app.clock.advance({ minutes: 6 });
      await app.container.courier.flush();
      expect((await reload(way)).text).to.include('Kode tidak dapat dikirim ke nomor ini.');
    });
  });
});
