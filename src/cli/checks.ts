import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ConfigError, type Config } from '../config.ts';
import { createCore } from '../core.ts';
import { loadKeyring } from '../crypto/keyring.ts';
import { systemClock } from '../ports/clock/clock.ts';
import { systemRandom } from '../ports/random/random.ts';
import { inspectDatabase, type DatabaseFacts } from '../store/inspect.ts';
import { createKnex } from '../store/knex.ts';
import { examineRedis } from './redis-check.ts';
import { readConfig, withDatabase, type Opened } from './open.ts';

export interface Finding {
  readonly check: string;
  /** `warn` works, but would be refused in production or needs an eye. */
  readonly state: 'ok' | 'warn' | 'fail';
  readonly what: string;
}

const OLDEST_POSTGRES = 140_000;
/** Codes and tokens live for minutes; beyond this their ends begin to differ between clocks. */
const CLOCK_WARN_MS = 2000;
const CLOCK_FAIL_MS = 30_000;

const ok = (check: string, what: string): Finding => ({ check, state: 'ok', what });
const warn = (check: string, what: string): Finding => ({ check, state: 'warn', what });
const fail = (check: string, what: string): Finding => ({ check, state: 'fail', what });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');

/** Whether somebody listens there. */
function reach(check: string, address: URL, defaultPort: number, timeoutMs: number): Promise<Finding> {
  const port = address.port === '' ? defaultPort : Number(address.port);
  const where = `${address.hostname}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host: address.hostname.replace(/^\[|\]$/g, ''), port, timeout: timeoutMs });
    const end = (finding: Finding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('connect', () => {
      end(ok(check, `${where} answers`));
    });
    socket.once('timeout', () => {
      end(fail(check, `${where} does not answer within ${timeoutMs} ms`));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(fail(check, `${where} cannot be reached: ${error.code ?? error.message}`));
    });
  });
}

function checkKeyring({ keyring, dataDir, environment }: Config): Finding {
  const check = 'keyring';
  try {
    loadKeyring({ keyring, dataDir, environment, random: systemRandom });
  } catch (error) {
    return fail(check, messageOf(error));
  }
  if (keyring?.trim().startsWith('{') === true) return ok(check, 'given in the environment');
  const file = keyring?.trim() ?? join(dataDir, 'keyring.json');
  const mode = statSync(file).mode & 0o777;
  const tooOpen = `${file} is open to others (mode ${mode.toString(8).padStart(4, '0')}): chmod 600`;
  if ((mode & 0o077) !== 0) return environment === 'production' ? fail(check, tooOpen) : warn(check, tooOpen);
  return keyring === undefined ? warn(check, `${file}, made for development`) : ok(check, file);
}

function* judgeDatabase(facts: DatabaseFacts, embedded: boolean): Generator<Finding> {
  const version = `PostgreSQL ${facts.version}`;
  if (facts.versionNumber < OLDEST_POSTGRES) yield fail('database', `${version} is too old: 14 or newer`);
  else yield embedded ? warn('database', `${version}, embedded, for development`) : ok('database', version);

  if (facts.pendingMigrations.length > 0) yield warn('migrations', `${facts.pendingMigrations.length} to run: at the next start, or by migrate`);
  else if (facts.unknownMigrations.length > 0) yield warn('migrations', `the database is newer than this version: ${facts.unknownMigrations.join(', ')}`);
  else yield ok('migrations', 'all done');

  const apart = Math.abs(facts.clockAheadMs);
  const clock = `${apart} ms from the clock of the database`;
  yield apart > CLOCK_FAIL_MS ? fail('clock', clock) : apart > CLOCK_WARN_MS ? warn('clock', clock) : ok('clock', clock);
}

/** Keys that do not fit the database look well by themselves, and then nobody can sign in. */
async function checkKeysFit(opened: Opened): Promise<Finding> {
  const core = createCore(opened);
  try {
    await core.store.signingKeys.list();
    await core.store.clients.list();
    return ok('keys', 'open what the database holds');
  } catch (error) {
    return fail('keys', `do not open what the database holds: ${messageOf(error)}`);
  } finally {
    await core.close();
  }
}

async function checkDatabase(config: Config, keyringIsGood: boolean): Promise<Finding[]> {
  try {
    return await withDatabase(config, async (opened) => {
      const knex = createKnex({ url: opened.databaseUrl, poolMax: 1, statementTimeoutMs: config.database.statementTimeoutMs });
      const facts = await inspectDatabase(knex, () => systemClock.now()).finally(() => knex.destroy());
      const findings = [...judgeDatabase(facts, config.database.url === undefined)];
      if (keyringIsGood && facts.pendingMigrations.length === 0) findings.push(await checkKeysFit(opened));
      return findings;
    });
  } catch (error) {
    return [fail('database', messageOf(error))];
  }
}

async function checkRegistry({ dukcapil }: Config): Promise<Finding> {
  const check = 'civil registry';
  if (dukcapil.url === undefined) return warn(check, 'simulated: invented people only');
  const url = new URL(dukcapil.url);
  return reach(check, url, url.protocol === 'https:' ? 443 : 80, dukcapil.connectTimeoutMs);
}

async function checkSms({ sms }: Config): Promise<Finding> {
  if (sms.driver === 'outbox' || sms.http.url === undefined) return warn('sms', 'outbox: nothing is sent');
  const url = new URL(sms.http.url);
  return reach('sms', url, url.protocol === 'https:' ? 443 : 80, sms.http.timeoutMs);
}

async function checkMail({ mail, sms }: Config): Promise<Finding> {
  if (mail.smtpUrl === undefined) return warn('mail', 'outbox: nothing is sent');
  if (!URL.canParse(mail.smtpUrl)) return fail('mail', 'SMTP_URL is not an address');
  const url = new URL(mail.smtpUrl);
  return reach('mail', url, url.protocol === 'smtps:' ? 465 : 587, sms.http.timeoutMs);
}

/** Looks at everything that must work for people to sign in. Nothing is sent and no row is changed. */
export async function examine(): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name, what, example }) => fail('configuration', `${name}: ${what}, for instance ${example}`));
  }
  const keyring = checkKeyring(config);
  const [database, redis, registry, sms, mail] = await Promise.all([checkDatabase(config, keyring.state !== 'fail'), examineRedis(config), checkRegistry(config), checkSms(config), checkMail(config)]);
  return [ok('configuration', `${config.environment}, issuer ${config.http.issuer}`), keyring, ...database, ...redis, registry, sms, mail];
}
