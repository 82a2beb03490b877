import { expect } from 'chai';
import type { Session } from 'smpp';
import { loadConfig } from '../../src/config.ts';
import { createKeyedHash } from '../../src/crypto/keyed-hash.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createCourier, type Courier } from '../../src/messages/courier.ts';
import { createReceipts } from '../../src/messages/receipts.ts';
import { recipientMark } from '../../src/messages/recipient-mark.ts';
import { severalInTurn, type Counters } from '../../src/ports/counters/counters.ts';
import { createLimits } from '../../src/ports/counters/limits.ts';
import { createPostgresCounters } from '../../src/ports/counters/postgres.ts';
import { createMailOutbox } from '../../src/ports/mail/outbox.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createSmppGateway } from '../../src/ports/sms/smpp/gateway.ts';
import type { SmsGateway } from '../../src/ports/sms/sms.ts';
import { createMessageStore, type MessageStore } from '../../src/store/messages.ts';
import { createReceiptStore, type ReceiptStore } from '../../src/store/receipts.ts';
import { newKeyring } from '../crypto/keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { PHONE, sealer, text } from './bench.ts';
import { courierConfig, handClock, recordingLog } from './parts.ts';
import { receiptText, smppSettings, startCentre, type TestCentre } from './smpp-centre.ts';

/** One of several processes on the database, with a session of its own. */
interface Instance {
  readonly courier: Courier;
  readonly session: Session;
}

describe('Receipts over SMPP, and several instances', () => {
  const keyedHash = createKeyedHash(newKeyring());
  const limits = createLimits(loadConfig({}));
  let database: TestDatabase;
  let messages: MessageStore;
  let receipts: ReceiptStore;
  let centre: TestCentre;
  let clock: ReturnType<typeof handClock>;
  let log: ReturnType<typeof recordingLog>;
  let counters: Counters;
  let sender: Instance;
  let other: Instance;
  const gateways: SmsGateway[] = [];

  before(async () => {
    database = await createTestDatabase();
    messages = createMessageStore(database.knex, { sealer });
    receipts = createReceiptStore(database.knex);
  });
  after(() => database.drop());

  async function instance(): Promise<Instance> {
    const before = centre.bound.length;
    const sms = createSmppGateway(smppSettings(centre.url), log, { waitsMs: [20] });
    gateways.push(sms);
    const store = { messages, receipts };
    const courier = createCourier({
      store,
      sms,
      mail: createMailOutbox({ outbox: { add: () => Promise.resolve() }, clock }),
      receipts: createReceipts({ store, counters, limits, keyedHash, clock, log }),
      clock,
      random: systemRandom,
      config: courierConfig(),
      log,
    });
    courier.start();
    await until('it is bound', () => centre.bound.length > before);
    // Its first look at the queue is over, so that it takes no message away from the one that a test means.
    await courier.flush();
    return { courier, session: centre.bound.at(-1)! };
  }

  beforeEach(async () => {
    await database.knex('messages').del();
    await database.knex('message_receipts').del();
    await database.knex('counters').del();
    clock = handClock();
    log = recordingLog();
    counters = severalInTurn(createPostgresCounters({ db: database.knex, clock }));
    centre = await startCentre();
    sender = await instance();
    other = await instance();
  });
  afterEach(async () => {
    await Promise.all([sender, other].map(({ courier }) => courier.stop()));
    await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
    await centre.close();
  });

  async function send(id?: string): Promise<string> {
    centre.onSubmit = ({ accept }) => {
      accept(id);
    };
    const messageId = await sender.courier.post({ messages }, text());
    await sender.courier.flush();
    return messageId;
  }
  const standing = async (messageId: string): Promise<unknown> => (await receipts.standingOf(messageId))?.receipt;
  const told = (event: string): unknown[] =>
    log.lines.filter(({ fields }) => fields.event === event).map(({ fields }) => fields);
  const failures = async (): Promise<number> =>
    (await counters.read(limits.code.undelivered, recipientMark(keyedHash, sensitive(PHONE)))).used;

  it('come to whichever instance, and are told once, with the time they took', async () => {
    const id = await send('a1');
    clock.advance(6);
    for (let times = 0; times < 3; times += 1)
      expect(await centre.report(receiptText('a1', 'DELIVRD'), other.session)).to.equal(0);
    expect(await centre.report(receiptText('a1', 'DELIVRD'), sender.session)).to.equal(0);
    expect(await standing(id)).to.equal('delivered');
    expect(told('message.delivered')).to.deep.equal([
      {
        event: 'message.delivered',
        messageId: id,
        channel: 'sms',
        purpose: 'activation-code',
        operator: 'telkomsel',
        state: 'delivered',
        waitedMs: 6000,
        reason: '000',
      },
    ]);
  });

  it('may come before the submission was answered', async () => {
    const reported: Promise<number>[] = [];
    centre.onSubmit = ({ accept }) => {
      reported.push(centre.report(receiptText('b1', 'DELIVRD'), other.session));
      void reported[0]!.then(() => {
        accept('b1');
      });
    };
    const id = await sender.courier.post({ messages }, text());
    await sender.courier.flush();
    expect(await Promise.all(reported)).to.deep.equal([0]);
    expect(await standing(id)).to.equal('delivered');
    expect(told('message.delivered')).to.have.length(1);
  });

  it('may come out of order, and long after', async () => {
    const id = await send('c1');
    await centre.report(receiptText('c1', 'UNDELIV', '027'), other.session);
    clock.advance(86_400);
    for (const stat of ['ENROUTE', 'ACCEPTD', 'UNKNOWN', 'DELIVRD'])
      await centre.report(receiptText('c1', stat), sender.session);
    expect(await standing(id)).to.equal('undelivered');
    expect(told('message.undelivered')).to.have.length(1);
    expect(told('message.undelivered')[0]).to.include({ reason: '027', state: 'undelivered' });
    expect(told('message.delivered')).to.deep.equal([]);
  });

  it('of nobody are answered, and that is all', async () => {
    expect(await centre.report(receiptText('ffff', 'UNDELIV'))).to.equal(0);
    expect(log.events().filter((event) => event !== 'sms.line.bound')).to.deep.equal([]);
  });

  it('that cannot be kept come again', async () => {
    const id = await send('d1');
    await database.knex.raw('alter table message_receipts rename to message_receipts_away');
    try {
      expect(await centre.report(receiptText('d1', 'DELIVRD'))).to.equal(0x64);
    } finally {
      await database.knex.raw('alter table message_receipts_away rename to message_receipts');
    }
    expect(await standing(id)).to.equal('sent');
    expect(await centre.report(receiptText('d1', 'DELIVRD'))).to.equal(0);
    expect(await standing(id)).to.equal('delivered');
  });

  it('count against the number where it takes no messages, and a code that arrives begins anew', async () => {
    for (const [id, stat, count] of [
      ['e1', 'UNDELIV', 1],
      ['e2', 'UNDELIV', 2],
      ['e3', 'EXPIRED', 2],
      ['e4', 'REJECTD', 2],
      ['e5', 'DELIVRD', 0],
      ['e6', 'UNDELIV', 1],
    ] as const) {
      await send(id);
      await centre.report(receiptText(id, stat), other.session);
      await centre.report(receiptText(id, stat), sender.session);
      expect(await failures(), `${id} ${stat}`).to.equal(count);
    }
  });

  it('of an operator that delivers next to nothing count against no number, nor as one of its codes of the day', async () => {
    const mark = recipientMark(keyedHash, sensitive(PHONE));
    const sent = async (): Promise<number> => (await counters.read(limits.code.number, mark)).used;
    const others = (count: number, operator: string, state: string): Promise<unknown> =>
      database.knex('message_receipts').insert(
        Array.from({ length: count }, (_, index) => ({
          key: `${operator}-${state}-${index}`,
          operator,
          state,
          progress: 3,
          changed_at: clock.now(),
        })),
      );
    await others(40, 'xl', 'undelivered');
    await others(18, 'telkomsel', 'undelivered');
    await counters.take(limits.code.number, mark);
    await send('11');
    await centre.report(receiptText('11', 'UNDELIV'));
    expect([await failures(), await sent()], 'too few to say it of the operator').to.deep.equal([1, 1]);
    await send('12');
    await centre.report(receiptText('12', 'UNDELIV'));
    expect([await failures(), await sent()]).to.deep.equal([1, 0]);
    expect(told('message.uncounted')).to.have.length(1);
    expect(told('message.uncounted')[0]).to.include({ operator: 'telkomsel', reason: 'operator-failing' });

    await others(21, 'telkomsel', 'delivered');
    await send('13');
    await centre.report(receiptText('13', 'UNDELIV'));
    expect(await failures(), 'half of them come').to.equal(2);
    clock.advance(1801);
    await database.knex('message_receipts').where({ operator: 'telkomsel', state: 'delivered' }).del();
    await send('14');
    await centre.report(receiptText('14', 'UNDELIV'));
    expect(await failures(), 'what was half an hour ago says nothing').to.equal(3);
  });

  it('are of the message that was sent at last, where the line was lost and it went out twice', async () => {
    let times = 0;
    centre.onSubmit = ({ accept, hangUp }) => {
      if ((times += 1) === 1) hangUp();
      else accept('f2');
    };
    const id = await sender.courier.post({ messages }, text());
    await sender.courier.flush();
    expect((await receipts.standingOf(id))?.state).to.equal('queued');
    clock.advance(3);
    await sender.courier.flush();
    expect(centre.submitted).to.have.length(2);
    // The centre had taken the first one as well, and nobody ever heard its id.
    await centre.report(receiptText('f1', 'UNDELIV'));
    expect(await standing(id)).to.equal('sent');
    await centre.report(receiptText('f2', 'DELIVRD'));
    expect(await standing(id)).to.equal('delivered');
  });

  it('leave no number behind', async () => {
    await send('a9');
    await centre.report({ ...receiptText('a9', 'DELIVRD'), source_addr: PHONE.slice(1) });
    expect(JSON.stringify([await database.knex('message_receipts'), log.lines])).not.to.include(PHONE.slice(3));
  });
});
