import type { Knex } from 'knex';

export type KnownEnvironment = 'development' | 'production';

export type EnvironmentStore = ReturnType<typeof createEnvironmentStore>;

/** What this database is for, as the first start has said it. */
export function createEnvironmentStore(db: Knex) {
  return {
    async find(): Promise<KnownEnvironment | undefined> {
      const row = await db<{ name: KnownEnvironment }>('environment').first('name');
      return row?.name;
    },

    async hasAccounts(): Promise<boolean> {
      const { rows } = await db.raw<{ rows: [{ there: boolean }] }>('select exists (select 1 from accounts) as there');
      return rows[0].there;
    },

    /** Production stays what it is; what was for development may become it. */
    async mark(name: KnownEnvironment, now: Date): Promise<void> {
      await db.raw(
        `insert into environment (name, since) values (:name, :now) on conflict (one) do update set name = excluded.name, since = excluded.since where environment.name = 'development' and excluded.name = 'production'`,
        { name, now },
      );
    },
  };
}
