import { expect } from 'chai';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
import { attempt, comparable, watchHashing } from './attempts.ts';

const { budi, ratna, nuraini, rizki, suparmin } = citizens;
const WRONG = 'Salah-Sekali9!';

describe('Sign-in: nothing tells whether an account exists', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp({ limits: { signInPerDevice: 10_000 } });
    app.clock.stop();
    await addAccount(app, budi);
    await addAccount(app, ratna, { status: 'suspended' });
  });
  after(() => app.close());
  beforeEach(() => {
    app.clock.advanceToNoon();
  });

  const pairs: readonly { what: string; known: string; unknown: string }[] = [
    { what: 'NIK', known: budi.nik, unknown: rizki.nik },
    { what: 'e-mail', known: budi.email, unknown: rizki.email },
    { what: 'number', known: budi.phone, unknown: rizki.phone },
    { what: 'account that is suspended', known: ratna.nik, unknown: suparmin.nik },
  ];
  for (const { what, known, unknown } of pairs) {
    it(`answers a wrong password for a known ${what} as it answers an unknown one, at the price of one hash each`, async () => {
      const browser = new Browser();
      const hashing = watchHashing(app);
      const wrong = await attempt(app, browser, known, WRONG);
      expect(hashing, 'known').to.include({ verified: 1, hashed: 0 });
      const stranger = await attempt(app, browser, unknown, WRONG);
      hashing.stop();
      expect(hashing, 'unknown').to.include({ verified: 2, hashed: 0 });

      expect(wrong.status).to.equal(422);
      expect(stranger.status).to.equal(422);
      expect(comparable(stranger, unknown)).to.equal(comparable(wrong, known));
      expect(wrong.text).to.include('tidak cocok');
      const names = (page: typeof wrong): string[] => [...page.headers.keys()].sort();
      expect(names(stranger)).to.deep.equal(names(wrong));
      app.clock.advance({ minutes: 30 });
    });
  }

  it('waits and pauses for an unknown account as for a known one', async () => {
    const course = async (identifier: string): Promise<readonly (readonly [number, string | null, string])[]> => {
      const seen = [];
      for (let count = 0; count < 12; count += 1) {
        const browser = new Browser();
        const page = await attempt(app, browser, identifier, WRONG);
        seen.push([
          page.status,
          page.headers.get('retry-after'),
          comparable(page, identifier).replaceAll(/\d\d\.\d\d/g, 'time'),
        ] as const);
        if (count % 2 === 1) app.clock.advance({ seconds: 61 });
      }
      return seen;
    };
    const known = await course(budi.nik);
    app.clock.advance({ hours: 1 });
    const unknown = await course(nuraini.nik);
    expect(known.map(([status]) => status)).to.include.members([422, 429]);
    for (const [index, [status, retry, html]] of known.entries()) {
      expect(unknown[index]?.[0], `try ${index + 1}`).to.equal(status);
      expect(unknown[index]?.[2], `try ${index + 1}`).to.equal(html);
      expect(unknown[index]?.[1], `try ${index + 1}`).to.equal(retry);
    }
    app.clock.advance({ hours: 1 });
  });

  it('tells of a suspension only whoever knows the password, with a code that finds the log line', async () => {
    const page = await attempt(app, new Browser(), ratna.nik, ratna.password);
    expect(page.status).to.equal(422);
    expect(page.text).to.include('dinonaktifkan');
    const code = /[2-9A-Z]{4}-[2-9A-Z]{2}/.exec(page.text)?.[0] ?? 'no code';
    expect(app.logLines.filter((line) => line.includes(code))).to.have.length(1);
    app.clock.advance({ minutes: 30 });
  });

  it('signs nobody in by an unproved address that two accounts claim; whoever proves it is known by it', async () => {
    const shared = 'bersama@contoh.test';
    const first = await addAccount(app, { ...nuraini, email: shared }, { emailVerified: false });
    expect((await attempt(app, new Browser(), shared, nuraini.password)).status, 'the only claim').to.equal(303);

    const second = { ...suparmin, email: 'BERSAMA@contoh.test' };
    const secondId = await addAccount(app, second, { emailVerified: false });
    for (const { password } of [nuraini, suparmin]) {
      const page = await attempt(app, new Browser(), shared, password);
      expect(page.status).to.equal(422);
      expect(page.text).to.include('tidak cocok');
      app.clock.advance({ minutes: 30 });
    }
    expect((await attempt(app, new Browser(), nuraini.nik, nuraini.password)).status, 'by NIK as ever').to.equal(303);

    const account = await app.store.accounts.findById(secondId);
    await app.store.accounts.confirmEmail(secondId, account!.email!, app.clock.now());
    expect((await attempt(app, new Browser(), shared, suparmin.password)).status, 'proved').to.equal(303);
    expect((await attempt(app, new Browser(), shared, nuraini.password)).status, 'unproved').to.equal(422);
    expect(first).not.to.equal(secondId);
    app.clock.advance({ minutes: 30 });
  });
});
