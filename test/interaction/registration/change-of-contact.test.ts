import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { enterCode } from '../../support/journeys.ts';
import { at, atCode, codesTo, errorOf, type Way } from './steps.ts';

describe('Registration: change of number and address before activation', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());
  beforeEach(() => app.database.knex('counters').del());

  const waiting = (): Promise<Way> => atCode(app);
  const reload = (way: Way): Promise<Page> => way.browser.open(way.page.url);
  const change = async (way: Way, phone: string): Promise<Page> =>
    way.browser.submit(await way.browser.open(at(way.page, 'phone')), 'phone', { phone });
  const points = async (limit: string): Promise<number> =>
    Number(
      (await app.database.knex('counters').where('key', 'like', `${limit}:%`).sum('points as points').first())
        ?.points ?? 0,
    );

  describe('a code to another number', () => {
    it('goes there, forgets the old code, and shows the new number', async () => {
      const way = await waiting();
      const old = await app.codeFor(way.citizen.phone);
      const form = await way.browser.open((await reload(way)).link('Ubah nomor HP'));
      expect(form.text)
        .to.include(`08*****${way.citizen.phone.slice(-4)}`)
        .and.include('Nomor dapat diubah 3 kali lagi.');
      const page = await change(way, '+62 813-7777-0001');
      expect(page.text).to.include('08*****0001');
      expect(errorOf(await way.browser.post(page, 'code', { code: old }), 'code')).to.include('Kode tidak cocok');
      const finished = await enterCode(way.browser, page, await app.codeFor('081377770001'));
      expect(finished.text).to.include('Pendaftaran berhasil');
      expect(await codesTo(app, way.citizen.phone)).to.equal(1);
    });

    for (const [what, typed, sentence] of [
      ['none', '', 'Isi nomor HP Anda.'],
      ['a fixed line', '0215551234', 'Nomor ini bukan nomor HP.'],
      ['a foreign number', '+1 202 555 0100', 'Tulis nomor HP Indonesia'],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const way = await waiting();
        const refused = await way.browser.post(await way.browser.open(at(way.page, 'phone')), 'phone', {
          phone: typed,
        });
        expect(refused.status).to.equal(422);
        expect(errorOf(refused, 'phone')).to.include(sentence);
        expect(refused.form('phone').fields.phone).to.equal(typed);
        expect(refused.html).to.include('<a href="#phone">');
      });
    }

    it('changes at most three times, and says so', async () => {
      const way = await waiting();
      for (const phone of ['081388880001', '081388890002', '081388900003'])
        expect((await change(way, phone)).url.pathname).to.match(/\/register\/otp$/);
      const code = await reload(way);
      expect(code.html).not.to.include('register/phone"');
      expect(code.text)
        .to.include('Nomor tidak dapat diubah lagi pada pendaftaran ini.')
        .and.include('Mulai pendaftaran dari awal');
      const page = await way.browser.open(at(way.page, 'phone'));
      expect(page.text).to.include('Nomor tidak dapat diubah lagi pada pendaftaran ini.');
      const { csrf } = (await reload(way)).form('code').fields;
      const forced = await way.browser.request(at(way.page, 'phone'), {
        method: 'POST',
        body: new URLSearchParams({ csrf: csrf!, phone: '081388910004' }),
      });
      expect(forced.status, 'no wait would help').to.equal(422);
      expect(forced.text).to.include('Nomor tidak dapat diubah lagi').and.include('Mulai pendaftaran dari awal');
      expect(await codesTo(app, '081388910004')).to.equal(0);
    });

    it('lets no parallel change slip past the three', async () => {
      const way = await waiting();
      const page = await way.browser.open(at(way.page, 'phone'));
      const numbers = Array.from({ length: 7 }, (_, index) => `0813${71_000_000 + index * 10_000}`);
      await Promise.all(numbers.map((phone) => way.browser.post(page, 'phone', { phone })));
      const sent = await Promise.all(numbers.map((phone) => codesTo(app, phone)));
      expect(sent.filter((count) => count > 0)).to.have.lengthOf(3);
      expect(await points('code.nik')).to.equal(4);
    });

    it('sends one SMS for a double press', async () => {
      const way = await waiting();
      const page = await way.browser.open(at(way.page, 'phone'));
      const pressed = await Promise.all(
        [1, 2, 3].map(() => way.browser.post(page, 'phone', { phone: '081377780001' })),
      );
      expect(pressed.map(({ status }) => status)).to.deep.equal([303, 303, 303]);
      expect(await codesTo(app, '081377780001')).to.equal(1);
      expect(await points('code.nik')).to.equal(2);
    });

    it('sends nothing when the number is the same, in whatever spelling', async () => {
      const way = await waiting();
      await change(way, `+62 ${way.citizen.phone.slice(1)}`);
      expect(await codesTo(app, way.citizen.phone)).to.equal(1);
      expect((await way.browser.open(at(way.page, 'phone'))).text).to.include('Nomor dapat diubah 3 kali lagi.');
    });

    it('does not get round the tries of a code: five wrong ones at each number, fifteen in all', async () => {
      const way = await waiting();
      let locked = 0;
      let current = way.citizen.phone;
      for (const phone of ['081399910011', '081399920012', '081399930013']) {
        const code = await app.codeFor(current);
        for (let times = 0; times < 5; times += 1)
          await way.browser.post(way.page, 'code', {
            code: String((Number(code) + 1 + times) % 1_000_000).padStart(6, '0'),
          });
        const refused = await way.browser
          .post(await way.browser.open(at(way.page, 'phone')), 'phone', { phone })
          .catch(() => undefined);
        if (refused?.status !== 303) locked += 1;
        current = phone;
      }
      expect(locked, 'the third change comes after fifteen wrong codes').to.equal(1);
      expect(await codesTo(app, '081399930013')).to.equal(0);
    });
  });

  describe('another address', () => {
    it('keeps the new one, in order or refused with what was typed', async () => {
      const way = await waiting();
      const form = await way.browser.open((await reload(way)).link('Ubah email'));
      const refused = await way.browser.post(form, 'email', { email: 'bukan alamat' });
      expect(refused.status).to.equal(422);
      expect(errorOf(refused, 'email')).to.include('Tulis email dengan lengkap');
      expect(refused.form('email').fields.email).to.equal('bukan alamat');
      const page = await way.browser.submit(form, 'email', { email: 'Baru.Sekali@contoh.test' });
      expect(page.text).to.include('Baru.Sekali@contoh.test');
      await enterCode(way.browser, page, await app.codeFor(way.citizen.phone));
      expect(await app.messagesTo('baru.sekali@contoh.test')).to.have.lengthOf(1);
      expect(await app.messagesTo(way.citizen.email)).to.have.lengthOf(0);
    });
  });
});
