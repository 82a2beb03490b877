import './engine.ts';
import { existsSync } from 'node:fs';
import { ConfigError, loadConfig, type Config } from './config.ts';
import { startDevelopment } from './dev/development.ts';
import { startServer } from './server.ts';
import { createLog } from './telemetry/log.ts';

function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** What the person at the terminal can do about it. */
function explain(error: unknown): string {
  const { code, port } = error as { code?: unknown; port?: unknown };
  const others =
    config.environment === 'production'
      ? 'another with PORT or METRICS_PORT'
      : 'others with PORT (and ISSUER), SAMPLE_SERVICE_PORT and DUKCAPIL_SIMULATOR_PORT';
  if (code === 'EADDRINUSE') return `Port ${String(port)} is taken by another program. Choose ${others}.`;
  if (code === 'SEAL_BROKEN')
    return `${(error as Error).message}: the database was filled with another keyring than this process has. To do: start it with that one (KEYRING or KEYRING_COMMAND); a copy from before a key was replaced does not open what was written since.`;
  return error instanceof Error ? error.message : String(error);
}

const config = readConfig();
const log = createLog({ level: config.log.level, pretty: process.stdout.isTTY });

/** What has been started so far, newest last. */
const running: { close(atOnce?: boolean): Promise<void> }[] = [];
let stopping: Promise<void> | undefined;

async function stop(exitCode: number, atOnce = false): Promise<void> {
  stopping ??= (async () => {
    const since = performance.now();
    for (const part of running.reverse()) await part.close(atOnce);
    log.info({ seconds: Math.round((performance.now() - since) / 1000) }, 'stopped');
  })();
  await stopping.catch((error: unknown) => {
    log.error({ err: error }, 'stopping failed');
  });
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping !== undefined) return; // Ctrl-C twice: the first is being served
    log.info({ signal }, 'stopping');
    void stop(0);
  });
}

try {
  const server = await startServer({
    config,
    log,
    onWrongClock() {
      if (stopping !== undefined) return;
      log.fatal({}, 'stopping: the clock of this machine is wrong, and other instances have the right time');
      void stop(1, true);
    },
  });
  running.push(server);
  log.info({ url: config.http.issuer, port: server.port }, 'listening');
  if (config.environment === 'development') running.push(await startDevelopment(server, config));
} catch (error) {
  log.fatal({ err: error }, 'the sign-on could not start');
  process.stderr.write(`${explain(error)}\n`);
  await stop(1);
}
