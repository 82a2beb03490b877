import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { becomeCitizen, signIn } from '../../support/journeys.ts';
import { answered, beginForm } from '../../support/slow-form.ts';
import { atFinished, atPassword } from '../../interaction/recovery/steps.ts';
import { askForLink, at, atService, eventsOf, linkTo, openLink, present, signInTo, type Person } from './steps.ts';

describe('The e-mail address of an account', () => {
  let app: TestApp;
  let serial = 0;
  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    app.clock.stop();
  });
  after(() => app.close());

  const freshAddress = (): string => `baru${(serial += 1)}@contoh.test`;
  const emailOf = async ({ id }: Person): Promise<{ email: string | undefined; proved: boolean }> => {
    const account = await app.store.accounts.findById(id);
    return { email: account?.email?.reveal(), proved: account?.emailVerifiedAt !== undefined };
  };
  const subjectsTo = async (to: string): Promise<string[]> =>
    (await app.messagesTo(to)).map(({ subject }) => subject ?? '');

  it('is replaced when the link to the new one is opened and its button pressed, in whatever browser, and not before; the former one is told', async () => {
    const person = await present(app);
    const userinfo = await atService(app, person);
    await userinfo();

    const email = freshAddress();
    const sent = await askForLink(app, person, email);
    expect(sent.url.pathname).to.equal('/account/contact');
    expect(sent.text)
      .to.include('Tautan sudah kami kirim.')
      .and.include('b***@contoh.test menjadi email akun Anda setelah tautannya dibuka.');
    const [letter] = await app.messagesTo(email);
    expect(letter!.subject).to.equal('Konfirmasi alamat email Anda');
    expect(letter!.text)
      .to.match(/^Halo,\n/)
      .and.not.include(person.citizen.name)
      .and.not.include(person.citizen.email);
    expect(letter!.text).to.include('email baru sebuah akun SIAPkerja ID');

    const link = await linkTo(app, email);
    for (let times = 0; times < 3; times += 1) {
      const asked = await new Browser().open(link);
      expect(asked.text).to.include('Pakai alamat email ini?');
      expect(asked.html).not.to.include(email).and.not.include(person.citizen.name);
    }
    expect(await emailOf(person)).to.deep.equal({ email: person.citizen.email, proved: true });
    const browser = new Browser();
    const ask = await browser.open(link);
    const done = await Promise.all([1, 2, 3].map(() => browser.submit(ask, 'csrf')));
    for (const one of done) expect(one.text).to.include('Email sudah dikonfirmasi');
    expect(await emailOf(person)).to.deep.equal({ email, proved: true });
    expect(await userinfo(), 'sessions and tokens go on').to.include({ email, email_verified: true });
    expect((await app.messagesTo(person.citizen.email)).map(({ subject }) => subject)).to.deep.equal([
      'Email akun Anda telah diganti',
    ]);
    expect((await app.messagesTo(person.citizen.email))[0]!.text)
      .to.include('b***@contoh.test')
      .and.not.include(email);
    expect(await eventsOf(app, person, 'contact.email.confirmed')).to.deep.equal([{ moved: false, replaced: true }]);
    expect((await new Browser().open(link)).text, 'also later').to.include('Email sudah dikonfirmasi');
    expect((await person.browser.open(at(app))).text).not.to.include('setelah tautannya dibuka');
  });

  it('is asked for by no form that a thief began to send before all sessions were ended', async () => {
    const person = await present(app);
    const page = await person.browser.open(at(app, '/address'));
    const email = freshAddress();
    const {
      action,
      fields: { csrf = '' },
    } = page.form('email');
    const form = await beginForm(person.browser, action, csrf, answered(app.container.provider.Session, 'get'));
    await atFinished(app, person.citizen.nik, person.citizen.phone, 'Perahu-Layar9!');
    const { status, location } = await form.end({ email });
    expect([status, location?.startsWith('/auth?')], location).to.deep.equal([303, true]);
    expect(await app.messagesTo(email)).to.deep.equal([]);
  });

  it('is asked for by no form that began to come before there was a second factor', async () => {
    const person = await present(app);
    const page = await person.browser.open(at(app, '/address'));
    const email = freshAddress();
    const {
      action,
      fields: { csrf = '' },
    } = page.form('email');
    const form = await beginForm(person.browser, action, csrf, answered(app.container.secondFactors, 'isEnrolled'));
    await giveSecondFactor(app, person.id);
    const { status, location } = await form.end({ email });
    expect([status, location?.includes('two-factor')], location).to.deep.equal([303, true]);
    expect(await app.messagesTo(email)).to.deep.equal([]);
  });

  it('moves from another account to who proves it, whose person is told; asking says and does the same as for one of nobody', async () => {
    const holder = await present(app);
    const [person, other] = [await present(app), await present(app)];
    const [taken, free] = [
      await askForLink(app, person, holder.citizen.email.toUpperCase().replace('CONTOH.TEST', 'contoh.test')),
      await askForLink(app, other, freshAddress()),
    ];
    const words = (text: string): string => text.replaceAll(/\w\*{3}@contoh\.test|08\*{5}\d{4}/g, '');
    expect(words(taken.text)).to.equal(words(free.text));
    expect(await emailOf(holder)).to.deep.equal({ email: holder.citizen.email, proved: true });
    const link = await linkTo(app, holder.citizen.email.toUpperCase().replace('CONTOH.TEST', 'contoh.test'));
    const done = await openLink(link);
    expect(done.text).to.include('Email ini sebelumnya terdaftar di akun lain');
    expect(done.html).not.to.include(holder.citizen.name);
    expect([(await emailOf(holder)).proved, (await emailOf(person)).proved]).to.deep.equal([false, true]);
    const [sms] = await app.messagesTo(holder.citizen.phone);
    expect(sms!.text).to.match(
      /^SIAPkerja: email .* kini dipakai akun lain\. Masuk, lalu tambahkan email baru di halaman Kontak/,
    );
    expect(sms!.text.length).to.be.at.most(160);
  });

  it('where there was none that was proved, is told to the number: a thief would have a way back that nobody knew of', async () => {
    const person = await present(app, {}, { emailVerified: false });
    const email = freshAddress();
    await askForLink(app, person, email);
    expect(await app.messagesTo(person.citizen.phone)).to.have.length(0);
    await openLink(await linkTo(app, email));
    const texts = await app.messagesTo(person.citizen.phone);
    expect(texts.map(({ text }) => text)).to.deep.equal([
      'SIAPkerja: akun Anda kini memakai alamat email yang baru. Bukan Anda yang menggantinya? Segera pulihkan akun atau hubungi bantuan.',
    ]);
    expect(texts[0]!.text.length).to.be.at.most(160);
    expect(await eventsOf(app, person, 'contact.email.notice-sent')).to.deep.equal([{ operator: 'telkomsel' }]);

    const proved = await present(app);
    const other = freshAddress();
    await askForLink(app, proved, other);
    await openLink(await linkTo(app, other));
    expect(await app.messagesTo(proved.citizen.phone), 'who has a proved address reads of it there').to.have.length(0);
    expect(await subjectsTo(proved.citizen.email)).to.deep.equal(['Email akun Anda telah diganti']);
  });

  it('that was never proved is proved by a link that is sent again', async () => {
    const browser = new Browser();
    const citizen = somebody();
    await becomeCitizen(app, browser, citizen);
    const first = await linkTo(app, citizen.email);
    app.clock.advance({ seconds: 70 });
    const home = await browser.open(app.url);
    expect(home.text).to.include('Email akun Anda belum dikonfirmasi.');
    const again = await browser.open((await browser.open(at(app))).link('Kirim tautan lagi'));
    expect(again.text).to.include('w***@contoh.test');
    expect((await browser.submit(again, 'csrf')).text).to.include('Tautan sudah kami kirim.');
    const second = await linkTo(app, citizen.email);
    expect(second).not.to.equal(first);
    expect((await openLink(second)).text).to.include('Email sudah dikonfirmasi');
    expect((await openLink(first)).text, 'the one before does no harm').to.include('Email sudah dikonfirmasi');
    expect((await browser.open(app.url)).text).not.to.include('Jaga agar akun Anda dapat dipulihkan');
    expect((await browser.open(at(app, '/address/again'))).url.href, 'there is nothing to prove any more').to.equal(
      at(app),
    );
  });

  it('waits as one: asked for another, the link of the one before is worth nothing', async () => {
    const person = await present(app);
    const [slip, meant] = [freshAddress(), freshAddress()];
    await askForLink(app, person, slip);
    const wrong = await linkTo(app, slip);
    await askForLink(app, person, meant);
    expect((await new Browser().open(wrong)).status).to.equal(410);
    await openLink(await linkTo(app, meant));
    expect((await emailOf(person)).email).to.equal(meant);
    expect(await eventsOf(app, person, 'contact.email.link-sent')).to.deep.equal([
      { another: true },
      { another: true },
    ]);
  });

  it('with a likely slip in it is asked about once, and is whose it is meant to be', async () => {
    const person = await present(app);
    const email = `slip${(serial += 1)}@gmial.com`;
    const hint = await askForLink(app, person, email);
    expect(hint.text).to.include(`Apakah maksud Anda ${email.replace('gmial', 'gmail')}?`);
    expect(await app.messagesTo(email)).to.have.length(0);
    expect((await person.browser.submit(hint, 'email', { email })).text).to.include('Tautan sudah kami kirim.');
    expect(await app.messagesTo(email)).to.have.length(1);
  });

  it('that the account has and has proved is refused, so is what is no address', async () => {
    const person = await present(app);
    const same = await askForLink(app, person, person.citizen.email.replace('warga', 'WARGA'));
    expect(same.status).to.equal(422);
    expect(same.text).to.include('Ini sudah menjadi email akun Anda');
    for (const [email, words] of [
      ['', 'Isi alamat email Anda.'],
      ['budi', 'Tulis email dengan lengkap'],
      ['a@b.test\r\nBcc: c@d.test', 'Tulis email dengan lengkap'],
      ['<script>@contoh.test', 'Tulis email dengan lengkap'],
    ] as const) {
      const page = await askForLink(app, person, email);
      expect(page.status, email).to.equal(422);
      expect(page.text).to.include(words);
      expect(page.html).not.to.include('<script>@');
    }
  });

  describe('of a stranger is left in peace', () => {
    it('pressed twice or sent in two tabs, one letter leaves; again after a minute', async () => {
      const person = await present(app);
      const email = freshAddress();
      const form = await person.browser.open(at(app, '/address'));
      for (const answer of await Promise.all([1, 2, 3].map(() => person.browser.post(form, 'email', { email }))))
        expect(answer.status).to.equal(303);
      expect(await subjectsTo(email)).to.have.length(1);
      app.clock.advance({ seconds: 20 });
      const again = await person.browser.open(at(app, '/address/again'));
      const early = await person.browser.submit(again, 'csrf');
      expect(early.status).to.equal(429);
      expect(early.headers.get('retry-after')).to.equal('40');
      app.clock.advance({ seconds: 41 });
      expect((await person.browser.submit(early, 'csrf')).text).to.include('Tautan sudah kami kirim.');
      expect(await subjectsTo(email)).to.have.length(2);
    });

    it('asked for in turns with another address, too: the second letter waits for its minute', async () => {
      const person = await present(app);
      const [email, other] = [freshAddress(), freshAddress()];
      await askForLink(app, person, email);
      const first = await linkTo(app, email);
      await askForLink(app, person, other);
      app.clock.advance({ seconds: 10 });
      const early = await askForLink(app, person, email);
      expect(early.status).to.equal(429);
      expect(early.headers.get('retry-after')).to.equal('50');
      app.clock.advance({ seconds: 51 });
      await askForLink(app, person, email);
      expect(await subjectsTo(email)).to.have.length(2);
      await openLink(await linkTo(app, email));
      expect((await emailOf(person)).email).to.equal(email);
      expect((await new Browser().open(first)).text, 'what it was for has happened').to.include(
        'Email sudah dikonfirmasi',
      );
    });

    it('an account has five links a day, to whatever addresses', async () => {
      const person = await present(app);
      for (let letters = 0; letters < 5; letters += 1)
        expect((await askForLink(app, person, freshAddress())).url.href).to.include('changed=link');
      const email = freshAddress();
      const refused = await askForLink(app, person, email);
      expect(refused.status).to.equal(429);
      expect(refused.text).to.include('Batas pengiriman tautan hari ini tercapai.');
      expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(3600);
      expect(await app.messagesTo(email)).to.have.length(0);
      expect(await eventsOf(app, person, 'contact.email.link-not-sent')).to.deep.equal([{ reason: 'letter-limit' }]);
    });

    it('an address has five links a day, from whatever accounts, however it is written', async () => {
      const email = freshAddress();
      for (let letters = 0; letters < 5; letters += 1)
        await askForLink(app, await present(app), letters % 2 === 0 ? email : email.replace('baru', 'BARU'));
      const refused = await askForLink(app, await present(app), email);
      expect(refused.status).to.equal(429);
      expect((await app.messagesTo(email)).length).to.equal(5);
    });
  });

  describe('is not taken', () => {
    it('without a fresh sign-in, nor by a form from elsewhere', async () => {
      app.clock.advance({ minutes: -10 });
      const person = await present(app);
      const email = freshAddress();
      const form = await person.browser.open(at(app, '/address'));
      expect(
        (await person.browser.post(form, 'email', { email }, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
      ).to.equal(403);
      expect((await person.browser.post(form, 'email', { email, csrf: 'x' })).status).to.equal(403);
      app.clock.advance({ minutes: 10 });
      expect((await person.browser.post(form, 'email', { email })).headers.get('location')).to.include('/auth?');
      expect((await person.browser.open(at(app, '/address/again'))).url.pathname).to.match(/\/login$/);
      expect(await app.messagesTo(email)).to.have.length(0);
    });

    it('by a link that a thief has asked for, once the owner has recovered the account', async () => {
      const person = await present(app);
      const email = freshAddress();
      await askForLink(app, person, email);
      const link = await linkTo(app, email);
      app.clock.advance({ seconds: 2 });
      const { browser, page } = await atPassword(app, person.citizen.nik, person.citizen.phone);
      await browser.submit(page, 'password', { password: 'Perahu-Layar9!' });
      const open = await new Browser().open(link);
      expect(open.status).to.equal(410);
      expect(open.text).to.include('Tautan tidak berlaku lagi');
      expect(await emailOf(person)).to.deep.equal({ email: person.citizen.email, proved: true });
      app.clock.advance({ seconds: 5 });
      const owner = new Browser();
      const overview = await signIn(owner, await owner.open(at(app)), person.citizen.nik, 'Perahu-Layar9!');
      expect(overview.text, 'nor is the owner led to send it again')
        .not.to.include('Kirim tautan lagi')
        .and.not.include('setelah tautannya dibuka');
    });

    it('by the thief, but by the owner, who asks for it right after a recovery, at an instance whose clock is behind', async () => {
      const person = await present(app);
      const { browser, page } = await atPassword(app, person.citizen.nik, person.citizen.phone);
      await browser.submit(page, 'password', { password: 'Perahu-Layar9!' });
      app.clock.advance({ seconds: -20 });
      const owner = { ...person, browser: new Browser(), citizen: { ...person.citizen, password: 'Perahu-Layar9!' } };
      await signInTo(app, owner);
      const email = freshAddress();
      expect((await askForLink(app, owner, email)).text).to.include('menjadi email akun Anda setelah tautannya dibuka');
      expect((await openLink(await linkTo(app, email))).text).to.include('Email sudah dikonfirmasi');
      expect(await emailOf(owner)).to.deep.equal({ email, proved: true });
    });

    it('by a link of a suspended account, nor after a week', async () => {
      const person = await present(app);
      const email = freshAddress();
      await askForLink(app, person, email);
      const link = await linkTo(app, email);
      const page = await new Browser().open(link);
      await app.store.accounts.setStatus(person.id, 'suspended', app.clock.now());
      expect((await new Browser().open(link)).status).to.equal(410);
      await app.store.accounts.setStatus(person.id, 'active', app.clock.now());
      expect(page.status).to.equal(200);
      const rows = await app.database
        .knex('email_confirmations')
        .where('account_id', person.id)
        .update({ expires_at: app.clock.now() });
      expect(rows).to.equal(1);
      expect((await new Browser().open(link)).status).to.equal(410);
      expect((await emailOf(person)).email).to.equal(person.citizen.email);
    });

    it('out of the database: what waits lies sealed there, and reaches no log', async () => {
      const person = await present(app);
      const email = freshAddress();
      await askForLink(app, person, email);
      const rows = await app.database.knex<Record<string, unknown>>('email_confirmations').select('*');
      const bytes = rows
        .flatMap((row) => Object.values(row))
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
        .join('\n');
      expect(bytes).not.to.include(email);
      expect(app.logLines.join('')).not.to.include(email);
      await app.restart();
      await openLink(await linkTo(app, email));
      expect((await emailOf(person)).email, 'a restart loses nothing').to.equal(email);
    });
  });

  it('is shown in English where the person reads it', async () => {
    const person = await present(app);
    const page = await person.browser.open(at(app, '?lang=en'));
    expect(page.text).to.include('Contact details').and.include('Use another email');
  });
});
