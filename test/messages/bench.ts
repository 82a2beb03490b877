import { createSealer } from '../../src/crypto/seal.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { createCourier, type Courier, type CourierDeps, type Post } from '../../src/messages/courier.ts';
import { activationCode, confirmEmail } from '../../src/messages/templates.ts';
import { createSmtpMailer } from '../../src/ports/mail/smtp.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createHttpGateway } from '../../src/ports/sms/http-gateway.ts';
import { settings } from '../../src/settings.ts';
import { createMessageStore, type MessageStore } from '../../src/store/messages.ts';
import { newKeyring } from '../crypto/keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { courierConfig, handClock, recordingLog } from './parts.ts';
import { accept, startGateway, type TestGateway } from './sms-gateway.ts';
import { startMailServer, type TestMailServer } from './smtp-server.ts';

export const CODE = '482913';
export const PHONE = '+6281234567890';
export const EMAIL = 'budi.canary@contoh.test';
export const sealer = createSealer(newKeyring());

export const text = (changes: Partial<Pick<Post, 'to' | 'expiresAt'>> = {}): Post => ({
  ...activationCode({ code: CODE, host: 'localhost', ttlSeconds: 300, locale: 'id' }),
  to: sensitive(PHONE),
  ...changes,
});

export const letter = (to = EMAIL): Post => ({
  ...confirmEmail({
    link: 'https://account.kemnaker.test/confirm?token=rahasia',
    locale: 'id',
    expiresAt: new Date('2026-11-30T07:00:00Z'),
    timeZone: 'Asia/Jakarta',
    help: { phone: '1500630', email: 'bantuan@contoh.test' },
    occasion: { kind: 'registration' },
  }),
  to: sensitive(to),
});

/** A courier between a real database, a real gateway and a real mail server; new for each test. */
export interface Bench {
  database: TestDatabase;
  messages: MessageStore;
  gateway: TestGateway;
  mailServer: TestMailServer;
  deps: CourierDeps & { clock: ReturnType<typeof handClock>; log: ReturnType<typeof recordingLog> };
  courier: Courier;
  /** One more courier on the same queue, stopped when the test ends. */
  another(changes?: Partial<CourierDeps>): Courier;
  post(message?: Post): Promise<string>;
  row(id: string): Promise<Record<string, unknown>>;
  /** Leases are by the clock of the database, which no test moves: they end so much earlier. */
  passLeases(seconds: number): Promise<void>;
  /** References of the text messages that reached the gateway, in order. */
  references(): string[];
}

/** Registers the hooks that set up the bench in the surrounding `describe`. */
export function useBench(): Bench {
  const couriers: Courier[] = [];
  const bench = {
    another(changes: Partial<CourierDeps> = {}) {
      const made = createCourier({ ...bench.deps, ...changes });
      couriers.push(made);
      return made;
    },
    post: (message = text()) => bench.courier.post({ messages: bench.messages }, message),
    row: async (id: string) => (await bench.database.knex('messages').where({ id }).first()) as Record<string, unknown>,
    passLeases: async (seconds: number) => {
      await bench.database.knex.raw('update messages set leased_until = leased_until - make_interval(secs => ?)', [
        seconds,
      ]);
    },
    references: () => bench.gateway.requests.map(({ body }) => (JSON.parse(body) as { ref: string }).ref),
  } as Bench;

  before(async () => {
    bench.database = await createTestDatabase();
    bench.messages = createMessageStore(bench.database.knex, { sealer });
    bench.gateway = await startGateway();
    bench.mailServer = await startMailServer();
  });

  after(async () => {
    await Promise.all([bench.gateway.close(), bench.mailServer.close()]);
    await bench.database.drop();
  });

  beforeEach(async () => {
    const { database, messages, gateway, mailServer } = bench;
    await database.knex('messages').del();
    gateway.requests.length = 0;
    gateway.answer = accept;
    const { headers, body, idPath } = settings.sms.http;
    bench.deps = {
      store: { messages },
      sms: createHttpGateway({
        url: gateway.url,
        method: 'POST',
        headers: headers.fallback,
        body: body.fallback,
        idPath: idPath.fallback,
        okPath: 'success',
        timeoutMs: 10_000,
      }),
      mail: createSmtpMailer({ smtpUrl: mailServer.url, from: 'SIAPkerja ID <a@kemnaker.test>' }),
      clock: handClock(),
      random: systemRandom,
      config: courierConfig(),
      log: recordingLog(),
    };
    bench.courier = bench.another();
  });

  afterEach(async () => {
    await Promise.all(couriers.splice(0).map((each) => each.stop(0)));
    await Promise.all([bench.deps.sms.close(), bench.deps.mail.close()]);
  });

  return bench;
}
