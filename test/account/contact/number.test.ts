import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser } from '../../support/browser.ts';
import { enterCode, signIn } from '../../support/journeys.ts';
import { atCode, atPassword } from '../../interaction/recovery/steps.ts';
import {
  askFor,
  at,
  atService,
  codesTo,
  eventsOf,
  freshNumber,
  present,
  signInTo,
  wrong,
  type Person,
} from './steps.ts';

describe('The mobile number of an account', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    app.clock.stop();
  });
  after(() => app.close());

  const phoneOf = async ({ id }: Person): Promise<{ phone: string | undefined; proved: boolean }> => {
    const account = await app.store.accounts.findById(id);
    return { phone: account?.phone?.reveal().replace('+62', '0'), proved: account?.phoneVerifiedAt !== undefined };
  };
  /** The clock of the libraries, which judge how fresh a sign-in is, is not moved: the proof is made older. */
  const provedAgo = async ({ id }: Person, days: number): Promise<void> => {
    await app.database
      .knex('accounts')
      .where({ id })
      .update({ phone_verified_at: new Date(app.clock.now().getTime() - days * 86_400_000) });
  };
  const textsTo = async (to: string): Promise<string[]> => (await app.messagesTo(to)).map(({ text }) => text);

  it('is shown masked, with when it was proved, to who has signed in', async () => {
    const person = await present(app);
    const page = await person.browser.open(at(app));
    expect(page.text)
      .to.include(`08*****${person.citizen.phone.slice(-4)}`)
      .and.include('w***@contoh.test')
      .and.include('Terakhir dibuktikan');
    expect(page.html).not.to.include(person.citizen.phone).and.not.include(person.citizen.email);
    expect(page.headers.get('cache-control')).to.equal('no-store');
    expect((await new Browser().open(at(app))).url.pathname).to.match(/\/login$/);
    const home = await person.browser.open(app.url);
    expect((await person.browser.open(home.link('Kontak'))).url.href).to.equal(at(app));
  });

  it('is replaced by another one: the former number is told without a link, the address by a letter, and services see it at once', async () => {
    const person = await present(app);
    const userinfo = await atService(app, person);
    expect((await userinfo()).phone_number).to.equal(person.citizen.phone.replace('0', '+62'));

    const phone = freshNumber();
    const code = await askFor(app, person, phone);
    expect(await phoneOf(person), 'nothing changes before the code').to.deep.equal({
      phone: person.citizen.phone,
      proved: true,
    });
    const done = await enterCode(person.browser, code, await app.codeFor(phone));
    expect(done.url.pathname).to.equal('/account/contact');
    expect(await phoneOf(person)).to.deep.equal({ phone, proved: true });
    expect(await userinfo(), 'sessions and tokens go on').to.include({
      phone_number: phone.replace('0', '+62'),
      phone_number_verified: true,
    });

    const [told] = await textsTo(person.citizen.phone);
    expect(told)
      .to.match(/^SIAPkerja: nomor ini sudah diganti/)
      .and.not.match(/https?:|\/\//);
    const [letter] = await app.messagesTo(person.citizen.email);
    expect(letter!.subject).to.equal('Nomor HP akun Anda telah diganti');
    expect(letter!.text)
      .to.include(`08*****${phone.slice(-4)}`)
      .and.include(person.citizen.name)
      .and.not.include(phone)
      .and.not.include(person.citizen.nik);
    expect(await eventsOf(app, person, 'contact.phone.proved')).to.deep.equal([
      { replaced: true, moved: false, operator: 'telkomsel' },
    ]);
    const byNumber = new Browser();
    expect(
      (await signIn(byNumber, await byNumber.open(`${app.url}/portal/sign-in`), phone, person.citizen.password)).text,
    ).to.include(person.citizen.name);
  });

  it('moves from another account to who proves it, whose person is told; asking says and does the same as for a number of nobody', async () => {
    const holder = await present(app);
    const person = await present(app);
    const [taken, free] = [
      await askFor(app, person, holder.citizen.phone),
      await askFor(app, await present(app), freshNumber()),
    ];
    // How far a code has come is a matter of moments, for one number as for the other.
    const words = (text: string): string =>
      text
        .replaceAll(/08\*{5}\d{4}/g, '')
        .replace(/Kode (?:sedang dikirim ke operator|sudah kami kirim\. Biasanya sampai dalam 1 menit)\./, '');
    expect(words(taken.text)).to.equal(words(free.text));
    expect(taken.status).to.equal(free.status);
    expect(await phoneOf(holder), 'asking takes nothing away').to.deep.equal({
      phone: holder.citizen.phone,
      proved: true,
    });
    const [sms] = await textsTo(holder.citizen.phone);
    expect(sms).not.to.include(person.citizen.name);

    const done = await enterCode(person.browser, taken, await app.codeFor(holder.citizen.phone));
    expect(done.text).to.include('Sebelumnya nomor ini terdaftar di akun lain.');
    expect(done.html).not.to.include(holder.citizen.name).and.not.include(holder.citizen.email);
    expect([(await phoneOf(holder)).proved, await phoneOf(person)]).to.deep.equal([
      false,
      { phone: holder.citizen.phone, proved: true },
    ]);
    expect((await app.messagesTo(holder.citizen.email))[0]?.subject).to.equal('Nomor HP Anda kini dipakai akun lain');
    expect((await app.messagesTo(holder.citizen.email))[0]?.text).to.include('di halaman Kontak');
    expect(await eventsOf(app, holder, 'contact.phone.lost')).to.deep.equal([{}]);

    // And back, by the one page that the letter names.
    const again = await holder.browser.submit(await holder.browser.open(at(app, '/phone/again')), 'csrf');
    await enterCode(holder.browser, again, await app.codeFor(holder.citizen.phone));
    expect([(await phoneOf(holder)).proved, (await phoneOf(person)).proved]).to.deep.equal([true, false]);
  });

  it('goes to one of two who prove it at the same moment, and numbers that two swap go each to the other', async () => {
    const [one, two] = [await present(app), await present(app)];
    const phone = freshNumber();
    const first = await askFor(app, one, phone);
    const firstCode = await app.codeFor(phone);
    app.clock.advance({ seconds: 1 });
    const second = await askFor(app, two, phone);
    const secondCode = await app.codeFor(phone);
    await Promise.all([enterCode(one.browser, first, firstCode), enterCode(two.browser, second, secondCode)]);
    expect([(await phoneOf(one)).proved, (await phoneOf(two)).proved].filter(Boolean)).to.have.length(1);

    const [three, four] = [await present(app), await present(app)];
    const [toThree, toFour] = [
      await askFor(app, three, four.citizen.phone),
      await askFor(app, four, three.citizen.phone),
    ];
    const [codeThree, codeFour] = [await app.codeFor(four.citizen.phone), await app.codeFor(three.citizen.phone)];
    await Promise.all([enterCode(three.browser, toThree, codeThree), enterCode(four.browser, toFour, codeFour)]);
    expect([await phoneOf(three), await phoneOf(four)]).to.deep.equal([
      { phone: four.citizen.phone, proved: true },
      { phone: three.citizen.phone, proved: true },
    ]);
  });

  describe('is not taken', () => {
    it('without a fresh sign-in: a browser that was left open asks for the password', async () => {
      app.clock.advance({ minutes: -10 });
      const person = await present(app);
      const form = await person.browser.open(at(app, '/phone'));
      app.clock.advance({ minutes: 10 });
      for (const path of ['/phone', '/phone/again', '/address'])
        expect((await person.browser.open(at(app, path))).url.pathname, path).to.match(/\/login$/);
      const phone = freshNumber();
      expect((await person.browser.post(form, 'phone', { phone })).headers.get('location')).to.include('/auth?');
      expect(await codesTo(app, phone)).to.have.length(0);
      expect((await person.browser.open(at(app))).status, 'the overview may be read').to.equal(200);
      expect((await signInTo(app, person, '/phone')).url.href, 'and leads on from there').to.equal(at(app, '/phone'));
    });

    it('with the password alone, where there is a second factor: also one that was enrolled elsewhere since', async () => {
      const person = await present(app);
      const form = await person.browser.open(at(app, '/phone'));
      const { authenticator } = await giveSecondFactor(app, person.id);
      const phone = freshNumber();
      expect((await person.browser.post(form, 'phone', { phone })).headers.get('location')).to.match(
        /\/auth\?|\/login/,
      );
      expect(await codesTo(app, phone)).to.have.length(0);
      const other: Person = { ...person, browser: new Browser() };
      const asked = await signInTo(app, other, '/phone');
      expect(asked.url.pathname).to.match(/second-factor$/);
      const shown = await enterCode(other.browser, asked, authenticator.next());
      expect(shown.url.href).to.equal(at(app, '/phone'));
      const code = await other.browser.submit(shown, 'phone', { phone });
      await enterCode(other.browser, code, await app.codeFor(phone));
      expect((await phoneOf(person)).phone).to.equal(phone);
    });

    it('by a code that was asked for with the password alone, where a second factor was set up elsewhere since', async () => {
      const person = await present(app);
      const phone = freshNumber();
      const page = await askFor(app, person, phone);
      const { authenticator } = await giveSecondFactor(app, person.id);
      const answer = await person.browser.post(page, 'code', { code: await app.codeFor(phone) });
      expect(answer.headers.get('location')).to.include('/auth?');
      expect((await phoneOf(person)).phone).to.equal(person.citizen.phone);
      expect((await person.browser.open(at(app))).url.href, 'what there is may be looked at').to.equal(at(app));
      const asked = await person.browser.open(page.url);
      expect(asked.url.pathname).to.match(/second-factor$/);
      const shown = await enterCode(person.browser, asked, authenticator.next());
      await enterCode(person.browser, shown, await app.codeFor(phone));
      expect((await phoneOf(person)).phone).to.equal(phone);
    });

    it('by a form from elsewhere, of another page or of another person', async () => {
      const person = await present(app);
      const form = await person.browser.open(at(app, '/phone'));
      const phone = freshNumber();
      expect(
        (await person.browser.post(form, 'phone', { phone }, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
      ).to.equal(403);
      expect((await person.browser.post(form, 'phone', { phone, csrf: 'x' })).status).to.equal(403);
      const other = await present(app);
      const theirs = (await other.browser.open(at(app, '/phone'))).form('phone').fields.csrf!;
      expect((await person.browser.post(form, 'phone', { phone, csrf: theirs })).status).to.equal(403);
      expect(await codesTo(app, phone)).to.have.length(0);
    });

    it('that is no mobile number, with the words of the registration', async () => {
      const person = await present(app);
      for (const [phone, words] of [
        ['', 'Isi nomor HP Anda.'],
        ['0215551234', 'Nomor ini bukan nomor HP.'],
        ['+1 202 555 0100', 'Tulis nomor HP Indonesia'],
        ["0812' or 1=1", 'Tulis nomor HP Indonesia'],
      ] as const) {
        const page = await askFor(app, person, phone);
        expect(page.status, phone).to.equal(422);
        expect(page.text).to.include(words);
      }
    });
  });

  describe('by a code', () => {
    it('of which five wrong tries are the end, also when forty come at once; the right one comes too late then', async () => {
      const person = await present(app);
      const phone = freshNumber();
      const page = await askFor(app, person, phone);
      const code = await app.codeFor(phone);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => person.browser.post(page, 'code', { code: wrong(code, index + 1) })),
      );
      expect(answers.filter(({ text }) => text.includes('Sisa percobaan')).length).to.equal(4);
      expect(answers.every(({ status }) => status === 422 || status === 429)).to.equal(true);
      await enterCode(person.browser, page, code);
      expect((await phoneOf(person)).phone).to.equal(person.citizen.phone);
      expect(
        (await eventsOf(app, person, 'contact.phone.code-refused')).filter(({ reason }) => reason === 'wrong'),
      ).to.have.length(4);
    });

    it('that counts once, in its own account, in its own time and for its own number', async () => {
      const [person, other] = [await present(app), await present(app)];
      const [phone, theirs] = [freshNumber(), freshNumber()];
      const page = await askFor(app, person, phone);
      const code = await app.codeFor(phone);
      const otherPage = await askFor(app, other, theirs);
      expect((await enterCode(other.browser, otherPage, code)).status, 'of another account').to.equal(422);
      const answers = await Promise.all(Array.from({ length: 6 }, () => person.browser.post(page, 'code', { code })));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([303]));
      expect(await eventsOf(app, person, 'contact.phone.proved')).to.have.length(1);
      expect((await textsTo(person.citizen.phone)).length, 'told once').to.equal(1);

      const second = freshNumber();
      const next = await askFor(app, person, second);
      expect((await enterCode(person.browser, next, code)).status, 'used up').to.equal(422);
      const good = await app.codeFor(second);
      app.clock.advance({ minutes: 5 });
      expect((await enterCode(person.browser, next, good)).text).to.include('Kode sudah tidak berlaku.');
      expect((await phoneOf(person)).phone).to.equal(phone);
    });

    it('that is sent again after a minute and not before; a refused "send again" leaves a page on which the code works', async () => {
      const person = await present(app);
      const phone = freshNumber();
      const page = await askFor(app, person, phone);
      app.clock.advance({ seconds: 30 });
      const early = await person.browser.submit(page, 'code/resend');
      expect(early.status).to.equal(429);
      expect(early.headers.get('retry-after')).to.equal('30');
      const first = await app.codeFor(phone);
      app.clock.advance({ seconds: 31 });
      const again = await person.browser.submit(early, 'code/resend');
      expect(again.text).to.include('Kode baru sudah dikirim.');
      const second = await app.codeFor(phone);
      expect((await enterCode(person.browser, early, first)).status, 'the former is dead').to.equal(422);
      await enterCode(person.browser, early, second);
      expect((await phoneOf(person)).phone).to.equal(phone);
    });

    it('that may come late: typed when the sign-in is not fresh any more, it counts; another one takes a new sign-in', async () => {
      const person = await present(app);
      const phone = freshNumber();
      app.clock.advance({ minutes: 4 });
      const page = await askFor(app, person, phone);
      app.clock.advance({ minutes: 4 });
      const code = await app.codeFor(phone);
      await enterCode(person.browser, page, code);
      expect((await phoneOf(person)).phone).to.equal(phone);

      await signInTo(app, { ...person, browser: new Browser() });
      const fresh: Person = { ...person, browser: new Browser() };
      await signInTo(app, fresh);
      const left = await askFor(app, fresh, freshNumber());
      app.clock.advance({ minutes: 16 });
      expect(
        (await fresh.browser.post(left, 'code/resend')).headers.get('location'),
        'where the password is asked for',
      ).to.equal('/account/contact/phone');
    });

    it('that is sent again right after a recovery too, at an instance whose clock is behind', async () => {
      const person = await present(app);
      const { browser, page: anew } = await atPassword(app, person.citizen.nik, person.citizen.phone);
      await browser.submit(anew, 'password', { password: 'Perahu-Layar9!' });
      app.clock.advance({ seconds: -20 });
      const owner = { ...person, browser: new Browser(), citizen: { ...person.citizen, password: 'Perahu-Layar9!' } };
      await signInTo(app, owner);
      const page = await askFor(app, owner, freshNumber());
      app.clock.advance({ seconds: 61 });
      expect((await owner.browser.submit(page, 'code/resend')).text).to.include('Kode baru sudah dikirim.');
    });

    it('that another process can take: nothing is lost by a restart', async () => {
      const person = await present(app);
      const phone = freshNumber();
      const page = await askFor(app, person, phone);
      const code = await app.codeFor(phone);
      await app.restart();
      expect((await person.browser.open(at(app))).text).to.include('Isi kode');
      await enterCode(person.browser, page, code);
      expect((await phoneOf(person)).phone).to.equal(phone);
    });

    it('that lies sealed meanwhile, as the number does', async () => {
      const person = await present(app);
      const phone = freshNumber();
      await askFor(app, person, phone);
      const rows = (await app.database.knex('drafts').where('journey', 'contact')) as Record<string, unknown>[];
      const bytes = rows
        .flatMap((row) => Object.values(row))
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
        .join('\n');
      expect(bytes).not.to.include(phone.slice(1)).and.not.include(person.id);
      expect(app.logLines.join('')).not.to.include(phone.slice(1));
    });
  });

  describe('of a stranger is left in peace', () => {
    it('pressed twice or asked for in two tabs, one code leaves', async () => {
      const person = await present(app);
      const phone = freshNumber();
      const form = await person.browser.open(at(app, '/phone'));
      await Promise.all([1, 2, 3].map(() => person.browser.post(form, 'phone', { phone })));
      await askFor(app, person, phone);
      expect(await codesTo(app, phone)).to.have.length(1);
    });

    it('begun again and again it waits as "send again" does, and five codes are the end of the day, whoever asks', async () => {
      const phone = freshNumber();
      for (let round = 0; round < 5; round += 1) {
        const person = await present(app);
        for (let tries = 0; tries < 4; tries += 1) {
          expect((await askFor(app, person, phone)).url.pathname).to.match(/\/code$/);
          app.clock.advance({ seconds: 30 });
        }
        expect(await codesTo(app, phone), `account ${round}`).to.have.length(round + 1);
      }
      const refused = await askFor(app, await present(app), phone);
      expect(refused.status).to.equal(429);
      expect(refused.text).to.include('Batas pengiriman kode hari ini tercapai.');
      expect(await codesTo(app, phone)).to.have.length(5);
    });

    it('an account asks for three other numbers in a day, and is told so; its own it may prove all the same', async () => {
      const person = await present(app);
      for (let number = 0; number < 3; number += 1)
        expect((await askFor(app, person, freshNumber())).url.pathname).to.match(/\/code$/);
      const phone = freshNumber();
      const refused = await askFor(app, person, phone);
      expect(refused.status).to.equal(429);
      expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(3600);
      expect(refused.text).to.include('Hari ini nomor sudah terlalu sering diganti.');
      expect(await codesTo(app, phone)).to.have.length(0);
      const own = await person.browser.submit(await person.browser.open(at(app, '/phone/again')), 'csrf');
      expect(own.url.pathname).to.match(/\/code$/);
      expect((await eventsOf(app, person, 'contact.phone.code-not-sent')).map(({ reason }) => reason)).to.deep.equal([
        'changes-used-up',
      ]);
    });
  });

  it('that a thief has asked for is forgotten when the owner recovers the account', async () => {
    const person = await present(app);
    const phone = freshNumber();
    const page = await askFor(app, person, phone);
    const code = await app.codeFor(phone);
    const { browser, page: password } = await atPassword(app, person.citizen.nik, person.citizen.phone);
    await browser.submit(password, 'password', { password: 'Perahu-Layar9!' });
    const late = await person.browser.post(page, 'code', { code });
    expect(late.headers.get('location')).to.include('/auth?');
    expect(await phoneOf(person)).to.deep.equal({ phone: person.citizen.phone, proved: true });
  });

  it('is asked after on the home page when it is old or unproved, and at no other time', async () => {
    const person = await present(app);
    const note = async (): Promise<boolean> =>
      (await person.browser.open(app.url)).text.includes('Jaga agar akun Anda dapat dipulihkan');
    expect(await note()).to.equal(false);
    const unproved = await present(app, {}, { phoneVerified: false });
    const home = await unproved.browser.open(app.url);
    expect(home.text).to.include('Nomor HP akun Anda belum terbukti milik Anda.');
    expect((await unproved.browser.open(home.link('Buka halaman Kontak'))).url.href).to.equal(at(app));
    await provedAgo(person, 151);
    expect((await person.browser.open(app.url)).text).to.include('Sudah lama nomor HP Anda tidak dibuktikan.');
  });

  it('is proved again after 181 days, and recovers the account as it did before', async () => {
    const person = await present(app, {}, { emailVerified: false });
    await provedAgo(person, 181);
    await atCode(app, person.citizen.phone);
    expect(await codesTo(app, person.citizen.phone), 'too old to recover').to.have.length(0);

    const prove = await person.browser.open(at(app, '/phone/again'));
    expect(prove.text).to.include(`08*****${person.citizen.phone.slice(-4)}`);
    const code = await person.browser.submit(prove, 'csrf');
    const done = await enterCode(person.browser, code, await app.codeFor(person.citizen.phone));
    expect(done.text).to.include('Nomor HP sudah terbukti milik Anda.');
    expect(await eventsOf(app, person, 'contact.phone.proved')).to.deep.equal([
      { replaced: false, moved: false, operator: 'telkomsel' },
    ]);
    expect(await textsTo(person.citizen.email), 'nothing was replaced').to.deep.equal([]);

    await provedAgo(person, 179);
    app.clock.advance({ seconds: 61 });
    expect((await atPassword(app, person.citizen.phone, person.citizen.phone)).page.url.pathname).to.match(
      /\/recover\/password$/,
    );
  });
});
