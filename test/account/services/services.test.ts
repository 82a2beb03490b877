import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { exchange, obtainCode, postAs, userinfo } from '../../oidc/exchange.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';

const { budi, ratna } = citizens;
const PATH = '/account/services';

describe('Connected services', () => {
  let app: TestApp;
  let budiId: AccountId;
  before(async () => {
    app = await startTestApp();
    budiId = await addAccount(app, budi);
    await addAccount(app, ratna);
  });
  after(() => app.close());

  const use = {
    purpose: { id: 'Mengirim undangan wawancara.', en: 'Sending invitations to interviews.' },
    legal_basis: 'public-task',
  } as const;
  const service = (name: string): Promise<RelyingParty> =>
    createRelyingParty(app, {
      name,
      scope: 'openid profile email',
      further: { data_use: { email: use }, grant_types: ['authorization_code', 'refresh_token'] },
    });
  const withdraw = async (browser: Browser, { id }: RelyingParty): Promise<Page> =>
    browser.submit(await browser.open(`${app.url}${PATH}/withdraw?client=${id}`), 'client');

  async function tokensAt(rp: RelyingParty, citizen: Citizen = budi, browser = new Browser()) {
    const { code, request } = await obtainCode(rp, citizen, browser);
    return (await exchange(app, rp, { code, code_verifier: request.verifier })).body;
  }

  it('are shown to the person alone, with what goes where, why and since when', async () => {
    const browser = new Browser();
    const karirhub = await service('Karirhub (contoh)');
    await tokensAt(karirhub, budi, browser);
    const page = await browser.open((await browser.open(app.url)).link('Layanan terhubung'));
    expect(page.url.pathname).to.equal(PATH);
    expect(page.text)
      .to.include('Karirhub (contoh)')
      .and.include('Sejak pukul')
      .and.include('Alamat email')
      .and.include(use.purpose.id)
      .and.include('pelayanan publik');
    expect(page.headers.get('cache-control')).to.equal('no-store');

    const other = new Browser();
    const door = await other.open(`${app.url}${PATH}`);
    expect(door.url.pathname).to.match(/\/login$/);
    const theirs = await signIn(other, door, ratna.nik, ratna.password);
    expect(theirs.url.pathname).to.equal(PATH);
    expect(theirs.text).to.include('Belum ada layanan').and.not.include('Karirhub');
  });

  it('withdrawn, get nothing more in any session, and have to ask again; others keep what they have', async () => {
    const [mitra, other] = [await service('Mitra (contoh)'), await service('Lain (contoh)')];
    const [phone, laptop] = [new Browser(), new Browser()];
    const held = [await tokensAt(mitra, budi, phone), await tokensAt(mitra, budi, laptop)];
    const [kept, ratnas] = [await tokensAt(other), await tokensAt(mitra, ratna)];
    const pending = await obtainCode(mitra, budi, laptop);

    const question = await phone.open(`${app.url}${PATH}/withdraw?client=${mitra.id}`);
    expect(question.text)
      .to.include('Cabut izin Mitra (contoh)?')
      .and.include('tetap ada di sana')
      .and.include('mungkin masih masuk di sana');
    expect((await userinfo(app, held[0]?.access_token)).status, 'asking changes nothing').to.equal(200);
    const list = await phone.submit(question, 'client');
    expect(list.text).to.include('Izin sudah dicabut').and.not.include('Mitra (contoh)');

    for (const { access_token, refresh_token } of held) {
      expect((await userinfo(app, access_token)).status).to.equal(401);
      expect((await postAs(app, '/token/introspection', { token: String(access_token) }, mitra)).body).to.deep.equal({
        active: false,
      });
      expect(
        (await postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(refresh_token) }, mitra)).body
          .error,
      ).to.equal('invalid_grant');
    }
    expect(
      (await exchange(app, mitra, { code: pending.code, code_verifier: pending.request.verifier })).body.error,
    ).to.equal('invalid_grant');
    for (const { access_token } of [kept, ratnas]) expect((await userinfo(app, access_token)).status).to.equal(200);
    for (const browser of [phone, laptop]) {
      const { page } = await visit(browser, mitra, { prompt: 'none' });
      expect([isHome(page, mitra), page.url.searchParams.get('error')]).to.deep.equal([true, 'consent_required']);
    }
    expect((await app.store.audit.list({ type: 'consent.withdrawn' })).at(-1)).to.deep.include({
      accountId: budiId,
      clientId: mitra.id,
    });

    const asked = await visit(laptop, mitra);
    expect(asked.page.url.pathname).to.match(/\/consent$/);
    expect((await mitra.receive(await laptop.submit(asked.page, 'sharing'), asked.request)).claims.email).to.equal(
      budi.email,
    );
    expect((await userinfo(app, held[0]?.access_token)).status, 'what ended stays ended').to.equal(401);
  });

  it('keep a receipt of what was withdrawn, with the date', async () => {
    const mitra = await service('Mitra (contoh)');
    const browser = new Browser();
    await tokensAt(mitra, budi, browser);
    await withdraw(browser, mitra);
    const rows = await app.database
      .knex<{ withdrawn_at: Date | null }>('consent_receipts')
      .where('client_id', mitra.id);
    expect(rows.map(({ withdrawn_at: at }) => at instanceof Date)).to.deep.equal([true]);
  });

  it('are withdrawn by no form from elsewhere, of nobody or of another citizen', async () => {
    const mitra = await service('Mitra (contoh)');
    const browser = new Browser();
    const { access_token: token } = await tokensAt(mitra, budi, browser);
    const question = await browser.open(`${app.url}${PATH}/withdraw?client=${mitra.id}`);
    expect((await browser.post(question, 'client', { csrf: 'forged' })).status).to.equal(403);
    expect(
      (await browser.post(question, 'client', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).status,
    ).to.equal(403);
    expect((await new Browser().post(question, 'client')).headers.get('location')).to.match(/\/auth\?/);

    const stranger = new Browser();
    const own = await service('Sendiri (contoh)');
    await tokensAt(own, ratna, stranger);
    const theirs = await stranger.open(`${app.url}${PATH}/withdraw?client=${own.id}`);
    expect((await stranger.submit(theirs, 'client', { client: mitra.id })).status).to.equal(200);
    expect((await stranger.open(`${app.url}${PATH}/withdraw?client=${mitra.id}`)).url.pathname).to.equal(PATH);
    expect((await userinfo(app, token)).status, 'Budi’s token lives').to.equal(200);
  });

  it('withdrawn twice at once are withdrawn once', async () => {
    const mitra = await service('Mitra (contoh)');
    const browser = new Browser();
    await tokensAt(mitra, budi, browser);
    const question = await browser.open(`${app.url}${PATH}/withdraw?client=${mitra.id}`);
    const before = (await app.store.audit.list({ type: 'consent.withdrawn' })).length;
    const answers = await Promise.all([browser.post(question, 'client'), browser.post(question, 'client')]);
    expect(answers.map(({ status }) => status)).to.deep.equal([303, 303]);
    expect((await app.store.audit.list({ type: 'consent.withdrawn' })).length).to.equal(before + 1);
  });

  it('withdrawn while a sign-in makes the grant anew leave none behind', async () => {
    const mitra = await service('Mitra (contoh)');
    const browser = new Browser();
    await tokensAt(mitra, budi, browser);
    const other = new Browser();
    const { page } = await visit(other, mitra);
    // In the middle of the sign-in, right after the grant was written, the person withdraws elsewhere.
    const { protocolState } = app.store;
    const upsert = protocolState.upsert.bind(protocolState);
    let withdrawn = false;
    protocolState.upsert = async (write) => {
      await upsert(write);
      if (write.model !== 'Grant' || withdrawn) return;
      withdrawn = true;
      await app.store.consents.withdraw(budiId, mitra.id, app.clock.now());
    };
    const home = await signIn(other, page, budi.nik, budi.password);
    protocolState.upsert = upsert;
    expect(withdrawn).to.equal(true);
    expect(home.url.pathname, 'asked, not granted').to.match(/\/consent$/);
  });
});
