import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type Router from 'koa-router';
import { createApp, createMonitoring } from './app.ts';
import type { Config } from './config.ts';
import { createContainer, type Container } from './container.ts';
import { createCore } from './core.ts';
import { createDevelopmentPages } from './dev/pages.ts';
import { watchGauges } from './gauges.ts';
import { countProtocol } from './oidc/counting.ts';
import { systemClock, type Clock } from './ports/clock/clock.ts';
import { startSimulator, type Simulator } from './ports/civil-registry/simulator.ts';
import { startEmbedded, type EmbeddedPostgres } from './store/embedded.ts';
import { createKnex, migrate } from './store/knex.ts';
import type { Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import type { Readiness } from './web/health.ts';

/** Koa's answers to a request are promises, of which Node takes no notice. */
type Handler = (...args: Parameters<ReturnType<ReturnType<typeof createApp>['callback']>>) => void;

export interface RunningServer {
  readonly container: Container;
  readonly simulator: Simulator | undefined;
  readonly port: number;
  /** Refuses new requests, lets those under way end (`http.drainSeconds` at most), then closes everything it opened. */
  close(): Promise<void>;
}

export interface ServerDeps {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  /** How long the simulator's slow endings take. */
  readonly simulatorDelays?: { readonly hangMs: number; readonly slowMs: number };
}

/** The civil registry is the configured one; outside production the simulator stands in for it. */
async function openRegistry({ config, log, clock = systemClock, simulatorDelays }: ServerDeps): Promise<{ url: string; simulator: Simulator | undefined }> {
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

function listen(server: Server, { host, port }: Pick<Config['http'], 'host' | 'port'>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

const IDLE_CHECK_MS = 50;

/** Ends keep-alive connections at once and waits for answers under way. */
async function drain(server: Server, seconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  // Others fall idle when their last answer is out; kept alive, they would hold up the stop.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const force = setTimeout(() => {
    server.closeAllConnections();
  }, seconds * 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}

/** Serves the figures. In development a second server beside this one may have the port, and goes without. */
async function openMonitoring(monitoring: ReturnType<typeof createMonitoring>, { environment, metrics }: Config, log: Log): Promise<() => Promise<void>> {
  if (metrics.port === 0) return () => Promise.resolve();
  const server = createServer(monitoring.callback() as Handler);
  try {
    await listen(server, metrics);
  } catch (error) {
    if (environment === 'production') throw error;
    log.warn({ err: error }, `no figures are served: port ${metrics.port} is taken; choose another with METRICS_PORT`);
  }
  return () => drain(server, 0);
}

/** Brings the whole sign-on up: database, migrations, civil registry, courier, jobs, HTTP. */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const { config, clock } = deps;
  const metrics = createMetrics();
  const log = metrics.watch(deps.log);
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.reverse()) await close();
  };

  try {
    let databaseUrl = config.database.url;
    if (databaseUrl === undefined) {
      const embedded: EmbeddedPostgres = await startEmbedded({ dataDir: config.dataDir, log });
      opened.push(() => embedded.stop());
      databaseUrl = embedded.url;
    }
    const forMigrations = createKnex({ url: databaseUrl, poolMax: 2, statementTimeoutMs: 0 });
    await migrate(forMigrations).finally(() => forMigrations.destroy());

    const { url: registryUrl, simulator } = await openRegistry({ ...deps, log });
    if (simulator !== undefined) opened.push(() => simulator.close());

    const container = await createContainer({ core: createCore({ config, databaseUrl, log, ...(clock === undefined ? {} : { clock }) }), registryUrl });
    opened.push(() => container.close());
    countProtocol(container.provider, (kind, outcome) => { metrics.protocol(kind, outcome); });
    watchGauges(metrics, container);

    const readiness: Readiness & { draining: boolean } = { check: async () => { await Promise.all([container.store.ping(), container.redis?.ping()]); }, draining: false };
    opened.push(await openMonitoring(createMonitoring(metrics, readiness), config, log));
    const extra: Router[] = config.environment === 'production' ? [] : createDevelopmentPages(container, simulator);
    const server = createServer({ connectionsCheckingInterval: 5000 }, createApp(container, readiness, metrics, extra).callback() as Handler);
    server.requestTimeout = 30_000;
    server.headersTimeout = 15_000;
    // Longer than proxies keep an idle connection: the side that closes first must not be this one.
    server.keepAliveTimeout = 75_000;
    const port = await listen(server, config.http);
    opened.push(async () => {
      readiness.draining = true;
      if (config.http.drainDelaySeconds > 0) await wait(config.http.drainDelaySeconds * 1000);
      await drain(server, config.http.drainSeconds);
    });

    container.courier.start();
    container.scheduler.start();
    return { container, simulator, port, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
