import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import {
  chooseRunner,
  EmbeddedPostgresError,
  explain,
  findBinaries,
  type Binaries,
  type Runner,
} from './embedded-binaries.ts';
import {
  collect,
  DATABASE,
  findRunning,
  initialise,
  place,
  readPassword,
  run,
  USER,
  type Place,
} from './embedded-cluster.ts';

export { EmbeddedPostgresError } from './embedded-binaries.ts';

/** What is told of the server; a pino logger fits. */
export interface EmbeddedLog {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

export interface EmbeddedOptions {
  /** The server lives in `<dataDir>/postgres`. */
  readonly dataDir: string;
  readonly log: EmbeddedLog;
  /** Further settings of the server, by their PostgreSQL names. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  readonly url: string;
  /** True when the server was running already, for another process: `stop` then leaves it alone. */
  readonly joined: boolean;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 90_000;
const RETRY_MS = 25;
const REVIVE_MS = 500;

/** A development server: small, quick to start, nothing of replication. */
const PARAMETERS = {
  listen_addresses: '127.0.0.1',
  // Paths of sockets are short by law; a checkout's need not be.
  unix_socket_directories: '',
  dynamic_shared_memory_type: 'mmap',
  max_connections: '200',
  max_wal_senders: '0',
  wal_level: 'minimal',
  shared_buffers: '64MB',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // What it says reaches our log: no values of rows.
  log_error_verbosity: 'terse',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Becomes the server, and leaves behind a watcher that stops it when its standard input ends without a word: that is
 * when the process that started it was killed. In a session of its own, since Ctrl-C is for us to handle: we still
 * need the database to finish what is under way.
 */
const WATCHED = 'exec 3<&0; ( ( read -r _ <&3 || kill -INT $$ ) >/dev/null 2>&1 & ); exec 3<&-; exec "$@" </dev/null';

type Answer = 'ready' | 'not-yet';

/** Asks the server, and makes our database when it is new. */
async function ask(port: number, password: string): Promise<Answer> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return 'ready';
  } catch (error) {
    const { code = '' } = error as { code?: string };
    // Starting, stopping, recovering; or a start beside ours makes the same database.
    if (['ECONNREFUSED', 'ECONNRESET', '57P03', '42P04', '23505', ''].includes(code)) return 'not-yet';
    if (code === '28P01')
      throw new EmbeddedPostgresError('a server answers in its place, but not to its password.', error);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks for a fast shutdown, and after a while for an immediate one, which the next start recovers from. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const patience = setTimeout(() => child.kill('SIGQUIT'), 15_000);
  await exited;
  clearTimeout(patience);
}

interface Launch {
  readonly binaries: Binaries;
  readonly runner: Runner;
  readonly at: Place;
  readonly password: string;
  readonly port: number;
  readonly options: EmbeddedOptions;
}

/**
 * Starts a server and waits until it answers.
 * @returns undefined when it did not come up because another process started one meanwhile, or the port was taken.
 */
async function launch({
  binaries,
  runner,
  at,
  password,
  port,
  options: { log, parameters },
}: Launch): Promise<ChildProcess | undefined> {
  const settings = Object.entries({ ...PARAMETERS, ...parameters }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = run(runner, [
    '/bin/sh',
    '-c',
    WATCHED,
    'postgres',
    binaries.postgres,
    '-D',
    at.cluster,
    '-p',
    String(port),
    ...settings,
  ]);
  const output = collect(child, (line) => {
    log.debug({ component: 'postgres' }, line);
  });
  const state = { running: true };
  child.stdin?.on('error', () => undefined);
  child.once('error', (error) => {
    state.running = false;
    log.warn({ component: 'postgres', error }, 'the embedded PostgreSQL cannot be run');
  });
  child.once('exit', () => {
    state.running = false;
    // A word before the end tells the watcher that there is nothing left to stop.
    child.stdin?.end('\n');
  });

  while (state.running && (await ask(port, password)) === 'not-yet') await delay(RETRY_MS);
  if (!state.running) {
    if (/lock file .* already exists|could not bind|pre-existing shared memory block/.test(output())) return undefined;
    throw explain(output());
  }
  child.unref();
  (child.stdin as Socket).unref();
  (child.stderr as Socket).unref();
  return child;
}

/** Keeps a server running on the same port until it is told to stop: one that crashed recovers by itself. */
function supervise(first: ChildProcess, launched: Launch): EmbeddedPostgres {
  const { log } = launched.options;
  let server = first;
  let revival: Promise<void> = Promise.resolve();
  const stopping = new AbortController();

  async function revive(): Promise<void> {
    log.warn({ component: 'postgres' }, 'the embedded PostgreSQL has ended, and is started again');
    while (!stopping.signal.aborted) {
      const next = await launch(launched).catch((error: unknown) => {
        log.warn({ component: 'postgres', error }, 'the embedded PostgreSQL did not start again');
      });
      if (next !== undefined) {
        server = next;
        watch();
        return;
      }
      await delay(REVIVE_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
  }
  function watch(): void {
    server.once('exit', () => {
      if (!stopping.signal.aborted) revival = revive();
    });
  }

  watch();
  return {
    url: urlOf(launched.port, launched.password),
    joined: false,
    async stop() {
      stopping.abort();
      await revival;
      await stopServer(server);
    },
  };
}

const urlOf = (port: number, password: string): string =>
  `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;

/**
 * Starts the packaged PostgreSQL on `<dataDir>/postgres`, on a free port of 127.0.0.1, or joins the one that another
 * process of ours runs there. What was stored stays; a server that was killed recovers.
 *
 * The server ends with the process that started it, even one that is killed; a server that crashes is started again on
 * the same port.
 *
 * @throws {EmbeddedPostgresError} it cannot run here; the message says why and what to do.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const at = place(join(dataDir, 'postgres'));
  const binaries = await findBinaries();
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw explain((error as Error).message, error);
  }
  const runner = chooseRunner(binaries, at.home);
  const deadline = Date.now() + START_LIMIT_MS;

  while (Date.now() < deadline) {
    if (!existsSync(at.home)) await initialise(binaries, runner, dataDir, at.home);
    const password = readPassword(at.password);
    const running = findRunning(at);
    if (running === undefined) {
      const launched = { binaries, runner, at, password, port: await findFreePort(), options };
      const server = await launch(launched);
      if (server !== undefined) return supervise(server, launched);
    } else if (running.port > 0 && (await ask(running.port, password)) === 'ready') {
      options.log.info({ component: 'postgres' }, 'joined the embedded PostgreSQL that is running already');
      return { url: urlOf(running.port, password), joined: true, stop: () => Promise.resolve() };
    }
    await delay(RETRY_MS);
  }
  throw new EmbeddedPostgresError(`it did not answer within ${START_LIMIT_MS / 1000} seconds.`);
}
