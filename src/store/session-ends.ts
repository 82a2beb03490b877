import type { Knex } from 'knex';
import type { AccountId, AccountStatus } from '../domain/account.ts';
import type { LogoutReason } from '../domain/logout.ts';
import { nextSecond } from '../domain/session.ts';
import { createLogoutStore } from './logouts.ts';

export type SessionEndStore = ReturnType<typeof createSessionEndStore>;

/** From when on sign-ins of an account count: ending all sessions is one column, and a notice to each service. */
export function createSessionEndStore(db: Knex, changed: (accountId: string) => void = () => undefined) {
  const logouts = createLogoutStore(db);
  return {
    /** @returns false when the account has that status already: of two at once, one did it. */
    async changeStatus(accountId: AccountId, status: AccountStatus, at: Date): Promise<boolean> {
      const isChanged =
        (await db('accounts').where('id', accountId).whereNot('status', status).update({ status, updated_at: at })) ===
        1;
      changed(accountId);
      return isChanged;
    },

    /**
     * In a transaction: ends every session that began before, with its tokens, and has each service told that the
     * person has signed in to. An earlier end never replaces a later one.
     */
    async endAll(accountId: AccountId, reason: LogoutReason, at: Date): Promise<void> {
      await db('accounts')
        .where('id', accountId)
        .update({ sessions_valid_after: db.raw('greatest(sessions_valid_after, ?::timestamptz)', [nextSecond(at)]) });
      changed(accountId);
      await logouts.announce(accountId, reason, at);
    },
  };
}
