import { expect } from 'chai';
import type { AccountId } from '../../../src/domain/account.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { bcryptOf, importFormer } from '../../support/former.ts';
import { userinfo } from '../../oidc/exchange.ts';
import { enterCode, giveContact, goOn, proveIdentity, register, signIn } from '../../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../../support/relying-party.ts';
import { begin, inputOf } from '../registration/steps.ts';
import { attempt, comparable, replaceHashing } from './attempts.ts';

const FORMER = 'KataSandi-Lama1!';
const WRONG = 'Salah-Sekali9!';

describe('Sign-in: somebody of the former system', () => {
  let app: TestApp;
  let service: RelyingParty;
  let hash: string;
  let serial = 0;

  before(async () => {
    app = await startTestApp({
      limits: { signInPerDevice: 10_000, identityCallsPerNik: 100, identityPerDevice: 1000 },
      otp: { sendsPerNumber: 100 },
    });
    service = await createRelyingParty(app, { scope: 'openid profile email phone nik' });
    hash = await bcryptOf(FORMER);
  });
  after(() => app.close());

  const nextId = (): string => `lama-${(serial += 1)}`;
  /** @returns the subject identifier that waits for the person. */
  async function wait(citizen: Partial<Citizen>, changes: object = {}): Promise<{ id: string; sub: AccountId }> {
    const id = nextId();
    const { nik, email, phone } = citizen;
    const { subjects } = await importFormer(app, { id, nik, email, phone, password: hash, ...changes });
    return { id, sub: subjects[0]!.sub };
  }
  const stored = async (id: string): Promise<string | undefined> =>
    (
      await app.database
        .knex<{ legacy_id: string; password_hash: string }>('former_accounts')
        .where('legacy_id', id)
        .first('password_hash')
    )?.password_hash;
  const legacyIdOf = async (nik: string): Promise<string | undefined> => {
    const account = await app.store.accounts.findByNik(sensitive(nik as never));
    return account === undefined ? undefined : app.store.legacyIds.of(account.id);
  };
  const isAtIdentity = (page: Page): void => {
    expect([page.status, page.url.pathname], page.text).to.satisfy(
      ([status, path]: [number, string]) => status === 200 && path.endsWith('/register/identity'),
    );
  };

  it('comes in by proving identity and number, once, and the service knows the person by what was proved', async () => {
    const citizen = somebody();
    const { id, sub } = await wait(citizen);
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const identity = await signIn(browser, page, citizen.email, FORMER);
    isAtIdentity(identity);
    expect(identity.text).to.include('Kata sandi akun lama Anda benar');
    expect(identity.html, 'nothing that the record says is shown before it is proved')
      .to.not.include(citizen.nik)
      .and.not.include(citizen.phone);
    expect(await stored(id), 'ours at once').to.match(/^\$argon2id\$/);

    const contact = await proveIdentity(browser, identity, citizen);
    expect(contact.text).to.include('Akun lama Anda ditemukan');
    expect([inputOf(contact, 'email'), inputOf(contact, 'phone')].join())
      .to.include(`value="${citizen.email}"`)
      .and.include(`value="${citizen.phone}"`);
    const finished = await enterCode(
      browser,
      await giveContact(browser, contact, citizen),
      await app.codeFor(citizen.phone),
    );
    expect(finished.text).to.include('Akun lama Anda dilanjutkan');
    const { claims, accessToken } = await service.receive(await goOn(browser, finished), request);
    expect(claims.sub, 'as the operator was told beforehand').to.equal(sub);
    expect(claims.acr).to.equal('urn:siapkerja:acr:password-phone');
    expect((await userinfo(app, accessToken)).body).to.include({
      nik: citizen.nik,
      email_verified: false,
      phone_number_verified: true,
    });
    expect(await legacyIdOf(citizen.nik)).to.equal(id);
    expect(await stored(id), 'nothing waits any more').to.equal(undefined);
    const events = (await app.store.audit.list({}))
      .filter(({ accountId }) => accountId === sub)
      .map(({ type }) => type);
    expect(events).to.include.members([
      'account.former-recognised',
      'account.former-joined',
      'registration.completed',
      'sign-in.succeeded',
    ]);

    expect(
      (await attempt(app, new Browser(), citizen.nik, FORMER)).status,
      'the former password is of the past',
    ).to.equal(422);
    app.clock.advance({ minutes: 2 });
    expect((await attempt(app, new Browser(), citizen.nik, citizen.password)).status).to.equal(303);
  });

  it('signs nobody in by the former password alone, by whatever it is typed with and however often', async () => {
    const citizen = somebody();
    const { sub } = await wait(citizen);
    for (const identifier of [citizen.nik, citizen.email.toUpperCase(), citizen.phone, citizen.nik]) {
      const browser = new Browser();
      const { page } = await visit(browser, service);
      isAtIdentity(await signIn(browser, page, identifier, FORMER));
      expect((await browser.open(`${app.url}/account/security`)).url.pathname, 'nobody is signed in').to.match(
        /\/login$/,
      );
    }
    expect(await app.store.accounts.findById(sub)).to.equal(undefined);
  });

  it('goes on where it was left: the same password leads there again', async () => {
    const citizen = somebody();
    const { sub } = await wait(citizen);
    const first = new Browser();
    await proveIdentity(first, await signIn(first, (await visit(first, service)).page, citizen.nik, FORMER), citizen);
    const browser = new Browser();
    const { page, request } = await visit(browser, service);
    const finished = await register(app, browser, await signIn(browser, page, citizen.nik, FORMER), citizen);
    expect((await service.receive(await goOn(browser, finished), request)).claims.sub).to.equal(sub);
  });

  it('without the password, or without one that anybody can verify, registers with the NIK and keeps the former id', async () => {
    const citizen = somebody();
    const { id, sub } = await wait(citizen, { password: 'md5:lama' });
    expect((await attempt(app, new Browser(), citizen.nik, FORMER)).status).to.equal(422);
    const browser = new Browser();
    const contact = await proveIdentity(browser, await begin(app, browser), citizen);
    expect(contact.text).to.include('Akun lama Anda ditemukan');
    expect(contact.html, 'who only proved the NIK is not shown what the record says')
      .to.not.include(citizen.email)
      .and.not.include(citizen.phone);
    const other = somebody();
    await enterCode(browser, await giveContact(browser, contact, other), await app.codeFor(other.phone));
    expect(await legacyIdOf(citizen.nik)).to.equal(id);
    expect((await app.store.accounts.findByNik(sensitive(citizen.nik as never)))?.id).to.equal(sub);
  });

  it('who asks for a code is led to registration, whoever it is, as long as somebody is waited for', async () => {
    const [record, account] = [somebody(), somebody()];
    await wait(record);
    await addAccount(app, account);
    const browsers = [new Browser(), new Browser()];
    for (const [at, { email }] of [record, account].entries()) {
      const browser = browsers[at]!;
      const recovery = await browser.open((await browser.open(`${app.url}/portal/sign-in`)).link('Kendala masuk?'));
      expect(recovery.text).to.include('Daftar dengan NIK');
      const code = await browser.submit(recovery, 'identifier', { identifier: email });
      expect(code.text).to.include('tidak menerima kode');
      isAtIdentity(await browser.open(code.link('Daftar dengan NIK')));
    }
    expect(await app.messagesTo(record.email), 'an address that nobody has proved gets nothing').to.deep.equal([]);
  });

  describe('and attacks', () => {
    it('a record with a stranger’s NIK, address and number keeps that person out of nothing', async () => {
      const victim = somebody();
      const attacker = somebody();
      // Two records claim the victim's NIK: nothing is guessed, and neither comes along.
      await wait({ nik: victim.nik, email: victim.email, phone: victim.phone });
      await wait({ nik: victim.nik, email: attacker.email, phone: victim.phone });
      const browser = new Browser();
      const contact = await proveIdentity(browser, await begin(app, browser), victim);
      expect(contact.text).to.not.include('Akun lama');
      await goOn(
        browser,
        await enterCode(browser, await giveContact(browser, contact, victim), await app.codeFor(victim.phone)),
      );
      expect(await legacyIdOf(victim.nik)).to.equal(undefined);
      for (const identifier of [victim.nik, victim.email, victim.phone]) {
        expect(
          (await attempt(app, new Browser(), identifier, FORMER)).status,
          'the records answer to nothing that an account has',
        ).to.equal(422);
        app.clock.advance({ minutes: 2 });
        expect((await attempt(app, new Browser(), identifier, victim.password)).status).to.equal(303);
      }
    });

    it('the password of somebody else’s record does not bring its former id to another NIK', async () => {
      const victim = somebody();
      const thief = somebody();
      const { id } = await wait(victim);
      const browser = new Browser();
      const { page } = await visit(browser, service);
      const contact = await proveIdentity(browser, await signIn(browser, page, victim.email, FORMER), thief);
      expect(contact.text).to.include('tercatat atas NIK lain');
      expect(contact.html).to.not.include(victim.email).and.not.include(victim.phone);
      await enterCode(browser, await giveContact(browser, contact, thief), await app.codeFor(thief.phone));
      expect(await legacyIdOf(thief.nik)).to.equal(undefined);
      expect(await stored(id), 'it waits for its person').to.be.a('string');
    });

    it('a record without a NIK goes to who knows its password, who is not shown what it says', async () => {
      const [citizen, record] = [somebody(), somebody()];
      const { id } = await wait({ email: record.email, phone: record.phone });
      const browser = new Browser();
      const contact = await proveIdentity(
        browser,
        await signIn(browser, (await visit(browser, service)).page, record.email, FORMER),
        citizen,
      );
      expect(contact.text).to.include('Akun lama Anda ditemukan');
      expect(contact.html, 'the password may have been guessed, and the NIK says nothing of whose the record is')
        .to.not.include(record.email)
        .and.not.include(record.phone);
      await enterCode(browser, await giveContact(browser, contact, citizen), await app.codeFor(citizen.phone));
      expect(await legacyIdOf(citizen.nik)).to.equal(id);
    });

    it('of two who prove one record at the same moment it goes to one', async () => {
      const shared = { email: somebody().email };
      const { id } = await wait(shared);
      const people = [somebody(), somebody()];
      const pages = await Promise.all(
        people.map(async (citizen) => {
          const browser = new Browser();
          const identity = await signIn(browser, (await visit(browser, service)).page, shared.email, FORMER);
          return {
            browser,
            citizen,
            page: await giveContact(browser, await proveIdentity(browser, identity, citizen), citizen),
          };
        }),
      );
      const codes = await Promise.all(people.map(({ phone }) => app.codeFor(phone)));
      await Promise.all(pages.map(({ browser, page }, at) => enterCode(browser, page, codes[at]!)));
      const ids = await Promise.all(people.map(({ nik }) => legacyIdOf(nik)));
      expect(ids.filter((one) => one === id)).to.have.length(1);
      expect(ids.filter((one) => one === undefined)).to.have.length(1);
      for (const { nik } of people)
        expect(await app.store.accounts.findByNik(sensitive(nik as never))).to.not.equal(undefined);
    });

    it('a former id that an account has meanwhile does not keep its person out', async () => {
      const citizen = somebody();
      const { id } = await wait(citizen);
      await app.store.legacyIds.set(await addAccount(app, somebody()), id);
      const browser = new Browser();
      await register(
        app,
        browser,
        await signIn(browser, (await visit(browser, service)).page, citizen.nik, FORMER),
        citizen,
      );
      expect(await app.store.accounts.findByNik(sensitive(citizen.nik as never))).to.not.equal(undefined);
      expect(await legacyIdOf(citizen.nik)).to.equal(undefined);
    });

    it('an address that two records claim, or one and an account, signs nobody of them in', async () => {
      const { email } = somebody();
      await wait({ ...somebody(), email });
      await wait({ ...somebody(), email });
      expect((await attempt(app, new Browser(), email, FORMER)).status).to.equal(422);
      const unproved = somebody();
      const record = somebody({ email: unproved.email });
      await wait(record);
      await addAccount(app, unproved, { emailVerified: false });
      expect((await attempt(app, new Browser(), unproved.email, FORMER)).status, 'accounts come first').to.equal(422);
      app.clock.advance({ minutes: 2 });
      expect((await attempt(app, new Browser(), unproved.email, unproved.password)).status).to.equal(303);
      expect((await attempt(app, new Browser(), record.nik, FORMER)).status).to.equal(303);
    });

    it('a wrong password is answered alike for a record, an account and nobody, and does the same work', async () => {
      const [record, account, nobody] = [somebody(), somebody(), somebody()];
      await wait(record);
      await addAccount(app, account);
      const { passwords } = app.container;
      const disguise = passwords.disguise.bind(passwords);
      const asked: (number | undefined)[] = [];
      const back = replaceHashing(app, {
        disguise: (secret, verified, cost) => (asked.push(cost), disguise(secret, verified, cost)),
      });
      const browser = new Browser();
      const pages = [];
      for (const { nik } of [record, account, nobody]) pages.push(await attempt(app, browser, nik, WRONG));
      back();
      passwords.disguise = disguise;
      expect(pages.map(({ status }) => status)).to.deep.equal([422, 422, 422]);
      expect(comparable(pages[0]!, record.nik))
        .to.equal(comparable(pages[1]!, account.nik))
        .and.equal(comparable(pages[2]!, nobody.nik));
      expect(asked).to.deep.equal([4, 4, 4]);
    });

    it('guesses at a record are counted as any: it waits and pauses', async () => {
      const citizen = somebody();
      await wait(citizen);
      const statuses = [];
      for (let count = 0; count < 12; count += 1)
        statuses.push((await attempt(app, new Browser(), citizen.nik, WRONG)).status);
      expect(statuses).to.include(429);
      expect((await attempt(app, new Browser(), citizen.nik, FORMER)).status, 'the right one waits as well').to.equal(
        429,
      );
    });
  });
});
