import { expect } from 'chai';
import { createWaits } from '../../../src/admin/accounts/waits.ts';
import type { Phone } from '../../../src/domain/phone.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { recipientMark } from '../../../src/messages/recipient-mark.ts';
import { begin } from '../../interaction/registration/steps.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { addAccount } from '../../support/accounts.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody, type Citizen } from '../../support/citizens.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';
import { giveContact, proveIdentity } from '../../support/journeys.ts';
import { answered, beginForm } from '../../support/slow-form.ts';

const { budi, ratna, rizki, suparmin } = citizens;
const why = 'tiket 2041, warga menelepon';
const MOST = 6;

describe('Ending the wait of somebody who is held up', () => {
  let app: TestApp;
  let helper: TestOperator;
  let household = 0;

  before(async () => {
    app = await startTestApp({ http: { trustProxy: 1 }, limits: { operatorWaits: MOST } });
    helper = await startOperator(app, ['support']);
  });
  after(() => app.close());

  const end = async (who: string, by = helper, reason = why): Promise<Page> =>
    by.browser.submit(await by.open('/accounts/waits'), 'who', { who, reason });
  /** A device nobody has seen, in a network of its own. */
  const newDevice = (): Browser => new Browser({ headers: { 'x-forwarded-for': `203.0.113.${(household += 1)}` } });
  const prove = async (citizen: Citizen, browser = newDevice()): Promise<Page> =>
    proveIdentity(browser, await begin(app, browser), citizen);
  const isWrong = (citizen: Citizen): Citizen => ({ ...citizen, mother: 'Bukan Contoh' });
  async function holdUp(citizen: Citizen): Promise<void> {
    for (let times = 0; times < 5; times += 1) expect((await prove(isWrong(citizen))).status).to.equal(422);
    expect((await prove(citizen)).status).to.equal(429);
  }
  const events = async (type: 'registration.identity.allowed' | 'codes.allowed') =>
    (await app.store.audit.list({ type })).map(({ details, accountId }) => ({ details, accountId }));
  const e164 = (phone: string): Phone => phone.replace(/^0/, '+62') as Phone;
  async function undelivered(phone: string): Promise<void> {
    const { counters, limits, keyedHash } = app.container;
    for (let times = 0; times < 3; times += 1)
      await counters.take(limits.code.undelivered, recipientMark(keyedHash, sensitive(e164(phone))));
  }

  it('lets a NIK be tried again at once, with a reason and a name, and the NIK nowhere', async () => {
    await holdUp(budi);
    const page = await end(budi.nik);
    expect([page.status, page.url.pathname, page.url.search]).to.deep.equal([
      200,
      '/admin/accounts/waits',
      '?done=nik',
    ]);
    expect(page.text).to.include('NIK ini sekarang dapat dicoba lagi.');
    expect(page.html).not.to.include(budi.nik);
    expect(await events('registration.identity.allowed')).to.deep.equal([
      { details: { by: `operator:${helper.accountId}`, reason: why }, accountId: undefined },
    ]);
    expect(app.logLines.some((line) => line.includes(budi.nik))).to.equal(false);
    expect((await prove(budi)).url.pathname).to.match(/\/register\/contact$/);
  });

  it('ends it once a day, whoever is called: nobody has a NIK guessed at all day', async () => {
    const colleague = await startOperator(app, ['support']);
    await holdUp(ratna);
    expect((await end(ratna.nik)).url.search).to.equal('?done=nik');
    await holdUp(ratna);
    for (const operator of [helper, colleague]) {
      const refused = await end(ratna.nik, operator);
      expect(refused.status).to.equal(429);
      expect(Number(refused.headers.get('retry-after'))).to.be.within(86_000, 86_400);
      expect(refused.text).to.include('sudah diakhiri hari ini');
    }
    const hand = await createWaits(app.container).end(
      sensitive({ kind: 'nik', value: ratna.nik as never }),
      why as never,
      { kind: 'command-line' },
    );
    expect(!hand.ok && hand.refusal.reason, 'nor by the command line').to.equal('ended-before');
    expect((await prove(ratna)).status).to.equal(429);
    expect(await events('registration.identity.allowed')).to.have.length(2);
  });

  it('takes nothing where nothing holds it up: neither for one wrong try, nor for a second press', async () => {
    const other = await startOperator(app, ['support']);
    await prove(isWrong(rizki));
    for (const who of [rizki.nik, rizki.phone, somebody().nik]) {
      const page = await end(who, other);
      expect([page.status, page.html.includes(`value="${who}"`)]).to.deep.equal([422, true]);
      expect(page.text).to.include('tidak sedang menunggu');
    }
    for (let times = 1; times < 5; times += 1) await prove(isWrong(rizki));
    const form = await other.open('/accounts/waits');
    const [one, two] = await Promise.all(
      [1, 2].map(() => other.browser.submit(form, 'who', { who: rizki.nik, reason: why })),
    );
    expect([one?.url.search, two?.url.search]).to.include('?done=nik');
    expect(
      (await events('registration.identity.allowed')).filter(
        ({ details }) => details.by === `operator:${other.accountId}`,
      ),
    ).to.have.length(1);
    expect((await prove(rizki)).url.pathname).to.match(/\/register\/contact$/);
  });

  it('lets codes go again to a number at which three did not arrive, once a day', async () => {
    const other = await startOperator(app, ['support']);
    const citizen = somebody();
    await undelivered(citizen.phone);
    const browser = newDevice();
    const contact = await prove(citizen, browser);
    expect((await giveContact(browser, contact, citizen)).status).to.equal(429);
    expect((await end(citizen.phone, other)).text).to.include('Kode sekarang dapat dikirim lagi');
    expect((await giveContact(browser, contact, citizen)).url.pathname).to.match(/\/register\/otp$/);
    expect(await events('codes.allowed')).to.deep.equal([
      { details: { of: 'number', by: `operator:${other.accountId}`, reason: why }, accountId: undefined },
    ]);
    await undelivered(citizen.phone);
    expect((await end(citizen.phone, other)).status).to.equal(429);
    expect(app.logLines.some((line) => line.includes(citizen.phone) || line.includes(e164(citizen.phone)))).to.equal(
      false,
    );
  });

  it('is for nobody’s own number, nor an operator’s', async () => {
    const other = await startOperator(app, ['support']);
    for (const [{ citizen }, words] of [
      [other, 'akun Anda sendiri'],
      [helper, 'milik seorang operator'],
    ] as const) {
      await undelivered(citizen.phone);
      const page = await end(citizen.phone, other);
      expect([page.status, page.text.includes(words)], words).to.deep.equal([422, true]);
    }
  });

  it('says what is wrong with what was typed, and is for the help desk alone', async () => {
    const other = await startOperator(app, ['support', 'auditor']);
    for (const who of ['', 'budi@contoh.test', '99010101', '"><script>']) {
      const page = await end(who, other);
      expect([page.status, page.text.includes('Isi NIK (16 angka)')], who).to.deep.equal([422, true]);
      expect(page.html).not.to.include('<script>');
    }
    expect((await end(suparmin.nik, other, 'iseng')).status).to.equal(422);
    expect((await end(suparmin.nik, other, `atas permintaan ${suparmin.nik}`)).status).to.equal(422);
    const auditor = await startOperator(app, ['auditor']);
    expect((await auditor.open('/accounts/waits')).status).to.equal(403);
    expect((await other.open('/accounts')).link('/admin/accounts/waits')).to.equal(`${app.url}/admin/accounts/waits`);
    const log = await other.open('/audit?type=registration.identity.allowed');
    expect(log.text).to.include('Masa tunggu NIK diakhiri').and.include(why);
  });

  it('is done by no form that an operator began to send before the role was taken away, or the session ended', async () => {
    const { store, clock, provider } = app.container;
    const endings: readonly ((operator: TestOperator) => Promise<unknown>)[] = [
      ({ accountId }) => store.operators.revoke(accountId, 'support', 'operator', clock.now()),
      async ({ browser }) => browser.submit(await browser.open(`${app.url}/session/end`), 'logout'),
    ];
    for (const [at, undo] of endings.entries()) {
      const operator = await startOperator(app, ['support']);
      const { phone } = somebody();
      await undelivered(phone);
      const {
        action,
        fields: { csrf = '' },
      } = (await operator.open('/accounts/waits')).form('who');
      // Who is there, and whether both factors are recent.
      const form = await beginForm(operator.browser, action, csrf, answered(provider.Session, 'get', 2));
      await undo(operator);
      const { status, location = '' } = await form.end({ who: phone, reason: why });
      expect([status, location.startsWith('/auth?')]).to.deep.equal(at === 0 ? [403, false] : [303, true]);
      expect(
        (
          await createWaits(app.container).end(sensitive({ kind: 'phone', value: e164(phone) }), why as never, {
            kind: 'command-line',
          })
        ).ok,
        'it waits still',
      ).to.equal(true);
    }
  });

  it('knows the account behind a number, and ends so many in a day for one operator', async () => {
    const busy = await startOperator(app, ['support']);
    const citizen = somebody();
    const accountId = await addAccount(app, citizen);
    await undelivered(citizen.phone);
    expect((await end(citizen.phone, busy)).url.search).to.equal('?done=phone');
    expect((await events('codes.allowed')).at(-1)?.accountId).to.equal(accountId);
    for (let times = 1; times < MOST; times += 1) await end(somebody().nik, busy);
    const refused = await end(somebody().nik, busy);
    expect([refused.status, refused.headers.get('retry-after')]).to.deep.equal([429, '86400']);
    expect((await app.store.audit.list({ type: 'operator.limited' })).at(-1)?.details).to.deep.equal({
      by: `operator:${busy.accountId}`,
      limit: 'operator.waits',
    });
  });
});
