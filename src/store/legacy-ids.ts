import type { Knex } from 'knex';
import type { AccountId } from '../domain/account.ts';

export type LegacyIdStore = ReturnType<typeof createLegacyIdStore>;

/** The ids by which services know people from the former interface. */
export function createLegacyIdStore(db: Knex) {
  return {
    async of(accountId: string): Promise<string | undefined> {
      const row = await db<{ id: string; legacy_id: string | null }>('accounts')
        .where('id', accountId)
        .first('legacy_id');
      return row?.legacy_id ?? undefined;
    },

    async ownerOf(legacyId: string): Promise<AccountId | undefined> {
      return (
        await db<{ id: AccountId; legacy_id: string | null }>('accounts').where('legacy_id', legacyId).first('id')
      )?.id;
    },

    async isTaken(legacyId: string): Promise<boolean> {
      return (await db('accounts').where('legacy_id', legacyId).first('id')) !== undefined;
    },

    async set(accountId: AccountId, legacyId: string): Promise<void> {
      await db('accounts').where('id', accountId).update({ legacy_id: legacyId });
    },
  };
}
