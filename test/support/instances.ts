import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { makeKeyringDocument } from '../../src/crypto/keyring-document.ts';
import { createAuthority, createServerCertificate, type Certificate } from '../../src/dev/certificate.ts';
import { startSimulator } from '../../src/ports/civil-registry/simulator.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { launcher, type Launched } from '../deploy/image/launch.ts';
import { startGateway } from '../messages/sms-gateway.ts';
import { startMailServer } from '../messages/smtp-server.ts';
import { freePort } from './app.ts';
import type { Citizen } from './citizens.ts';
import { createTestDatabase } from './database.ts';
import { startRedis } from './redis.ts';
import { until } from './until.ts';

/** One instance of the sign-on, a process of its own. */
export interface Instance {
  readonly port: number;
  start(): Promise<void>;
  /** Asks it to stop, as everybody does who runs it. @returns the exit code, once it is gone. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Whether it may be sent requests, as it says to whoever asks on the address of monitoring. */
  readiness(): Promise<string>;
  readonly output: string;
}

/**
 * Two instances in production, of the very files of which the image is made or of the image itself (`npm run
 * test:image`), with all that production demands: PostgreSQL, Redis, a civil registry, a gateway, a mail server, and
 * every secret in a file.
 */
export interface Instances {
  readonly issuer: string;
  /** The port of the issuer, where nobody listens yet. */
  readonly port: number;
  readonly authority: Certificate;
  readonly certificate: Certificate;
  readonly all: readonly [Instance, Instance];
  /** What stands on the database, for the test itself. */
  readonly core: Core;
  /** The newest code by SMS to this number, once it is there. */
  codeFor(phone: string): Promise<string>;
  close(): Promise<void>;
}

/** @param resident  whom the civil registry knows besides its own. */
export async function createInstances(
  resident: Citizen,
  settings: Readonly<Record<string, string>> = {},
): Promise<Instances> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-instances-'));
  const opened: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of opened.reverse()) await end();
  };
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(directory, name), `${content}\n`, { mode: 0o600 });
    return join(directory, name);
  };

  const database = await createTestDatabase();
  opened.push(() => database.drop());
  const redis = await startRedis({ requirepass: 'rahasia' });
  opened.push(() => redis.close());
  const gateway = await startGateway();
  opened.push(() => gateway.close());
  const mail = await startMailServer();
  opened.push(() => mail.close());
  const registry = { userId: 'uji-01', password: 'rahasia', ip: '203.0.113.10', institution: 'KEMNAKER' };
  const { nik, name, mother } = resident;
  const simulator = await startSimulator({
    port: 0,
    ...registry,
    residentsFile: await file('residents.json', JSON.stringify([{ nik, name, mother }])),
    quota: 1000,
    clock: systemClock,
    environment: 'test',
  });
  opened.push(() => simulator.close());

  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const environment: Record<string, string> = {
    NODE_ENV: 'production',
    ISSUER: issuer,
    TRUST_PROXY: '1',
    DRAIN_DELAY_SECONDS: '1',
    DRAIN_SECONDS: '30',
    // How busy this machine is, is none of the tests' business.
    OVERLOAD_LAG_MS: '30000',
    REDIS_TIMEOUT_MS: '10000',
    DATABASE_URL_FILE: await file('database-url', database.url),
    REDIS_URL_FILE: await file('redis-url', redis.url),
    KEYRING: await file('keyring.json', makeKeyringDocument(systemRandom)),
    DUKCAPIL_URL: simulator.url,
    DUKCAPIL_USER_ID: registry.userId,
    DUKCAPIL_PASSWORD_FILE: await file('dukcapil-password', registry.password),
    DUKCAPIL_IP: registry.ip,
    SMS_DRIVER: 'http',
    SMS_HTTP_URL: gateway.url,
    SMTP_URL_FILE: await file('smtp-url', mail.url),
    MAIL_FROM: 'SIAPkerja ID <tidak-dibalas@contoh.id>',
    HELP_EMAIL: 'bantuan@contoh.id',
    DPO_EMAIL: 'dpo@contoh.id',
    // A province that does not exist: production takes no number of the tests' own range.
    NIK_PROVINCES: nik.slice(0, 2),
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
    ...settings,
  };
  const core = createCore({
    config: loadConfig(environment),
    databaseUrl: database.url,
    log: createLog({ level: 'silent' }),
  });
  opened.push(() => core.close());

  const launch = launcher(directory);
  const instance = async (): Promise<Instance> => {
    const [own, monitoring] = [await freePort(), await freePort()];
    let running: Launched | undefined;
    let output = '';
    const readiness = async (): Promise<string> =>
      ((await (await fetch(`http://127.0.0.1:${monitoring}/readyz`)).json()) as { status: string }).status;
    const end = async (signal: NodeJS.Signals): Promise<number | null> => {
      if (running === undefined) return null;
      const { child } = running;
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      running.signal(signal);
      await ended;
      return child.exitCode;
    };
    opened.push(() => end('SIGKILL'));
    return {
      port: own,
      readiness,
      async start() {
        running = launch({ ...environment, PORT: String(own), METRICS_PORT: String(monitoring) });
        const started = running.child;
        for (const stream of [started.stdout, started.stderr])
          stream?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
        const broken = once(started, 'exit').then(([code]) => {
          throw new Error(`an instance ended with ${String(code)}:\n${output}`);
        });
        await Promise.race([
          broken,
          until('an instance is ready', async () => (await readiness()) === 'ready', 60_000),
        ]);
        broken.catch(() => undefined);
      },
      stop: () => end('SIGTERM'),
      async kill() {
        await end('SIGKILL');
      },
      get output() {
        return output;
      },
    };
  };

  const authority = createAuthority('SIAPkerja SSO, tests');
  return {
    issuer,
    port,
    authority,
    certificate: createServerCertificate(authority, ['localhost']),
    all: [await instance(), await instance()],
    core,
    async codeFor(phone) {
      const codeIn = (): string | undefined =>
        gateway.requests
          .map(({ body }) => JSON.parse(body) as { to: string; text: string })
          .findLast(({ to }) => to.endsWith(phone.slice(1)))
          ?.text.match(/\b\d{6}\b/)?.[0];
      await until(`a code is sent to ${phone}`, () => Promise.resolve(codeIn() !== undefined));
      return codeIn() ?? '';
    },
    close,
  };
}
