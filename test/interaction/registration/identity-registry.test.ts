import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { citizens, somebody, type Citizen } from '../../support/citizens.ts';
import { becomeCitizen, proveIdentity } from '../../support/journeys.ts';
import { until } from '../../support/until.ts';
import { asked, atContact, begin, comparable, inputOf, retryAfter } from './steps.ts';

interface Case {
  readonly ending: string;
  readonly what: string;
  readonly status: number;
  readonly id: string;
  readonly en: string;
  readonly outcome: string;
}

const mismatch = {
  status: 422,
  id: 'Data tidak cocok dengan catatan Dukcapil.',
  en: 'The data do not match the civil registry.',
  outcome: 'mismatch',
};
const notFound = {
  status: 422,
  id: 'hubungi Dukcapil kabupaten/kota Anda agar data diperbarui ke pusat',
  en: 'ask your local Dukcapil office to update the central data',
  outcome: 'not-found',
};
const deceased = {
  status: 422,
  id: 'Status NIK di Dukcapil belum memungkinkan pendaftaran.',
  en: 'The registry status of this NIK does not allow registration.',
  outcome: 'deceased',
};
const duplicate = {
  status: 422,
  id: 'datanya tercatat lebih dari satu',
  en: 'holds more than one record for this NIK',
  outcome: 'duplicate',
};
const inactive = {
  status: 422,
  id: 'NIK tercatat tidak aktif.',
  en: 'The NIK is recorded as inactive.',
  outcome: 'inactive',
};
const disturbed = {
  status: 503,
  id: 'layanan pencocokan Dukcapil sedang terganggu. Data Anda tidak salah.',
  en: 'the civil registry service is disturbed. Your data are not the problem.',
};

const answers: readonly Case[] = [
  { ending: '9202', what: "another mother's name", ...mismatch },
  { ending: '9203', what: 'another name', ...mismatch },
  { ending: '9013', what: 'a NIK it does not know', ...notFound },
  { ending: '9113', what: 'a NIK it does not know, told the old way', ...notFound },
  { ending: '9008', what: 'a NIK it cannot process', ...notFound },
  { ending: '9011', what: 'somebody who has died', ...deceased },
  { ending: '9111', what: 'somebody who has died, told the old way', ...deceased },
  { ending: '9206', what: 'somebody who has died, verdicts beside it', ...deceased },
  { ending: '9012', what: 'two records', ...duplicate },
  { ending: '9014', what: 'a record out of use', ...inactive },
];

const troubles: readonly Case[] = [
  {
    ending: '9005',
    what: 'its quota used up',
    status: 503,
    id: 'batas pencocokan hari ini sudah tercapai. Silakan coba lagi besok.',
    en: "today's checks are used up. Please try again tomorrow.",
    outcome: 'quota',
  },
  {
    ending: '9006',
    what: 'that it is closed',
    status: 503,
    id: 'layanan pencocokan Dukcapil sedang tutup. Data Anda tidak salah.',
    en: 'the civil registry service is closed at the moment.',
    outcome: 'closed',
  },
  { ending: '9003', what: 'that our login failed', ...disturbed, outcome: 'config' },
  { ending: '9205', what: 'half of what was asked', ...disturbed, outcome: 'protocol' },
  { ending: '9500', what: 'HTTP 500', ...disturbed, outcome: 'network' },
  { ending: '9503', what: 'HTTP 503', ...disturbed, outcome: 'network' },
  { ending: '9504', what: 'nothing in time', ...disturbed, outcome: 'timeout' },
  { ending: '9505', what: 'by cutting the connection', ...disturbed, outcome: 'network' },
  { ending: '9596', what: 'empty content', ...disturbed, outcome: 'protocol' },
  { ending: '9598', what: 'JSON cut in the middle', ...disturbed, outcome: 'protocol' },
  { ending: '9599', what: 'with 1 MiB', ...disturbed, outcome: 'protocol' },
];

describe('Registration: what the civil registry answers', () => {
  let app: TestApp;

  before(async () => {
    // Shorter than the simulator hangs, and long enough for every other answer on a busy machine.
    app = await startTestApp({ dukcapil: { timeoutMs: 2000 } });
  });
  after(() => app.close());
  // Each case finds the circuit closed: the failures before it lie outside the window, and its pause is over.
  beforeEach(() => {
    app.clock.advance({ minutes: 2 });
  });

  const points = async (limit: string): Promise<number> =>
    Number(
      (await app.database.knex('counters').where('key', 'like', `identity.${limit}:%`).sum('points as points').first())
        ?.points ?? 0,
    );
  const outcomes = async (): Promise<string[]> =>
    (await app.database.knex('verification_log').orderBy('at').select('outcome')).map(
      ({ outcome }: { outcome: string }) => outcome,
    );

  /** The same claim on an Indonesian and on an English page. */
  async function claim(citizen: Citizen): Promise<{ first: Page; id: Page; en: Page }> {
    const browser = new Browser();
    const first = await begin(app, browser);
    const id = await proveIdentity(browser, first, citizen);
    app.clock.advance({ minutes: 2 });
    await browser.open(`${app.url}/?lang=en`);
    return { first, id, en: await proveIdentity(browser, first, citizen) };
  }

  function expectKept(page: Page, { nik, name, mother }: Citizen): void {
    expect(page.form('nik').fields).to.include({ nik, name, mother_name: '' });
    expect(page.html.toLowerCase()).not.to.include(mother.toLowerCase());
    expect(inputOf(page, 'mother_name')).not.to.include(' value=');
    expect(page.headers.get('cache-control')).to.equal('no-store');
  }

  for (const { ending, what, status, id, en, outcome } of answers) {
    it(`says what to do when it answers with ${what}, and counts the try`, async () => {
      const citizen = somebody({ ending, mother: 'Kenari Contoh Rahayu' });
      const [nikBefore, deviceBefore] = [await points('nik'), await points('device')];
      const seen = await claim(citizen);
      expect(seen.id.status).to.equal(status);
      expect(seen.id.text).to.include(id).and.include('Isi kembali nama ibu kandung.');
      expect(seen.id.title).to.match(/^Kesalahan: Pendaftaran Akun/);
      expect(seen.id.html).to.match(/role="alert"/);
      expect(seen.en.text).to.include(en);
      expectKept(seen.id, citizen);
      expect(await points('nik')).to.equal(nikBefore + 2);
      expect(await points('device')).to.equal(deviceBefore + 2);
      expect((await outcomes()).slice(-2)).to.deep.equal([outcome, outcome]);
    });
  }

  for (const { ending, what, status, id, en, outcome } of troubles) {
    it(`blames nobody when it answers ${what}: that counts as a call and as no failed try`, async () => {
      const citizen = somebody({ ending, mother: 'Kenari Contoh Rahayu' });
      const before = [await points('nik'), await points('device')];
      const calls = await points('calls');
      const seen = await claim(citizen);
      expect(seen.id.status).to.equal(status);
      expect(seen.id.text).to.include(id).and.include('Isi kembali nama ibu kandung.');
      expect(seen.en.text).to.include(en);
      expectKept(seen.id, citizen);
      // For one answer that failed nobody waits longer than for a registry that is known to be gone.
      expect(retryAfter(seen.id), 'Retry-After').to.be.within(1, ['quota', 'closed'].includes(outcome) ? 86_400 : 30);
      expect([await points('nik'), await points('device')]).to.deep.equal(before);
      expect(await points('calls')).to.equal(calls + 2);
      expect((await outcomes()).slice(-2)).to.deep.equal([outcome, outcome]);
    });
  }

  it('is not asked without end what it stumbles over: twenty times a day for one NIK', async () => {
    const citizen = somebody({ ending: '9598' });
    const statuses: number[] = [];
    for (let times = 0; times < 25; times += 1) {
      const browser = new Browser();
      statuses.push((await proveIdentity(browser, await begin(app, browser), citizen)).status);
      app.clock.advance({ minutes: 2 });
    }
    expect(statuses).to.deep.equal([...Array<number>(20).fill(503), ...Array<number>(5).fill(429)]);
  });

  it('stays counted on the network where it was asked, and nowhere where it was not: while the circuit is open', async () => {
    const browser = new Browser();
    const first = await begin(app, browser);
    // A good answer closes it; the hour of the network begins after that.
    await atContact(app, somebody());
    app.clock.advance({ hours: 1, minutes: 1 });
    const upset = (): Promise<Page> => proveIdentity(browser, first, somebody({ ending: '9598' }));
    await upset();
    const network = await points('network');
    for (let times = 1; times < 5; times += 1) await upset();
    expect(await points('network')).to.equal(network + 4);
    const before = [await points('nik'), await points('device'), await points('network'), await points('calls')];
    expect((await upset()).status).to.equal(503);
    expect((await outcomes()).at(-1)).to.equal('circuit-open');
    expect([await points('nik'), await points('device'), await points('network'), await points('calls')]).to.deep.equal(
      before,
    );
  });

  it('waits for an answer that comes late', async () => {
    const { page } = await atContact(app, somebody({ ending: '9597' }));
    expect(page.text).to.include('sudah cocok');
  });

  it('takes verdicts without numbers', async () => {
    await atContact(app, somebody({ ending: '9204' }));
  });

  it('says how many tries are left today', async () => {
    const browser = new Browser();
    const first = await begin(app, browser);
    const wrong = { ...citizens.ratna, mother: 'Bukan Contoh' };
    for (const left of [4, 3])
      expect((await proveIdentity(browser, first, wrong)).text).to.include(`Sisa percobaan hari ini: ${left}.`);
    await atContact(app, citizens.ratna);
    expect((await proveIdentity(browser, first, wrong)).text, 'a good check does not count').to.include(
      'Sisa percobaan hari ini: 2.',
    );
  });

  it('gives a number to quote at the Dukcapil office, and keeps it as evidence', async () => {
    const browser = new Browser();
    const page = await proveIdentity(browser, await begin(app, browser), somebody({ ending: '9012' }));
    const reference = /Nomor rujukan: (\S+)/.exec(page.text)?.[1] ?? '';
    expect(await app.database.knex('verification_log').where({ reference, outcome: 'duplicate' })).to.have.lengthOf(1);
  });

  it('says the same for a wrong name and a wrong mother’s name', async () => {
    const browser = new Browser();
    const first = await begin(app, browser);
    const seen = await Promise.all(
      ['9202', '9203'].map(async (ending) => {
        const citizen = somebody({ ending });
        const page = await proveIdentity(browser, first, citizen);
        return {
          status: page.status,
          headers: [...page.headers.keys()].filter((name) => name !== 'content-length'),
          html: comparable(page).replaceAll(citizen.nik, 'NIK'),
        };
      }),
    );
    expect(seen[0]).to.deep.equal(seen[1]);
  });

  it('says the same before proof whether or not the NIK has an account', async () => {
    await becomeCitizen(app, new Browser(), citizens.budi);
    const browser = new Browser();
    const first = await begin(app, browser);
    for (const wrong of [{ mother: 'Bukan Contoh' }, { name: 'Bukan Contoh' }]) {
      const seen = [];
      for (const citizen of [citizens.budi, citizens.nuraini]) {
        const page = await proveIdentity(browser, first, { ...citizen, ...wrong });
        seen.push({
          status: page.status,
          html: comparable(page)
            .replaceAll(citizen.nik, 'NIK')
            .replaceAll(/(name="name"[^>]*value=)"[^"]*"/g, '$1')
            .replaceAll(/value="[^"]*"/g, 'value'),
        });
      }
      expect(seen[0]).to.deep.equal(seen[1]);
    }
  });

  it('keeps the evidence of a question whose draft could not be written', async () => {
    const { knex } = app.database;
    const browser = new Browser();
    const first = await begin(app, browser);
    const before = (await outcomes()).length;
    await knex.raw(
      `create function full_disk() returns trigger language plpgsql as 'begin raise exception ''no space left on device'' using errcode = ''53100''; end'`,
    );
    await knex.raw(
      'create trigger full_disk before insert or update on drafts for each row execute function full_disk()',
    );
    const page = await proveIdentity(browser, first, somebody()).finally(() =>
      knex.raw('drop function full_disk() cascade'),
    );
    expect(page.status).to.equal(503);
    await until('the evidence is there', async () => (await outcomes()).length === before + 1);
    expect((await outcomes()).at(-1)).to.equal('verified');
  });

  it('says so before the form is filled while the circuit is open, and takes people again when it has closed', async () => {
    const unlucky = new Browser();
    const first = await begin(app, unlucky);
    for (let times = 0; times < 5; times += 1) await proveIdentity(unlucky, first, somebody({ ending: '9500' }));
    const before = asked(app);
    const browser = new Browser();
    const warned = await begin(app, browser);
    expect(warned.status).to.equal(503);
    expect(retryAfter(warned)).to.be.within(1, 31);
    expect(warned.text).to.include(
      'layanan pencocokan Dukcapil sedang terganggu. Data Anda tidak salah. Silakan coba lagi',
    );

    const kept = await proveIdentity(browser, warned, citizens.suparmin);
    expect(kept.status).to.equal(503);
    expect(kept.form('nik').fields).to.include({ nik: citizens.suparmin.nik, mother_name: '' });
    expect(asked(app), 'the registry is left alone').to.equal(before);

    app.clock.advance({ seconds: 31 });
    const open = await browser.open(warned.url);
    expect(open.status).to.equal(200);
    expect(open.text).not.to.include('terganggu');
    expect((await proveIdentity(browser, open, citizens.suparmin)).url.pathname).to.match(/\/register\/contact$/);
  });
});
