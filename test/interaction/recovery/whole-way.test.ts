import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { proveIdentity, signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { at, atFinished, ask, codesTo, enter } from './steps.ts';

const NEW = 'Perahu-Layar9!';

describe('Recovery: the whole way', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let citizen: Citizen;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    karirhub = await createRelyingParty(app);
  });
  after(() => app.close());

  beforeEach(() => {
    citizen = somebody();
  });

  /** From the service's sign-in page to the page that asks for the code. */
  async function toCode(
    browser: Browser,
    identifier: string,
  ): Promise<{ code: Page; request: Awaited<ReturnType<typeof visit>>['request'] }> {
    const { page, request } = await visit(browser, karirhub);
    const first = await browser.open(page.link('Kendala masuk?'));
    expect(first.text).to.include('Pulihkan akun').and.include('Karirhub (contoh)');
    return { code: await ask(browser, first, identifier), request };
  }

  const ways = [
    {
      by: 'NIK',
      to: 'phone',
      identifier: ({ nik }: Citizen) => nik,
      recipient: ({ phone }: Citizen) => phone,
      amr: ['pwd', 'sms'],
      acr: 'urn:siapkerja:acr:password-phone',
    },
    {
      by: 'number, however it is written',
      to: 'phone',
      identifier: ({ phone }: Citizen) => phone.replace(/^0/, '+62 '),
      recipient: ({ phone }: Citizen) => phone,
      amr: ['pwd', 'sms'],
      acr: 'urn:siapkerja:acr:password-phone',
    },
    {
      by: 'e-mail, however it is written',
      to: 'e-mail',
      identifier: ({ email }: Citizen) => email.toUpperCase(),
      recipient: ({ email }: Citizen) => email,
      amr: ['pwd', 'otp'],
      acr: 'urn:siapkerja:acr:password',
    },
  ];
  for (const { by, to, identifier, recipient, amr, acr } of ways) {
    it(`brings a citizen who forgot the password home to the service, by ${by} and a code to the ${to}`, async () => {
      const accountId = await addAccount(app, citizen);
      const browser = new Browser();
      const { code, request } = await toCode(browser, identifier(citizen));
      expect(code.text).to.include('Jika data sesuai, kode sudah kami kirim.');

      const password = await enter(browser, code, await app.codeFor(recipient(citizen)));
      expect(password.text).to.include('Buat kata sandi baru').and.include('Minimal 8 karakter');
      const finished = await browser.submit(password, 'password', { password: NEW });
      expect(finished.text).to.include('Kata sandi sudah diganti').and.include('Lanjutkan ke Karirhub (contoh)');
      expect(
        finished.html.match(/Kata sandi sudah diganti/g),
        'in the title of the window and of the page, and not again below',
      ).to.have.length(2);

      const home = await browser.submit(finished, 'recover/finished');
      expect(isHome(home, karirhub)).to.equal(true);
      const { claims } = await karirhub.receive(home, request);
      expect(claims).to.deep.include({ sub: accountId, amr, acr, name: citizen.name });

      const other = new Browser();
      const refused = await signIn(other, (await visit(other, karirhub)).page, citizen.nik, citizen.password);
      expect(refused.status, 'the old password').to.equal(422);
      app.clock.advance({ seconds: 2 });
      expect(isHome(await signIn(other, refused, citizen.nik, NEW), karirhub), 'the new password').to.equal(true);
    });
  }

  it('sends the code for a NIK by SMS alone, with the words and the code line of the rules', async () => {
    await addAccount(app, citizen);
    await toCode(new Browser(), citizen.nik);
    const code = await app.codeFor(citizen.phone);
    const [message] = await app.messagesTo(citizen.phone);
    expect(message).to.include({
      channel: 'sms',
      text: `SIAPkerja Kemnaker: kode atur ulang kata sandi ${code}, berlaku 5 menit. Bukan Anda? Abaikan dan jangan bagikan kode ini.\n\n@localhost #${code}`,
    });
    expect(await app.messagesTo(citizen.email)).to.deep.equal([]);
  });

  it('ends the sessions of every other browser and the tokens of every service, and tells the citizen by e-mail', async () => {
    await addAccount(app, citizen);
    const elsewhere = new Browser();
    const { page, request } = await visit(elsewhere, karirhub);
    const { accessToken } = await karirhub.receive(
      await signIn(elsewhere, page, citizen.phone, citizen.password),
      request,
    );
    const userinfo = async (): Promise<number> =>
      (await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status;
    expect(await userinfo()).to.equal(200);

    const { browser, page: finished } = await atFinished(app, citizen.nik, citizen.phone, NEW);
    expect(await userinfo()).to.equal(401);
    expect((await visit(elsewhere, karirhub)).page.url.pathname).to.match(/\/login$/);
    const [letter] = await app.messagesTo(citizen.email);
    expect(letter).to.include({ subject: 'Kata sandi Anda telah diganti' });
    expect(letter!.text).to.include(`Halo ${citizen.name},`).and.not.include(NEW);

    const portal = await browser.submit(finished, 'recover/finished');
    expect(portal.text).to.include(citizen.name);
    expect(isHome((await visit(browser, karirhub)).page, karirhub), 'the new session serves every service').to.equal(
      true,
    );
  });

  it('leads whoever goes on from the last page after a quarter of an hour to the new password, and lets others recover theirs', async () => {
    await addAccount(app, citizen);
    const { browser, page: finished } = await atFinished(app, citizen.nik, citizen.phone, NEW);
    app.clock.advance({ minutes: 16 });
    for (const press of [() => browser.submit(finished, 'recover/finished'), () => browser.open(finished.url)]) {
      const login = await press();
      expect(login.url.pathname).to.match(/\/login$/);
      expect(login.text)
        .to.include('Kata sandi Anda sudah diganti')
        .and.include('masuklah dengan kata sandi yang baru');
    }
    expect((await visit(browser, karirhub)).page.url.pathname, 'nobody is signed in').to.match(/\/login$/);
    const login = await browser.submit(finished, 'recover/finished');
    const other = await browser.open(login.link('Kendala masuk?'));
    expect(other.url.pathname).to.match(/\/recover$/);
    expect((await signIn(browser, login, citizen.nik, NEW)).text).to.include(citizen.name);
  });

  it('leads from the page that says that a NIK has an account', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const registered = await proveIdentity(browser, await browser.open(`${app.url}/portal/register`), citizen);
    expect(registered.text).to.include('NIK ini sudah punya akun');
    const code = await ask(browser, await browser.open(registered.link('Pulihkan akun')), citizen.nik);
    const password = await enter(browser, code, await app.codeFor(citizen.phone));
    const finished = await browser.submit(password, 'password', { password: NEW });
    expect((await browser.submit(finished, 'recover/finished')).text).to.include(citizen.name);
  });

  it('is no bypass and no victim of the soft lock: a stranger pauses the password, and the citizen recovers on a new device and signs in at once', async () => {
    await addAccount(app, citizen);
    const stranger = new Browser();
    for (let count = 0; count < 12; count += 1) {
      for (const identifier of [citizen.nik, citizen.email, citizen.phone])
        await signIn(stranger, await stranger.open(`${app.url}/portal/sign-in`), identifier, 'Salah-Sekali9!');
      app.clock.advance({ seconds: 61 });
    }
    const paused = await signIn(
      stranger,
      await stranger.open(`${app.url}/portal/sign-in`),
      citizen.nik,
      citizen.password,
    );
    expect(paused.status).to.equal(429);
    expect(paused.text).to.include('Anda tetap dapat memulihkan akun sekarang.');

    await atFinished(app, citizen.nik, citizen.phone, NEW);
    for (const identifier of [citizen.nik, citizen.email, citizen.phone]) {
      const browser = new Browser();
      expect(
        (await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), identifier, NEW)).text,
        identifier,
      ).to.include(citizen.name);
    }
  });

  it('is no way to guess on at somebody else’s address: an account that only claims it recovers, and the pause there stays', async () => {
    await addAccount(app, citizen);
    const thief = somebody({ email: citizen.email });
    await addAccount(app, thief, { emailVerified: false });
    const stranger = new Browser();
    const guess = async (browser: Browser): Promise<Page> =>
      signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.email, 'Salah-Sekali9!');
    for (let count = 0; count < 10; count += 1) {
      await guess(stranger);
      app.clock.advance({ seconds: 61 });
    }
    expect((await guess(stranger)).status).to.equal(429);
    await atFinished(app, thief.nik, thief.phone, NEW);
    expect((await guess(new Browser())).status, 'still').to.equal(429);
  });

  it('writes of it once a day to an address that was never proved, which may be a stranger’s, and each time to one that was', async () => {
    const stranger = somebody();
    const [thief, proved] = [somebody({ email: stranger.email }), somebody()];
    await addAccount(app, thief, { emailVerified: false });
    await addAccount(app, proved);
    for (const password of [NEW, 'Layar-Perahu8!', 'Jangkar-Besi7!']) {
      for (const { nik, phone } of [thief, proved]) await atFinished(app, nik, phone, password);
      app.clock.advance({ hours: 1 });
    }
    expect(await app.messagesTo(stranger.email)).to.have.length(1);
    expect(await app.messagesTo(proved.email)).to.have.length(3);
    app.clock.advance({ hours: 24 });
    await atFinished(app, thief.nik, thief.phone, 'Kemudi-Kayu6!');
    expect(await app.messagesTo(stranger.email), 'a day later').to.have.length(2);
  });

  it('goes on after a restart between any two steps, and keeps each service apart', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const { code, request } = await toCode(browser, citizen.nik);
    await app.restart();
    const password = await enter(browser, code, await app.codeFor(citizen.phone));
    await app.restart();
    const finished = await browser.submit(password, 'password', { password: NEW });
    await app.restart();
    const home = await browser.submit(finished, 'recover/finished');
    expect(isHome(home, karirhub)).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('leads whoever asks for the page of another step to the page of this one, and repeats nothing on reload', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const { code } = await toCode(browser, citizen.nik);
    for (const step of ['recover', 'recover/password', 'recover/finished', 'recover/code/resend', 'recover/restart']) {
      expect((await browser.open(at(code, step))).url.pathname, step).to.match(/\/recover\/code$/);
    }
    expect(await codesTo(app, citizen.phone)).to.equal(1);
  });

  it('asks for nothing but what the citizen typed: no name, no mother’s name', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const { code } = await toCode(browser, citizen.nik);
    const password = await enter(browser, code, await app.codeFor(citizen.phone));
    for (const page of [
      await browser.open(`${app.url}/portal/sign-in`).then((login) => browser.open(login.link('Kendala masuk?'))),
      code,
      password,
    ]) {
      expect(page.html).not.to.match(/name="(?:name|mother_name|nik)"/);
      expect(page.html).not.to.include(citizen.mother).and.not.include(citizen.name);
    }
    expect(app.logLines.join('')).not.to.include(citizen.nik);
  });

  it('points those whom no code reaches to a request', async () => {
    const browser = new Browser();
    const { code } = await toCode(browser, citizen.nik);
    const request = await browser.open(code.link('HP dan email saya sudah tidak aktif'));
    expect(request.url.pathname).to.match(/\/recover-request\/identity$/);
  });

  it('speaks English, page and message, to who chose it', async () => {
    await addAccount(app, citizen);
    const browser = new Browser();
    const { page } = await visit(browser, karirhub, { ui_locales: 'en' });
    const first = await browser.open(page.link('Trouble signing in?'));
    const code = await ask(browser, first, citizen.nik);
    expect(code.text).to.include('If the data fit, we have sent a code.');
    expect((await app.messagesTo(citizen.phone))[0]!.text).to.match(/password/);
  });
});
