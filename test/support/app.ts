import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { ClientMetadata, ClientType, Listing } from '../../src/domain/client.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import type { Container } from '../../src/container.ts';
import { startServer, type RunningServer, type ServerDeps } from '../../src/server.ts';
import type { Store } from '../../src/store/store.ts';
import type { OutboxEntry } from '../../src/store/outbox.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { TestClock } from './clock.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createKeySource } from './signing-keys.ts';

/** Settings to change, nested as in `settings.ts`. */
type Changes<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Changes<T[K]> : T[K];
};

export interface NewClient {
  readonly metadata: ClientMetadata;
  readonly secret?: string;
  readonly type?: ClientType;
  readonly listing?: Listing;
}

export interface TestApp {
  readonly url: string;
  readonly config: Config;
  readonly clock: TestClock;
  readonly container: Container;
  readonly store: Store;
  readonly database: TestDatabase;
  /** Every line logged so far. */
  readonly logLines: readonly string[];
  /** Messages to this number or address, newest first, after the courier has sent what is due. */
  messagesTo(recipient: string): Promise<readonly OutboxEntry[]>;
  /** The code of the newest message to this number. */
  codeFor(phone: string): Promise<string>;
  /** Registers a client application as an operator would. */
  addClient(client: NewClient): Promise<void>;
  /** Stops the server and starts it again on the same database, keys and port, as after a crash or an upgrade. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Below the ports that a system gives out by itself: whoever listens at port 0 or calls somebody, between the look and
 * the start of the server, cannot come by one of these. The processes of a run take turns, and share none.
 */
const OWN_PORTS = { first: 12_000, turns: 2500, processes: 8 };
const ownTurn = Number(process.env.MOCHA_WORKER_ID ?? 0) % OWN_PORTS.processes;
let turn = randomInt(OWN_PORTS.turns);

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });

/** Where nobody listens: another one each time. */
export async function freePort(): Promise<number> {
  for (;;) {
    turn = (turn + 1) % OWN_PORTS.turns;
    const port = OWN_PORTS.first + turn * OWN_PORTS.processes + ownTurn;
    if (await isFree(port)) return port;
  }
}

export async function addClient(
  { store, clock }: Pick<Container, 'store' | 'clock'>,
  { metadata, secret, type = 'web', listing }: NewClient,
): Promise<void> {
  const now = clock.now();
  const client = {
    id: metadata.client_id,
    status: 'active',
    type,
    metadata,
    listing,
    createdAt: now,
    updatedAt: now,
  } as const;
  if (!(await store.clients.insert(client))) throw new Error(`client ${client.id} exists`);
  if (secret !== undefined)
    await store.clientSecrets.insert(client.id, {
      number: 1,
      secret: sensitive(secret),
      createdBy: 'operator',
      createdAt: now,
      expiresAt: undefined,
    });
}

/**
 * What a hash costs where no test asks about it: at the price of production, hashing would be a tenth of what a run
 * computes.
 */
const CHEAP_HASHES = { memoryKib: 64, passes: 1 };

/**
 * The whole sign-on, on a database and a data directory of its own, with a clock that the test moves.
 *
 * @param options.lineTo  the address under which the product reaches its database; the test still reaches it directly.
 */
export async function startTestApp(
  changes: Changes<Config> = {},
  {
    lineTo,
    traceExporter,
  }: { lineTo?: (databaseUrl: string) => Promise<string>; traceExporter?: ServerDeps['traceExporter'] } = {},
): Promise<TestApp> {
  const database = await createTestDatabase();
  const databaseUrl = lineTo === undefined ? database.url : await lineTo(database.url);
  const dataDir = await mkdtemp(join(tmpdir(), 'sso-test-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const { http, simulator, password, database: databaseChanges, log: logChanges, ...rest } = changes;
  const config = loadConfig(
    { NODE_ENV: 'test' },
    {
      ...rest,
      dataDir,
      http: { ...http, port, issuer: url, drainSeconds: 1 },
      database: { ...databaseChanges, url: databaseUrl },
      simulator: { port: 0, ...simulator },
      password: { ...CHEAP_HASHES, ...password },
      log: { level: 'debug', ...logChanges },
    },
  );
  const clock = new TestClock();
  const logLines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logLines.push(chunk.toString('utf8'));
      done();
    },
  });
  const log = createLog({ level: config.log.level, destination });
  const makeKey = createKeySource();
  const start = (): Promise<RunningServer> =>
    startServer({ config, log, clock, makeKey, traceExporter, simulatorDelays: { hangMs: 3000, slowMs: 200 } });

  let running = await start();
  const messagesTo = async (recipient: string): Promise<readonly OutboxEntry[]> => {
    await running.container.courier.flush();
    return running.container.store.outbox.newest({ to: recipient });
  };

  return {
    url,
    config,
    clock,
    logLines,
    database,
    get container() {
      return running.container;
    },
    get store() {
      return running.container.store;
    },
    messagesTo,
    async codeFor(phone) {
      const message = (await messagesTo(phone)).find(({ code }) => code !== null);
      if (message?.code == null) throw new Error(`no code was sent to ${phone}`);
      return message.code;
    },
    async addClient({ metadata: given, secret, type = 'web', listing }) {
      const now = clock.now();
      const { store } = running.container;
      // Of the house unless it says otherwise, as `client create` has it.
      const metadata = type === 'machine' ? given : { first_party: true, ...given };
      const client = {
        id: metadata.client_id,
        status: 'active',
        type,
        metadata,
        listing,
        createdAt: now,
        updatedAt: now,
      } as const;
      if (!(await store.clients.insert(client))) throw new Error(`client ${client.id} exists`);
      if (secret !== undefined)
        await store.clientSecrets.insert(client.id, {
          number: 1,
          secret: sensitive(secret),
          createdBy: 'operator',
          createdAt: now,
          expiresAt: undefined,
        });
    },
    async restart() {
      await running.close();
      running = await start();
    },
    async close() {
      await running.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
