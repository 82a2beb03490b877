import { expect } from 'chai';
import pg from 'pg';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { recipientMark } from '../../../src/messages/recipient-mark.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser, type Page } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { ask, atAsk, atCode, at, codesTo, comparable, enter, retryAfter } from './steps.ts';

/** What anybody can see of an answer. */
const seen = (page: Page, ...typed: string[]) => ({
  status: page.status,
  path: page.url.pathname.replace(/^\/interaction\/[\w-]+/, ''),
  headers: [...page.headers.keys()].sort(),
  retryAfter: page.headers.get('retry-after'),
  html: comparable(page, ...typed).replaceAll(/\d\d\.\d\d WIB/g, 'time'),
});

/**
 * What the courier does when the answer is on its way, and what goes on in every process by itself: what it holds of
 * services is read anew now and then.
 */
const BACKGROUND =
  /outbox|update "?messages"?|change_marks|signing_keys|\bjobs\.|\binstances\b|audit_(?:unchained|chain)|from "clients"/i;

/** Every statement that goes to the database from now on, without its values. */
function recordStatements(): { stop(): readonly string[] } {
  const statements: string[] = [];
  const prototype = pg.Client.prototype as unknown as { query: (this: unknown, ...args: unknown[]) => unknown };
  const query = prototype.query;
  prototype.query = function (...args) {
    const [first] = args;
    const text = typeof first === 'string' ? first : (first as { text?: string }).text;
    if (text !== undefined && !BACKGROUND.test(text)) statements.push(text.replace(/\s+/g, ' '));
    return query.apply(this, args);
  };
  return {
    stop() {
      prototype.query = query;
      return statements;
    },
  };
}

describe('Recovery: nothing tells whether an account exists', () => {
  let app: TestApp;
  let known: Citizen;
  let unknown: Citizen;

  before(async () => {
    app = await startTestApp({ limits: { recoveryPerDevice: 10_000 }, courier: { pollMs: 600_000 } });
    // A purge, say, which comes by itself once a minute, has statements of its own.
    await Promise.all([app.container.scheduler.stop(), app.container.jobs.stop()]);
    app.clock.stop();
  });
  after(() => app.close());

  beforeEach(() => {
    app.clock.advanceToNoon();
    known = somebody();
    unknown = somebody();
  });

  const kinds: readonly { what: string; of: (citizen: Citizen) => string }[] = [
    { what: 'NIK', of: ({ nik }) => nik },
    { what: 'number', of: ({ phone }) => phone },
    { what: 'e-mail', of: ({ email }) => email },
  ];

  for (const { what, of } of kinds) {
    it(`shows the same for a known ${what} and an unknown one, from the first answer to the last code of the day`, async () => {
      await addAccount(app, known);
      const course = async (identifier: string): Promise<object[]> => {
        const { browser, page } = await atAsk(app);
        const answers: Page[] = [await browser.post(page, 'identifier', { identifier })];
        const code = await browser.follow(answers[0]!);
        answers.push(code, await browser.post(code, 'code', { code: '12' }));
        // Four codes, each tried until it is dead; in between, again too soon.
        for (let round = 0; round < 4; round += 1) {
          for (let tries = 0; tries < 6; tries += 1) answers.push(await browser.post(code, 'code', { code: '000000' }));
          answers.push(await browser.post(code, 'recover/code/resend'));
          app.clock.advance({ minutes: 16 });
          answers.push(await browser.post(code, 'recover/code/resend'));
          answers.push(await browser.open(at(code, 'recover/code')));
        }
        return answers.map((answer) => seen(answer, identifier));
      };
      const ofKnown = await course(of(known));
      expect(await course(of(unknown))).to.deep.equal(ofKnown);
      const statuses = new Set(ofKnown.map((answer) => (answer as { status: number }).status));
      expect([...statuses].sort(), 'refused by counting, refused by limit').to.deep.equal([200, 303, 422, 429]);
      app.clock.advance({ days: 2 });
    });

    it(`runs the same statements for a known ${what} as for an unknown one`, async () => {
      await addAccount(app, known);
      const statementsOf = async (identifier: string): Promise<readonly string[]> => {
        const { browser, page } = await atAsk(app);
        const recorded = recordStatements();
        const code = await ask(browser, page, identifier);
        await browser.post(code, 'code', { code: '000000' });
        app.clock.advance({ seconds: 61 });
        await browser.post(code, 'recover/code/resend');
        return recorded.stop();
      };
      const ofKnown = await statementsOf(of(known));
      expect(ofKnown).to.have.length.greaterThan(40);
      expect(await statementsOf(of(unknown))).to.deep.equal(ofKnown);
      expect(await codesTo(app, what === 'e-mail' ? known.email : known.phone)).to.equal(2);
    });
  }

  it('runs the same statements for a number at which no code arrives as for one that nobody has', async () => {
    await addAccount(app, known);
    const { counters, limits, keyedHash } = app.container;
    const to = sensitive(`+62${known.phone.slice(1)}`);
    for (let times = 0; times < 3; times += 1)
      await counters.take(limits.code.undelivered, recipientMark(keyedHash, to));
    const of = async (
      identifier: string,
    ): Promise<{ readonly statements: readonly string[]; readonly page: object }> => {
      const { browser, page } = await atAsk(app);
      const recorded = recordStatements();
      const code = await ask(browser, page, identifier);
      return { statements: recorded.stop(), page: seen(code, identifier) };
    };
    const [ofKnown, ofUnknown] = [await of(known.phone), await of(unknown.phone)];
    expect(ofUnknown.statements.join('\n')).to.equal(ofKnown.statements.join('\n'));
    expect(ofUnknown.page).to.deep.equal(ofKnown.page);
    expect(await codesTo(app, known.phone)).to.equal(0);
    expect(
      app.logLines.some((line) => line.includes('recovery.code.not-sent') && line.includes('"reason":"undeliverable"')),
    ).to.equal(true);
  });

  it('sends nothing for data that nobody has, and keeps nothing that could be sent', async () => {
    for (const identifier of [unknown.nik, unknown.phone, unknown.email, 'siapa saja', '123'])
      await atCode(app, identifier);
    expect(await codesTo(app, unknown.phone)).to.equal(0);
    expect(await codesTo(app, unknown.email)).to.equal(0);
    expect(await app.database.knex('messages').whereIn('state', ['queued', 'sending'])).to.deep.equal([]);
  });

  it('lets nobody in by the code that nobody was sent, whichever it is', async () => {
    const { browser, page } = await atCode(app, unknown.nik);
    const { random } = app.container;
    const digits = random.digits.bind(random);
    Object.assign(random, { digits: () => '424242' });
    const { page: fixed, browser: other } = await atCode(app, somebody().nik);
    Object.assign(random, { digits });
    expect((await other.post(fixed, 'code', { code: '424242' })).status).to.equal(422);
    expect((await browser.post(page, 'code', { code: '424242' })).status).to.equal(422);
  });

  it('tells whom the number belongs to neither by limits nor by locks: what is used up by NIK looks unused by number', async () => {
    await addAccount(app, known);
    for (let count = 0; count < 5; count += 1) {
      const { browser, page } = await atCode(app, known.nik);
      for (let tries = 0; tries < 3; tries += 1) await enter(browser, page, '000000');
      // Before time leaps, or the message is too old to be sent.
      await app.container.courier.flush();
      app.clock.advance({ minutes: 16 });
    }
    expect(await codesTo(app, known.phone), 'codes of the day').to.equal(5);
    const { browser, page } = await atAsk(app);
    expect((await browser.post(page, 'identifier', { identifier: known.nik })).status).to.equal(429);

    const ofKnown = await atCode(app, known.phone);
    const ofUnknown = await atCode(app, unknown.phone);
    expect(seen(ofKnown.page, known.phone)).to.deep.equal(seen(ofUnknown.page, unknown.phone));
    const tries = [
      await enter(ofKnown.browser, ofKnown.page, '000000'),
      await enter(ofUnknown.browser, ofUnknown.page, '000000'),
    ];
    expect(seen(tries[0]!)).to.deep.equal(seen(tries[1]!));
    expect(await codesTo(app, known.phone), 'nothing more is sent').to.equal(5);
    expect(app.logLines.filter((line) => line.includes('recovery.code.not-sent')).at(-2)).to.match(
      /"reason":"(?:send-limit|locked)"/,
    );
  });

  it('says that an account is suspended only to who has its code', async () => {
    await addAccount(app, known, { status: 'suspended' });
    const ofKnown = await atCode(app, known.nik);
    const ofUnknown = await atCode(app, unknown.nik);
    expect(seen(ofKnown.page, known.nik)).to.deep.equal(seen(ofUnknown.page, unknown.nik));
    const refused = await enter(ofKnown.browser, ofKnown.page, await app.codeFor(known.phone));
    expect(refused.status).to.equal(422);
    expect(refused.text).to.match(
      /Akun ini dinonaktifkan sementara\. Hubungi bantuan dengan kode [2-9A-Z]{4}-[2-9A-Z]{2}\./,
    );
    const helpCode = /kode ([2-9A-Z]{4}-[2-9A-Z]{2})\./.exec(refused.text)![1]!;
    expect(app.logLines.some((line) => line.includes('recovery.code.refused') && line.includes(helpCode))).to.equal(
      true,
    );

    // Back at the start: nothing was opened by it.
    expect((await ofKnown.browser.open(at(refused, 'recover/password'))).url.pathname).to.match(/\/recover$/);
    expect((await ask(ofKnown.browser, refused, somebody().nik)).url.pathname).to.match(/\/recover\/code$/);
  });

  it('asks everybody to wait before the same data again, longer each time, whoever has them', async () => {
    await addAccount(app, known);
    const waits = async (identifier: string): Promise<readonly number[]> => {
      const seconds = [];
      for (let count = 0; count < 4; count += 1) {
        await atCode(app, identifier);
        const { browser, page } = await atAsk(app, new Browser());
        const refused = await browser.post(page, 'identifier', { identifier });
        expect(refused.status).to.equal(429);
        expect(refused.form('identifier').fields.identifier).to.equal(identifier);
        seconds.push(retryAfter(refused));
        // And a second more: counters are told by the machine's clock too, which moves while ours stands still.
        app.clock.advance({ seconds: retryAfter(refused) + 1 });
      }
      return seconds;
    };
    expect(await waits(known.nik)).to.deep.equal([60, 120, 300, 900]);
    expect(await waits(unknown.nik)).to.deep.equal([60, 120, 300, 900]);
  });
});
