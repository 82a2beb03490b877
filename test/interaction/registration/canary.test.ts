import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { createRelyingParty, visit } from '../../support/relying-party.ts';
import { enterCode, giveContact, goOn, proveIdentity, signIn, toRegistration } from '../../support/journeys.ts';
import { at, begin, wrong } from './steps.ts';

/** Unlike anything else that stands anywhere. */
const MOTHER = 'Zuqhvex Wyrqlomi';
const NAME = 'Jaxvoqui Brymthelda';
const PASSWORD = 'Vrx-Qulomp7!zeb';

const flat = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Whatever spelling somebody might have stored it in. */
function spellings(text: string): string[] {
  const plain = [text, text.toUpperCase(), text.toLowerCase()];
  return plain
    .flatMap((one) => [
      one,
      encodeURIComponent(one),
      one.replaceAll(' ', '+'),
      JSON.stringify(one).slice(1, -1),
      Buffer.from(one).toString('base64').replace(/=+$/, ''),
      Buffer.from(one).toString('base64url'),
      Buffer.from(one).toString('hex'),
    ])
    .map(flat);
}

describe('Registration keeps to itself', () => {
  let app: TestApp;
  let directory: string;
  let citizen: Citizen;
  let plain: Record<string, string>;
  const pages: Page[] = [];
  const codes: string[] = [];

  /** Every request of the browser, with its answer. */
  class Watched extends Browser {
    override async request(...args: Parameters<Browser['request']>): Promise<Page> {
      const page = await super.request(...args);
      pages.push(page);
      return page;
    }
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sso-canary-'));
    citizen = somebody({
      nik: '9912011505880077',
      name: NAME,
      mother: MOTHER,
      email: 'qwvzzkaj@contoh.test',
      phone: '081377341928',
      password: PASSWORD,
    });
    const residents = join(directory, 'residents.json');
    await writeFile(
      residents,
      JSON.stringify([{ nik: citizen.nik, name: NAME.toUpperCase(), mother: MOTHER.toUpperCase() }]),
    );
    app = await startTestApp({ simulator: { residents }, log: { level: 'trace' }, dukcapil: { timeoutMs: 2000 } });
    const karirhub = await createRelyingParty(app);
    await walk(karirhub);
    plain = {
      NIK: citizen.nik,
      'number, E.164': '+6281377341928',
      'number, national': '81377341928',
      'e-mail': citizen.email,
      name: NAME,
    };
  });
  after(async () => {
    await app.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The whole way, with every mistake and disturbance on it that handles what a person typed. */
  async function walk(karirhub: Awaited<ReturnType<typeof createRelyingParty>>): Promise<void> {
    const browser = new Watched();
    const { page: login, request } = await visit(browser, karirhub, { login_hint: citizen.email });
    await browser.submit(login, 'identifier', { identifier: citizen.nik, password: PASSWORD });
    const first = await toRegistration(browser, login);
    await browser.submit(first, 'nik', { nik: citizen.nik, name: '7', mother_name: MOTHER });
    await proveIdentity(browser, first, { ...citizen, name: 'Bukan Contoh' });
    for (const ending of [
      '9500',
      '9503',
      '9505',
      '9596',
      '9598',
      '9599',
      '9005',
      '9011',
      '9012',
      '9504',
      '9003',
      '9202',
    ]) {
      await proveIdentity(browser, first, somebody({ ending, name: NAME, mother: MOTHER }));
      app.clock.advance({ minutes: 2 });
    }
    const refusing = new Watched();
    const other = await begin(app, refusing);
    await refusing.request(other.form('nik').action, {
      method: 'POST',
      body: new URLSearchParams({ nik: citizen.nik, name: NAME, mother_name: MOTHER }),
    });
    await refusing.request(other.form('nik').action, {
      method: 'POST',
      body: `nik=${citizen.nik}&mother_name=${encodeURIComponent(MOTHER)}&name=%ff`,
    });
    // Written into an address by hand, it comes back in the links of the answer; the log must not have it all the same.
    const stray = new Browser();
    await stray.request(`${other.url.href}?nik=${citizen.nik}&mother_name=${encodeURIComponent(MOTHER)}`);
    await stray.request(`${app.url}/tidak-ada?mother_name=${encodeURIComponent(MOTHER)}&email=${citizen.email}`);
    await stray.request(`${app.url}/auth?client_id=${encodeURIComponent(MOTHER)}&login_hint=${citizen.email}`);
    // The database fails in a way that nobody expects, with what was typed in its hands.
    await app.database.knex.raw('alter table verification_log rename to verification_log_away');
    await proveIdentity(refusing, other, citizen);
    await app.database.knex.raw('alter table verification_log_away rename to verification_log');

    const contact = await proveIdentity(browser, first, citizen);
    expect(contact.url.pathname, contact.text).to.match(/\/register\/contact$/);
    await browser.submit(contact, 'email', { email: 'salah', phone: citizen.phone, password: PASSWORD });
    await app.database.knex.raw('alter table messages rename to messages_away');
    await giveContact(browser, contact, citizen);
    await app.database.knex.raw('alter table messages_away rename to messages');
    const code = await giveContact(browser, contact, citizen);
    codes.push(await app.codeFor(citizen.phone));
    await enterCode(browser, code, wrong(codes[0]!));
    app.clock.advance({ seconds: 61 });
    await browser.submit(code, 'otp/resend');
    codes.push(await app.codeFor(citizen.phone));
    await browser.open(at(code, 'email'));
    await app.database.knex.raw('alter table known_devices rename to known_devices_away');
    await enterCode(browser, code, codes[1]!);
    await app.database.knex.raw('alter table known_devices_away rename to known_devices');
    const finished = await enterCode(browser, code, codes[1]!);
    expect(finished.text).to.include('Pendaftaran berhasil');
    await karirhub.receive(await goOn(browser, finished), request);

    const again = new Watched();
    await proveIdentity(again, await begin(app, again), citizen);
    const elsewhere = new Watched();
    await signIn(elsewhere, await elsewhere.open(`${app.url}/portal/sign-in`), citizen.nik, PASSWORD);
    await app.container.audit.chain(app.store);
    await app.container.courier.flush();
  }

  /** Every row of every table, each value as text, bytes read in both ways that bytes are read. */
  async function dump(): Promise<Map<string, string>> {
    const { rows: tables } = await app.database.knex.raw<{ rows: { name: string }[] }>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    );
    const texts = new Map<string, string>();
    for (const { name } of tables) {
      const rows: Record<string, unknown>[] = await app.database.knex(name);
      const show = (value: unknown): string => {
        if (Buffer.isBuffer(value))
          return [
            value.toString('latin1'),
            value.toString('utf8'),
            value.toString('utf16le'),
            value.toString('base64'),
            value.toString('hex'),
          ].join('\n');
        return typeof value === 'string' ? value : JSON.stringify(value);
      };
      texts.set(name, flat(rows.flatMap((row) => Object.values(row).map(show)).join('\n')));
    }
    return texts;
  }

  const expectNowhere = async (what: string, text: string): Promise<void> => {
    for (const [table, content] of await dump())
      for (const spelling of spellings(text))
        expect(content.includes(spelling), `${what} in table ${table}`).to.equal(false);
    for (const line of app.logLines.map(flat))
      for (const spelling of spellings(text))
        expect(line.includes(spelling), `${what} in the log: ${line.slice(0, 300)}`).to.equal(false);
  };

  it('searches what there is to search', async () => {
    const tables = await dump();
    for (const table of [
      'accounts',
      'drafts',
      'verifications',
      'messages',
      'outbox',
      'counters',
      'audit_events',
      'audit_chain',
      'protocol_state',
      'email_confirmations',
      'known_devices',
    ])
      expect(tables.get(table), table).to.be.a('string').and.not.equal('');
    expect(app.logLines.length).to.be.greaterThan(100);
    expect(
      pages.filter(({ status }) => status === 500),
      'the disturbances really happened',
    ).to.have.lengthOf(3);
    expect(pages.length).to.be.greaterThan(40);
    expect(tables.get('verifications')).to.include('verified');
  });

  it('the mother’s name: no table, no log line, no message and no page has it', async () => {
    for (const word of [MOTHER, ...MOTHER.split(' ')]) {
      await expectNowhere('the mother’s name', word);
      for (const page of pages) {
        const seen = flat(`${page.html}\n${[...page.headers].join('\n')}`);
        for (const spelling of spellings(word))
          expect(seen.includes(spelling), `the mother’s name at ${page.url.pathname} (${page.status})`).to.equal(false);
      }
    }
    for (const message of await app.store.outbox.newest())
      for (const spelling of spellings(MOTHER))
        expect(flat(JSON.stringify(message)).includes(spelling)).to.equal(false);
  });

  it('the password: no table, no log line, no message and no page has it', async () => {
    await expectNowhere('the password', PASSWORD);
    for (const page of pages) expect(flat(page.html).includes(flat(PASSWORD)), page.url.pathname).to.equal(false);
    expect(JSON.stringify(await app.store.outbox.newest())).not.to.include(PASSWORD);
  });

  it('the codes: no table and no log line has them', async () => {
    const tables = await dump();
    for (const code of codes) {
      for (const [table, content] of tables)
        expect(
          new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`).test(content.replaceAll(/\.\d+/g, '')),
          `a code in table ${table}`,
        ).to.equal(false);
      for (const line of app.logLines)
        expect(new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`).test(line), `a code in the log: ${line}`).to.equal(false);
      for (const page of pages) expect(page.html.includes(`>${code}<`), page.url.pathname).to.equal(false);
    }
  });

  it('NIK, number, address and name: no table and no log line has them in clear', async () => {
    for (const [what, value] of Object.entries(plain)) await expectNowhere(what, value);
  });

  it('NIK, number and address: no page shows more than their masks, but for what comes back in its own field, and the address that is still to be checked', () => {
    for (const page of pages) {
      const seen = page.html
        .replaceAll(/<input[^>]*name="(?:nik|name|email|phone|identifier)"[^>]*>/g, '')
        .replaceAll(/href="[^"]*lang=[^"]*"/g, '')
        .replace(/Email Anda: <strong>[^<]*<\/strong>/, '');
      for (const what of ['NIK', 'number, national', 'e-mail'] as const)
        expect(seen.includes(plain[what]!), `${what} at ${page.url.pathname} (${page.status})`).to.equal(false);
    }
  });
});
