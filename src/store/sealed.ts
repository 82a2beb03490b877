import type { Knex } from 'knex';
import type { Envelope } from '../crypto/envelope.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { DataKeyUse, KeyIds } from '../crypto/keyring.ts';
import { createReencryptionStore } from './reencryption.ts';
import { openableIn, type Stuck } from './stuck.ts';
import {
  blocksOf,
  countByIndex,
  countByReading,
  countOrGuess,
  countUpTo,
  unhurried,
  type KeyCount,
} from './key-counts.ts';

/** A column sealed under a key of the keyring, and what it is bound to. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly use: DataKeyUse;
  /** The columns that its content is bound to, in the order in which `reseal` takes them. */
  readonly bound: string;
  /** For `sealing`: what it was sealed for. */
  readonly purpose: string;
  /**
   * Whether an index says which key a row is under (migrations). The other tables are walked through, a stretch of the
   * file at a time.
   */
  readonly indexed: boolean;
}

const sealed = (
  table: string,
  purpose: string,
  { bound = 'id', column = 'sealed', indexed = false } = {},
): SealedColumn => ({ table, column, use: 'sealing', bound, purpose, indexed });
const rowKey = (table: string, bound = 'id'): SealedColumn => ({
  table,
  column: 'row_key',
  use: 'personalData',
  bound,
  purpose: table,
  indexed: true,
});

/**
 * Everything in the database that names a key of the keyring. A test fails where a table has a sealed column that is
 * not here. Small tables come first: a hundred million accounts take days, and what signs tokens should not wait for
 * them.
 */
export const sealedColumns: readonly SealedColumn[] = [
  sealed('signing_keys', 'signing-key', { bound: 'kid' }),
  sealed('sandbox_keys', 'sandbox-key', { bound: 'kid' }),
  sealed('clients', 'client-secret', { column: 'secret_sealed' }),
  sealed('outbox', 'outbox'),
  sealed('messages', 'message', { indexed: true }),
  sealed('drafts', 'draft'),
  sealed('recovery_requests', 'recovery-request'),
  sealed('email_confirmations', 'new-email', { bound: 'account_id', column: 'email_sealed' }),
  rowKey('second_factors', 'account_id'),
  sealed('protocol_state', 'protocol-state', { bound: 'model', column: 'payload' }),
  rowKey('former_accounts'),
  rowKey('accounts'),
];

/** What of a table is looked through at once, in blocks of its file: a megabyte. */
const BLOCKS = 128;

export interface Resealed {
  readonly rows: number;
  /** Where to go on; undefined where none is left but those that do not open. */
  readonly next: number | undefined;
  readonly stuck?: Stuck | undefined;
}

export interface SealedCount extends KeyCount {
  readonly table: string;
  readonly use: DataKeyUse;
}

export type SealedStore = ReturnType<typeof createSealedStore>;

export interface SealedStoreDeps {
  readonly envelope: Envelope;
  readonly sealer: Sealer;
  readonly keyIds: KeyIds;
}

/**
 * Moves what is sealed from older keys of the keyring to the current ones. The rows themselves say what is left to do.
 */
export function createSealedStore(db: Knex, { envelope, sealer, keyIds }: SealedStoreDeps) {
  const olderIds = (use: DataKeyUse): string[] => keyIds[use].known.filter((id) => id !== keyIds[use].current);

  const reseal = ({ table, use, purpose }: SealedColumn, bound: string, value: Buffer): Buffer =>
    use === 'personalData' ? envelope.rewrap({ table, id: bound }, value) : sealer.reseal(purpose, bound, value);

  return {
    ...createReencryptionStore(db),

    /** Whether the keyring holds a key that something could be moved away from. */
    hasOlderKeys: (): boolean => olderIds('personalData').length > 0 || olderIds('sealing').length > 0,

    /**
     * Seals at most `limit` values of one column anew. Rows that another instance or a request is at are left for
     * later, so that nobody waits for anybody; the content does not change, and neither does any other column.
     *
     * @param from  what the call before said is next. What is written behind it meanwhile, by a process that still uses
     *              an older key, is found by whoever walks through the table again.
     */
    async reseal(column: SealedColumn, limit: number, from = 0): Promise<Resealed> {
      const older = olderIds(column.use);
      if (older.length === 0) return { rows: 0, next: undefined };
      return db.transaction(async (trx) => {
        const blocks = column.indexed ? 0 : await blocksOf(trx, column.table);
        const stretch = column.indexed ? '' : 'and ctid >= ?::tid and ctid < ?::tid';
        const { rows } = await trx.raw<{ rows: { row: string; bound: string; value: Buffer }[] }>(
          `select ctid::text as row, ??::text as bound, ?? as value from ?? where ?? is not null and sealed_by(??) = any(?) ${stretch} limit ? for update skip locked`,
          [
            column.bound,
            column.column,
            column.table,
            column.column,
            column.column,
            older,
            ...(column.indexed ? [] : [`(${from},0)`, `(${from + BLOCKS},0)`]),
            limit,
          ],
        );
        const { opened, stuck } = openableIn(
          rows,
          ({ bound }) => `${column.table} ${bound}`,
          ({ bound, value }) => reseal(column, bound, value),
        );
        // Where no more than these are found at a place, what is behind them is.
        const isFull = rows.length === limit && opened.length > 0;
        const next = column.indexed
          ? { from: 0, isEnd: opened.length === 0 }
          : { from: isFull ? from : from + BLOCKS, isEnd: !isFull && from + BLOCKS >= blocks };
        if (opened.length > 0)
          await trx.raw(
            'update ?? as t set ?? = v.value from unnest(?::tid[], ?::bytea[]) as v (row, value) where t.ctid = v.row',
            [column.table, column.column, opened.map(({ row }) => row.row), opened.map(({ made }) => made)],
          );
        return { rows: opened.length, next: next.isEnd ? undefined : next.from, stuck };
      });
    },

    /**
     * How many rows of each table are under which key; of very many, about how many. For operators, on a connection
     * that waits for it.
     *
     * @param mostBlocks  what is read of a table that has no index for it.
     */
    async count(mostBlocks?: number): Promise<readonly SealedCount[]> {
      return unhurried(db, async (trx) => {
        const counts: SealedCount[] = [];
        for (const { table, column, use, indexed } of sealedColumns) {
          const keyed = { table, key: `sealed_by(${column})`, where: `${column} is not null` };
          const found = indexed
            ? { counts: await countByIndex(trx, keyed), about: false }
            : await countByReading(trx, keyed, mostBlocks);
          // What a part of the table did not show may be there all the same.
          const unseen = found.about
            ? keyIds[use].known.filter((id) => !found.counts.some(({ keyId }) => keyId === id))
            : [];
          counts.push(
            ...[...found.counts, ...unseen.map((keyId) => ({ keyId, rows: 0, about: true }))].map((one) => ({
              table,
              use,
              ...one,
            })),
          );
        }
        return counts;
      });
    },

    /**
     * How many rows are under that one key; so many are counted at most. For operators, on a connection that waits for
     * it.
     */
    async countUnder(use: DataKeyUse, keyId: string, most: number): Promise<number> {
      return unhurried(db, async (trx) => {
        let found = 0;
        for (const { table, column } of sealedColumns.filter((one) => one.use === use)) {
          if (found < most)
            found += await countUpTo(
              trx,
              `from ${table} where ${column} is not null and sealed_by(${column}) = ?`,
              [keyId],
              most - found,
            );
        }
        return found;
      });
    },

    /**
     * Accounts, those of a former system and second factors that wait for the current key, by the index; of very many,
     * about how many.
     */
    async personalDataWaiting(): Promise<number> {
      const older = olderIds('personalData');
      let waiting = 0;
      for (const { table, column } of older.length === 0
        ? []
        : sealedColumns.filter(({ use }) => use === 'personalData')) {
        waiting += (await countOrGuess(db, `from ${table} where sealed_by(${column}) = any(?)`, [older])).rows;
      }
      return waiting;
    },
  };
}
