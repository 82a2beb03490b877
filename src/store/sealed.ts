import type { Knex } from 'knex';
import type { Envelope } from '../crypto/envelope.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { DataKeyUse, KeyIds } from '../crypto/keyring.ts';

/** A column sealed under a key of the keyring, and what it is bound to. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly use: DataKeyUse;
  /** The columns that its content is bound to, in the order in which `reseal` takes them. */
  readonly bound: string;
  /** For `sealing`: what it was sealed for. */
  readonly purpose: string;
}

const sealed = (table: string, purpose: string, bound = 'id', column = 'sealed'): SealedColumn => ({ table, column, use: 'sealing', bound, purpose });
const rowKey = (table: string, bound = 'id'): SealedColumn => ({ table, column: 'row_key', use: 'personalData', bound, purpose: table });

/** Everything in the database that names a key of the keyring. A test fails where a table has a sealed column that is not here. */
export const sealedColumns: readonly SealedColumn[] = [
  rowKey('accounts'),
  rowKey('former_accounts'),
  rowKey('second_factors', 'account_id'),
  sealed('clients', 'client-secret', 'id', 'secret_sealed'),
  sealed('drafts', 'draft'),
  sealed('messages', 'message'),
  sealed('outbox', 'outbox'),
  sealed('protocol_state', 'protocol-state', 'model', 'payload'),
  sealed('sandbox_keys', 'sandbox-key', 'kid'),
  sealed('signing_keys', 'signing-key', 'kid'),
];

export interface SealedCount {
  readonly table: string;
  readonly use: DataKeyUse;
  readonly keyId: string;
  readonly rows: number;
}

export type SealedStore = ReturnType<typeof createSealedStore>;

export interface SealedStoreDeps {
  readonly envelope: Envelope;
  readonly sealer: Sealer;
  readonly keyIds: KeyIds;
}

/** Moves what is sealed from older keys of the keyring to the current ones. The rows themselves say what is left to do. */
export function createSealedStore(db: Knex, { envelope, sealer, keyIds }: SealedStoreDeps) {
  const olderIds = (use: DataKeyUse): string[] => keyIds[use].known.filter((id) => id !== keyIds[use].current);

  const reseal = ({ table, use, purpose }: SealedColumn, bound: string, value: Buffer): Buffer =>
    use === 'personalData' ? envelope.rewrap({ table, id: bound }, value) : sealer.reseal(purpose, bound, value);

  return {
    /** Whether the keyring holds a key that something could be moved away from. */
    hasOlderKeys: (): boolean => olderIds('personalData').length > 0 || olderIds('sealing').length > 0,

    /**
     * Seals at most `limit` values of one column anew. Rows that another instance or a request is at are left for later,
     * so that nobody waits for anybody; the content does not change, and neither does any other column.
     *
     * @returns how many; fewer than `limit` where none is left.
     */
    async reseal(column: SealedColumn, limit: number): Promise<number> {
      const older = olderIds(column.use);
      if (older.length === 0) return 0;
      return db.transaction(async (trx) => {
        const { rows } = await trx.raw<{ rows: { row: string; bound: string; value: Buffer }[] }>(
          'select ctid::text as row, ??::text as bound, ?? as value from ?? where sealed_by(??) = any(?) limit ? for update skip locked',
          [column.bound, column.column, column.table, column.column, older, limit],
        );
        if (rows.length === 0) return 0;
        const values = rows.map(({ bound, value }) => reseal(column, bound, value));
        await trx.raw('update ?? as t set ?? = v.value from unnest(?::tid[], ?::bytea[]) as v (row, value) where t.ctid = v.row', [column.table, column.column, rows.map(({ row }) => row), values]);
        return rows.length;
      });
    },

    /** How many rows of each table are under which key. Reads every short-lived row: for operators, not for every minute. */
    async count(): Promise<readonly SealedCount[]> {
      return db.transaction(async (trx) => {
        await trx.raw('set local statement_timeout = 0');
        const counts: SealedCount[] = [];
        for (const { table, column, use } of sealedColumns) {
          const { rows } = await trx.raw<{ rows: { key: string; rows: string | number }[] }>('select sealed_by(??) as key, count(*) as rows from ?? where ?? is not null group by 1 order by 1', [column, table, column]);
          counts.push(...rows.map((row) => ({ table, use, keyId: row.key, rows: Number(row.rows) })));
        }
        return counts;
      });
    },

    /** Accounts, those of a former system and second factors that wait for the current key; reads the index alone. */
    async personalDataWaiting(): Promise<number> {
      const older = olderIds('personalData');
      if (older.length === 0) return 0;
      const { rows } = await db.raw<{ rows: { waiting: string | number }[] }>(
        `select ${['accounts', 'former_accounts', 'second_factors'].map((table) => `(select count(*) from ${table} where sealed_by(row_key) = any(?))`).join(' + ')} as waiting`,
        [older, older, older],
      );
      return Number(rows[0]?.waiting ?? 0);
    },
  };
}
