import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import knexFactory, { type Knex } from 'knex';
import type pg from 'pg';
import { patiently } from './patiently.ts';

const directory = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Any number, as long as nothing else in the database takes it as an advisory lock. */
const LOCK = 7_150_420_233;
const LOCK_RETRY_MS = 100;
/**
 * A migration may work for as long as it needs, but not wait: whoever waits for the lock of a whole table holds up
 * everybody who comes after. Short of the limit of requests, so that they wait a little and go on.
 */
const LIMITS = { statement_timeout: 0, lock_timeout: 2000, idle_in_transaction_session_timeout: 0 };

const loading: Knex.MigratorConfig = { directory, loadExtensions: ['.ts'] };

async function tryLock(holder: pg.Client): Promise<boolean> {
  const { rows } = await holder.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [LOCK]);
  return rows[0]?.locked === true;
}

/**
 * Runs the work while no other instance does the same, on a pool of its own that sets no limit to work and a short one
 * to waiting. The lock belongs to a connection: it is gone with a process that is killed.
 */
async function alone<T>(knex: Knex, work: (migrator: Knex.Migrator) => Promise<T>): Promise<T> {
  const { config } = knex.client as Knex.Client;
  const own = knexFactory({
    ...config,
    connection: { ...(config.connection as Knex.PgConnectionConfig), ...LIMITS },
    pool: { min: 0, max: 2 },
  });
  const client = own.client as Knex.Client;
  try {
    const holder = (await client.acquireConnection()) as pg.Client;
    try {
      // Asked again and again rather than waited for: a statement that waits would hold up `create index concurrently`.
      while (!(await tryLock(holder))) await delay(LOCK_RETRY_MS);
      // Whoever left knex's own lock behind was killed: we hold the one that counts.
      await own.migrate.forceFreeMigrationsLock(loading);
      return await work(own.migrate);
    } finally {
      await client.releaseConnection(holder);
    }
  } finally {
    await own.destroy();
  }
}

/**
 * Brings the database to the newest state. Any number of instances may start at once: one runs, the others wait.
 *
 * @returns the names of the migrations that ran here.
 */
export const migrate = (knex: Knex): Promise<string[]> =>
  alone(knex, async (migrator) => {
    // An instance of the version before may start again beside newer ones: it does not know their migrations.
    const before = (await migrator.list({ ...loading, disableMigrationsListValidation: true })) as [
      { name: string }[],
      unknown,
    ];
    await patiently(() => migrator.latest({ ...loading, disableMigrationsListValidation: true }) as Promise<unknown>);
    const after = (await migrator.list({ ...loading, disableMigrationsListValidation: true })) as [
      { name: string }[],
      unknown,
    ];
    return after[0].slice(before[0].length).map(({ name }) => name);
  });

/**
 * Takes the last batch of migrations back, or all of them.
 *
 * @returns the names of the migrations taken back.
 */
export const rollback = (knex: Knex, all = false): Promise<string[]> =>
  alone(knex, async (migrator) => {
    const [, names] = (await migrator.rollback(loading, all)) as [number, string[]];
    return names;
  });
