import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody, type Citizen } from '../../support/citizens.ts';
import { enterCode, goOn, register, signIn, toRegistration } from '../../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';
import { until } from '../../support/until.ts';
import { at, atCode, begin, type Way } from './steps.ts';

describe('Registration: activation', () => {
  let app: TestApp;
  let karirhub: RelyingParty;

  before(async () => {
    app = await startTestApp({ limits: { identityCallsPerNik: 100 }, otp: { sendsPerNumber: 100 } });
    karirhub = await createRelyingParty(app);
  });
  after(() => app.close());

  const accounts = async (): Promise<number> =>
    Number((await app.database.knex('accounts').count('id as count').first())?.count);
  const codeOf = async (way: Way): Promise<string> => app.codeFor(way.citizen.phone);
  const claimsOf = async (citizen: Citizen): Promise<Record<string, unknown>> => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    return (await karirhub.receive(await signIn(browser, page, citizen.nik, citizen.password), request)).claims;
  };
  const finish = async (citizen: Citizen): Promise<Page> => {
    const way = await atCode(app, citizen);
    return enterCode(way.browser, way.page, await codeOf(way));
  };

  it('makes one account of two activations of one NIK at the same moment, and tells the other politely', async () => {
    for (let round = 0; round < 2; round += 1) {
      const citizen = somebody();
      const ways = [
        await atCode(app, citizen),
        await atCode(app, { ...citizen, phone: somebody().phone, email: somebody().email }),
      ];
      const codes = await Promise.all(ways.map(codeOf));
      const before = await accounts();
      const pages = await Promise.all(ways.map((way, index) => enterCode(way.browser, way.page, codes[index]!)));
      expect(await accounts()).to.equal(before + 1);
      const winner = pages.findIndex(({ text }) => text.includes('Pendaftaran berhasil'));
      expect(winner).to.be.oneOf([0, 1]);
      const told = pages[1 - winner]!;
      expect(told.status).to.equal(200);
      expect(told.text)
        .to.include('NIK ini sudah punya akun')
        .and.include(`08*****${ways[winner]!.citizen.phone.slice(-4)}`);
      expect(
        await app.messagesTo(ways[1 - winner]!.citizen.email),
        'no letter for an account that was not made',
      ).to.have.lengthOf(0);
      expect((await app.store.audit.list({ type: 'registration.nik-taken' })).length).to.equal(round + 1);
    }
  });

  it('gives the number of two people who prove it at the same moment to one of them', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { phone } = somebody();
      const [ways, codes]: [Way[], string[]] = [[], []];
      for (let count = 0; count < 3; count += 1) {
        ways.push(await atCode(app, somebody({ phone })));
        codes.push(await app.codeFor(phone));
      }
      const before = await accounts();
      const pages = await Promise.all(ways.map((way, index) => enterCode(way.browser, way.page, codes[index]!)));
      for (const page of pages) expect(page.text).to.include('Pendaftaran berhasil');
      expect(await accounts()).to.equal(before + 3);
      const claims = await Promise.all(ways.map((way) => claimsOf(way.citizen)));
      expect(claims.filter(({ phone_number_verified: verified }) => verified === true)).to.have.lengthOf(1);
      expect(pages.filter(({ text }) => text.includes('Nomor ini sebelumnya terdaftar di akun lain'))).to.have.lengthOf(
        2,
      );
    }
  });

  it('moves a number from its former holder, who is told by mail, and says so to the new one', async () => {
    const former = somebody({ name: 'Lama Contoh Pemilik', password: 'Kabut-Pagi3?&' });
    await finish(former);
    const heir = somebody({ phone: former.phone });
    const finished = await finish(heir);
    expect(finished.text).to.include('Nomor ini sebelumnya terdaftar di akun lain dan kini menjadi milik akun Anda.');
    expect(finished.text).not.to.include('Lama').and.not.include(former.email);

    const [letter] = await app.messagesTo(former.email);
    expect(letter).to.include({ channel: 'email', subject: 'Nomor HP Anda kini dipakai akun lain' });
    expect(letter!.text)
      .to.include(`08*****${former.phone.slice(-4)}`)
      .and.not.include(heir.name)
      .and.not.include(heir.email);
    expect(letter!.text, 'nobody has proved that the address is the former holder’s').not.to.include('Lama');
    expect(await claimsOf(former)).to.include({ phone_number_verified: false });
    expect(await claimsOf(heir)).to.include({ phone_number_verified: true });
    expect(await app.store.audit.list({ type: 'contact.phone.lost' })).to.have.length.greaterThan(0);

    const browser = new Browser();
    const home = await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), heir.phone, heir.password);
    expect(home.text, 'the number is now the heir’s to sign in with').to.include(`Selamat datang, ${heir.name}`);
    const lost = new Browser();
    expect(
      (await signIn(lost, await lost.open(`${app.url}/portal/sign-in`), former.phone, former.password)).status,
    ).to.equal(422);
  });

  it('takes no number away before the code has proved it', async () => {
    const holder = somebody();
    await finish(holder);
    const way = await atCode(app, somebody({ phone: holder.phone }));
    expect(way.page.text).to.include(`08*****${holder.phone.slice(-4)}`);
    expect(await claimsOf(holder)).to.include({ phone_number_verified: true });
    expect(await app.messagesTo(holder.email)).to.have.lengthOf(1);
  });

  it('takes no number away for an account that is not made', async () => {
    const [holder, owner] = [somebody(), somebody()];
    await finish(holder);
    const late = await atCode(app, { ...owner, phone: holder.phone });
    const code = await app.codeFor(holder.phone);
    await finish(owner);
    expect((await enterCode(late.browser, late.page, code)).text).to.include('NIK ini sudah punya akun');
    expect(await claimsOf(holder)).to.include({ phone_number_verified: true });
  });

  it('leaves the number to its holder where the NIK is taken while the number is on its way', async () => {
    const former = somebody();
    await finish(former);
    const way = await atCode(app, somebody({ phone: former.phone }));
    const code = await codeOf(way);
    const [{ promise: isThere, resolve: there }, { promise: mayEnd, resolve: end }] = [
      Promise.withResolvers<undefined>(),
      Promise.withResolvers<undefined>(),
    ];
    const rival = app.store.transaction(async (store) => {
      await addAccount({ container: { ...app.container, store } }, { ...way.citizen, phone: somebody().phone });
      there(undefined);
      await mayEnd;
    });
    await isThere;
    const answer = enterCode(way.browser, way.page, code);
    await until('the activation waits for the NIK', async () => {
      const { rows } = await app.database.knex.raw<{ rows: unknown[] }>(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into accounts%'",
      );
      return rows.length > 0;
    });
    end(undefined);
    await rival;
    expect((await answer).text).to.include('NIK ini sudah punya akun');
    expect(await claimsOf(former)).to.include({ phone_number_verified: true });
  });

  it('sends the letter that confirms the address without holding the person up, and names nobody in it', async () => {
    const citizen = somebody();
    const finished = await finish(citizen);
    expect(finished.text).to.include(`Kami mengirim tautan konfirmasi ke w***@contoh.test.`);
    const [letter, ...others] = await app.messagesTo(citizen.email);
    expect(others).to.have.lengthOf(0);
    expect(letter!.text)
      .to.include(`${app.url}/account/contact/email?token=`)
      .and.not.include(citizen.name)
      .and.not.include(citizen.nik);
  });

  it('activates where the mail server refuses the address: the number was proved', async () => {
    expect((await finish(somebody({ email: 'siapa@ditolak.test' }))).text).to.include('Pendaftaran berhasil');
  });

  it('signs the person in at the service with what was proved: password and SMS, just now', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const home = await goOn(browser, await register(app, browser, await toRegistration(browser, page), citizens.budi));
    const { claims } = await karirhub.receive(home, request);
    expect(claims.amr).to.deep.equal(['pwd', 'sms']);
    expect(Number(claims.auth_time)).to.be.closeTo(Date.now() / 1000, 60);
  });

  it('makes the checks of the registration the account’s, and keeps no password, code or name with them', async () => {
    const way = await atCode(app);
    await enterCode(way.browser, way.page, await codeOf(way));
    const rows = await app.database.knex('verification_log').whereNotNull('account_id').orderBy('at', 'desc').limit(1);
    expect(rows[0]).to.include({ outcome: 'verified', institution: 'KEMNAKER', threshold: 90 });
    expect(Object.keys(rows[0] as object).sort()).to.deep.equal([
      'account_id',
      'at',
      'client_id',
      'draft_id',
      'duration_ms',
      'id',
      'institution',
      'nik_hash',
      'outcome',
      'policy_version',
      'reference',
      'response_code',
      'threshold',
    ]);
  });

  describe('of a NIK that has an account', () => {
    let holder: Citizen;
    let way: Way;
    before(async () => {
      holder = somebody();
      await finish(holder);
    });
    beforeEach(async () => {
      const browser = new Browser();
      const page = await browser.submit(await begin(app, browser), 'nik', {
        nik: holder.nik,
        name: holder.name,
        mother_name: holder.mother,
      });
      way = { browser, page, citizen: holder };
    });

    it('is told only after proof, with the contacts masked and every way on', () => {
      const { page } = way;
      expect(page.url.pathname).to.match(/\/register\/registered$/);
      expect(page.status).to.equal(200);
      expect(page.text).to.include(
        `Akun terdaftar dengan HP 08*****${holder.phone.slice(-4)} dan email w***@contoh.test .`,
      );
      expect(page.html).not.to.include(holder.email).and.not.include(holder.phone.slice(2)).and.not.include(holder.nik);
      for (const words of ['Masuk ke akun tersebut', 'Pulihkan akun', 'Bukan saya yang mendaftar', 'Pakai NIK lain'])
        expect(page.text).to.include(words);
    });

    it('leads to the sign-in, and home', async () => {
      const login = await way.browser.open(way.page.link('Masuk ke akun tersebut'));
      expect((await signIn(way.browser, login, holder.nik, holder.password)).text).to.include(
        `Selamat datang, ${holder.name}`,
      );
    });

    it('leads to recovery', async () => {
      const recovery = await way.browser.open(way.page.link('Pulihkan akun'));
      expect(recovery.status).to.equal(200);
      expect(recovery.form('identifier').action).to.match(/\/recover$/);
    });

    it('notes a report of misuse once, however often it is pressed, and thanks', async () => {
      const reports = () => app.store.audit.list({ type: 'registration.misuse-reported' });
      const before = (await reports()).length;
      const pages = await Promise.all([1, 2, 3].map(() => way.browser.submit(way.page, 'register/report')));
      for (const page of pages) expect(page.text).to.include('Laporan Anda sudah kami catat');
      await way.browser.submit(way.page, 'register/report');
      expect((await reports()).length).to.equal(before + 1);
      const [event] = (await app.store.audit.list({ type: 'registration.misuse-reported' })).slice(-1);
      expect(event!.accountId).to.match(/^[0-9a-f-]{36}$/);
      expect((await way.browser.open(way.page.url)).text)
        .to.include('Laporan Anda sudah kami catat')
        .and.not.include('Bukan Anda yang mendaftar?');
    });

    it('starts over for another person', async () => {
      const first = await way.browser.submit(way.page, 'register/restart');
      expect(first.url.pathname).to.match(/\/register\/identity$/);
      expect((await register(app, way.browser, first, somebody())).text).to.include('Pendaftaran berhasil');
    });

    it('cannot be got round by the addresses of the later steps', async () => {
      for (const step of ['contact', 'otp', 'finished'])
        expect((await way.browser.open(at(way.page, step))).url.pathname).to.match(/\/register\/registered$/);
      const { csrf } = way.page.form('register/report').fields;
      const forced = await way.browser.request(at(way.page, 'contact'), {
        method: 'POST',
        body: new URLSearchParams({ csrf: csrf!, email: holder.email, phone: holder.phone, password: holder.password }),
      });
      expect(forced.headers.get('location')).to.match(/\/register\/registered$/);
    });
  });
});
