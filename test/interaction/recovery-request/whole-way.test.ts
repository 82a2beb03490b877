import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import type { Reason } from '../../../src/domain/operator.ts';
import { recoveryRequestsOf } from '../../../src/recovery-requests.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode, proveIdentity, signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { codesTo, atCode as atRecoveryCode } from '../recovery/steps.ts';
import {
  at,
  enter,
  eventsOf,
  file,
  giveNumber,
  LOST,
  NEW_PASSWORD,
  newNumber,
  openRequests,
  ticketOf,
  toRequest,
} from './steps.ts';

const WHY = 'KTP diperiksa di loket' as Reason;

describe('Recovery request: the whole way', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let citizen: Citizen;
  let accountId: AccountId;
  let phone: string;
  const officers: AccountId[] = [];

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 1000 } });
    karirhub = await createRelyingParty(app);
    for (let count = 0; count < 2; count += 1) officers.push(await addAccount(app, somebody()));
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
    phone = newNumber();
  });

  const requests = (): ReturnType<typeof recoveryRequestsOf> =>
    recoveryRequestsOf(app.container, { logouts: app.container.logouts });

  /** From the service's sign-in page to the page with the number of the request. */
  async function ask(browser: Browser): Promise<Page> {
    const { page: login } = await visit(browser, karirhub);
    const identity = await toRequest(browser, login);
    expect(identity.text).to.include('Permohonan pemulihan akun').and.include('Karirhub (contoh)');
    expect(identity.text).to.include('Prosesnya paling cepat 1 hari kerja.');
    const number = await proveIdentity(browser, identity, citizen);
    expect(number.text).to.include(`Identitas ${citizen.name} sudah cocok`);
    const code = await giveNumber(browser, number, phone);
    expect(code.text).to.include(`08*****${phone.slice(-4)}`);
    const password = await enter(browser, code, await app.codeFor(phone));
    expect(password.text).to.include('Buat kata sandi baru').and.include('Minimal 8 karakter');
    return file(browser, password);
  }

  /** Two officers are for it, and a day goes by. */
  async function give(): Promise<void> {
    const [request] = await openRequests(app, { accountId });
    const [first, second] = officers.map((id) => ({ kind: 'operator', accountId: id }) as const);
    expect(await requests().examine(request!.id, WHY, first!)).to.include({ ok: true });
    expect(await requests().approve(request!.id, WHY, second!)).to.include({ ok: true });
    expect(await requests().settleDue(), 'the holder can still object').to.deep.equal({ completed: 0, lapsed: 0 });
    app.clock.advance({ hours: 24, minutes: 1 });
    expect(await requests().settleDue()).to.deep.equal({ completed: 1, lapsed: 0 });
  }

  it('ends at a number to keep, and says what happens next', async () => {
    const filed = await ask(new Browser());
    expect(filed.url.pathname).to.match(/\/recover-request\/filed$/);
    const [request] = await openRequests(app, { accountId });
    expect(ticketOf(filed)).to.equal(request!.number);
    expect(filed.text)
      .to.include('Permohonan sudah kami terima')
      .and.include('Simpan nomor ini')
      .and.include('loket Dinas Ketenagakerjaan (Disnaker)')
      .and.include('Prosesnya paling cepat 1 hari kerja.')
      .and.include('Kami sudah memberi tahu kontak akun yang terkonfirmasi, bila ada.')
      .and.include(`SMS dikirim ke 08*****${phone.slice(-4)}`)
      .and.include('Tidak ada petugas yang akan meminta kata sandi atau kode OTP Anda')
      .and.include(app.config.help.phone)
      .and.include(app.config.help.email);
    expect(filed.html).not.to.include(citizen.nik).and.not.include(phone.slice(1)).and.not.include(NEW_PASSWORD);
    expect(await eventsOf(app, 'recovery.request.filed', accountId)).to.have.length(1);
    expect(
      await app.database.knex('verification_log').where('account_id', accountId),
      'the checks belong to the account from now on',
    ).to.have.length(1);
  });

  it('signs nobody in, and leads home to the service without anybody', async () => {
    const browser = new Browser();
    const filed = await ask(browser);
    expect((await visit(browser, karirhub)).page.url.pathname).to.match(/\/login$/);
    expect((await browser.open(app.url)).text).not.to.include(citizen.name);
    const early = new Browser();
    expect(
      (await signIn(early, (await visit(early, karirhub)).page, phone, NEW_PASSWORD)).status,
      'not before it is granted',
    ).to.equal(422);
    const home = await browser.open(filed.link('Kembali ke Karirhub (contoh)'));
    expect(isHome(home, karirhub)).to.equal(true);
    expect(home.url.searchParams.get('error')).to.equal('access_denied');
    expect(home.url.searchParams.has('code')).to.equal(false);
  });

  it('warns whoever holds the account by now, by all ways that are proved', async () => {
    const filed = await ask(new Browser());
    const [sms] = await app.messagesTo(citizen.phone);
    expect(sms!.text).to.include('ada permohonan pemulihan akun Anda');
    const [letter] = await app.messagesTo(citizen.email);
    expect(letter).to.include({ subject: 'Permohonan pemulihan akun' });
    expect(letter!.text).to.include(ticketOf(filed));
    expect((await app.messagesTo(phone)).length, 'the code, and nothing more').to.equal(1);
  });

  it('gives the account after two officers and a day: number and password work, and nothing of before does', async () => {
    const elsewhere = new Browser();
    const { page, request } = await visit(elsewhere, karirhub);
    const { accessToken } = await karirhub.receive(
      await signIn(elsewhere, page, citizen.nik, citizen.password),
      request,
    );
    const userinfo = async (): Promise<number> =>
      (await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status;
    expect(await userinfo()).to.equal(200);

    const ticket = ticketOf(await ask(new Browser()));
    expect(await userinfo(), 'a request alone ends nothing').to.equal(200);
    await give();

    const [granted] = await app.messagesTo(phone);
    expect(granted!.text).to.include(`permohonan ${ticket} dikabulkan`);
    expect(await userinfo()).to.equal(401);
    expect((await visit(elsewhere, karirhub)).page.url.pathname).to.match(/\/login$/);

    app.clock.advance({ seconds: 2 });
    const browser = new Browser();
    const own = await visit(browser, karirhub);
    const home = await signIn(browser, own.page, phone, NEW_PASSWORD);
    expect(isHome(home, karirhub), home.text).to.equal(true);
    const { claims } = await karirhub.receive(home, own.request);
    expect(claims).to.include({ sub: accountId, phone_number_verified: true, email_verified: false });

    const thief = new Browser();
    const refused = await signIn(thief, (await visit(thief, karirhub)).page, citizen.nik, citizen.password);
    expect(refused.status, 'the old password').to.equal(422);
    const before = [await codesTo(app, citizen.email), await codesTo(app, citizen.phone)];
    await atRecoveryCode(app, citizen.email);
    await atRecoveryCode(app, citizen.phone);
    expect([await codesTo(app, citizen.email), await codesTo(app, citizen.phone)], 'the old contacts').to.deep.equal(
      before,
    );
  });

  it('is no way round the second factor', async () => {
    const { authenticator } = await giveSecondFactor(app, accountId);
    await ask(new Browser());
    await give();
    app.clock.advance({ seconds: 2 });
    const browser = new Browser();
    const step = await signIn(browser, (await visit(browser, karirhub)).page, phone, NEW_PASSWORD);
    expect(step.url.pathname).to.match(/\/second-factor/);
    expect(isHome(await enterCode(browser, step, authenticator.next()), karirhub)).to.equal(true);
  });

  it('goes on after a restart between any two steps', async () => {
    const browser = new Browser();
    const identity = await toRequest(browser, (await visit(browser, karirhub)).page);
    await app.restart();
    const number = await proveIdentity(browser, identity, citizen);
    await app.restart();
    const code = await giveNumber(browser, number, phone);
    await app.restart();
    const password = await enter(browser, code, await app.codeFor(phone));
    await app.restart();
    const filed = await file(browser, password);
    await app.restart();
    expect(ticketOf(await browser.open(filed.url)))
      .to.equal(ticketOf(filed))
      .and.match(/^[2-9A-Z]{4}-[2-9A-Z]{2}$/);
  });

  it('is found from the page of the code, and from the one that says that a NIK has an account', async () => {
    const browser = new Browser();
    const code = await atRecoveryCode(app, citizen.nik, browser);
    expect((await browser.open(code.page.link(LOST))).url.pathname).to.match(/\/recover-request\/identity$/);
    const newcomer = new Browser();
    const registered = await proveIdentity(newcomer, await newcomer.open(`${app.url}/portal/register`), citizen);
    expect(registered.text).to.include('NIK ini sudah punya akun');
    expect((await newcomer.open(registered.link(LOST))).url.pathname).to.match(/\/recover-request\/identity$/);
  });

  it('is described on the page of help, and in the privacy notice', async () => {
    const browser = new Browser();
    expect((await browser.open(`${app.url}/help`)).text)
      .to.include(LOST)
      .and.include('loket Disnaker');
    expect((await browser.open(`${app.url}/privacy`)).text).to.include('Permohonan pemulihan akun: 90 hari');
  });

  it('speaks English, page and message, to who chose it', async () => {
    const browser = new Browser();
    const { page } = await visit(browser, karirhub, { ui_locales: 'en' });
    const recovery = await browser.open(page.link('Trouble signing in?'));
    const identity = await browser.open(recovery.link('My phone and email no longer work'));
    expect(identity.text).to.include('Account recovery request').and.include('It takes at least one working day.');
    const code = await giveNumber(browser, await proveIdentity(browser, identity, citizen), phone);
    expect((await app.messagesTo(phone))[0]!.text).to.include('account recovery request');
    const filed = await file(browser, await enter(browser, code, await app.codeFor(phone)));
    expect(filed.text).to.include('We have received your request').and.include('Keep this number');
  });

  describe('switched off', () => {
    let closed: TestApp;
    before(async () => {
      closed = await startTestApp({ recoveryRequests: { enabled: false } });
    });
    after(() => closed.close());

    it('leaves the way to the help desk, and no address', async () => {
      const browser = new Browser();
      const recovery = await browser.open((await browser.open(`${closed.url}/portal/sign-in`)).link('Kendala masuk?'));
      const help = await browser.open(recovery.link(LOST));
      expect(help.url.pathname + help.url.hash).to.equal('/help#number-gone');
      expect(help.text).to.include('HP dan email sama-sama tidak aktif? Hubungi petugas di bawah.');
      const unknown = await browser.open(recovery.url.href.replace(/recover$/, 'nowhere'));
      expect(unknown.status).to.equal(404);
      for (const step of ['', '/identity', '/number', '/code', '/password', '/filed']) {
        const page = await browser.open(`${recovery.url.href.replace(/recover$/, 'recover-request')}${step}`);
        expect(page.status, step).to.equal(404);
        expect(page.title).to.equal(unknown.title);
      }
      const posted = await browser.request(recovery.url.href.replace(/recover$/, 'recover-request/identity'), {
        method: 'POST',
        body: new URLSearchParams({ csrf: recovery.form('identifier').fields.csrf!, nik: citizen.nik }),
      });
      expect(posted.status).to.equal(404);
    });

    it('is not offered to who registers, either', async () => {
      const known = somebody();
      await addAccount(closed, known);
      const browser = new Browser();
      const registered = await proveIdentity(browser, await browser.open(`${closed.url}/portal/register`), known);
      expect(registered.text).to.include('NIK ini sudah punya akun').and.not.include(LOST);
    });
  });

  it('shows the page of its step at every address', async () => {
    const browser = new Browser();
    const filed = await ask(browser);
    for (const step of [
      '',
      'identity',
      'no-account',
      'number',
      'code',
      'code/number',
      'code/resend',
      'password',
      'restart',
    ])
      expect((await browser.open(at(filed, step).replace(/\/$/, ''))).url.href, step).to.equal(filed.url.href);
  });
});
