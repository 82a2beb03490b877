import { expect } from 'chai';
import { LaneBusy } from '../../../src/crypto/lane.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { giveRoles } from '../../support/console.ts';
import { proveIdentity } from '../../support/journeys.ts';
import { replaceHashing } from '../login/attempts.ts';
import { codesTo, errorOf, inputOf, retryAfter } from '../registration/steps.ts';
import {
  atFiled,
  atNumber,
  atPassword,
  begin,
  eventsOf,
  file,
  giveNumber,
  NEW_PASSWORD,
  newNumber,
  openRequests,
  ticketOf,
  type Way,
} from './steps.ts';

describe('Recovery request: filing it', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  const step = ({ url }: { url: URL }): string => url.pathname.split('/').slice(3).join('/');
  /** The same person once more, in another browser. */
  async function again(way: Way): Promise<Way> {
    const browser = new Browser();
    const page = await proveIdentity(browser, await begin(app, browser), way.citizen);
    return { ...way, browser, page, phone: newNumber() };
  }

  for (const [what, password, said] of [
    ['too short', 'Ab1!', 'masih terlalu pendek'],
    ['without a digit', 'Perahu-Layar!', 'perlu angka'],
    ['one that everybody has', 'P@ssw0rd', 'mudah ditebak'],
  ] as const) {
    it(`refuses a password that is ${what}, and files nothing`, async () => {
      const way = await atPassword(app);
      const refused = await file(way.browser, way.page, password);
      expect(refused.status).to.equal(422);
      expect(errorOf(refused, 'password')).to.include(said);
      expect(inputOf(refused, 'password')).not.to.include(' value=');
      expect(await openRequests(app, way)).to.deep.equal([]);
    });
  }

  it('refuses one with what the person has typed, and does not tell by it what the account has on file', async () => {
    const way = await atPassword(app);
    for (const part of [way.phone, way.citizen.nik])
      expect((await file(way.browser, way.page, `Aa!${part}`)).text).to.include('Jangan pakai nama, NIK, nomor HP');
    const filed = await file(way.browser, way.page, `Aa!${way.citizen.phone}`);
    expect(step(filed), 'the number on file is a password like any other').to.equal('recover-request/filed');
  });

  it('loses nothing where too many passwords are being hashed', async () => {
    const way = await atPassword(app);
    const putBack = replaceHashing(app, { hash: () => Promise.reject(new LaneBusy(3)) });
    try {
      for (let count = 0; count < 4; count += 1) {
        const busy = await file(way.browser, way.page);
        expect(busy.status).to.equal(503);
        expect(busy.headers.get('retry-after')).to.equal('3');
        expect(step(busy)).to.equal('recover-request/password');
      }
    } finally {
      putBack();
    }
    expect(step(await file(way.browser, way.page)), 'nor a request of the day').to.equal('recover-request/filed');
  });

  it('files one request for many presses, and shows it again to every reload and old tab', async () => {
    const way = await atPassword(app);
    const pages = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        file(way.browser, way.page, index % 2 === 0 ? NEW_PASSWORD : 'Jangkar-Besi7!'),
      ),
    );
    const [request, ...others] = await openRequests(app, way);
    expect(others).to.deep.equal([]);
    for (const page of pages) expect(ticketOf(page)).to.equal(request!.number);
    expect(ticketOf(await way.browser.open(pages[0]!.url))).to.equal(request!.number);
    expect(ticketOf(await file(way.browser, way.page)), 'an old tab').to.equal(request!.number);
    expect(await openRequests(app, way)).to.have.length(1);
    const warnings = (await app.messagesTo(way.citizen.phone)).filter(({ text }) => text.includes('permohonan'));
    expect(warnings).to.have.length(1);
    const [tries] = await app.database
      .knex('counters')
      .where('key', 'like', 'recovery.requests:%')
      .orderBy('points', 'desc')
      .pluck<number[]>('points');
    expect(tries, 'counted once').to.equal(1);
  });

  it('takes three a day for an account, says when again before a code is sent, and names the help desk', async () => {
    const first = await atFiled(app);
    await atFiled(app, await again(first));
    const [third, fourth] = [await atPassword(app, await again(first)), await atPassword(app, await again(first))];
    expect(step(await file(third.browser, third.page))).to.equal('recover-request/filed');
    for (let count = 0; count < 2; count += 1) {
      const refused = await file(fourth.browser, fourth.page);
      expect(refused.status).to.equal(429);
      expect(retryAfter(refused)).to.be.within(80_000, 86_400);
      expect(refused.text)
        .to.include('Hari ini sudah terlalu banyak permohonan untuk akun ini. Coba lagi setelah')
        .and.include(app.config.help.phone);
      expect(step(refused), 'and loses nothing').to.equal('recover-request/password');
    }
    expect(ticketOf(await file(third.browser, third.page)), 'who has filed the last one still sees it').not.to.equal(
      '',
    );

    const fifth = await again(first);
    const early = await giveNumber(fifth.browser, fifth.page, fifth.phone);
    expect(early.status).to.equal(429);
    expect(early.text).to.include('terlalu banyak permohonan');
    expect(await codesTo(app, fifth.phone)).to.equal(0);
    expect(await openRequests(app, first)).to.have.length(3);
    expect(await eventsOf(app, 'recovery.request.limited', first.accountId), 'once an hour').to.deep.equal([
      { reason: 'recovery.requests' },
    ]);
  });

  it('lets no parallel requests slip past that', async () => {
    const first = await atPassword(app);
    const ways = [first];
    for (let count = 0; count < 5; count += 1) ways.push(await atPassword(app, await again(first)));
    await Promise.all(ways.map(({ browser, page }) => file(browser, page)));
    expect(await openRequests(app, first)).to.have.length(3);
  });

  it('begins anew where the number was proved more than a quarter of an hour ago', async () => {
    const way = await atPassword(app);
    app.clock.advance({ minutes: 16 });
    const stale = await file(way.browser, way.page);
    expect(stale.status).to.equal(422);
    expect(stale.text).to.include('Waktu untuk membuat kata sandi sudah habis.');
    expect(await openRequests(app, way)).to.deep.equal([]);
    const number = await proveIdentity(way.browser, stale, way.citizen);
    expect(step(await atFiled(app, { ...way, page: number, phone: newNumber() }).then(({ page }) => page))).to.equal(
      'recover-request/filed',
    );
  });

  for (const [what, change, reason] of [
    [
      'is suspended',
      (way: Way) => app.store.accounts.setStatus(way.accountId, 'suspended', app.clock.now()),
      'suspended',
    ],
    ['becomes an operator’s', (way: Way) => giveRoles(app, way.accountId, ['support']), 'operator'],
  ] as const) {
    it(`files nothing for an account that ${what} on the way`, async () => {
      const way = await atPassword(app);
      await change(way);
      const refused = await file(way.browser, way.page);
      expect(refused.status).to.equal(422);
      expect(refused.text).to.include('Permohonan untuk akun ini tidak dapat diajukan di sini.');
      expect(await openRequests(app, way)).to.deep.equal([]);
      expect((await eventsOf(app, 'recovery.request.refused', way.accountId))[0]).to.include({ reason });
      expect(step(await way.browser.open(way.page.url))).to.equal('recover-request/identity');
    });
  }

  it('keeps password and number sealed, and the mother’s name nowhere', async () => {
    const way = await atFiled(app);
    const row = JSON.stringify(await app.database.knex('recovery_requests').where('account_id', way.accountId));
    const draft = JSON.stringify(await app.database.knex('drafts').where('journey', 'recovery-request'));
    for (const secret of [NEW_PASSWORD, way.phone.slice(1), way.citizen.mother, way.citizen.nik])
      for (const text of [row, draft, app.logLines.join('')]) expect(text).not.to.include(secret);
  });

  it('takes the number that is on file already: it may be too old to recover by', async () => {
    const way = await atNumber(app);
    await atFiled(app, { ...way, phone: way.citizen.phone });
  });
});
