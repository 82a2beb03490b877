import type { Knex } from 'knex';
import type { Envelope } from '../crypto/envelope.ts';
import type { AccountId } from '../domain/account.ts';
import { prepared } from './knex.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';

const TABLE = 'second_factors';
const COLUMN = 'secret';

interface Row {
  account_id: AccountId;
  row_key: Buffer;
  secret_sealed: Buffer;
  last_step: string;
  enrolled_at: Date;
  last_used_at: Date;
}

export interface StoredSecondFactor {
  /** Base32, as authenticator apps take it. */
  readonly secret: Sensitive<string>;
  readonly enrolledAt: Date;
  readonly lastUsedAt: Date;
}

export interface NewSecondFactor {
  readonly accountId: AccountId;
  readonly secret: Sensitive<string>;
  /** The time step of the code that confirmed the enrolment: it is used up with it. */
  readonly step: number;
  readonly at: Date;
}

export type SecondFactorStore = ReturnType<typeof createSecondFactorStore>;

/** Second factors, one for each account at most, and their recovery codes. */
export function createSecondFactorStore(
  db: Knex,
  { envelope, changed }: { readonly envelope: Envelope; readonly changed: (accountId: string) => void },
) {
  const cipherOf = ({ account_id: id, row_key: key }: Row) => envelope.openRow({ table: TABLE, id }, key);

  return {
    /** Asked at each sign-in, without opening anything. */
    async isEnrolled(accountId: string): Promise<boolean> {
      return (
        (
          await prepared(db, 'second-factor-enrolled', 'select 1 from second_factors where account_id = $1', [
            accountId,
          ])
        ).length > 0
      );
    },

    async find(accountId: AccountId): Promise<StoredSecondFactor | undefined> {
      const row = await db<Row>(TABLE).where('account_id', accountId).first();
      if (row === undefined) return undefined;
      return {
        secret: sensitive(cipherOf(row).open(COLUMN, row.secret_sealed)),
        enrolledAt: row.enrolled_at,
        lastUsedAt: row.last_used_at,
      };
    },

    /** @returns false when the account has one already; nothing is changed then. */
    async insert({ accountId, secret, step, at }: NewSecondFactor): Promise<boolean> {
      const cipher = envelope.newRow({ table: TABLE, id: accountId });
      const inserted: unknown[] = await db(TABLE)
        .insert({
          account_id: accountId,
          row_key: cipher.wrappedKey,
          secret_sealed: cipher.seal(COLUMN, secret.reveal()),
          last_step: step,
          enrolled_at: at,
          last_used_at: at,
        })
        .onConflict('account_id')
        .ignore()
        .returning('account_id');
      changed(accountId);
      return inserted.length === 1;
    },

    /**
     * Uses the code of a time step up, and with it all before. @returns false when it was used already: of many at once
     * one wins.
     */
    async use(accountId: AccountId, step: number, at: Date): Promise<boolean> {
      return (
        (await db(TABLE)
          .where('account_id', accountId)
          .where('last_step', '<', step)
          .update({ last_step: step, last_used_at: at })) === 1
      );
    },

    /** Recovery codes go with it. @returns false when there was none. */
    async remove(accountId: AccountId): Promise<boolean> {
      const isRemoved = (await db(TABLE).where('account_id', accountId).delete()) === 1;
      changed(accountId);
      return isRemoved;
    },

    /** Within a transaction. The old codes count no longer. */
    async replaceRecoveryCodes(accountId: AccountId, hashes: readonly Buffer[], at: Date): Promise<void> {
      // Two renewals at once take turns: the codes of the second are the ones that count.
      await db(TABLE).where('account_id', accountId).forUpdate().first('account_id');
      await db('recovery_codes').where('account_id', accountId).delete();
      await db('recovery_codes').insert(
        hashes.map((hash) => ({ account_id: accountId, code_hash: hash, created_at: at })),
      );
    },

    /** @returns false when there is no such code or it was used already: of many at once one wins. */
    async useRecoveryCode(accountId: AccountId, hash: Buffer, at: Date): Promise<boolean> {
      return (
        (await db('recovery_codes')
          .where({ account_id: accountId, code_hash: hash })
          .whereNull('used_at')
          .update({ used_at: at })) === 1
      );
    },

    async recoveryCodesLeft(accountId: AccountId): Promise<number> {
      const row = (await db('recovery_codes')
        .where('account_id', accountId)
        .whereNull('used_at')
        .count('* as left')
        .first()) as { left: string } | undefined;
      return Number(row?.left ?? 0);
    },
  };
}
