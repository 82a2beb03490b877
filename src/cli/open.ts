import { existsSync } from 'node:fs';
import { loadConfig, type Config } from '../config.ts';
import { createCore, type Core } from '../core.ts';
import { startEmbedded } from '../store/embedded.ts';
import { createKnex, migrate } from '../store/knex.ts';
import { createLog, type Log } from '../telemetry/log.ts';

/** The settings, read as the server reads them. @throws {ConfigError} with every problem. */
export function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig();
}

/**
 * Standard output belongs to the result; and what the server tells of its life is noise here, unless it was asked for.
 */
const createQuietLog = (config: Config): Log =>
  createLog({
    level: process.env.LOG_LEVEL === undefined && config.log.level !== 'silent' ? 'warn' : config.log.level,
    destination: process.stderr,
  });

export interface Opened {
  readonly config: Config;
  readonly log: Log;
  readonly databaseUrl: string;
}

/**
 * Does the work on the configured database; without one on the embedded server, which is joined, or started and
 * stopped.
 */
export async function withDatabase<T>(config: Config, work: (opened: Opened) => Promise<T>): Promise<T> {
  const log = createQuietLog(config);
  if (config.database.url !== undefined) return work({ config, log, databaseUrl: config.database.url });
  const embedded = await startEmbedded({ dataDir: config.dataDir, log });
  try {
    return await work({ config, log, databaseUrl: embedded.url });
  } finally {
    await embedded.stop();
  }
}

/**
 * Does the work with everything that stands right above the database, which is brought to its newest state before.
 *
 * @param waitsLong  it counts what only the whole of a large table tells.
 */
export const withCore = <T>(work: (core: Core) => Promise<T>, { waitsLong = false } = {}): Promise<T> =>
  withDatabase(readConfig(), async (opened) => {
    const knex = createKnex({
      url: opened.config.database.directUrl ?? opened.databaseUrl,
      poolMax: 2,
      statementTimeoutMs: 0,
    });
    await migrate(knex).finally(() => knex.destroy());
    const core = createCore({ ...opened, waitsLong });
    try {
      return await work(core);
    } finally {
      await core.close();
    }
  });
