import { once } from 'node:events';
import { expect } from 'chai';
import { createSealer } from '../../src/crypto/seal.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createCourier, type Courier, type CourierDeps, type Post } from '../../src/messages/courier.ts';
import { activationCode, confirmEmail } from '../../src/messages/templates.ts';
import { addSeconds } from '../../src/ports/clock/clock.ts';
import { DeliveryError } from '../../src/ports/delivery.ts';
import { createSmtpMailer } from '../../src/ports/mail/smtp.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createHttpGateway } from '../../src/ports/sms/http-gateway.ts';
import { settings } from '../../src/settings.ts';
import { createMessageStore, type MessageStore } from '../../src/store/messages.ts';
import { newKeyring } from '../crypto/keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { courierConfig, handClock, recordingLog, recordingSms } from './parts.ts';
import { accept, startGateway, type TestGateway } from './sms-gateway.ts';
import { startMailServer, type TestMailServer } from './smtp-server.ts';

const CODE = '482913';
const PHONE = '+6281234567890';
const EMAIL = 'budi.canary@contoh.test';
const sealer = createSealer(newKeyring());

const text = (changes: Partial<Pick<Post, 'to' | 'expiresAt'>> = {}): Post => ({
  ...activationCode({ code: CODE, host: 'localhost', ttlSeconds: 300, locale: 'id' }),
  to: sensitive(PHONE),
  ...changes,
});

const letter = (to = EMAIL): Post => ({
  ...confirmEmail({
    name: 'Budi Kanari',
    link: 'https://account.kemnaker.test/confirm?token=rahasia',
    locale: 'id',
    expiresAt: new Date('2026-11-30T07:00:00Z'),
    timeZone: 'Asia/Jakarta',
    help: { phone: '1500630', email: 'bantuan@contoh.test' },
  }),
  to: sensitive(to),
});

describe('Courier', () => {
  let database: TestDatabase;
  let messages: MessageStore;
  let gateway: TestGateway;
  let mailServer: TestMailServer;
  let deps: CourierDeps & { clock: ReturnType<typeof handClock>; log: ReturnType<typeof recordingLog> };
  let courier: Courier;
  const couriers: Courier[] = [];

  before(async () => {
    database = await createTestDatabase();
    messages = createMessageStore(database.knex, { sealer });
    gateway = await startGateway();
    mailServer = await startMailServer();
  });

  after(async () => {
    await Promise.all([gateway.close(), mailServer.close()]);
    await database.drop();
  });

  beforeEach(async () => {
    await database.knex('messages').del();
    gateway.requests.length = 0;
    gateway.answer = accept;
    const { headers, body, idPath } = settings.sms.http;
    deps = {
      store: { messages },
      sms: createHttpGateway({ url: gateway.url, method: 'POST', headers: headers.fallback, body: body.fallback, idPath: idPath.fallback, okPath: 'success', timeoutMs: 10_000 }),
      mail: createSmtpMailer({ smtpUrl: mailServer.url, from: 'SIAPkerja ID <a@kemnaker.test>' }),
      clock: handClock(),
      random: systemRandom,
      config: courierConfig(),
      log: recordingLog(),
    };
    courier = another();
  });

  afterEach(async () => {
    await Promise.all(couriers.splice(0).map((each) => each.stop(0)));
    await Promise.all([deps.sms.close(), deps.mail.close()]);
  });

  function another(changes: Partial<CourierDeps> = {}): Courier {
    const made = createCourier({ ...deps, ...changes });
    couriers.push(made);
    return made;
  }

  const post = (message: Post = text()): Promise<string> => courier.post({ messages }, message);
  const row = async (id: string): Promise<Record<string, unknown>> => (await database.knex('messages').where({ id }).first()) as Record<string, unknown>;
  const references = (): string[] => gateway.requests.map(({ body }) => (JSON.parse(body) as { ref: string }).ref);

  describe('sending', () => {
    it('hands a text message over within a second of being woken', async () => {
      courier.start();
      const arrived = new Promise<number>((resolve) => {
        gateway.answer = (request, response) => {
          accept(request, response);
          resolve(performance.now());
        };
      });
      const id = await post();
      const woken = performance.now();
      courier.wake();
      expect((await arrived) - woken).to.be.below(1000);
      await deps.log.until('message.sent');
      expect(await messages.stateOf(id)).to.equal('sent');
      expect(JSON.parse(gateway.requests[0]!.body)).to.deep.equal({ to: '6281234567890', text: text().content.reveal().text, ref: id });
    });

    it('finds a message by itself that nobody woke it for', async () => {
      courier = another({ config: courierConfig({ pollMs: 10 }) });
      courier.start();
      await post();
      await deps.log.until('message.sent');
    });

    it('hands mail over', async () => {
      const id = await post(letter());
      await courier.flush();
      expect(mailServer.received.at(-1)).to.deep.include({ to: [EMAIL] });
      expect(mailServer.received.at(-1)!.raw).to.include(`<${id}@kemnaker.test>`);
      expect(await row(id)).to.deep.include({ state: 'sent', provider_id: `<${id}@kemnaker.test>` });
    });

    it('sends all that is due, however many', async () => {
      const ids = await Promise.all(Array.from({ length: 45 }, () => post()));
      await another({ config: courierConfig({ batch: 20 }) }).flush();
      expect(references().sort()).to.deep.equal(ids.sort());
    });

    it('tells the gateway how long delivery makes sense', async () => {
      const sms = recordingSms();
      await post(text({ expiresAt: addSeconds(deps.clock.now(), 300) }));
      deps.clock.advance(20);
      await another({ sms }).flush();
      expect(sms.sent[0]).to.deep.include({ ttlSeconds: 280, code: CODE, to: PHONE });
    });

    it('sends a message if, and only if, its change is committed', async () => {
      let committed = '';
      await database.knex.transaction(async (trx) => {
        committed = await courier.post({ messages: createMessageStore(trx, { sealer }) }, text());
        await another().flush();
        expect(references()).to.deep.equal([]);
      });
      const undone = database.knex.transaction(async (trx) => {
        await courier.post({ messages: createMessageStore(trx, { sealer }) }, text());
        throw new Error('changed its mind');
      });
      expect(await undone.catch((error: unknown) => String(error))).to.include('changed its mind');
      await courier.flush();
      expect(references()).to.deep.equal([committed]);
    });

    it('holds up no code while the mail server hangs', async () => {
      courier = another({ config: courierConfig({ batch: 1 }) });
      await post(letter('budi@diam.test'));
      await post();
      courier.start();
      const { fields } = await deps.log.until('message.sent');
      expect(fields.channel).to.equal('sms');
    });

    it('holds up no other code while the gateway hangs for one', async () => {
      let first = true;
      gateway.answer = (request, response) => {
        if (!first) accept(request, response);
        first = false;
      };
      courier.start();
      await post();
      courier.wake();
      while (gateway.requests.length === 0) await new Promise(setImmediate);
      const id = await post();
      courier.wake();
      expect((await deps.log.until('message.sent')).fields.messageId).to.equal(id);
    });
  });

  describe('when a process dies', () => {
    const claimAndDie = (): ReturnType<MessageStore['claim']> =>
      messages.claim({ channel: 'sms', now: deps.clock.now(), leasedUntil: addSeconds(deps.clock.now(), 60), leaseOwner: systemRandom.uuid(), limit: 10 });

    it('before it takes the message: the next one sends it', async () => {
      const id = await post();
      await another().flush();
      expect(references()).to.deep.equal([id]);
    });

    it('before the hand-over: the next one sends it when the lease is over, not before', async () => {
      const id = await post();
      await claimAndDie();
      await courier.flush();
      deps.clock.advance(59);
      await courier.flush();
      expect(references()).to.deep.equal([]);
      deps.clock.advance(1);
      await courier.flush();
      expect(references()).to.deep.equal([id]);
      expect(await row(id)).to.deep.include({ state: 'sent', attempts: 2 });
    });

    it('between hand-over and record: the next one hands over once more, with the same reference', async () => {
      const id = await post();
      const [claimed] = await claimAndDie();
      const { to, text: words } = claimed!.open().reveal();
      await deps.sms.send({ to, text: words, ref: claimed!.id, ttlSeconds: 300 });
      deps.clock.advance(60);
      await courier.flush();
      await courier.flush();
      expect(references()).to.deep.equal([id, id]);
    });

    it('after the record: nobody sends it again', async () => {
      await post();
      await courier.flush();
      deps.clock.advance(7200);
      await another().flush();
      expect(references()).to.have.length(1);
    });

    it('lets nobody record who has lost the lease', async () => {
      const id = await post();
      const [late] = await claimAndDie();
      deps.clock.advance(60);
      await courier.flush();
      expect(await messages.settle(late!, { state: 'failed', error: 'SMS_UNAVAILABLE' }, deps.clock.now())).to.equal(false);
      expect(await messages.stateOf(id)).to.equal('sent');
    });

    it('gives the same messages again to a claim whose answer was lost on the way', async () => {
      const id = await post();
      const claim = { channel: 'sms', now: deps.clock.now(), leasedUntil: addSeconds(deps.clock.now(), 60), leaseOwner: systemRandom.uuid(), limit: 10 } as const;
      await messages.claim(claim);
      expect((await messages.claim(claim)).map((each) => each.id)).to.deep.equal([id]);
    });
  });

  it('never sends a message twice with two workers on one queue', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => post()));
    const config = courierConfig({ batch: 7 });
    await Promise.all([another({ config }).flush(), another({ config }).flush()]);
    expect(references().sort()).to.deep.equal(ids.sort());
  });

  describe('when the gateway fails', () => {
    const status = (code: number) => (_: unknown, response: { writeHead(code: number): { end(): unknown } }): void => { response.writeHead(code).end(); };

    it('tries again after growing waits', async () => {
      gateway.answer = status(503);
      courier = another({ config: courierConfig({ retrySeconds: [2, 5, 15] }) });
      const id = await post();
      const tries: number[] = [];
      for (let second = 0; second <= 30; second += 1) {
        const before = gateway.requests.length;
        await courier.flush();
        if (gateway.requests.length > before) tries.push(second);
        deps.clock.advance(1);
      }
      expect(tries).to.deep.equal([0, 2, 7, 22]);
      expect(new Set(references())).to.deep.equal(new Set([id]));
    });

    it('gives up after the last wait, for everybody to see', async () => {
      gateway.answer = status(503);
      courier = another({ config: courierConfig({ retrySeconds: [2] }) });
      const id = await post();
      await courier.flush();
      expect(await messages.stateOf(id)).to.equal('queued');
      deps.clock.advance(2);
      await courier.flush();
      expect(await messages.stateOf(id)).to.equal('failed');
      expect(await row(id)).to.deep.include({ last_error: 'SMS_UNAVAILABLE', attempts: 2, sealed: null, finished_at: deps.clock.now() });
      expect(deps.log.lines.at(-1)).to.deep.equal({
        level: 'error',
        fields: { event: 'message.failed', messageId: id, channel: 'sms', purpose: 'activation-code', attempts: 2, reason: 'SMS_UNAVAILABLE: status 503' },
      });
    });

    it('sends it after all when the gateway is back', async () => {
      gateway.answer = status(503);
      const id = await post();
      await courier.flush();
      gateway.answer = accept;
      deps.clock.advance(2);
      await courier.flush();
      expect(await row(id)).to.deep.include({ state: 'sent', provider_id: 'gw-1', attempts: 2 });
    });

    it('gives up at once what the gateway refuses for good', async () => {
      gateway.answer = status(400);
      const id = await post();
      await courier.flush();
      expect(await row(id)).to.deep.include({ state: 'failed', last_error: 'SMS_REJECTED', attempts: 1 });
    });

    for (const [what, answer] of [
      ['redirects', (_: unknown, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
      ['answers broken JSON', (_: unknown, response) => response.end('<html>')],
      ['cuts the connection', (_: unknown, response) => response.destroy()],
    ] satisfies [string, TestGateway['answer']][]) {
      it(`tries again when it ${what}`, async () => {
        gateway.answer = answer;
        const id = await post();
        await courier.flush();
        expect(await row(id)).to.deep.include({ state: 'queued', last_error: 'SMS_UNAVAILABLE', leased_until: null, next_attempt_at: addSeconds(deps.clock.now(), 2) });
      });
    }

    it('hangs up well before the lease ends, and tries again', async () => {
      gateway.answer = () => undefined;
      courier = another({ config: courierConfig({ leaseSeconds: 1 }) });
      const id = await post();
      await courier.flush();
      expect(await row(id)).to.deep.include({ state: 'queued', last_error: 'SMS_UNAVAILABLE' });
    });

    it('tries again after an error that nobody planned for', async () => {
      const sms = recordingSms();
      sms.behave = () => Promise.reject(new TypeError(`cannot read ${PHONE}`));
      const id = await post();
      await another({ sms }).flush();
      expect(await row(id)).to.deep.include({ state: 'queued', last_error: 'UNEXPECTED' });
      expect(JSON.stringify(deps.log.lines)).to.include('TypeError').and.not.include(PHONE);
    });

    it('lets a message that it cannot open hold up no other', async () => {
      const [good, bad] = [await post(), await post()];
      await database.knex('messages').where({ id: bad }).update({ sealed: ((await row(good)).sealed) as Buffer });
      await courier.flush();
      expect([await messages.stateOf(good), await messages.stateOf(bad)]).to.deep.equal(['sent', 'queued']);
      expect(references()).to.deep.equal([good]);
    });
  });

  describe('with a message that expires', () => {
    it('does not send a code that nobody can use any more', async () => {
      const id = await post(text({ expiresAt: addSeconds(deps.clock.now(), 300) }));
      deps.clock.advance(300);
      await courier.flush();
      expect(references()).to.deep.equal([]);
      expect(await row(id)).to.deep.include({ state: 'expired', sealed: null, last_error: null });
    });

    it('gives up as soon as no further try can come in time', async () => {
      gateway.answer = (_, response) => response.writeHead(503).end();
      courier = another({ config: courierConfig({ retrySeconds: [2, 600] }) });
      const id = await post(text({ expiresAt: addSeconds(deps.clock.now(), 300) }));
      await courier.flush();
      deps.clock.advance(2);
      await courier.flush();
      expect(await messages.stateOf(id)).to.equal('failed');
    });
  });

  describe('and personal data', () => {
    const PERSONAL = /81234567890|482913|budi|kanari|rahasia/i;
    const dump = async (): Promise<string> => {
      const { rows } = await database.knex.raw<{ rows: { line: string }[] }>("select m::text || encode(coalesce(sealed, ''), 'escape') as line from messages m");
      return rows.map(({ line }) => line).join('\n');
    };

    it('keeps nothing of them in clear while a message waits', async () => {
      await post();
      await post(letter());
      expect(await dump()).to.match(/queued/).and.not.match(PERSONAL);
    });

    it('wipes recipient and words once a message is done with', async () => {
      const ids = [await post(), await post(letter()), await post(letter('budi@ditolak.test'))];
      await courier.flush();
      expect(await Promise.all(ids.map((id) => messages.stateOf(id)))).to.deep.equal(['sent', 'sent', 'failed']);
      expect((await database.knex('messages').whereNotNull('sealed')).length).to.equal(0);
      expect(await dump()).not.to.match(PERSONAL);
    });

    it('logs nothing of them, whatever the server says', async () => {
      gateway.answer = ({ body }, response) => response.writeHead(400).end(body);
      await post();
      await post(letter('budi@ditolak.test'));
      await post(letter('budi@sibuk.test'));
      await courier.flush();
      expect(deps.log.lines).to.have.length(3);
      expect(JSON.stringify(deps.log.lines)).not.to.match(PERSONAL);
    });
  });

  describe('stopping', () => {
    it('lets what is under way end and begins nothing more', async () => {
      let finish = (): void => undefined;
      gateway.answer = (request, response) => { finish = () => { accept(request, response); }; };
      const id = await post();
      courier.start();
      while (gateway.requests.length === 0) await new Promise(setImmediate);
      const stopped = courier.stop(60_000);
      const later = await post();
      courier.wake();
      finish();
      await stopped;
      expect([await messages.stateOf(id), await messages.stateOf(later)]).to.deep.equal(['sent', 'queued']);
    });

    it('hangs up on a gateway that does not answer in time, and leaves the message to the next start', async () => {
      const closed = new Promise((resolve) => { gateway.answer = (_, response) => { resolve(once(response, 'close')); }; });
      const id = await post();
      courier.start();
      while (gateway.requests.length === 0) await new Promise(setImmediate);
      await courier.stop(10);
      await closed;
      expect(await messages.stateOf(id)).to.equal('queued');
    });
  });

  it('says once that the database is away and once that it is back, and goes on', async () => {
    let away = true;
    let looks = 0;
    const claim: MessageStore['claim'] = (by) => {
      looks += 1;
      if (looks > 20) away = false;
      return away ? Promise.reject(new Error(`select ${PHONE}`)) : messages.claim(by);
    };
    courier = another({ store: { messages: { ...messages, claim } }, config: courierConfig({ pollMs: 10 }) });
    const id = await post();
    courier.start();
    await deps.log.until('message.sent');
    await deps.log.until('courier.recovered');
    expect(deps.log.events().filter((event) => String(event).startsWith('courier.'))).to.deep.equal(['courier.unavailable', 'courier.recovered']);
    expect(JSON.stringify(deps.log.lines)).not.to.include(PHONE);
    expect(references()).to.deep.equal([id]);
  });

  it('records what it has sent although the database is away for a moment then', async () => {
    let failures = 2;
    const settle: MessageStore['settle'] = (...settlement) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('connection lost')) : messages.settle(...settlement);
    };
    const id = await post();
    await another({ store: { messages: { ...messages, settle } } }).flush();
    expect(await messages.stateOf(id)).to.equal('sent');
    expect(references()).to.deep.equal([id]);
  });

  it('forgets messages that were done with long ago, and no others', async () => {
    const [done, waiting] = [await post(), await post(letter('budi@sibuk.test'))];
    await courier.flush();
    deps.clock.advance(86_400);
    expect(await messages.purge(deps.clock.now())).to.equal(1);
    expect([await messages.stateOf(done), await messages.stateOf(waiting)]).to.deep.equal([undefined, 'queued']);
  });

  it('throws when asked to send now and the database is away', async () => {
    const claim = (): Promise<never> => Promise.reject(new DeliveryError('SMS_UNAVAILABLE', { permanent: false }));
    const failure: unknown = await another({ store: { messages: { ...messages, claim } } })
      .flush()
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
  });
});
