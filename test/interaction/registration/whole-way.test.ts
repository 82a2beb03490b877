import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { citizens, somebody } from '../../support/citizens.ts';
import { goOn, register, signIn, toRegistration } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';

describe('Registration inside the sign-on', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let skillhub: RelyingParty;

  before(async () => {
    app = await startTestApp();
    karirhub = await createRelyingParty(app);
    skillhub = await createRelyingParty(app, { name: 'Skillhub (contoh)', scope: 'openid profile nik' });
  });
  after(() => app.close());

  it('brings a citizen without an account home to the service, signed in, with the claims it asked for', async () => {
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    expect(page.text).to.include('Karirhub (contoh)');

    const finished = await register(app, browser, await toRegistration(browser, page), citizens.budi);
    expect(finished.text).to.include('Pendaftaran berhasil').and.include('Lanjutkan ke Karirhub (contoh)');

    const home = await goOn(browser, finished);
    expect(isHome(home, karirhub)).to.equal(true);
    const { claims } = await karirhub.receive(home, request);
    expect(claims).to.include({
      name: 'Budi Contoh Santoso',
      email: 'budi@contoh.test',
      email_verified: false,
      phone_number: '+6281234567890',
      phone_number_verified: true,
    });
    expect(claims).not.to.have.property('nik');
    expect(claims.sub).to.match(/^[0-9a-f-]{36}$/);

    const second = await visit(browser, skillhub);
    expect(isHome(second.page, skillhub), 'a second service needs no page at all').to.equal(true);
    const atSkillhub = await skillhub.receive(second.page, second.request);
    expect(atSkillhub.claims).to.include({ sub: claims.sub, nik: citizens.budi.nik });
  });

  it('leads whoever goes on from the last page after a quarter of an hour to the password: others may sit there by then', async () => {
    const citizen = somebody();
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const finished = await register(app, browser, await toRegistration(browser, page), citizen);
    app.clock.advance({ minutes: 16 });
    for (const press of [
      () => goOn(browser, finished),
      () => browser.open(finished.url),
      () => goOn(browser, finished),
    ]) {
      const login = await press();
      expect(login.url.pathname).to.match(/\/login$/);
      expect(login.text)
        .to.include('Akun Anda sudah aktif')
        .and.include('masuklah dengan kata sandi Anda')
        .and.not.include(citizen.name);
    }
    expect((await visit(browser, karirhub)).page.url.pathname, 'nobody is signed in').to.match(/\/login$/);
    const home = await signIn(browser, await goOn(browser, finished), citizen.nik, citizen.password);
    expect(isHome(home, karirhub), home.text).to.equal(true);
    await karirhub.receive(home, request);
  });

  it('lets whoever sits there by then register, too', async () => {
    const browser = new Browser();
    const { page } = await visit(browser, karirhub);
    const finished = await register(app, browser, await toRegistration(browser, page), somebody());
    app.clock.advance({ minutes: 14 });
    expect((await toRegistration(browser, page)).url.pathname, 'while it may still be the same person').to.match(
      /\/register\/finished$/,
    );
    app.clock.advance({ minutes: 2 });
    const first = await toRegistration(browser, await goOn(browser, finished));
    expect(first.url.pathname).to.match(/\/register\/identity$/);
    const other = somebody();
    const evidence = async (): Promise<unknown[]> =>
      app.database.knex('verification_log').whereNotNull('account_id').orderBy('at').select('id', 'account_id');
    const before = await evidence();
    const home = await goOn(browser, await register(app, browser, first, other));
    expect(isHome(home, karirhub), home.text).to.equal(true);
    const after = await evidence();
    expect(after.slice(0, -1), 'the checks of whoever was there before stay theirs').to.deep.equal(before);
    expect(after).to.have.length(before.length + 1);
  });

  it('signs the same citizen in again by NIK, by number and by a proved address, in another browser', async () => {
    for (const identifier of [citizens.budi.nik, '+62 812-3456-7890', citizens.budi.email]) {
      const browser = new Browser();
      const { page, request } = await visit(browser, karirhub);
      const home = await signIn(browser, page, identifier, citizens.budi.password);
      expect(isHome(home, karirhub), identifier).to.equal(true);
      await karirhub.receive(home, request);
    }
  });
});
