import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
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
    expect(claims).to.include({ name: 'Budi Contoh Santoso', email: 'budi@contoh.test', email_verified: false, phone_number: '+6281234567890', phone_number_verified: true });
    expect(claims).not.to.have.property('nik');
    expect(claims.sub).to.match(/^[0-9a-f-]{36}$/);

    const second = await visit(browser, skillhub);
    expect(isHome(second.page, skillhub), 'a second service needs no page at all').to.equal(true);
    const atSkillhub = await skillhub.receive(second.page, second.request);
    expect(atSkillhub.claims).to.include({ sub: claims.sub, nik: citizens.budi.nik });
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
