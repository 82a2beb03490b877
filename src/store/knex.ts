import type { Socket } from 'node:net';
import knexFactory, { type Knex } from 'knex';
import pg from 'pg';
import { demandWrites } from './read-only.ts';
import { traceQueries } from './trace-queries.ts';
import { lineOf } from './transaction.ts';

export { migrate, rollback } from './migrate.ts';

const INT8 = 20;

export interface DatabaseOptions {
  /** `postgres://…`, PostgreSQL 14 or newer. */
  readonly url: string;
  readonly poolMax: number;
  /** Longest a statement may run, in milliseconds; 0 sets no limit. */
  readonly statementTimeoutMs: number;
  /**
   * Longest a statement may wait for a lock, and a transaction may stand still, in milliseconds; without, there is no
   * limit.
   */
  readonly lockTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
  /**
   * The address leads to a pooler in transaction mode: nothing may be kept on a connection from one transaction to the
   * next.
   */
  readonly pooled?: boolean;
  /**
   * Longest a connection may say nothing while a statement waits for its answer; unset waits as long as the system
   * does, a quarter of an hour or so.
   */
  readonly silenceMs?: number;
  /** A server that only reads will do: a standby. Otherwise a connection to one is refused. */
  readonly readsOnly?: boolean;
  /** How the connections call themselves in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** What knex has to say besides the errors, which reach the caller. */
  readonly log?: (message: string) => void;
}

/** Counts and positions come as numbers; what a number cannot hold exactly comes as a bigint rather than altered. */
const parseInt8 = (text: string): number | bigint => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
};

const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === INT8 && format !== 'binary'
      ? parseInt8
      : (pg.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format),
};

/** On those whose next statement may meet another connection of the server. */
const POOLED = Symbol('pooled');

/**
 * A server that ends says so. One whose machine or cable is gone says nothing, and cannot keep its own limit either:
 * who waits for it hears that the connection was lost, and the pool makes another.
 */
function giveUpWhenSilent(made: pg.Client, silenceMs: number): void {
  const {
    connection: { stream },
  } = made as unknown as { connection: { stream: Socket } };
  stream.setTimeout(silenceMs, () => {
    const { readyForQuery: idle } = made as unknown as { readyForQuery: boolean };
    if (!idle)
      stream.destroy(
        Object.assign(new Error(`PostgreSQL has said nothing for ${silenceMs} ms`), { code: 'ETIMEDOUT' }),
      );
  });
}

/** A pool of connections to PostgreSQL. `destroy()` closes it. */
export function createKnex({
  url,
  poolMax,
  statementTimeoutMs,
  lockTimeoutMs = 0,
  idleInTransactionTimeoutMs = 0,
  pooled = false,
  silenceMs,
  readsOnly = false,
  applicationName = 'siapkerja-sso',
  log = () => undefined,
}: DatabaseOptions): Knex {
  const connection: pg.ClientConfig = {
    connectionString: url,
    application_name: applicationName,
    // A pooler refuses such settings at the start of a connection: it sets them itself, by its `connect_query`.
    ...(pooled
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          lock_timeout: lockTimeoutMs,
          idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
        }),
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    // Statements of a transaction need not wait for one another (`transaction.ts`).
    pipeline: true,
    types: types,
  };
  const check = readsOnly ? () => Promise.resolve() : demandWrites();
  return knexFactory({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    pool: {
      min: 0,
      max: poolMax,
      afterCreate: (made: pg.Client, done: (error: unknown, made: pg.Client) => void) => {
        if (pooled) Object.assign(made, { [POOLED]: true });
        if (silenceMs !== undefined) giveUpWhenSilent(made, silenceMs);
        check(made).then(
          () => {
            traceQueries(made);
            done(null, made);
          },
          (error: unknown) => {
            done(error, made);
          },
        );
      },
    },
    acquireConnectionTimeout: 10_000,
    // Otherwise the text of an error carries the values of the statement, and from there they reach the log.
    compileSqlOnError: false,
    log: { debug: log, warn: log, error: log, deprecate: log },
  });
}

/**
 * Runs a named prepared statement: parsed and planned once for each connection, and without knex's query building.
 * Behind a pooler it has no name, since the next statement may meet another connection.
 *
 * @param db   the pool, or a transaction to run in.
 * @param name unique to this text; PostgreSQL keeps the plan under it.
 * @param text SQL with `$1`, `$2`, … for the values.
 * @returns    the rows.
 */
export const prepared = async <Row extends object>(
  db: Knex,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> => (await runPrepared<Row>(db, name, text, values)).rows;

/** As `prepared`. @returns how many rows it has changed. */
export const preparedChange = async (
  db: Knex,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<number> => (await runPrepared(db, name, text, values)).rowCount ?? 0;

/** The names of statements by their texts: one for each row of the same columns. */
const inserts = new Map<string, string>();

function nameInsert(table: string, text: string): string {
  const others = [...inserts.values()].filter((name) => name.startsWith(`insert ${table}`)).length;
  const name = others === 0 ? `insert ${table}` : `insert ${table} ${others + 1}`;
  inserts.set(text, name);
  return name;
}

/**
 * Inserts one row by a prepared statement.
 *
 * @param otherwise  `on conflict …`, where there may be one.
 * @returns          1, or 0 where the conflict kept it out.
 */
export function insertRow(
  db: Knex,
  table: string,
  row: Readonly<Record<string, unknown>>,
  otherwise = '',
): Promise<number> {
  const columns = Object.keys(row);
  const text = `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, at) => `$${at + 1}`).join(', ')}) ${otherwise}`;
  const name = inserts.get(text) ?? nameInsert(table, text);
  return preparedChange(db, name, text, Object.values(row));
}

async function runPrepared<Row extends object>(
  db: Knex,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  if (db.isTransaction && (db as Knex.Transaction).isCompleted())
    throw new Error(`statement ${name} came after the end of its transaction`);
  const statementOn = (connection: pg.Client): pg.QueryConfig => ({
    ...(POOLED in connection ? {} : { name }),
    text,
    values: values as unknown[],
  });
  const line = lineOf(db);
  // Within a transaction it is put to the database at once, so that the commit can follow without waiting for the
  // answer.
  if (line !== undefined) return line.query<Row>(statementOn(line.connection));
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as pg.Client;
  try {
    return await connection.query<Row>(statementOn(connection));
  } finally {
    await client.releaseConnection(connection);
  }
}

/**
 * Runs SQL of a library as it stands: `$1`, `$2`, … for the values, or several statements at once without any (the
 * answer is a list then).
 */
export const sqlOf =
  (db: Knex) =>
  async (text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> => {
    const client = db.client as Knex.Client;
    const connection = (await client.acquireConnection()) as pg.Client;
    try {
      return await connection.query<Record<string, unknown>>(values.length === 0 ? { text } : { text, values });
    } finally {
      await client.releaseConnection(connection);
    }
  };
