import type { Knex } from 'knex';

/** How many rows are under one key. */
export interface KeyCount {
  readonly keyId: string;
  readonly rows: number;
  /** There are too many to count: so many PostgreSQL expects. */
  readonly about: boolean;
}

/** What says which key a row is under, and which rows say so; where there is an index on it, by that. */
export interface KeyedTable {
  readonly table: string;
  readonly key: string;
  readonly where: string;
}

/**
 * Beyond that an index is not counted through: it does not tell which of its rows are still there, so each of them is
 * looked up.
 */
const COUNTED = 10_000;

/** What is read of a table without such an index, in blocks of its file: sixty-four megabytes, about a second. */
const READ_BLOCKS = 8192;

/** For what an operator asks and waits for; the connection must be one that may say nothing for as long. */
export const unhurried = <T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> =>
  db.transaction(async (trx) => {
    await trx.raw('set local statement_timeout = 0');
    return work(trx);
  });

/** @param from  `from … where …`. */
export async function countUpTo(
  db: Knex,
  from: string,
  values: readonly Knex.RawBinding[],
  most: number,
): Promise<number> {
  const { rows } = await db.raw<{ rows: { found: string | number }[] }>(
    `select count(*) as found from (select ${from} limit ?) as counted`,
    [...values, most],
  );
  return Number(rows[0]?.found ?? 0);
}

/** Counts what can be counted soon; otherwise says what the planner makes of its statistics, which costs nothing. */
export async function countOrGuess(
  db: Knex,
  from: string,
  values: readonly Knex.RawBinding[],
): Promise<{ readonly rows: number; readonly about: boolean }> {
  const counted = await countUpTo(db, from, values, COUNTED + 1);
  if (counted <= COUNTED) return { rows: counted, about: false };
  const { rows } = await db.raw<{
    rows: { 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] }[];
  }>(`explain (format json) select ${from}`, values);
  return { rows: Math.max(counted, rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0), about: true };
}

/** How many rows are under which key, from one key to the next by the index, however many are under each. */
export async function countByIndex(db: Knex, { table, key, where }: KeyedTable): Promise<readonly KeyCount[]> {
  const { rows } = await db.raw<{ rows: { key: string }[] }>(
    `with recursive found as (
       (select ${key} as key from ${table} where ${where} order by 1 limit 1)
       union all
       select (select ${key} from ${table} where ${where} and ${key} > found.key order by 1 limit 1) from found where found.key is not null)
     select key from found where key is not null`,
  );
  const counts: KeyCount[] = [];
  for (const { key: keyId } of rows)
    counts.push({ keyId, ...(await countOrGuess(db, `from ${table} where ${where} and ${key} = ?`, [keyId])) });
  return counts;
}

/** How many blocks the file of a table has. */
export async function blocksOf(db: Knex, table: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { blocks: number }[] }>(
    "select (pg_relation_size(?::regclass) / current_setting('block_size')::int)::int as blocks",
    [table],
  );
  return rows[0]?.blocks ?? 0;
}

/**
 * How many rows are under which key, by reading them. Of a large table it reads so many blocks from all over the file,
 * and says what that makes of the whole: reading everything would keep the database from cleaning up behind everybody
 * else for as long, in the tables that change most.
 */
export async function countByReading(
  db: Knex,
  { table, key, where }: KeyedTable,
  mostBlocks = READ_BLOCKS,
): Promise<{ readonly counts: readonly KeyCount[]; readonly about: boolean }> {
  const blocks = await blocksOf(db, table);
  const about = blocks > mostBlocks;
  const share = about ? mostBlocks / blocks : 1;
  const { rows } = await db.raw<{ rows: { key: string; rows: string | number }[] }>(
    `select ${key} as key, count(*) as rows from ${table} ${about ? 'tablesample system (?)' : ''} where ${where} group by 1 order by 1`,
    about ? [share * 100] : [],
  );
  return { counts: rows.map((row) => ({ keyId: row.key, rows: Math.round(Number(row.rows) / share), about })), about };
}
