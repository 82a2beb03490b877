import { expect } from 'chai';
import pg from 'pg';
import type { OtpCode } from '../../../src/domain/otp.ts';
import type { RecoveryCode } from '../../../src/domain/recovery-code.ts';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { recipientMark } from '../../../src/messages/recipient-mark.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { giveSecondFactor } from '../../support/authenticator.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody } from '../../support/citizens.ts';
import { createDatabaseLine, type DatabaseLine } from '../../support/database-line.ts';
import { serverUrl } from '../../support/database.ts';
import { enterCode, giveContact, goOn, proveIdentity, toRegistration } from '../../support/journeys.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../../support/relying-party.ts';
import { at, atCode, begin, codesTo } from './steps.ts';

describe('Registration on bad days', () => {
  let app: TestApp;
  let karirhub: RelyingParty;
  let administrator: pg.Client;
  let line: DatabaseLine;

  before(async () => {
    app = await startTestApp(
      {},
      {
        lineTo: async (url) => {
          line = await createDatabaseLine(url);
          return line.url;
        },
      },
    );
    karirhub = await createRelyingParty(app);
    administrator = new pg.Client({ connectionString: serverUrl() });
    await administrator.connect();
  });
  after(async () => {
    await administrator.end();
    await app.close();
    await line.close();
  });

  const accounts = async (): Promise<number> =>
    Number((await app.database.knex('accounts').count('id as count').first())?.count);

  /** Ends every connection of the product, as a restart of PostgreSQL does. */
  const cutConnections = async (): Promise<number> => {
    const name = new URL(app.database.url).pathname.slice(1);
    const { rows } = await administrator.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'siapkerja-sso'",
      [name],
    );
    return rows.length;
  };

  /** Does the work while connections are ended as soon as there are any, until it is done. */
  async function underFire<T>(work: () => Promise<T>, rounds = 4): Promise<T> {
    await cutConnections();
    const done = work();
    for (let round = 0; round < rounds; round += 1) await cutConnections();
    return done;
  }

  it('loses nothing when the process ends and starts again between any two steps', async () => {
    const browser = new Browser();
    const citizen = somebody();
    const { page: login, request } = await visit(browser, karirhub);
    await app.restart();
    let page = await toRegistration(browser, login);
    await app.restart();
    page = await proveIdentity(browser, page, citizen);
    await app.restart();
    page = await browser.open(page.url);
    page = await giveContact(browser, page, citizen);
    await app.restart();
    expect(await codesTo(app, citizen.phone)).to.equal(1);
    page = await browser.submit(await browser.open(at(page, 'email')), 'email', { email: citizen.email });
    await app.restart();
    page = await enterCode(browser, page, await app.codeFor(citizen.phone));
    expect(page.text).to.include('Pendaftaran berhasil');
    await app.restart();
    const home = await goOn(browser, await browser.open(page.url));
    await app.restart();
    expect(isHome(home, karirhub)).to.equal(true);
    expect((await karirhub.receive(home, request)).claims).to.include({
      name: citizen.name,
      phone_number_verified: true,
    });
    expect(await app.messagesTo(citizen.email)).to.have.lengthOf(1);
  });

  it('sends the code that was waiting when the process ended', async () => {
    const way = await atCode(app, somebody({ phone: '081355590002' }));
    await app.restart();
    expect((await way.browser.open(way.page.url)).text).to.include('Kode sedang dikirim ke operator.');
  });

  it('knows the tries, waits and changes after a restart', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    for (let times = 1; times <= 3; times += 1)
      await way.browser.post(way.page, 'code', { code: String((Number(code) + times) % 1_000_000).padStart(6, '0') });
    await app.restart();
    const refused = await way.browser.post(way.page, 'code', {
      code: String((Number(code) + 4) % 1_000_000).padStart(6, '0'),
    });
    expect(refused.text).to.include('Sisa percobaan: 1.');
    app.clock.advance({ seconds: 30 });
    expect((await way.browser.post(way.page, 'otp/resend')).status).to.equal(429);
  });

  it('keeps one evidence and one event of a question to the registry whose answer of the database was lost', async () => {
    const browser = new Browser();
    const citizen = somebody();
    const first = await toRegistration(browser, (await visit(browser, karirhub)).page);
    const tables = async (): Promise<readonly number[]> =>
      Promise.all(
        ['verification_log', 'audit_log'].map(async (table) =>
          Number(
            (
              await app.database
                .knex(table)
                .where(table === 'audit_log' ? { type: 'registration.identity.verified' } : {})
                .count('id as count')
                .first()
            )?.count,
          ),
        ),
      );
    const [evidence = 0, events = 0] = await tables();
    const lost = line.loseAnswerTo('draft-save');
    const page = await proveIdentity(browser, first, citizen);
    await lost;
    expect(page.status).to.equal(200);
    expect(page.url.pathname, page.text).to.match(/\/register\/contact$/);
    expect(await tables()).to.deep.equal([evidence + 1, events + 1]);
  });

  it('counts a wrong code once, and the code that was sent, where the answer of the database was lost', async () => {
    const browser = new Browser();
    const citizen = somebody();
    let page = await proveIdentity(
      browser,
      await toRegistration(browser, (await visit(browser, karirhub)).page),
      citizen,
    );
    const refused = async (): Promise<number> =>
      Number(
        (await app.database.knex('audit_log').where({ type: 'registration.code.refused' }).count('id as count').first())
          ?.count,
      );
    const before = await refused();
    const { counters, keyedHash, limits } = app.container;
    for (const step of [
      async () => {
        page = await giveContact(browser, page, citizen);
      },
      async () => {
        page = await browser.post(page, 'code', {
          code: String((Number(await app.codeFor(citizen.phone)) + 1) % 1_000_000).padStart(6, '0'),
        });
      },
    ]) {
      const lost = line.loseAnswerTo('draft-save');
      await step();
      await lost;
    }
    expect(page.text).to.include('Sisa percobaan: 4.');
    expect(await codesTo(app, citizen.phone)).to.equal(1);
    expect(
      (await counters.read(limits.code.number, recipientMark(keyedHash, sensitive(`+62${citizen.phone.slice(1)}`))))
        .used,
    ).to.equal(1);
    expect(await refused()).to.equal(before + 1);
  });

  it('takes a code of the second factor, and a recovery code, where the answer of the database was lost', async () => {
    const accountId = await addAccount(app, somebody());
    const { authenticator, recoveryCodes } = await giveSecondFactor(app, accountId);
    const { secondFactors } = app.container;
    for (const use of [
      () => secondFactors.use({ accountId }, authenticator.next() as OtpCode),
      () => secondFactors.useRecoveryCode({ accountId }, recoveryCodes[0] as RecoveryCode),
    ]) {
      const lost = line.loseAnswerTo('COMMIT');
      expect((await use()).ok).to.equal(true);
      await lost;
    }
    expect(await app.store.secondFactors.recoveryCodesLeft(accountId)).to.equal(recoveryCodes.length - 1);
  });

  it('loses nothing when every connection to PostgreSQL is cut before and during each step', async () => {
    const browser = new Browser();
    const citizen = somebody();
    const { page: login, request } = await underFire(() => visit(browser, karirhub));
    let page = await underFire(() => toRegistration(browser, login));
    expect(page.status).to.equal(200);
    page = await underFire(() => proveIdentity(browser, page, citizen));
    expect(page.url.pathname, page.text).to.match(/\/register\/contact$/);
    page = await underFire(() => giveContact(browser, page, citizen));
    expect(page.url.pathname, page.text).to.match(/\/register\/otp$/);
    expect(await codesTo(app, citizen.phone)).to.equal(1);
    const code = await app.codeFor(citizen.phone);

    const refused = await underFire(() =>
      browser.post(page, 'code', { code: String((Number(code) + 1) % 1_000_000).padStart(6, '0') }),
    );
    expect(refused.text).to.include('Sisa percobaan: 4.');
    page = await underFire(async () =>
      browser.submit(await browser.open(at(page, 'email')), 'email', { email: citizen.email }),
    );
    expect(page.status, page.text).to.equal(200);
    app.clock.advance({ seconds: 61 });
    page = await underFire(() => browser.submit(page, 'otp/resend'));
    expect(page.text).to.include('Kode baru sudah dikirim');

    const before = await accounts();
    page = await underFire(async () => enterCode(browser, page, await app.codeFor(citizen.phone)));
    expect(page.text).to.include('Pendaftaran berhasil');
    expect(await accounts()).to.equal(before + 1);
    const home = await underFire(() => goOn(browser, page));
    expect(isHome(home, karirhub), home.text).to.equal(true);
    const { claims } = await underFire(() => karirhub.receive(home, request));
    expect(claims).to.include({ phone_number_verified: true });
    expect(await codesTo(app, citizen.phone)).to.equal(2);
    expect(await app.messagesTo(citizen.email)).to.have.lengthOf(1);
  });

  describe('loses and doubles nothing when PostgreSQL ends the connection in the middle of a change to', () => {
    before(() =>
      app.database.knex.raw(`
        create sequence cuts;
        create function cut() returns trigger language plpgsql as $$
        begin
          if nextval('cuts') % 4 = 1 then
            perform pg_terminate_backend(pg_backend_pid());
            perform pg_sleep(1);
          end if;
          return null;
        end $$`),
    );

    for (const table of [
      'counters',
      'drafts',
      'verification_log',
      'audit_log',
      'messages',
      'accounts',
      'email_confirmations',
      'known_devices',
      'protocol_state',
      'outbox',
    ]) {
      it(table, async () => {
        const browser = new Browser();
        const citizen = somebody();
        const before = [await accounts(), (await app.store.audit.list({ type: 'registration.completed' })).length];
        await app.database.knex.raw("select setval('cuts', 1, false)");
        await app.database.knex.raw(
          'create trigger cut after insert or update or delete on ?? for each statement execute function cut()',
          [table],
        );
        let home: Page;
        let request;
        try {
          const visited = await visit(browser, karirhub);
          request = visited.request;
          const contact = await proveIdentity(browser, await toRegistration(browser, visited.page), citizen);
          expect(contact.url.pathname, contact.text).to.match(/\/register\/contact$/);
          const code = await giveContact(browser, contact, citizen);
          expect(code.url.pathname, code.text).to.match(/\/register\/otp$/);
          const finished = await enterCode(browser, code, await app.codeFor(citizen.phone));
          expect(finished.text).to.include('Pendaftaran berhasil');
          home = await goOn(browser, finished);
          expect(isHome(home, karirhub), home.text).to.equal(true);
        } finally {
          await app.database.knex.raw('drop trigger cut on ??', [table]);
        }
        expect((await karirhub.receive(home, request)).claims).to.include({
          name: citizen.name,
          phone_number_verified: true,
        });
        const { rows } = await app.database.knex.raw<{ rows: { last_value: number }[] }>('select last_value from cuts');
        expect(Number(rows[0]?.last_value), 'the connection was really cut').to.be.greaterThan(1);
        expect([
          await accounts(),
          (await app.store.audit.list({ type: 'registration.completed' })).length,
        ]).to.deep.equal(before.map((count) => count + 1));
        expect(await codesTo(app, citizen.phone)).to.equal(1);
        expect(await app.messagesTo(citizen.email)).to.have.lengthOf(1);
      });
    }
  });

  it('makes one account of two activations of one NIK while connections are cut', async () => {
    const citizen = somebody();
    const ways = [await atCode(app, citizen), await atCode(app, { ...citizen, phone: somebody().phone })];
    const codes = await Promise.all(ways.map((way) => app.codeFor(way.citizen.phone)));
    const before = await accounts();
    const pages = await underFire(() =>
      Promise.all(ways.map((way, index) => enterCode(way.browser, way.page, codes[index]!))),
    );
    expect(pages.map(({ status }) => status)).to.deep.equal([200, 200]);
    expect(await accounts()).to.equal(before + 1);
  });

  it('waits while the database starts again, and goes on as if nothing had been', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    const tried = line.cut();
    const entered = enterCode(way.browser, way.page, code);
    await tried;
    line.mend();
    expect((await entered).text).to.include('Pendaftaran berhasil');
  });

  it('says when to try again while the database is away for long, and keeps the registration', async () => {
    const way = await atCode(app);
    const code = await app.codeFor(way.citizen.phone);
    void line.cut();
    const away = await way.browser.post(way.page, 'code', { code });
    line.mend();
    expect(away.status).to.equal(503);
    expect(Number(away.headers.get('retry-after'))).to.be.greaterThan(0);
    expect(away.text).to.include('Silakan coba lagi dalam').and.include('Kode bantuan');
    expect((await enterCode(way.browser, await way.browser.open(way.page.url), code)).text).to.include(
      'Pendaftaran berhasil',
    );
  });

  it('begins anew without a page of errors when the portal is opened just after a cut', async () => {
    await cutConnections();
    expect((await begin(app)).status).to.equal(200);
  });
});
