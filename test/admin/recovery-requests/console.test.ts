import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { giveRoles, startOperator, type TestOperator } from '../../support/console.ts';
import { signIn } from '../../support/journeys.ts';
import { answered, beginForm } from '../../support/slow-form.ts';
import { e164, eventsOf, file, holder, officer, requestsOf, stateOf, why } from '../../recovery-request/steps.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';

const HOME = '/recovery-requests';

describe('Recovery requests at the console', () => {
  let app: TestApp;
  let first: TestOperator;
  let second: TestOperator;
  before(async () => {
    app = await startTestApp({ limits: { operatorReveals: 2 } });
    first = await startOperator(app, ['support']);
    second = await startOperator(app, ['support']);
  });
  after(() => app.close());

  const pageOf = (by: TestOperator, { id }: { readonly id: string }): Promise<Page> => by.open(`${HOME}/${id}`);
  const press = async (
    by: TestOperator,
    request: { readonly id: string },
    form: string,
    reason: string = why,
  ): Promise<Page> => by.browser.submit(await pageOf(by, request), `/${form}`, { reason });
  /** The address of a form, whether the page shows it or not. */
  async function sendAnyway(by: TestOperator, request: { readonly id: string }, form: string): Promise<Page> {
    const page = await by.open(HOME);
    const { csrf = '' } = page.form('number').fields;
    return by.browser.request(`${app.url}/admin${HOME}/${request.id}/${form}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, reason: why }),
    });
  }

  it('lead from the first to the second officer and to the account, each by name and with a reason', async () => {
    const person = await holder(app);
    const password = 'Perahu-Layar9!';
    const request = await file(app, person, {
      passwordHash: await app.container.passwords.hash(sensitive(password)),
    });
    const list = await first.open(HOME);
    expect(list.text).to.include(request.number).and.include('W**** C***** P******').and.include('08*****');
    const filed = await first.browser.open(list.link(request.id));
    expect(filed.text)
      .to.include('Menunggu petugas pertama')
      .and.include('Sebelum Anda berpendapat')
      .and.include('Jangan pernah meminta kode OTP atau kata sandi');
    for (const datum of [person.citizen.name, person.citizen.nik, person.citizen.phone, request.phone])
      expect(filed.html).not.to.include(datum);
    expect(filed.link(`/admin/accounts/${person.id}`)).to.equal(`${app.url}/admin/accounts/${person.id}`);

    const examined = await press(first, request, 'examine');
    expect([examined.status, examined.url.search]).to.deep.equal([200, '?done=examine']);
    expect(examined.text).to.include('Pendapat Anda tercatat').and.include('Pendapat pertama dari Anda');
    expect(examined.html, 'not by the same one').not.to.include('/approve"');
    const read = await pageOf(second, request);
    expect(read.text, 'a colleague, by the whole name').to.include(first.citizen.name).and.include(why);
    const approved = await press(second, request, 'approve');
    expect(approved.text).to.include('Permohonan disetujui').and.include('Disetujui, menunggu waktunya');
    expect((await pageOf(first, request)).html, 'until it is given').to.include('/reject"');

    await requestsOf(app).settleDue();
    expect(await stateOf(app, request), 'it has not waited').to.equal('approved');
    app.clock.advance({ hours: 25 });
    first = await startOperator(app, ['support']);
    second = await startOperator(app, ['support']);
    await requestsOf(app).settleDue();
    const done = await pageOf(first, request);
    expect(done.text).to.include('Dikabulkan').and.include('dihapus setelah permohonan selesai');
    expect(done.html).not.to.include('/reject"');
    expect((await first.open(`${HOME}/closed`)).text).to.include(request.number);
    expect((await first.open(HOME)).text).not.to.include(request.number);
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), request.phone, password);
    expect(home.text).to.include(person.citizen.name);
    expect(await eventsOf(app, person.id, 'recovery.request.examined')).to.have.length(1);
  });

  it('refuse in words what may not be, and show how it stands', async () => {
    const person = await holder(app);
    const request = await file(app, person);
    const own = await startOperator(app, ['support']);
    const ownRequest = await file(app, { id: own.accountId });
    const cases: readonly [string, () => Promise<Page>][] = [
      ['belum memiliki pendapat pertama', () => sendAnyway(second, request, 'approve')],
      ['untuk akun Anda sendiri', () => sendAnyway(own, ownRequest, 'examine')],
      ['untuk akun Anda sendiri', () => sendAnyway(own, ownRequest, 'reject')],
      ['untuk akun Anda sendiri', () => sendAnyway(own, ownRequest, 'reveal')],
      ['milik seorang operator', () => sendAnyway(first, ownRequest, 'examine')],
      ['milik seorang operator', () => sendAnyway(first, ownRequest, 'reveal')],
    ];
    for (const [words, act] of cases) {
      const page = await act();
      expect([page.status, page.text.includes(words)], words).to.deep.equal([422, true]);
    }
    expect((await pageOf(own, ownRequest)).html).not.to.include(`/${ownRequest.id}/`);
    const operators = await pageOf(first, ownRequest);
    expect(operators.text).to.include('milik seorang operator');
    expect(operators.html).to.include('/reject"').and.not.include('/examine"');
    expect([await stateOf(app, request), await stateOf(app, ownRequest)]).to.deep.equal(['filed', 'filed']);

    await press(first, request, 'examine');
    const same = await sendAnyway(first, request, 'approve');
    expect([same.status, same.text.includes('Pendapat kedua harus dari petugas lain')]).to.deep.equal([422, true]);
    for (const reason of ['', 'iseng', `atas permintaan ${person.citizen.nik}`])
      expect((await press(second, request, 'approve', reason)).status).to.equal(422);
    expect(await stateOf(app, request)).to.equal('examined');
    expect((await press(second, ownRequest, 'reject')).text).to.include('Permohonan ditolak');
    expect((await sendAnyway(second, { id: '00000000-0000-4000-8000-0000000000ff' }, 'examine')).status).to.equal(404);
    for (const path of ['/no-uuid', '/00000000-0000-4000-8000-0000000000ff'])
      expect((await first.open(`${HOME}${path}`)).status).to.equal(404);
  });

  it('take one of two officers who press at the same moment, and a second press of one for the same', async () => {
    const request = await file(app, await holder(app));
    const [one, other] = [await pageOf(first, request), await pageOf(second, request)];
    const [a, b] = await Promise.all([
      first.browser.submit(one, '/examine', { reason: why }),
      second.browser.submit(other, '/examine', { reason: why }),
    ]);
    expect([a.status, b.status].toSorted()).to.deep.equal([200, 422]);
    const late = a.status === 422 ? a : b;
    expect(late.text).to.include('Petugas lain sudah memberi pendapat pertama').and.include('Menunggu petugas kedua');
    const [winner, loser] = a.status === 200 ? [first, second] : [second, first];
    const again = await winner.browser.submit(winner === first ? one : other, '/examine', { reason: why });
    expect([again.status, again.url.search], 'pressed twice').to.deep.equal([200, '?done=examine']);

    const page = await pageOf(loser, request);
    const pressed = await Promise.all([1, 2].map(() => loser.browser.submit(page, '/approve', { reason: why })));
    for (const done of pressed) expect(done.text).to.include('Permohonan disetujui');
    const rejected = await Promise.all([1, 2].map(() => press(winner, request, 'reject').catch(() => undefined)));
    expect(rejected.some((done) => done?.text.includes('Permohonan ditolak'))).to.equal(true);
    const stale = await loser.browser.submit(page, '/approve', { reason: why });
    expect([stale.status, stale.text.includes('sudah selesai')]).to.deep.equal([422, true]);
    expect(stale.text).to.include('Ditolak');
  });

  it('show all that is open for one account, and what has changed about it', async () => {
    const person = await holder(app);
    const [one, two] = [await file(app, person), await file(app, person)];
    await giveSecondFactor(app, person.id);
    expect((await first.open(HOME)).text).to.include('permohonan lain untuk akun ini: 1');
    const page = await pageOf(first, one);
    expect(page.text)
      .to.include('Permohonan lain yang masih terbuka untuk akun ini: 1')
      .and.include(two.number)
      .and.include('Faktor kedua tetap berlaku');
    expect(page.text).not.to.include('Ada yang masuk ke akun ini');
    const browser = new Browser();
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), person.citizen.nik, person.citizen.password);
    expect((await pageOf(first, one)).text, 'the password alone is no sign-in').not.to.include(
      'Ada yang masuk ke akun ini',
    );
    await app.container.audit.record(app.store, 'sign-in.succeeded', { amr: ['pwd'] }, { accountId: person.id });
    expect((await pageOf(first, one)).text).to.include('Ada yang masuk ke akun ini');
    await app.store.accounts.setStatus(person.id, 'suspended', app.clock.now());
    expect((await pageOf(first, one)).text).to.include('Akun ini ditangguhkan');
    const account = await first.open(`/accounts/${person.id}`);
    for (const { id, number } of [one, two]) expect(account.link(number)).to.match(new RegExp(`/${id}$`));
    await app.store.accounts.setStatus(person.id, 'active', app.clock.now());
    app.clock.advance({ seconds: 5 });
    const at = app.clock.now();
    await app.store.accounts.resetPassword(person.id, {
      passwordHash: 'x',
      provedAt: at,
      at,
      sessionsValidAfter: at,
    });
    expect((await pageOf(first, one)).text).to.include('diganti setelah permohonan diajukan');
  });

  it('show the number in full for a reason that stays, once, and so many in a day', async () => {
    const person = await holder(app);
    const request = await file(app, person);
    const busy = await startOperator(app, ['support']);
    const shown = await press(busy, request, 'reveal');
    expect(shown.text).to.include(request.phone);
    expect(shown.headers.get('cache-control')).to.equal('no-store');
    expect((await pageOf(busy, request)).text).not.to.include(request.phone);
    expect(await eventsOf(app, person.id, 'account.revealed')).to.deep.equal([
      { by: `operator:${busy.accountId}`, datum: 'requested-phone', reason: why },
    ]);
    expect((await press(busy, request, 'reveal', 'iseng')).status).to.equal(422);
    expect((await press(busy, request, 'reveal')).status).to.equal(200);
    const beyond = await press(busy, request, 'reveal');
    expect([beyond.status, beyond.headers.get('retry-after')]).to.deep.equal([429, '3600']);
    expect(beyond.text).not.to.include(request.phone);
    await requestsOf(app).cancelAllOf(person.id);
    const gone = await sendAnyway(first, request, 'reveal');
    expect([gone.status, gone.text.includes('sudah selesai')]).to.deep.equal([422, true]);
    expect(app.logLines.some((line) => line.includes(e164(request.phone).reveal()))).to.equal(false);
  });

  it('are found by the number that a person reads out, in their page by page order', async () => {
    const request = await file(app, await holder(app));
    const find = async (number: string): Promise<Page> =>
      first.browser.submit(await first.open(HOME), 'number', { number });
    for (const typed of [request.number, request.number.toLowerCase().replace('-', ' '), ` ${request.number} `])
      expect((await find(typed)).url.pathname).to.equal(`/admin${HOME}/${request.id}`);
    for (const [typed, words] of [
      ['', 'Isi nomor permohonan'],
      ['"><script>', '6 huruf atau angka'],
      ['22222', '6 huruf atau angka'],
      [request.number === 'ZZZZ-ZZ' ? 'YYYY-YY' : 'ZZZZ-ZZ', 'Tidak ada permohonan dengan nomor itu'],
    ] as const) {
      const page = await find(typed);
      expect([page.status, page.text.includes(words)], typed).to.deep.equal([422, true]);
      expect(page.html).not.to.include('<script>');
    }
    const person = await holder(app);
    for (let count = 0; count < 27; count += 1) await file(app, person);
    const seen: string[] = [];
    let page = await first.open(HOME);
    for (;;) {
      seen.push(...[...page.html.matchAll(/recovery-requests\/([0-9a-f-]{36})"/g)].map(([, id = '']) => id));
      if (!page.text.includes('Berikutnya')) break;
      page = await first.browser.open(page.link('Berikutnya'));
    }
    expect(new Set(seen).size).to.equal(seen.length);
    const open = (await app.store.recoveryRequests.listOpen(1000)).map(({ id }) => id);
    expect(seen).to.deep.equal(open);
    expect((await first.open(`${HOME}?after=%00x`)).status).to.equal(200);
    await requestsOf(app).cancelAllOf(person.id);
    expect((await first.browser.open((await first.open(`${HOME}/closed`)).link('Berikutnya'))).status).to.equal(200);
  });

  it('are for the help desk alone, who see on the front page how many wait', async () => {
    const request = await file(app, await holder(app));
    const waiting = await app.store.recoveryRequests.waiting();
    const count = waiting.filter(({ state }) => state !== 'approved').reduce((sum, one) => sum + one.count, 0);
    const home = await first.open();
    expect(home.text).to.include(`Permohonan pemulihan yang menunggu petugas: ${count}`);
    const other = await startOperator(app, ['auditor', 'administrator', 'client-manager', 'client-approver']);
    expect((await other.open()).html).not.to.include('recovery-requests');
    for (const path of ['', '/closed', `/${request.id}`])
      expect((await other.open(`${HOME}${path}`)).status, path).to.equal(403);
    expect(
      (await app.store.audit.list({ type: 'operator.refused', accountId: other.accountId })).map(
        ({ details }) => details.permission,
      ),
    ).to.deep.equal(['accounts.recover']);
    await requestsOf(app).reject(request.id, why, officer(first.accountId));
    const log = await other.open('/audit?type=recovery.request.rejected');
    expect(log.text).to.include('Permohonan pemulihan ditolak').and.include(why);
    expect((await first.open(`${HOME}?lang=en`)).text).to.include('Recovery requests');
    await first.open('?lang=id');
  });

  it('take no form of another site, operator or page, and none that began before the role was taken away', async () => {
    const request = await file(app, await holder(app));
    const page = await pageOf(first, request);
    const sent = (change: Record<string, string>, headers = {}): Promise<Page> =>
      first.browser.post(page, '/examine', { reason: why, ...change }, { headers });
    expect((await sent({ csrf: '' })).status).to.equal(403);
    expect((await sent({}, { 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
    expect((await sent({}, { 'sec-fetch-site': '', origin: 'https://evil.test' })).status).to.equal(403);
    const stolen = (await pageOf(second, request)).form('/examine').fields.csrf ?? '';
    expect((await sent({ csrf: stolen })).status).to.equal(403);
    const { store, clock, provider } = app.container;
    const endings: readonly ((operator: TestOperator) => Promise<unknown>)[] = [
      ({ accountId }) => store.operators.revoke(accountId, 'support', 'operator', clock.now()),
      async ({ browser }) => browser.submit(await browser.open(`${app.url}/session/end`), 'logout'),
    ];
    for (const [at, undo] of endings.entries()) {
      const leaving = await startOperator(app, ['support']);
      const {
        action,
        fields: { csrf = '' },
      } = (await pageOf(leaving, request)).form('/examine');
      // Who is there, and whether both factors are recent.
      const form = await beginForm(leaving.browser, action, csrf, answered(provider.Session, 'get', 2));
      await undo(leaving);
      const { status, location = '' } = await form.end({ reason: why });
      expect([status, location.startsWith('/auth?')]).to.deep.equal(at === 0 ? [403, false] : [303, true]);
    }
    expect(await stateOf(app, request)).to.equal('filed');
  });

  it('keep the roles of those who decide apart from what they decide on: an operator’s account is given to nobody', async () => {
    const person = await holder(app);
    const request = await file(app, person);
    await press(first, request, 'examine');
    await giveRoles(app, person.id, ['auditor']);
    const refused = await sendAnyway(second, request, 'approve');
    expect([refused.status, refused.text.includes('milik seorang operator')]).to.deep.equal([422, true]);
    expect(await stateOf(app, request)).to.equal('examined');
  });
});
