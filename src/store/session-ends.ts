import type { Knex } from 'knex';
import type { AccountId, AccountStatus } from '../domain/account.ts';

export type SessionEndStore = ReturnType<typeof createSessionEndStore>;

/** From when on sign-ins of an account count: ending all sessions is one column. */
export function createSessionEndStore(db: Knex) {
  return {
    /** @returns false when the account has that status already: of two at once, one did it. */
    async changeStatus(accountId: AccountId, status: AccountStatus, at: Date): Promise<boolean> {
      return (await db('accounts').where('id', accountId).whereNot('status', status).update({ status, updated_at: at })) === 1;
    },

    /** Ends every session that began before `validAfter`; an earlier end never replaces a later one. */
    async endAll(accountId: AccountId, validAfter: Date): Promise<void> {
      await db('accounts')
        .where('id', accountId)
        .update({ sessions_valid_after: db.raw('greatest(sessions_valid_after, ?::timestamptz)', [validAfter]) });
    },
  };
}
