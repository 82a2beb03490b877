import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { giveRoles } from '../../support/console.ts';
import { proveIdentity, register } from '../../support/journeys.ts';
import { asked, inputOf, errorOf, retryAfter } from '../registration/steps.ts';
import { begin, eventsOf } from './steps.ts';

describe('Recovery request: proving identity', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp({ dukcapil: { timeoutMs: 2000 } });
  });
  after(() => app.close());
  // Each case finds the circuit closed: the failures before it lie outside the window, and its pause is over.
  beforeEach(() => {
    app.clock.advance({ minutes: 2 });
  });

  const prove = async (citizen: Citizen, browser = new Browser()): Promise<Page> =>
    proveIdentity(browser, await begin(app, browser), citizen);
  const count = async (type: string): Promise<number> => (await app.store.audit.list({ type })).length;
  const step = (page: Page): string => page.url.pathname.split('/').slice(3).join('/');
  /** A page without what differs between any two: the token of the form, the address, references and codes. */
  const comparable = (page: Page, { nik, name }: Citizen): string =>
    page.html
      .replaceAll(/name="csrf" value="[^"]*"/g, 'csrf')
      .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/:uid')
      .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'reference')
      .replaceAll(/[2-9A-Z]{4}-[2-9A-Z]{2}/g, 'XXXX-XX')
      .replaceAll(nik, 'nik')
      .replaceAll(name, 'name');

  it('says what is wrong field by field, keeps NIK and name, and never the mother’s name', async () => {
    const browser = new Browser();
    const before = asked(app);
    const page = await browser.submit(await begin(app, browser), 'nik', {
      nik: '99010101019000',
      name: 'Budi 2',
      mother_name: 'Siti 3 Contoh',
    });
    expect(page.status).to.equal(422);
    expect(errorOf(page, 'nik')).to.include('16 angka');
    expect(errorOf(page, 'name')).to.include('Nama hanya boleh berisi huruf');
    expect(errorOf(page, 'mother_name')).to.include('Nama ibu kandung hanya boleh berisi huruf');
    expect(inputOf(page, 'nik')).to.include('value="99010101019000"');
    expect(inputOf(page, 'mother_name')).not.to.include(' value=');
    expect(page.html).not.to.include('Siti 3');
    expect(asked(app)).to.equal(before);
  });

  const answers: readonly [ending: string, status: number, text: string][] = [
    ['9202', 422, 'Data tidak cocok dengan catatan Dukcapil.'],
    ['9203', 422, 'Data tidak cocok dengan catatan Dukcapil.'],
    ['9013', 422, 'NIK tidak ditemukan di Dukcapil Pusat.'],
    ['9011', 422, 'Status NIK di Dukcapil belum memungkinkan permohonan.'],
    ['9012', 422, 'datanya tercatat lebih dari satu'],
    ['9014', 422, 'NIK tercatat tidak aktif.'],
    ['9005', 503, 'batas pencocokan hari ini sudah tercapai'],
    ['9006', 503, 'layanan pencocokan Dukcapil sedang tutup'],
    ['9500', 503, 'layanan pencocokan Dukcapil sedang terganggu'],
  ];
  for (const [ending, status, text] of answers) {
    it(`answers ${ending} with ${status}, whether the NIK has an account or not`, async () => {
      const stranger = somebody({ ending });
      const known = somebody({ ending });
      await addAccount(app, known);
      const [one, other] = [await prove(stranger), await prove(known)];
      for (const page of [one, other]) {
        expect(page.status).to.equal(status);
        expect(page.text).to.include(text);
        expect(step(page)).to.equal('recover-request/identity');
        expect(inputOf(page, 'mother_name')).not.to.include(' value=');
        if (status === 503) expect(retryAfter(page)).to.be.greaterThan(0);
      }
      const undated = (page: Page, citizen: Citizen): string =>
        comparable(page, citizen).replaceAll(/\d{2}\.\d{2}/g, 'time');
      expect(undated(other, known)).to.equal(undated(one, stranger));
    });
  }

  it('writes the evidence and the events of a recovery, and none of a registration', async () => {
    const types = ['recovery.identity.verified', 'recovery.identity.refused', 'recovery.identity.unavailable'];
    const counts = (): Promise<number[]> => Promise.all(types.map(count));
    const evidence = async (): Promise<number> =>
      Number((await app.database.knex('verification_log').count('id as count').first())?.count);
    const [before, kept] = [await counts(), await evidence()];
    const ofRegistration = await count('registration.identity.verified');
    for (const ending of ['9201', '9202', '9500']) await prove(somebody({ ending }));
    expect(await counts()).to.deep.equal(before.map((number) => number + 1));
    expect(await evidence()).to.equal(kept + 3);
    expect(await count('registration.identity.verified')).to.equal(ofRegistration);
  });

  it('counts failed checks together with those of a registration, in either order', async () => {
    const victim = somebody({ ending: '9202' });
    for (let times = 0; times < 2; times += 1) await prove(victim);
    for (let times = 0; times < 3; times += 1) {
      const browser = new Browser();
      await proveIdentity(browser, await browser.open(`${app.url}/portal/register`), victim);
    }
    const before = asked(app);
    const refused = await prove(victim);
    expect(refused.status).to.equal(429);
    expect(retryAfter(refused)).to.be.within(80_000, 86_400);
    expect(refused.text).to.include('Percobaan untuk NIK ini sudah mencapai batas.');
    expect(asked(app)).to.equal(before);
    expect((await app.store.audit.list({ type: 'recovery.identity.limited' })).at(-1)?.details).to.deep.equal({
      limit: 'identity.nik',
    });
  });

  it('lets no parallel guess slip past', async () => {
    const victim = somebody({ ending: '9202' });
    const browsers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const browser = new Browser();
        return { browser, first: await begin(app, browser) };
      }),
    );
    const before = asked(app);
    const pages = await Promise.all(browsers.map(({ browser, first }) => proveIdentity(browser, first, victim)));
    expect(asked(app) - before).to.be.at.most(5);
    expect(pages.every(({ status }) => [422, 429].includes(status))).to.equal(true);
  });

  it('asks the registry once for a button pressed four times', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const browser = new Browser();
    const first = await begin(app, browser);
    const before = asked(app);
    const pages = await Promise.all(Array.from({ length: 4 }, () => proveIdentity(browser, first, citizen)));
    for (const page of pages) expect(step(page)).to.equal('recover-request/number');
    expect(asked(app) - before).to.equal(1);
  });

  it('says who has no account, once the registry has confirmed them, and leads to the registration', async () => {
    const citizen = somebody();
    const browser = new Browser();
    const page = await prove(citizen, browser);
    expect(step(page)).to.equal('recover-request/no-account');
    expect(page.text).to.include('NIK ini belum punya akun');
    expect((await browser.open(page.url)).text, 'again').to.include('NIK ini belum punya akun');
    const first = await browser.open(page.link('Daftar Sekarang'));
    expect(step(first)).to.equal('register/identity');
    expect((await register(app, browser, first, citizen)).text).to.include('Pendaftaran berhasil');
  });

  it('lets somebody else begin from there', async () => {
    const browser = new Browser();
    const page = await prove(somebody(), browser);
    const known = somebody();
    await addAccount(app, known);
    const first = await browser.submit(page, 'recover-request/restart');
    expect(step(await proveIdentity(browser, first, known))).to.equal('recover-request/number');
  });

  it('has one answer for a suspended account and for an operator’s, with a code that the help desk finds', async () => {
    const [suspended, operator, both] = [somebody(), somebody(), somebody()];
    const ids = [
      await addAccount(app, suspended, { status: 'suspended' }),
      await addAccount(app, operator),
      await addAccount(app, both, { status: 'suspended' }),
    ] as const;
    await giveRoles(app, ids[1], ['support']);
    await giveRoles(app, ids[2], ['auditor']);
    const pages = [await prove(suspended), await prove(operator), await prove(both)];
    const people = [suspended, operator, both];
    for (const [index, page] of pages.entries()) {
      expect(page.status).to.equal(422);
      expect(page.text)
        .to.include('Permohonan untuk akun ini tidak dapat diajukan di sini.')
        .and.include(app.config.help.phone);
      expect(comparable(page, people[index]!)).to.equal(comparable(pages[0]!, people[0]!));
      const helpCode = /kode ([2-9A-Z]{4}-[2-9A-Z]{2})/.exec(page.text)?.[1];
      expect(await eventsOf(app, 'recovery.request.refused', ids[index]!)).to.deep.equal([
        { reason: index === 0 ? 'suspended' : 'operator', helpCode },
      ]);
    }
  });

  it('says nothing of the kind before the registry has confirmed the person', async () => {
    const operator = somebody({ ending: '9202' });
    const id = await addAccount(app, operator);
    await giveRoles(app, id, ['support']);
    const stranger = somebody({ ending: '9202' });
    expect(comparable(await prove(operator), operator)).to.equal(comparable(await prove(stranger), stranger));
    expect(await eventsOf(app, 'recovery.request.refused', id)).to.deep.equal([]);
  });

  it('asks an account holder of any age, who may be younger than who registers', async () => {
    const young = await startTestApp({ identity: { minAge: 60 } });
    try {
      const citizen = somebody();
      await addAccount(young, citizen);
      const browser = new Browser();
      const page = await proveIdentity(browser, await begin(young, browser), citizen);
      expect(step(page), page.text).to.equal('recover-request/number');
    } finally {
      await young.close();
    }
  });

  it('warns of a disturbed registry before anything is typed', async () => {
    for (let times = 0; times < 12; times += 1) await prove(somebody({ ending: '9500' }));
    const page = await begin(app);
    expect(page.status).to.equal(503);
    expect(page.text).to.include('layanan pencocokan Dukcapil sedang terganggu');
    expect(retryAfter(page)).to.be.greaterThan(0);
  });
});
