/**
 * `npm run bench:size`: how much of PostgreSQL and Redis a registration, a sign-in and an account take, and how long
 * the statements that an operator waits for take on large tables. docs/scaling.md tells what came of it.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { questions } from '../../src/admin/reports/questions.ts';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { daysLater } from '../../src/domain/day.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { Email } from '../../src/domain/email.ts';
import { countReports } from '../../src/jobs/reports.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { ClientMetadata } from '../../src/domain/client.ts';
import { closeConnections, expectStatus } from '../drivers/visitor.ts';
import { scenarios } from '../scenarios/index.ts';
import { basic, type Target } from '../scenarios/scenario.ts';
import { startProduct } from '../setups/product.ts';
import { addBelongings, addEvents, addServices, sizesOf, type TableSize } from './crowd.ts';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000000' },
    events: { type: 'string', default: '5000000' },
    clients: { type: 'string', default: '10000' },
    people: { type: 'string', default: '200' },
    out: { type: 'string', default: 'bench-size.json' },
  },
});
const accounts = Number(values.accounts);
const events = Number(values.events);
const clients = Number(values.clients);
const people = Number(values.people);

interface Held {
  readonly rows: Readonly<Record<string, number>>;
  readonly redisBytes: number;
  readonly redisKeys: number;
}

async function held(core: Core, redis: Redis): Promise<Held> {
  const rows = Object.fromEntries((await sizesOf(core.knex)).map(({ table, rows: count }) => [table, count]));
  return {
    rows,
    redisBytes: Number(/^used_memory_dataset:(\d+)/m.exec(await redis.info('memory'))?.[1]),
    redisKeys: await redis.dbsize(),
  };
}

/**
 * What one operation leaves behind: rows of PostgreSQL, and keys and bytes of Redis, once the chain is laid and
 * messages are sent.
 */
async function leavings(core: Core, redis: Redis, target: Target, name: string): Promise<Record<string, unknown>> {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const user = await scenario.begin(target);
  await user.work(); // the first of all makes what all share
  await settled(core);
  const before = await held(core, redis);
  for (let done = 0; done < people; done += 1) await user.work();
  await settled(core);
  const after = await held(core, redis);
  const each = (now: number, then: number): number => Math.round(((now - then) / people) * 100) / 100;
  const rows = Object.fromEntries(
    Object.entries(after.rows)
      .map(([table, count]): [string, number] => [table, each(count, before.rows[table] ?? 0)])
      .filter(([, count]) => count !== 0),
  );
  return {
    operation: scenario.operation,
    rows,
    redisKeys: each(after.redisKeys, before.redisKeys),
    redisBytes: Math.round(each(after.redisBytes, before.redisBytes)),
  };
}

async function settled(core: Core): Promise<void> {
  for (;;) {
    const waiting = await core.store.backlog.auditChainLag();
    const queues = await core.store.backlog.queues(new Date());
    if (waiting === 0 && queues.every((queue) => queue.waiting === 0)) return;
    await delay(200);
  }
}

/** The middle of eleven times, in milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 11; turn += 1) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return Math.round((times.sort((a, b) => a - b)[5] ?? 0) * 100) / 100;
}

async function statements({ store }: Core): Promise<Record<string, number>> {
  const now = Date.now();
  const middle = { at: new Date(now - 180 * 86_400_000), id: '00000000-0000-4000-8000-000000000000' };
  const [someone] = await store.auditSearch.page({}, middle, 1);
  const accountId = someone?.accountId ?? '';
  return {
    'account by address': await timed(() =>
      store.accounts.findByIdentifier(sensitive({ kind: 'email', value: 'cheap-7@contoh.test' as Email })),
    ),
    'standing of an account': await timed(() => store.accounts.standingOf(accountId)),
    'purge of devices, none due': await timed(() => store.devices.purge(new Date(now - 400 * 86_400_000), 1000)),
    'audit: newest 50': await timed(() => store.auditSearch.page({}, undefined, 50)),
    'audit: 50 from the middle': await timed(() => store.auditSearch.page({}, middle, 50)),
    'audit: 50 of a kind': await timed(() => store.auditSearch.page({ type: 'sign-in.refused' }, middle, 50)),
    'audit: of an account': await timed(() => store.auditSearch.page({ accountId }, undefined, 50)),
    'audit: 50 of a service': await timed(() => store.auditSearch.page({ clientId: 'client-7' }, middle, 50)),
    'audit: of an operator': await timed(() => store.auditSearch.page({ by: 'operator:5000' }, undefined, 50)),
    'clients: first page': await timed(() => store.clients.page({}, undefined, 51)),
    'clients: search by part of a name': await timed(() => store.clients.page({ words: 'nomor 77' }, undefined, 51)),
    'clients: search that finds nothing': await timed(() => store.clients.page({ words: 'tidak ada' }, undefined, 51)),
    'clients: those that wait': await timed(() => store.clients.page({ waits: true }, undefined, 51)),
  };
}

/**
 * Reports over what stands in the log, what it takes to count the days that are over, and the same reports afterwards.
 */
async function reports(core: Core): Promise<Record<string, number>> {
  const {
    store,
    config: {
      identity: { timeZone },
    },
  } = core;
  const today = new Date().toISOString().slice(0, 10);
  const asked = (days: number) => ({ from: daysLater(today, -100 - days + 1), to: daysLater(today, -100), timeZone });
  const timedReports = async (how: string): Promise<Record<string, number>> => ({
    [`report, ${how}: sign-ins of a day`]: await timed(() => store.reports.read(questions.activity, asked(1))),
    [`report, ${how}: sign-ins of 30 days`]: await timed(() => store.reports.read(questions.activity, asked(30))),
    [`report, ${how}: sign-ins of half a year`]: await timed(() => store.reports.read(questions.activity, asked(180))),
    [`report, ${how}: registry, half a year`]: await timed(() => store.reports.read(questions.registry, asked(180))),
  });
  const live = await timedReports('from the log');
  const from = performance.now();
  const { counted } = await countReports({ ...core, questions: Object.values(questions), timeZone });
  return {
    ...live,
    'to count a day of a report': Math.round(((performance.now() - from) / Math.max(1, counted)) * 100) / 100,
    'days of a report counted': counted,
    ...(await timedReports('counted')),
  };
}

/** The operators' API over HTTP, as a machine asks it. */
async function lists({ store, clock }: Core, target: Target): Promise<Record<string, number>> {
  const { id, secret } = { id: 'bench-operator', secret: 'bench-operator-secret-that-nobody-else-has' };
  const scope = 'admin:clients:read';
  const at = clock.now();
  const metadata = {
    client_id: id,
    client_name: 'Operator (contoh)',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope,
  } as unknown as ClientMetadata;
  await store.clients.insert({
    id,
    status: 'active',
    type: 'machine',
    metadata,
    listing: undefined,
    createdAt: at,
    updatedAt: at,
  });
  await store.clientSecrets.insert(id, {
    number: 1,
    secret: sensitive(secret),
    createdBy: 'bench',
    createdAt: at,
    expiresAt: undefined,
  });
  const visitor = target.visitor();
  const token = await visitor.send('/token', {
    form: { grant_type: 'client_credentials', scope },
    headers: basic({ id, secret, redirectUri: '' }),
  });
  const headers = {
    authorization: `Bearer ${(JSON.parse(expectStatus(token, 200, 'token').body) as { access_token: string }).access_token}`,
  };
  const get = async (query: string): Promise<unknown> =>
    expectStatus(await visitor.send(`/api/admin/v1/clients${query}`, { headers }), 200, 'list');
  return {
    'API: first page of clients': await timed(() => get('')),
    'API: search by part of a name': await timed(() => get('?q=nomor%2077')),
    'API: search that finds nothing': await timed(() => get('?q=tidak%20ada')),
  };
}

const showSizes = (sizes: readonly TableSize[]): void => {
  say(
    `\n${'table'.padEnd(22)}${'rows'.padStart(10)}${'bytes/row'.padStart(11)}${'of indexes'.padStart(12)}${'MiB'.padStart(9)}`,
  );
  for (const { table, rows, bytesPerRow, indexBytesPerRow, totalMiB } of sizes)
    if (rows >= 1000)
      say(
        `${table.padEnd(22)}${String(rows).padStart(10)}${String(bytesPerRow).padStart(11)}${String(indexBytesPerRow).padStart(12)}${String(totalMiB).padStart(9)}`,
      );
};

const dir = mkdtempSync(join(tmpdir(), 'sso-size-'));
chmodSync(dir, 0o755);
const product = await startProduct({
  setUp: 'redis',
  instances: 1,
  accounts: Math.max(accounts, 500),
  dir,
  profile: undefined,
});
try {
  const { target, postgres, redis: store } = product.cheap;
  const redis = new Redis(store?.url ?? '');
  const core = createCore({
    config: loadConfig({ NODE_ENV: 'test', DATA_DIR: join(dir, 'data'), DATABASE_STATEMENT_TIMEOUT_MS: '3600000' }),
    databaseUrl: postgres?.url ?? '',
    log: createLog({ level: 'warn' }),
  });
  try {
    const operations: Record<string, unknown>[] = [];
    for (const name of ['registration', 'sign-in', 'sso'] as const)
      operations.push(await leavings(core, redis, target, name));
    for (const operation of operations) say(JSON.stringify(operation));
    await addBelongings(core.knex);
    await addEvents(core.knex, events);
    await addServices(core.knex, clients);
    await core.knex.raw('vacuum (analyze)');
    const sizes = await sizesOf(core.knex);
    showSizes(sizes);
    const times = { ...(await statements(core)), ...(await reports(core)), ...(await lists(core, target)) };
    say(`\n${'statement'.padEnd(40)}${'ms'.padStart(9)}`);
    for (const [what, ms] of Object.entries(times)) say(`${what.padEnd(40)}${String(ms).padStart(9)}`);
    writeFileSync(
      values.out,
      `${JSON.stringify({ options: { accounts, events, clients, people }, machine: { cores: availableParallelism(), node: process.version }, operations, sizes, times }, undefined, 2)}\n`,
    );
  } finally {
    redis.disconnect();
    await core.close();
  }
} finally {
  await product.stop();
  await closeConnections();
  rmSync(dir, { recursive: true, force: true });
}
