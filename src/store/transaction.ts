import type { Writable } from 'node:stream';
import type { Knex } from 'knex';
import type pg from 'pg';
import { cork } from './packet.ts';

type Callback = (error: Error | null | undefined, result?: pg.QueryResult) => void;

/** The connection of a transaction, as statements are put to it. */
export interface Line {
  readonly connection: pg.Client;
  query<Row extends object>(statement: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/** By the handle that a transaction is given. */
const lines = new WeakMap<Knex, Line>();

/** @returns undefined outside a transaction. */
export const lineOf = (db: Knex): Line | undefined => lines.get(db);

/** All that PostgreSQL says to what comes after a statement that failed. */
const isConsequence = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null | undefined)?.code === '25P02';

/**
 * Statements of one turn of the event loop go as one packet, and the answers come as one: to wait for each is most of
 * what a small statement costs. The commit may follow writes whose answers are still under way: where one of them has
 * failed, PostgreSQL takes all of it back, and says so.
 */
function createLine(connection: pg.Client): Line & { readonly forKnex: object; causeOf(error: unknown): unknown } {
  const {
    connection: { stream },
  } = connection as unknown as { connection: { stream: Writable } };
  let failure: Error | undefined;

  function send(statement: string | pg.QueryConfig, answered: Callback): void {
    cork(stream);
    connection.query(statement as pg.QueryConfig, (error: Error | undefined, result: pg.QueryResult) => {
      if (error && !isConsequence(error)) failure = error;
      answered(error, result);
    });
  }

  const query = <Row extends object>(statement: string | pg.QueryConfig): Promise<pg.QueryResult<Row>> =>
    new Promise((resolve, reject) => {
      send(statement, (error, result) => {
        if (error) reject(error);
        else resolve(result as pg.QueryResult<Row>);
      });
    });

  const endsWell =
    (answered: Callback): Callback =>
    (error, result) => {
      const isUndone = !error && result?.command === 'ROLLBACK';
      answered(isUndone ? (failure ?? new Error('the transaction was rolled back')) : error, result);
    };

  const forKnex = Object.create(connection, {
    query: {
      value(statement: string | pg.QueryConfig, answered?: Callback): Promise<pg.QueryResult> | undefined {
        if (answered === undefined) return query(statement);
        const text = typeof statement === 'string' ? statement : statement.text;
        // The beginning is waited for: what is sent behind one that fails would be kept each by itself.
        send(statement, text === 'COMMIT;' ? endsWell(answered) : answered);
        return undefined;
      },
    },
  }) as object;

  return { connection, query, forKnex, causeOf: (error) => (isConsequence(error) ? (failure ?? error) : error) };
}

/**
 * Runs the work in one transaction. A write whose answer it does not wait for has been put to the database by the time
 * it ends.
 *
 * @throws what went wrong first: who waits for another statement hears of a failed write by 25P02 alone, which says
 *   neither that it may be tried again nor that a lock was waited for.
 */
export async function inTransaction<T>(knex: Knex, work: (trx: Knex) => Promise<T>): Promise<T> {
  const client = knex.client as Knex.Client;
  const connection = (await client.acquireConnection()) as pg.Client;
  const line = createLine(connection);
  try {
    return await knex.transaction(
      (trx) => {
        lines.set(trx, line);
        return work(trx);
      },
      { connection: line.forKnex } as unknown as Knex.TransactionConfig,
    );
  } catch (error) {
    throw line.causeOf(error);
  } finally {
    await client.releaseConnection(connection);
  }
}
