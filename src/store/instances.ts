import type { Knex } from 'knex';
import type { KeyIds } from '../crypto/keyring.ts';

export interface Instance {
  readonly keys: KeyIds;
}

/** They tell of themselves every ten seconds. */
const RUNNING_SECONDS = 60;

export type InstanceStore = ReturnType<typeof createInstanceStore>;

/** Which processes run on this database, by the database's clock, and which keys each of them knows and uses. */
export function createInstanceStore(db: Knex) {
  const findRunning = async (): Promise<readonly Instance[]> =>
    db<{ keys: KeyIds }>('instances').whereRaw('seen_at > now() - make_interval(secs => ?)', [RUNNING_SECONDS]).select('keys');

  return {
    async beat(id: string, keys: KeyIds): Promise<void> {
      await db.raw('insert into instances (id, started_at, seen_at, keys) values (?, now(), now(), ?) on conflict (id) do update set seen_at = now(), keys = excluded.keys', [id, JSON.stringify(keys)]);
      await db.raw("delete from instances where seen_at < now() - interval '1 day'");
    },

    async gone(id: string): Promise<void> {
      await db('instances').where({ id }).delete();
    },

    /** Whether every instance that was heard of lately uses for whatever is new what these keys say. */
    async allUse(keys: KeyIds): Promise<boolean> {
      const running = await findRunning();
      const uses = Object.keys(keys) as (keyof KeyIds)[];
      return running.every((one) => uses.every((use) => one.keys[use].current === keys[use].current));
    },

    /** Those that were heard of lately. */
    running: findRunning,
  };
}
