import type { Knex } from 'knex';
import type { BlindIndex } from '../crypto/blind-index.ts';
import type { Envelope } from '../crypto/envelope.ts';
import type { KeyIds } from '../crypto/keyring.ts';
import { emailKey, type Email } from '../domain/email.ts';
import { countByIndex, countUpTo, unhurried, type KeyCount } from './key-counts.ts';
import { openableIn, type Stuck } from './stuck.ts';

export interface IndexKeyDeps {
  readonly envelope: Envelope;
  readonly blindIndex: BlindIndex;
  readonly keyIds: KeyIds;
}

interface Row {
  readonly id: string;
  readonly row_key: Buffer;
  readonly nik_sealed: Buffer | null;
  readonly email_sealed: Buffer | null;
  readonly phone_sealed: Buffer | null;
}

export interface MovedIndexes {
  readonly rows: number;
  readonly stuck?: Stuck | undefined;
}

export type IndexKeyStore = ReturnType<typeof createIndexKeyStore>;

/** Where people are found by blind index, under the same names of columns. */
const TABLES = ['accounts', 'former_accounts'] as const;

/** Replaces the key of the blind indexes of accounts; `accounts.ts` finds and claims under both meanwhile. */
export function createIndexKeyStore(db: Knex, { envelope, blindIndex, keyIds }: IndexKeyDeps) {
  const older = keyIds.blindIndex.known.filter((id) => id !== blindIndex.keyId);

  async function moveIn(trx: Knex.Transaction, table: (typeof TABLES)[number], limit: number): Promise<MovedIndexes> {
    const rows = await trx<Row & { index_key: string }>(table)
      .whereIn('index_key', older)
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .select('id', 'row_key', 'nik_sealed', 'email_sealed', 'phone_sealed');
    const { opened, stuck } = openableIn(
      rows,
      ({ id }) => `${table} ${id}`,
      ({ id, row_key: key, nik_sealed: nik, email_sealed: email, phone_sealed: phone }) => {
        const cipher = envelope.openRow({ table, id }, key);
        return {
          nik: nik === null ? null : blindIndex.of('nik', cipher.open('nik', nik)),
          email: email === null ? null : blindIndex.of('email', emailKey(cipher.open('email', email) as Email)),
          phone: phone === null ? null : blindIndex.of('phone', cipher.open('phone', phone)),
        };
      },
    );
    if (opened.length === 0) return { rows: 0, stuck };
    await trx.raw(
      `update ${table} as a set nik_index = v.nik, email_index = v.email, phone_index = v.phone, index_key = ?
       from unnest(?::uuid[], ?::bytea[], ?::bytea[], ?::bytea[]) as v (id, nik, email, phone) where a.id = v.id`,
      [
        blindIndex.keyId,
        opened.map(({ row }) => row.id),
        opened.map(({ made }) => made.nik),
        opened.map(({ made }) => made.email),
        opened.map(({ made }) => made.phone),
      ] as unknown as Knex.RawBinding[],
    );
    return { rows: opened.length, stuck };
  }

  return {
    hasOlderKeys: (): boolean => older.length > 0,

    /**
     * From now on nobody claims a NIK under the older keys, and everybody under the current one. Only when no running
     * instance uses an older one: whoever slept meanwhile is refused.
     */
    async closeOlder(): Promise<void> {
      await db.transaction(async (trx) => {
        await trx('closed_index_keys').where('key_id', blindIndex.keyId).delete();
        await trx('closed_index_keys')
          .insert(older.map((id) => ({ key_id: id, closed_at: trx.fn.now() })))
          .onConflict('key_id')
          .ignore();
      });
    },

    /**
     * Writes at most `limit` accounts' indexes anew; rows that somebody is at are left for later, and those that do not
     * open as they are.
     */
    async move(limit: number): Promise<MovedIndexes> {
      let rows = 0;
      let stuck: Stuck | undefined;
      for (const table of older.length === 0 ? [] : TABLES) {
        if (rows >= limit) break;
        const moved = await db.transaction((trx) => moveIn(trx, table, limit - rows));
        rows += moved.rows;
        if (moved.stuck !== undefined)
          stuck = { rows: (stuck?.rows ?? 0) + moved.stuck.rows, error: stuck?.error ?? moved.stuck.error };
      }
      return { rows, stuck };
    },

    /** How many accounts are found under which key; of very many, about how many. */
    async count(): Promise<readonly KeyCount[]> {
      return unhurried(db, async (trx) => {
        const counts = new Map<string, KeyCount>();
        for (const table of TABLES) {
          for (const { keyId, rows, about } of await countByIndex(trx, { table, key: 'index_key', where: 'true' })) {
            const other = counts.get(keyId);
            counts.set(keyId, { keyId, rows: rows + (other?.rows ?? 0), about: about || other?.about === true });
          }
        }
        return [...counts.values()].sort((one, other) => one.keyId.localeCompare(other.keyId));
      });
    },

    /** How many are found under that one key; so many are counted at most. */
    async countUnder(keyId: string, most: number): Promise<number> {
      return unhurried(db, async (trx) => {
        let found = 0;
        for (const table of TABLES)
          if (found < most) found += await countUpTo(trx, `from ${table} where index_key = ?`, [keyId], most - found);
        return found;
      });
    },
  };
}
