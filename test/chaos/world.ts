import { mkdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { startSimulator } from '../../src/ports/civil-registry/simulator.ts';
import { systemClock } from '../../src/ports/clock/clock.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { freePort } from '../support/app.ts';
import { createLine, type Line } from '../support/line.ts';
import { startRedis, startRedisCluster, type RedisServer } from '../support/redis.ts';
import { createRelyingParty, type RelyingParty } from '../support/relying-party.ts';
import { startDatabase, type Database } from './database.ts';
import { createInstance, type Instance } from './instance.ts';
import { startGateway, startPartner, type Gateway, type Partner } from './partner.ts';
import { startProxy, type Proxy } from './proxy.ts';

export const carriers = ['postgres', 'redis', 'cluster'] as const;
/** What carries protocol state and counters. */
export type Carrier = (typeof carriers)[number];

/** Everything that stands: databases, partners, instances, a proxy, a service, and the eye of the operator on it. */
export interface World {
  readonly carrier: Carrier;
  readonly url: string;
  readonly instances: readonly Instance[];
  readonly proxy: Proxy;
  readonly database: Database;
  /** Of the carrier; the line leads to the only one there is. */
  readonly redis: { readonly servers: readonly RedisServer[]; readonly line: Line | undefined };
  readonly registry: Partner;
  readonly gateway: Gateway;
  readonly service: RelyingParty;
  /** The product's own view of its data, for the checks. */
  readonly core: Core;
  readonly logFile: string;
  close(): Promise<void>;
}

/** Small, so that it can be filled. */
const DISK_MB = 320;
const PASSWORD = 'sangat-rahasia';

export const canMount = (): boolean => process.getuid?.() === 0 && process.platform === 'linux';

/** A disk of its own where we may mount one, else a folder. */
function provideDisk(directory: string): () => Promise<void> {
  const path = join(directory, 'disk');
  mkdirSync(path);
  const mounted =
    canMount() && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m,mode=0755`, 'tmpfs', path]).status === 0;
  return () => {
    if (mounted) spawnSync('umount', ['-l', path]);
    return Promise.resolve();
  };
}

async function startCarrier(
  carrier: Carrier,
): Promise<World['redis'] & { readonly env: Readonly<Record<string, string>>; close(): Promise<void> }> {
  if (carrier === 'postgres') return { servers: [], line: undefined, env: {}, close: () => Promise.resolve() };
  if (carrier === 'cluster') {
    const { nodes, ...cluster } = await startRedisCluster();
    return {
      servers: nodes,
      line: undefined,
      env: { REDIS_CLUSTER: nodes.map(({ address }) => address).join(',') },
      close: () => cluster.close(),
    };
  }
  const server = await startRedis({ requirepass: PASSWORD });
  const line = await createLine(() => ({ host: '127.0.0.1', port: server.port }));
  return {
    servers: [server],
    line,
    env: { REDIS_URL: server.url.replace(String(server.port), String(line.port)) },
    async close() {
      await line.close();
      await server.close();
    },
  };
}

async function startRegistry(): Promise<{ partner: Partner; close(): Promise<void> }> {
  const { userId, password, ip, institution } = loadConfig({}).dukcapil;
  const simulator = await startSimulator({
    port: 0,
    userId,
    password,
    ip,
    institution,
    quota: 1_000_000,
    clock: systemClock,
    environment: 'test',
  });
  const partner = await startPartner(async ({ url = '/' }, body) => {
    const answer = await fetch(`${simulator.url}${url}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    return { status: answer.status, body: await answer.text() };
  });
  return {
    partner,
    async close() {
      await partner.close();
      await simulator.close();
    },
  };
}

/** The outbox forgets the oldest; which those are no clock tells where clocks are among the faults. */
const REMEMBER_OUTBOX = `
  create table chaos_outbox (id text primary key);
  create function chaos_remember() returns trigger language plpgsql as 'begin insert into chaos_outbox values (new.id); return null; end';
  create trigger chaos_remember after insert on outbox for each row execute function chaos_remember()`;

export interface WorldOptions {
  readonly carrier: Carrier;
  readonly instances: number;
}

export async function createWorld({ carrier, instances: count }: WorldOptions): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'sso-chaos-'));
  // PostgreSQL runs as another user when we are root, and has to pass here.
  await chmod(directory, 0o755);
  const undo: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    undo.push(provideDisk(directory));
    const database = await startDatabase(join(directory, 'disk'));
    undo.push(() => database.close());
    const redis = await startCarrier(carrier);
    undo.push(() => redis.close());
    const registry = await startRegistry();
    undo.push(() => registry.close());
    const gateway = await startGateway();
    undo.push(() => gateway.partner.close());

    const port = await freePort();
    const env = {
      NODE_ENV: 'test',
      ISSUER: `http://localhost:${port}`,
      TRUST_PROXY: '1',
      DATA_DIR: directory,
      DATABASE_URL: database.url,
      DUKCAPIL_URL: registry.partner.url,
      SMS_DRIVER: 'http',
      SMS_HTTP_URL: gateway.partner.url,
      SMS_HTTP_OK_PATH: 'id',
      LIMITS_TRUSTED_NETWORKS: '127.0.0.0/8',
      LOG_LEVEL: 'warn',
      ...redis.env,
    };
    const config = loadConfig(env);
    const core = createCore({ config, databaseUrl: database.url, log: createLog({ level: 'silent' }) });
    undo.push(() => core.close());

    const logFile = join(tmpdir(), `sso-chaos-${process.pid}-${carrier}.log`);
    const instances: Instance[] = [];
    undo.push(async () => {
      for (const instance of instances) {
        instance.signal('SIGCONT');
        instance.signal('SIGTERM');
      }
      await Promise.all(instances.map((instance) => instance.ended()));
    });
    for (let index = 0; index < count; index += 1) instances.push(createInstance(await freePort(), env, logFile));
    await Promise.all(instances.map((instance) => instance.start()));
    await core.knex.raw(REMEMBER_OUTBOX);
    const proxy = await startProxy(
      port,
      instances.map((instance) => instance.port),
    );
    undo.push(() => proxy.close());

    const service = await createRelyingParty({
      url: proxy.url,
      async addClient({ metadata, secret = '' }) {
        const now = core.clock.now();
        await core.store.clients.insert({
          id: metadata.client_id,
          status: 'active',
          type: 'web',
          metadata: { first_party: true, ...metadata },
          listing: undefined,
          createdAt: now,
          updatedAt: now,
        });
        await core.store.clientSecrets.insert(metadata.client_id, {
          number: 1,
          secret: sensitive(secret),
          createdBy: 'operator',
          createdAt: now,
          expiresAt: undefined,
        });
      },
    });
    await service.begin();
    return {
      carrier,
      url: proxy.url,
      instances,
      proxy,
      database,
      redis,
      registry: registry.partner,
      gateway,
      service,
      core,
      logFile,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
