import { expect } from 'chai';
import { LaneBusy } from '../../../src/crypto/lane.ts';
import { createPasswordHasher } from '../../../src/crypto/password-hash.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { citizens } from '../../support/citizens.ts';
import { attempt, openSignIn, replaceHashing, watchHashing } from './attempts.ts';

const { budi, ratna } = citizens;

describe('Sign-in: hashes', () => {
  let app: TestApp;

  before(async () => {
    app = await startTestApp({
      password: { memoryKib: 65_536, passes: 3, slots: 1, queue: 1, deadlineMs: 5000 },
      limits: { signInPerDevice: 10_000 },
    });
  });
  after(() => app.close());

  it('makes a new hash at sign-in when the parameters have changed, once', async () => {
    const old = createPasswordHasher({
      config: { memoryKib: 32, passes: 1, parallelism: 1, slots: 1, queue: 8, deadlineMs: 5000 },
    });
    const passwordHash = await old.hash(sensitive(budi.password));
    const id = await addAccount(app, budi, { passwordHash });
    const stored = async (): Promise<string> => (await app.store.accounts.findById(id))!.passwordHash;

    expect((await attempt(app, new Browser(), budi.nik, 'Salah-Sekali9!')).status).to.equal(422);
    expect(await stored(), 'a wrong password changes nothing').to.equal(passwordHash);
    app.clock.advance({ seconds: 5 });

    expect((await attempt(app, new Browser(), budi.nik, budi.password)).status).to.equal(303);
    const renewed = await stored();
    expect(renewed).to.include('m=65536,t=3').and.not.equal(passwordHash);

    const hashing = watchHashing(app);
    expect((await attempt(app, new Browser(), budi.nik, budi.password)).status).to.equal(303);
    hashing.stop();
    expect(hashing).to.include({ verified: 1, hashed: 0 });
    expect(await stored()).to.equal(renewed);
  });

  it('says so, with a time to come back and what was typed, when too many passwords are being looked at', async () => {
    await addAccount(app, ratna);
    const browser = new Browser();
    const page = await openSignIn(app, browser);
    // One slot and one place to wait: whoever is third is refused at once.
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        browser.post(page, 'identifier', { identifier: `sibuk${index}@contoh.test`, password: 'Salah-Sekali9!' }),
      ),
    );
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length, 'refused').to.be.greaterThan(0);
    for (const refused of busy) {
      expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
      expect(refused.form('identifier').fields.identifier).to.match(/^sibuk\d+@contoh\.test$/);
      expect(refused.form('identifier').fields.password).to.equal('');
    }
    expect(answers.every(({ status }) => [422, 503].includes(status))).to.equal(true);
  });

  it('counts no failure for whom nobody had time', async () => {
    const putBack = replaceHashing(app, { verify: () => Promise.reject(new LaneBusy(3)) });
    try {
      for (let count = 0; count < 12; count += 1) {
        const page = await attempt(app, new Browser(), ratna.nik, ratna.password);
        expect(page.status).to.equal(503);
        expect(page.headers.get('retry-after')).to.equal('3');
      }
    } finally {
      putBack();
    }
    expect((await attempt(app, new Browser(), ratna.nik, ratna.password)).status).to.equal(303);
  });
});
