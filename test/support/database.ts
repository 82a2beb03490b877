import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pg from 'pg';
import { createKnex } from '../../src/store/knex.ts';

export interface TestDatabase {
  readonly url: string;
  /** A pool on it, closed by `drop`. */
  readonly knex: Knex;
  drop(): Promise<void>;
}

/** Beside every database of a test: what is set for one of those does not hold for this connection. */
export async function asAdministrator(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(
      `${name} is not set: tests with a database run through the runner, for instance npm test -- test/store/accounts.test.ts`,
    );
  return value;
}

/** The database server of this run. Its own database stays empty. */
export const serverUrl = (): string => given('TEST_DATABASE_URL');

export function urlOfDatabase(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Copied as files: the other way, by the log, takes twice the processor time. Before PostgreSQL 15 there is no other
 * way than this one.
 */
const copiedAsFiles = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  return (rows[0]?.version ?? 0) < 150_000 ? '' : ' strategy file_copy';
};

export const createDatabase = (name: string, template?: string): Promise<void> =>
  asAdministrator(async (client) =>
    client.query(
      `create database ${name}${template === undefined ? '' : ` template ${template}${await copiedAsFiles(client)}`}`,
    ),
  );

export const dropDatabase = (name: string): Promise<void> =>
  asAdministrator((client) => client.query(`drop database if exists ${name} with (force)`));

/**
 * A database of its own with all tables, cloned from the migrated template of the run. One for each test file:
 * make it in `before`, drop it in `after`.
 */
export async function createTestDatabase({ migrated = true }: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await createDatabase(name, migrated ? given('TEST_TEMPLATE') : undefined);
  const url = urlOfDatabase(name);
  const knex = createKnex({ url, poolMax: 10, statementTimeoutMs: 10_000, applicationName: 'test' });
  return {
    url,
    knex,
    async drop() {
      await knex.destroy();
      await dropDatabase(name);
    },
  };
}

export const textOf = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value);

/** Every value of every table, bytes as they are: what somebody reads who has stolen it. */
export async function everythingIn({ knex }: Pick<TestDatabase, 'knex'>): Promise<string> {
  const tables = (await knex('information_schema.tables')
    .where({ table_schema: 'public' })
    .pluck('table_name')) as string[];
  const texts = [];
  for (const table of tables) {
    for (const row of (await knex(table).select('*')) as Record<string, unknown>[]) {
      for (const value of Object.values(row)) texts.push(textOf(value));
    }
  }
  return texts.join('\n');
}
