import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';
import { deleteBatch } from './delete-batch.ts';
import { insertRow } from './knex.ts';

export interface EmailConfirmation {
  readonly accountId: AccountId;
  readonly emailIndex: Buffer;
  readonly usedAt: Date | undefined;
}

export type ConfirmationStore = ReturnType<typeof createConfirmationStore>;

/** Links that prove possession of an e-mail address; only a keyed hash of the token is kept. */
export function createConfirmationStore(db: Knex) {
  return {
    async insert(confirmation: { tokenHash: Buffer; accountId: AccountId; emailIndex: Buffer; expiresAt: Date }): Promise<void> {
      await insertRow(db, 'email_confirmations', {
        token_hash: confirmation.tokenHash,
        account_id: confirmation.accountId,
        email_index: confirmation.emailIndex,
        expires_at: confirmation.expiresAt,
      });
    },

    async find(tokenHash: Buffer, now: Date): Promise<EmailConfirmation | undefined> {
      const row = (await db('email_confirmations').where('token_hash', tokenHash).where('expires_at', '>', now).first()) as
        | { account_id: AccountId; email_index: Buffer; used_at: Date | null }
        | undefined;
      return row === undefined ? undefined : { accountId: row.account_id, emailIndex: row.email_index, usedAt: row.used_at ?? undefined };
    },

    /** @returns false when somebody was faster. */
    async use(tokenHash: Buffer, now: Date): Promise<boolean> {
      return (await db('email_confirmations').where('token_hash', tokenHash).whereNull('used_at').where('expires_at', '>', now).update({ used_at: now })) === 1;
    },

    purge: (now: Date, limit: number): Promise<number> => deleteBatch(db, 'email_confirmations', 'expires_at', now, limit),
  };
}
