import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { proveIdentity } from '../../support/journeys.ts';
import { atCode as atRecoveryCode, atPassword as atRecoveryPassword } from '../recovery/steps.ts';
import { codesTo, errorOf, inputOf, retryAfter, wrong } from '../registration/steps.ts';
import { at, atCode, atNumber, atPassword, begin, enter, eventsOf, giveNumber, newNumber, type Way } from './steps.ts';

describe('Recovery request: the number and its code', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    app.clock.stop();
  });
  after(() => app.close());

  const forgetCounters = (): Promise<unknown> => app.database.knex('counters').del();
  const isPassword = (page: Page): boolean => page.url.pathname.endsWith('/recover-request/password');
  const points = async (limit: string): Promise<number[]> =>
    (await app.database.knex('counters').where('key', 'like', `${limit}:%`).pluck<number[]>('points')).sort();

  describe('the number', () => {
    it('shows what is on file masked, and the faster way', async () => {
      const { browser, page, citizen } = await atNumber(app);
      expect(page.text)
        .to.include(`08*****${citizen.phone.slice(-4)}`)
        .and.include(`${citizen.email[0]!}***@contoh.test`);
      expect(page.html).not.to.include(citizen.phone.slice(2)).and.not.include(citizen.email);
      expect((await browser.open(page.link('Lebih cepat dengan kode'))).url.pathname).to.match(/\/recover$/);
    });

    for (const [what, typed, said] of [
      ['nothing', '', 'Isi nomor HP Anda.'],
      ['a fixed line', '0215551234', 'Nomor ini bukan nomor HP.'],
      ['a foreign number', '+6591234567', 'Tulis nomor HP Indonesia'],
      ['half a number', '0812', 'Tulis nomor HP Indonesia'],
    ] as const) {
      it(`refuses ${what}, and keeps what was typed`, async () => {
        const { browser, page, accountId } = await atNumber(app);
        const refused = await giveNumber(browser, page, typed);
        expect(refused.status).to.equal(422);
        expect(errorOf(refused, 'phone')).to.include(said);
        expect(inputOf(refused, 'phone')).to.include(`value="${typed}"`);
        expect(await eventsOf(app, 'recovery.request.code-sent', accountId)).to.deep.equal([]);
      });
    }

    it('takes it however it is written, and sends one SMS of one segment in words of its own', async () => {
      const way = await atNumber(app);
      const page = await giveNumber(way.browser, way.page, way.phone.replace(/^0/, '+62 ').replace(/(\d{4})$/, '-$1'));
      expect(page.url.pathname).to.match(/\/recover-request\/code$/);
      expect(page.text)
        .to.include(`08*****${way.phone.slice(-4)}`)
        .and.include('Petugas Kemnaker tidak pernah meminta kode OTP.');
      const [sms, ...others] = await app.messagesTo(way.phone);
      expect(others).to.have.length(0);
      expect(sms!.text).to.match(/^SIAPkerja: \d{6} adalah kode permohonan pemulihan akun/);
      expect(sms!.text.length).to.be.at.most(160);
      expect((await app.messagesTo(way.citizen.phone)).length, 'the holder hears of a request alone').to.equal(0);
      expect(await eventsOf(app, 'recovery.request.code-sent', way.accountId)).to.have.length(1);
    });

    it('says how far the code has come, by the page and by the word for its script', async () => {
      const way = await atCode(app);
      await app.messagesTo(way.phone);
      const page = await way.browser.open(way.page.url);
      expect(page.text).to.include('Kode sudah kami kirim.');
      const word = await way.browser.request(at(page, 'code/delivery'));
      expect(word.html).to.equal('sent');
      expect(word.headers.get('cache-control')).to.equal('no-store');
      await enter(way.browser, page, await app.codeFor(way.phone));
      expect((await way.browser.request(at(page, 'code/delivery'))).status, 'nobody waits any more').to.equal(204);
    });

    it('can be changed three times, each with a code of its own, and only the last one counts', async () => {
      const way = await atCode(app);
      let page = way.page;
      let former = await app.codeFor(way.phone);
      const numbers = [newNumber(), newNumber(), newNumber()];
      for (const [index, phone] of numbers.entries()) {
        const form = await way.browser.open(page.link('Ubah nomor HP'));
        expect(form.text).to.include(`Nomor dapat diubah ${3 - index} kali lagi.`);
        page = await giveNumber(way.browser, form, phone);
        expect(page.text).to.include(`08*****${phone.slice(-4)}`);
        expect((await enter(way.browser, page, former)).text, 'the code of the former number').to.include(
          'Kode tidak cocok.',
        );
        former = await app.codeFor(phone);
      }
      expect(page.html).not.to.include('Ubah nomor HP');
      const used = await way.browser.open(at(page, 'code/number'));
      expect(used.text).to.include('Nomor tidak dapat diubah lagi pada permohonan ini.');
      const forged = await way.browser.request(at(page, 'code/number'), {
        method: 'POST',
        body: new URLSearchParams({ csrf: page.form('code').fields.csrf!, phone: newNumber() }),
      });
      expect(forged.status).to.equal(422);
      expect(isPassword(await enter(way.browser, page, former))).to.equal(true);
    });

    it('gives no code to a number that has had five today, and says when again', async () => {
      const stranger = newNumber();
      for (let count = 0; count < 5; count += 1) {
        const way = await atNumber(app);
        await giveNumber(way.browser, way.page, stranger);
      }
      const sixth = await atNumber(app);
      const refused = await giveNumber(sixth.browser, sixth.page, stranger);
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(80_000, 86_400);
      expect(refused.text).to.include('Batas pengiriman kode hari ini tercapai.');
      expect(await codesTo(app, stranger)).to.equal(5);
      expect(await eventsOf(app, 'recovery.request.code-not-sent', sixth.accountId)).to.deep.equal([
        { reason: 'send-limit' },
      ]);
      expect((await giveNumber(sixth.browser, refused, sixth.phone)).url.pathname, 'another number').to.match(
        /\/recover-request\/code$/,
      );
    });

    it('makes one code of parallel presses, and one of a number that is given in ten windows', async () => {
      await forgetCounters();
      const way = await atNumber(app);
      await Promise.all(Array.from({ length: 10 }, () => giveNumber(way.browser, way.page, way.phone)));
      expect(await codesTo(app, way.phone)).to.equal(1);
      const other = await atNumber(app);
      const numbers = Array.from({ length: 10 }, newNumber);
      await Promise.all(numbers.map((phone) => giveNumber(other.browser, other.page, phone)));
      const sent = await Promise.all(numbers.map((phone) => codesTo(app, phone)));
      expect(sent.reduce((sum, count) => sum + count, 0)).to.equal(1);
      expect(await points('code.nik'), 'who got none is not charged').to.deep.equal([1, 1]);
    });
  });

  describe('the code', () => {
    it('waits before another one, and voids the one before', async () => {
      const way = await atCode(app);
      const first = await app.codeFor(way.phone);
      app.clock.advance({ seconds: 10 });
      const early = await way.browser.submit(way.page, 'code/resend');
      expect(early.status).to.equal(429);
      expect(retryAfter(early)).to.be.within(40, 60);
      app.clock.advance({ seconds: 60 });
      const again = await way.browser.submit(way.page, 'code/resend');
      expect(again.text).to.include('Kode baru sudah dikirim. Kode lama tidak berlaku lagi.');
      expect((await enter(way.browser, again, first)).text).to.include('Kode tidak cocok.');
      expect(isPassword(await enter(way.browser, again, await app.codeFor(way.phone)))).to.equal(true);
      expect(await eventsOf(app, 'recovery.request.code-sent', way.accountId)).to.have.length(2);
    });

    it('counts wrong codes down, dies with the fifth, and not even the right one counts then', async () => {
      const way = await atCode(app);
      const code = await app.codeFor(way.phone);
      for (const left of [4, 3, 2, 1])
        expect((await enter(way.browser, way.page, wrong(code, left))).text).to.include(`Sisa percobaan: ${left}.`);
      for (const typed of [wrong(code, 5), code]) {
        const dead = await enter(way.browser, way.page, typed);
        expect(dead.status).to.equal(422);
        expect(dead.text).to.include('Terlalu banyak kode salah. Kirim kode baru.');
        expect(inputOf(dead, 'code')).to.equal('');
      }
    });

    it('says what a code looks like, and that one is too old', async () => {
      const way = await atCode(app);
      const refused = await enter(way.browser, way.page, '12345');
      expect(refused.status).to.equal(422);
      expect(errorOf(refused, 'code')).to.equal('Isi 6 angka kode OTP.');
      const code = await app.codeFor(way.phone);
      app.clock.advance({ seconds: 301 });
      expect((await enter(way.browser, way.page, code)).text).to.include('Kode sudah tidak berlaku.');
    });

    it('lets thirty parallel guesses be five', async () => {
      const way = await atCode(app);
      const code = await app.codeFor(way.phone);
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, index) => way.browser.post(way.page, 'code', { code: wrong(code, index + 1) })),
      );
      expect(answers.filter(({ text }) => text.includes('Sisa percobaan')).length).to.equal(4);
      expect(isPassword(await enter(way.browser, way.page, code))).to.equal(false);
    });

    it('counts once: entered again it opens nothing, in this request or another', async () => {
      const way = await atCode(app);
      const code = await app.codeFor(way.phone);
      expect(isPassword(await enter(way.browser, way.page, code))).to.equal(true);
      const other = await atNumber(app);
      const page = await giveNumber(other.browser, other.page, way.phone);
      expect(page.url.pathname).to.match(/\/recover-request\/code$/);
      expect((await enter(other.browser, page, code)).text).to.include('Kode tidak cocok.');
    });

    it('is worth nothing at a recovery, nor the other way round', async () => {
      const citizen = somebody();
      await addAccount(app, citizen);
      const recovery = await atRecoveryCode(app, citizen.nik);
      const ofRecovery = await app.codeFor(citizen.phone);
      const browser = new Browser();
      const number = await proveIdentity(browser, await begin(app, browser), citizen);
      app.clock.advance({ seconds: 5 });
      const page = await giveNumber(browser, number, citizen.phone);
      const ofRequest = await app.codeFor(citizen.phone);
      expect((await enter(browser, page, ofRecovery)).text).to.include('Kode tidak cocok.');
      expect((await enter(recovery.browser, recovery.page, ofRequest)).text).to.include('Kode tidak cocok.');
      expect(isPassword(await enter(browser, page, ofRequest))).to.equal(true);
    });
  });

  describe('what it costs whom', () => {
    /** Uses up the day's wrong codes of a request, with as many codes as that takes. */
    async function guessAllDay(): Promise<Way> {
      const way = await atCode(app);
      let { page } = way;
      for (let guesses = 0; guesses < 15; guesses += 1) {
        if (guesses > 0 && guesses % 5 === 0) {
          app.clock.advance({ minutes: 20 });
          page = await way.browser.submit(await way.browser.open(way.page.url), 'code/resend');
        }
        await enter(way.browser, page, wrong(await app.codeFor(way.phone), (guesses % 5) + 1));
      }
      return { ...way, page };
    }

    it('locks the request of the person for the day, whatever device or number', async () => {
      const way = await guessAllDay();
      const locked = await way.browser.open(way.page.url);
      expect(locked.text).to.include('Terlalu banyak kode salah hari ini. Coba lagi setelah');
      expect(inputOf(locked, 'code')).to.equal('');
      expect(locked.html).not.to.include('Ubah nomor HP');
      const browser = new Browser();
      const page = await proveIdentity(browser, await begin(app, browser), way.citizen);
      const refused = await giveNumber(browser, page, newNumber());
      expect(refused.status).to.equal(429);
      expect(refused.text).to.include('Terlalu banyak kode salah hari ini.');
    });

    it('uses up neither codes nor tries of the holder, who recovers on a new device the same day', async () => {
      const { citizen } = await guessAllDay();
      await atRecoveryPassword(app, citizen.nik, citizen.phone);
    });

    it('is not used up by the holder’s recovery, or by who guesses there', async () => {
      const way = await atNumber(app);
      const { browser, page } = await atRecoveryCode(app, way.citizen.nik);
      const code = await app.codeFor(way.citizen.phone);
      for (let guesses = 1; guesses <= 5; guesses += 1) await enter(browser, page, wrong(code, guesses));
      await atPassword(app, way);
    });

    it('is eight codes a day for one person, over all requests', async () => {
      await forgetCounters();
      const first = await atNumber(app);
      const again = async (): Promise<Way> => {
        const browser = new Browser();
        const page = await proveIdentity(browser, await begin(app, browser), first.citizen);
        return { ...first, browser, page, phone: newNumber() };
      };
      for (let count = 0; count < 8; count += 1) await atCode(app, count === 0 ? first : await again());
      const ninth = await again();
      const refused = await giveNumber(ninth.browser, ninth.page, ninth.phone);
      expect(refused.status).to.equal(429);
      expect(await codesTo(app, ninth.phone)).to.equal(0);
    });
  });
});
