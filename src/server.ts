import { setTimeout as wait } from 'node:timers/promises';
import type Router from 'koa-router';
import { createApp, createMonitoring } from './app.ts';
import type { Config } from './config.ts';
import { BEAT_MS, createContainer, type Container } from './container.ts';
import { createCore } from './core.ts';
import { demandClosedKeyring } from './crypto/keyring-source.ts';
import type { MakeKey } from './crypto/signing-key.ts';
import { createDevelopmentPages } from './dev/pages.ts';
import { demandOwnDatabase } from './dev/whose-database.ts';
import { watchGauges, watchHttp } from './gauges.ts';
import { createHttpServer, drain, listen } from './http-server.ts';
import { countProtocol } from './oidc/counting.ts';
import { guardClock } from './jobs/clock-watch.ts';
import { journeyCookies } from './oidc/provider.ts';
import { systemClock, type Clock } from './ports/clock/clock.ts';
import { startSimulator, type Simulator } from './ports/civil-registry/simulator.ts';
import { startEmbedded, type EmbeddedPostgres } from './store/embedded.ts';
import { createKnex, migrate } from './store/knex.ts';
import { watchEventLoop } from './telemetry/event-loop.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { openTracing, type SpanExporter } from './telemetry/tracing.ts';
import type { Readiness } from './web/health.ts';
import { createOverload } from './web/overload.ts';

export interface RunningServer {
  readonly container: Container;
  readonly simulator: Simulator | undefined;
  readonly port: number;
  /**
   * Refuses new requests, lets those under way end (`http.drainSeconds` at most), then closes everything it opened.
   *
   * @param atOnce  does not go on serving for `http.drainDelaySeconds`.
   */
  close(atOnce?: boolean): Promise<void>;
}

export interface ServerDeps {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  readonly makeKey?: MakeKey | undefined;
  /** Takes the traces in the place of a collector. */
  readonly traceExporter?: SpanExporter | undefined;
  /** Told when this instance must not go on: its clock is wrong, and others are there whose clocks are right. */
  readonly onWrongClock?: () => void;
  /** How a stop waits until no proxy sends anybody any more. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** How long the simulator's slow endings take. */
  readonly simulatorDelays?: { readonly hangMs: number; readonly slowMs: number };
}

/** The civil registry is the configured one; outside production the simulator stands in for it. */
async function openRegistry({
  config,
  log,
  clock = systemClock,
  simulatorDelays,
}: ServerDeps): Promise<{ url: string; simulator: Simulator | undefined }> {
  if (config.dukcapil.url !== undefined) return { url: config.dukcapil.url, simulator: undefined };
  const { userId, password, ip, institution } = config.dukcapil;
  const simulator = await startSimulator({
    port: config.simulator.port,
    userId,
    password,
    ip,
    institution,
    residentsFile: config.simulator.residents,
    quota: config.simulator.quota,
    clock,
    environment: config.environment,
    log,
    ...(simulatorDelays === undefined ? {} : { delays: simulatorDelays }),
  });
  return { url: simulator.url, simulator };
}

/** Longest that a stop waits for somebody who is just reading the figures. */
const SCRAPE_SECONDS = 2;

/** Serves the figures. In development a second server beside this one may have the port, and goes without. */
async function openMonitoring(
  metrics: Metrics,
  readiness: Readiness,
  { environment, http, metrics: place }: Config,
  log: Log,
): Promise<() => Promise<void>> {
  if (place.port === 0) return () => Promise.resolve();
  const server = createHttpServer(createMonitoring(metrics, readiness).callback(), http, metrics);
  try {
    await listen(server, place);
  } catch (error) {
    if (environment === 'production') throw error;
    log.warn({ err: error }, `no figures are served: port ${place.port} is taken; choose another with METRICS_PORT`);
  }
  return async () => {
    await drain(server, SCRAPE_SECONDS);
  };
}

/** Said by a process that must not serve; another is there that can. */
export class WrongClock extends Error {
  override readonly name = 'WrongClock';
  readonly code = 'WRONG_CLOCK';
}

const CLOCK_MS = 1000;
/** Until each of the others has told of its clock again. */
const CLOCK_UNDECIDED_MS = 1.5 * BEAT_MS;

/**
 * The clock is looked at when the answer is there: a question that waits for a free connection is no difference between
 * clocks.
 */
const askAheadMs =
  ({ store, clock }: Pick<Container, 'store' | 'clock'>) =>
  async (): Promise<number> => {
    const there = await store.databaseTime();
    return clock.now().getTime() - there.getTime();
  };

/** Looks after the clock while the process runs, where somebody wants to know. */
function openClockGuard(
  { clockWatch, store, clock }: Container,
  onWrong: (() => void) | undefined,
): { isUncertain(): boolean; stop(): void } {
  if (onWrong === undefined) return { isUncertain: () => false, stop: () => undefined };
  const { isUncertain, look } = guardClock({
    watch: clockWatch,
    askAheadMs: askAheadMs({ store, clock }),
    clock,
    undecidedMs: CLOCK_UNDECIDED_MS,
    onWrong,
  });
  let isLooking = false;
  const looking = setInterval(() => {
    // A database that is slow to answer is not asked by ever more of them.
    if (isLooking) return;
    isLooking = true;
    // While it is away, nobody can tell.
    look()
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  }, CLOCK_MS).unref();
  return {
    isUncertain,
    stop: () => {
      clearInterval(looking);
    },
  };
}

/** A process whose clock is wrong does not begin. @throws {WrongClock} */
async function refuseWrongClock({ clockWatch, clock, store }: Container, log: Log): Promise<void> {
  const aheadMs = askAheadMs({ store, clock });
  let verdict = await clockWatch(await aheadMs());
  for (let look = 0; verdict === 'apart' && look < CLOCK_UNDECIDED_MS / CLOCK_MS; look += 1) {
    await wait(CLOCK_MS);
    verdict = await clockWatch(await aheadMs());
  }
  if (verdict === 'wrong')
    throw new WrongClock(
      `the clock of this machine is ${Math.round((await aheadMs()) / 1000)} s ahead of the database and of the instances that run: let NTP set it`,
    );
  if (verdict !== 'right')
    log.error(
      {},
      'goes on with a clock that is apart from that of the database: no other instance says which is wrong',
    );
}

/** Brings the whole sign-on up: database, migrations, civil registry, courier, jobs, HTTP. */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { config, clock, makeKey, pause = wait } = deps;
  const metrics = createMetrics();
  const log = metrics.watch(deps.log);
  const opened: (() => Promise<void>)[] = [];
  let delay = true;
  const closeAll = async (atOnce = false): Promise<void> => {
    delay = !atOnce;
    for (const close of opened.reverse()) await close();
  };

  try {
    demandClosedKeyring(config);
    let databaseUrl = config.database.url;
    if (databaseUrl === undefined) {
      const embedded: EmbeddedPostgres = await startEmbedded({ dataDir: config.dataDir, log });
      opened.push(() => embedded.stop());
      databaseUrl = embedded.url;
    }
    const directUrl = config.database.directUrl ?? databaseUrl;
    const forMigrations = createKnex({ url: directUrl, poolMax: 2, statementTimeoutMs: 0 });
    await migrate(forMigrations).finally(() => forMigrations.destroy());

    const { url: registryUrl, simulator } = await openRegistry({ ...deps, log });
    if (simulator !== undefined) opened.push(() => simulator.close());

    // Until the clock can be compared, no courier is at work yet.
    let clockGuard: ReturnType<typeof openClockGuard> = { isUncertain: () => false, stop: () => undefined };
    const container = await createContainer({
      core: createCore({
        config,
        databaseUrl,
        log,
        isTimeUncertain: () => clockGuard.isUncertain(),
        ...(clock === undefined ? {} : { clock }),
        ...(makeKey === undefined ? {} : { makeKey }),
      }),
      registryUrl,
      directUrl,
    });
    opened.push(() => container.close());
    await demandOwnDatabase(container);
    countProtocol(container.provider, (kind, outcome) => {
      metrics.protocol(kind, outcome);
    });
    watchGauges(metrics, container);

    await refuseWrongClock(container, log);
    clockGuard = openClockGuard(container, deps.onWrongClock);
    opened.push(() => {
      clockGuard.stop();
      return Promise.resolve();
    });
    // Monitoring is answered before: whoever hears that requests may be sent must find somebody who listens, and who
    // ends them when told to stop.
    let isServing = false;
    const readiness: Readiness & { draining: boolean } = {
      async check() {
        if (!isServing) throw new Error('nobody listens yet');
        if (clockGuard.isUncertain()) throw new WrongClock('the clock is being compared');
        await Promise.all([container.store.ping(), container.redis?.ping()]);
      },
      draining: false,
    };
    // Ended after the server below, so that monitoring sees it drain, and before the container, without which there is
    // little to tell.
    opened.push(await openMonitoring(metrics, readiness, config, log));
    const extra: Router[] = config.environment === 'production' ? [] : createDevelopmentPages(container, simulator);
    const tracing = await openTracing({ ...config.tracing, exporter: deps.traceExporter });
    if (tracing !== undefined) opened.push(() => tracing.close());
    const eventLoop = watchEventLoop();
    opened.push(() => {
      eventLoop.stop();
      return Promise.resolve();
    });
    // Who does not know what time it is turns everybody away, as who has no time does.
    const busyness = { lagMs: () => (clockGuard.isUncertain() ? Number.POSITIVE_INFINITY : eventLoop.lagMs()) };
    const overload = createOverload({
      ...config.overload,
      eventLoop: busyness,
      cookies: journeyCookies(config.http.issuer),
      metrics,
    });
    const server = createHttpServer(
      createApp(container, { readiness, metrics, overload, tracing, extra }),
      config.http,
      metrics,
    );
    watchHttp(metrics, { server, readiness, overload, eventLoop });
    container.courier.start();
    container.scheduler.start();
    await container.jobs.start();
    const port = await listen(server, config.http);
    isServing = true;
    opened.push(async () => {
      readiness.draining = true;
      if (delay) await pause(config.http.drainDelaySeconds * 1000);
      const cutOff = await drain(server, config.http.drainSeconds);
      if (cutOff > 0) log.warn({ cutOff }, 'connections were cut off whose requests took longer than DRAIN_SECONDS');
    });
    return { container, simulator, port, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
