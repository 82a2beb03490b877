import { ConfigError, type Config } from '../config.ts';
import { createCore, type Core } from '../core.ts';
import { keyUses } from '../crypto/keyring-document.ts';
import { loadKeyring } from '../crypto/keyring.ts';
import { AWAY_WITH_SEEDS, tellSeeds } from '../dev/whose-database.ts';
import { keyringOpening } from '../crypto/keyring-source.ts';
import { counted } from '../domain/plural.ts';
import { reportKeys, type KeyReport } from '../oidc/key-rotation.ts';
import { systemClock } from '../ports/clock/clock.ts';
import { systemRandom } from '../ports/random/random.ts';
import { inspectDatabase, type DatabaseFacts } from '../store/inspect.ts';
import { inspectUpkeep, type UpkeepFacts } from '../store/inspect-upkeep.ts';
import { createKnex } from '../store/knex.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import { examineMachine } from './machine-check.ts';
import { examinePublic } from './public-check.ts';
import { examineOfficers } from './officers-check.ts';
import { reach } from './reach.ts';
import { examineRedis } from './redis-check.ts';
import { examineRegistry } from './registry-check.ts';
import { examineReplica } from './replica-check.ts';
import { examineSms } from './sms-check.ts';
import { examineReports } from './reports-check.ts';
import { judgeUpkeep } from './upkeep-check.ts';
import { readConfig, withDatabase, type Opened } from './open.ts';

const OLDEST_POSTGRES = 140_000;
/** Codes and tokens live for minutes; beyond this their ends begin to differ between clocks. */
const CLOCK_WARN_MS = 2000;
const CLOCK_FAIL_MS = 30_000;
const DAY_MS = 86_400_000;
/** The job that removes them comes daily. */
const RETENTION_WARN_DAYS = 7;
/** Parts are made three months ahead: with one left, the job has not run for two. */
const PARTITIONS_WARN_DAYS = 31;
/** A part is a month, and the first at most two and what was there before. */
const LONGEST_PART_MONTHS = 13;

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');

function checkKeyring(config: Config): Finding {
  const { keyring, environment } = config;
  const check = 'keyring';
  try {
    loadKeyring({ ...config, random: systemRandom });
  } catch (error) {
    const [program] = config.keyringCommand;
    const remedy =
      program === undefined
        ? 'set KEYRING to the file, or the JSON itself, that all instances share'
        : `run KEYRING_COMMAND by hand, as the user and in the surroundings of the instances: it must print the keyring and end with 0; what ${program} says against it stands there alone`;
    return fail(check, messageOf(error), remedy);
  }
  if (config.keyringCommand.length > 0) return ok(check, `printed by ${config.keyringCommand[0] ?? ''}`);
  const opening = keyringOpening(config);
  if (opening === undefined) return ok(check, 'given in the environment');
  const { file, to, what } = opening;
  const close = `chmod 600 ${file}`;
  // With such a one no instance of production starts (`demandClosedKeyring`).
  if (to === 'others') return environment === 'production' ? fail(check, what, close) : warn(check, what, close);
  if (to === 'group') return warn(check, what, `${close}, unless the group is that of this process alone`);
  return keyring === undefined
    ? warn(
        check,
        `${file}, made for development`,
        'before production: make one and keep it outside the data directory (README)',
      )
    : ok(check, file);
}

function* judgeDatabase(facts: DatabaseFacts, embedded: boolean, poolMax: number): Generator<Finding> {
  const version = `PostgreSQL ${facts.version}`;
  if (facts.versionNumber < OLDEST_POSTGRES)
    yield fail('database', `${version} is too old`, 'upgrade PostgreSQL to 14 or newer');
  else
    yield embedded
      ? warn('database', `${version}, embedded, for development`, 'before production: set DATABASE_URL')
      : ok('database', version);

  if (facts.pendingMigrations.length > 0)
    yield warn('migrations', `${facts.pendingMigrations.length} to run`, 'run migrate, or start the sign-on');
  else if (facts.unknownMigrations.length > 0)
    yield warn(
      'migrations',
      `the database is newer than this version: ${facts.unknownMigrations.join(', ')}`,
      'upgrade this instance',
    );
  else yield ok('migrations', 'all done');

  const apart = Math.abs(facts.clockAheadMs);
  const clock = `${apart} ms from the clock of the database`;
  const ntp = 'let NTP keep the clocks of both machines (timedatectl)';
  yield apart > CLOCK_FAIL_MS
    ? fail('clock', clock, ntp)
    : apart > CLOCK_WARN_MS
      ? warn('clock', clock, ntp)
      : ok('clock', clock);

  const room = Math.floor((facts.maxConnections - facts.reservedConnections) / poolMax);
  const pool = `room for ${counted(room, 'instance')} with ${counted(poolMax, 'connection')} each (max_connections ${facts.maxConnections})`;
  yield room < 2
    ? warn(
        'connections',
        pool,
        'lower DATABASE_POOL_MAX, raise max_connections, or put PgBouncer between; an upgrade needs room for two',
      )
    : ok('connections', pool);

  if (!facts.isDurable)
    yield warn(
      'durability',
      'fsync, full_page_writes or synchronous_commit is off: what was said to be done can be lost',
      'switch them on (postgresql.conf)',
    );
  if (!facts.hasTimeLimit)
    yield warn(
      'time limits',
      'statements through the pooler may run for ever',
      "set statement_timeout in PgBouncer's connect_query (docs/operasi/install.md)",
    );
}

/**
 * A month without a part of its own is no disaster, since its rows lie among the rest; but the part is then the harder
 * to make. A part of years is as large as what was to be divided.
 */
export function* judgePartitions(
  { partitions }: Pick<DatabaseFacts, 'partitions'>,
  now: Date,
  keptMonths: number,
): Generator<Finding> {
  const check = 'partitions';
  for (const { table, until, parts, hasRest } of partitions) {
    const reach = `${table} reaches to before ${until.toISOString().slice(0, 10)}`;
    if (until.getTime() - now.getTime() < PARTITIONS_WARN_DAYS * DAY_MS)
      yield warn(check, reach, 'run jobs run partitions, and see why the job did not (`job failed` in the log)');
    else if (hasRest)
      yield warn(
        check,
        `${reach}, and rows lie in ${table}_rest, whose time fits no part`,
        'let NTP keep the clocks of all instances; the rows move when the part of their month is made',
      );
    else yield ok(check, reach);
    const overdue =
      keptMonths === 0
        ? []
        : parts.filter(
            ({ until: end }) =>
              end.getTime() <=
              Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - keptMonths, 1) - RETENTION_WARN_DAYS * DAY_MS,
          );
    if (overdue.length > 0)
      yield warn(
        check,
        `${counted(overdue.length, 'part')} of ${table} ${overdue.length === 1 ? 'is' : 'are'} older than ${counted(keptMonths, 'month')}`,
        'run jobs run retention, and see why the job did not (`job failed` in the log, audit verify)',
      );
    for (const { name, from, until: end } of parts) {
      if (end.getTime() <= Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + LONGEST_PART_MONTHS, from.getUTCDate()))
        continue;
      const months = (end.getUTCFullYear() - from.getUTCFullYear()) * 12 + end.getUTCMonth() - from.getUTCMonth();
      yield warn(
        check,
        `${name}, a part of ${table}, stretches over ${counted(months, 'month')}, to before ${end.toISOString().slice(0, 10)}`,
        'a clock was wrong at or before the migration; divide it (docs/operasi/upgrade.md)',
      );
    }
  }
}

function* judgeSigningKeys(keys: readonly KeyReport[], now: Date): Generator<Finding> {
  const check = 'signing keys';
  const signing = keys.filter(({ state }) => state === 'current');
  if (signing.length === 0) yield ok(check, 'none yet: made at the first start');
  for (const { algorithm, promotedAt, publishedAt, rotationAt } of signing) {
    const days = Math.floor((now.getTime() - (promotedAt ?? publishedAt).getTime()) / DAY_MS);
    const what = `${algorithm} has signed for ${counted(days, 'day')}`;
    if (rotationAt !== undefined && now.getTime() - rotationAt.getTime() > DAY_MS)
      yield warn(
        check,
        `${what}, and should have been replaced`,
        'see why the job does not run (`job failed` in the log), or run keys rotate',
      );
    else yield ok(check, what);
  }
}

/** Data under older keys is for a while only; instances with different keyrings are as well. */
async function checkOlderKeys({ store, keyring }: Core): Promise<Finding> {
  const check = 'data keys';
  const instances = await store.instances.running();
  const others = instances.filter(({ keys }) => keyUses.some((use) => keys[use].current !== keyring.ids[use].current));
  if (others.length > 0)
    return warn(
      check,
      `${others.length} of ${counted(instances.length, 'running instance')} ${others.length === 1 ? 'has' : 'have'} another keyring than this command`,
      'restart every instance with the same keyring (keyring list shows which)',
    );
  const waiting = await store.sealed.personalDataWaiting();
  if (waiting > 0)
    return warn(
      check,
      `${counted(waiting, 'account or second factor lies', 'accounts and second factors lie')} under an older key`,
      'a job moves them; keys reencrypt does it at once',
    );
  return ok(check, keyUses.map((use) => `${use} ${keyring.ids[use].current}`).join(', '));
}

/** Seeds come with passwords that stand in the sources. In production the instances do not start beside them. */
async function checkSeeds(core: Core): Promise<Finding[]> {
  const told = core.config.environment === 'production' ? await tellSeeds(core) : undefined;
  return told === undefined ? [] : [fail('seeds', told, AWAY_WITH_SEEDS)];
}

/** Keys that do not fit the database look well by themselves, and then nobody can sign in. */
async function checkKeysFit(opened: Opened): Promise<Finding[]> {
  const core = createCore(opened);
  try {
    await core.store.clients.list();
    return [
      ok('keys', 'open what the database holds'),
      ...(await checkSeeds(core)),
      ...judgeSigningKeys(await reportKeys(core.store, opened.config), systemClock.now()),
      await checkOlderKeys(core),
      await examineReports(core),
      ...(await examineOfficers(core)),
    ];
  } catch (error) {
    return [
      fail(
        'keys',
        `do not open what the database holds: ${messageOf(error)}`,
        'give this process the KEYRING that the database was filled with',
      ),
    ];
  } finally {
    await core.close();
  }
}

async function checkDatabase(config: Config, keyringIsGood: boolean): Promise<Finding[]> {
  try {
    return await withDatabase(config, async (opened) => {
      const knex = createKnex({
        url: opened.databaseUrl,
        poolMax: 1,
        statementTimeoutMs: config.database.statementTimeoutMs,
        pooled: config.database.directUrl !== undefined,
      });
      const look = async (): Promise<[DatabaseFacts, UpkeepFacts]> => [
        await inspectDatabase(knex, () => systemClock.now()),
        await inspectUpkeep(knex),
      ];
      const [facts, upkeep] = await look().finally(() => knex.destroy());
      const findings = [
        ...judgeDatabase(facts, config.database.url === undefined, config.database.poolMax),
        ...judgeUpkeep(upkeep),
        ...judgePartitions(facts, systemClock.now(), config.lifetimes.auditMonths),
      ];
      if (keyringIsGood && facts.pendingMigrations.length === 0) findings.push(...(await checkKeysFit(opened)));
      return findings;
    });
  } catch (error) {
    return [
      fail('database', messageOf(error), 'see DATABASE_URL, and whether PostgreSQL is up and lets this machine in'),
    ];
  }
}

async function checkMail({ mail, sms }: Config): Promise<Finding> {
  if (mail.smtpUrl === undefined) return warn('mail', 'outbox: nothing is sent', 'before production: set SMTP_URL');
  if (!URL.canParse(mail.smtpUrl))
    return fail('mail', 'SMTP_URL is not an address', 'write it as smtps://user:password@host');
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
    return error.problems.map(({ name, what, example }) =>
      fail('configuration', `${name}: ${what}`, `for instance ${name}=${example}`),
    );
  }
  const keyring = checkKeyring(config);
  const findings = await Promise.all([
    examineMachine(config),
    checkDatabase(config, keyring.state !== 'fail'),
    examineReplica(config),
    examineRedis(config),
    examineRegistry(config),
    examineSms(config),
    checkMail(config),
    examinePublic(config),
  ]);
  return [ok('configuration', `${config.environment}, issuer ${config.http.issuer}`), keyring, ...findings.flat()];
}
