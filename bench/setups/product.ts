import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { loadConfig } from '../../src/config.ts';
import { createCore } from '../../src/core.ts';
import { createPasswordHasher, type PasswordHasher } from '../../src/crypto/password-hash.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { startSimulator, type Simulator } from '../../src/ports/civil-registry/simulator.ts';
import { settings } from '../../src/settings.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { freePort } from '../../test/support/app.ts';
import { Visitor } from '../drivers/visitor.ts';
import { startServerProcess, type ServerProcess } from '../measure/server-process.ts';
import type { SetUp } from '../options.ts';
import type { Target } from '../scenarios/scenario.ts';
import { MACHINE, PASSWORD, peopleOf, seed, SERVICE, type Kind } from './seed.ts';
import { startSmsGateway, type SmsGateway } from './messages.ts';
import { joinEmbedded, startPostgres, startRedisStore, type StoreServer } from './stores.ts';

/** What can be driven and measured. */
export interface Measured {
  readonly target: Target;
  readonly servers: readonly ServerProcess[];
  readonly postgres: StoreServer | undefined;
  readonly redis: StoreServer | undefined;
}

export interface Product {
  /** Hashes passwords at next to no price: what is left is ours. */
  readonly cheap: Measured;
  /** Hashes them as in production; started when first asked for. */
  dear(): Promise<Measured>;
  stop(): Promise<void>;
}

/** How `npm start` starts it, between `node` and the script. */
export const ENGINE = manifest.scripts.start.split(' ').slice(1, -1);

/**
 * What a hash costs: next to nothing, by which nobody's password is safe; and what production has unless it is told
 * otherwise.
 */
const COST: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  cheap: { ARGON2_MEMORY_KIB: '8', ARGON2_PASSES: '1' },
  dear: {
    ARGON2_MEMORY_KIB: String(settings.password.memoryKib.fallback),
    ARGON2_PASSES: String(settings.password.passes.fallback),
  },
};

export interface ProductOptions {
  readonly setUp: SetUp;
  readonly instances: number;
  readonly accounts: number;
  readonly dir: string;
  readonly profile: string | undefined;
  /** What it is called in the figures, and where it is, if elsewhere than here. */
  readonly name?: string;
  readonly root?: string;
}

/** Hashes as the servers of this kind do. */
export const hasherOf = (kind: Kind): PasswordHasher =>
  createPasswordHasher({ config: loadConfig({ NODE_ENV: 'test', ...COST[kind] }).password });

/** The product with everything switched on, on stores of its own, with as many instances as asked for. */
export async function startProduct({
  setUp,
  instances,
  accounts,
  dir,
  profile,
  name = 'product',
  root,
}: ProductOptions): Promise<Product> {
  const opened: (() => Promise<void>)[] = [];
  const dataDir = join(dir, 'data');
  const postgres: StoreServer | undefined = setUp === 'embedded' ? undefined : await startPostgres(dir);
  if (postgres !== undefined) opened.push(() => postgres.stop());
  const redis = setUp === 'redis' ? await startRedisStore() : undefined;
  if (redis !== undefined) opened.push(() => redis.stop());
  const simulator: Simulator = await startSimulator({
    port: 0,
    userId: 'SIM-USER-01',
    password: 'sim-password',
    ip: '127.0.0.1',
    institution: 'KEMNAKER',
    quota: 10_000_000,
    clock: systemClock,
    environment: 'test',
    delays: { hangMs: 0, slowMs: 0 },
  });
  opened.push(() => simulator.close());
  const gateway: SmsGateway = await startSmsGateway();
  opened.push(() => gateway.close());

  const common = (url: string, port: number): Record<string, string> => ({
    NODE_ENV: 'test',
    DATA_DIR: dataDir,
    ISSUER: url,
    PORT: String(port),
    METRICS_PORT: 'off',
    LOG_LEVEL: 'info',
    // Each virtual user has an address of its own, so that the limits per network count as they would.
    TRUST_PROXY: '1',
    DUKCAPIL_URL: simulator.url,
    SMS_DRIVER: 'http',
    SMS_HTTP_URL: gateway.url,
    OTP_DAILY_BUDGET: '100000000',
    ...(postgres === undefined ? {} : { DATABASE_URL: postgres.url }),
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
  });

  async function start(kind: Kind, count: number): Promise<ServerProcess[]> {
    const issuer = `http://127.0.0.1:${await freePort()}`;
    const servers: ServerProcess[] = [];
    for (let number = 0; number < count; number += 1) {
      const port = number === 0 ? Number(new URL(issuer).port) : await freePort();
      const url = `http://127.0.0.1:${port}`;
      const server = await startServerProcess({
        root,
        script: 'src/main.ts',
        engine: ENGINE,
        env: { ...common(issuer, port), ...COST[kind] },
        url,
        ready: '/readyz',
        logFile: join(dir, `${name}-${kind}-${number}.log`),
        profile,
      });
      opened.push(() => server.stop());
      servers.push(server);
    }
    return servers;
  }

  const servers = await start('cheap', instances);
  const database = postgres ?? (await joinEmbedded(dataDir));
  const core = createCore({
    config: loadConfig({ ...common(servers[0]?.url ?? '', 0) }),
    databaseUrl: database.url,
    log: createLog({ level: 'warn' }),
  });
  await seed(core, accounts, {
    cheap: await hasherOf('cheap').hash(sensitive(PASSWORD)),
    dear: await hasherOf('dear').hash(sensitive(PASSWORD)),
  }).finally(() => core.close());

  const measured = (kind: Kind, processes: readonly ServerProcess[]): Measured => ({
    target: {
      name,
      service: SERVICE,
      machine: MACHINE,
      visitor: () => new Visitor(processes.map(({ url }) => url)),
      person: peopleOf(kind, accounts),
      codeFor: (phone) => gateway.codeFor(phone),
    },
    servers: processes,
    postgres: database,
    redis,
  });
  let dear: Promise<Measured> | undefined;
  return {
    cheap: measured('cheap', servers),
    dear: () => (dear ??= start('dear', instances).then((processes) => measured('dear', processes))),
    async stop() {
      for (const close of opened.reverse()) await close();
    },
  };
}
