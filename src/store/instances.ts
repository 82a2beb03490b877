import type { Knex } from 'knex';
import type { KeyIds } from '../crypto/keyring.ts';

export interface Instance {
  readonly keys: KeyIds;
}

/** What an instance has told of its clock. */
export interface ToldClock {
  readonly id: string;
  /** When it told, by the clock of the database. */
  readonly seenAt: Date;
  readonly aheadMs: number;
}

/** They tell of themselves every five seconds. */
const RUNNING_SECONDS = 60;

export type InstanceStore = ReturnType<typeof createInstanceStore>;

/** Which processes run on this database, by the database's clock, and which keys each of them knows and uses. */
export function createInstanceStore(db: Knex) {
  const findRunning = async (): Promise<readonly Instance[]> =>
    db<{ keys: KeyIds }>('instances').whereRaw('seen_at > now() - make_interval(secs => ?)', [RUNNING_SECONDS]).select('keys');

  return {
    /** @param now  by the clock of the instance. */
    async beat(id: string, keys: KeyIds, now: Date): Promise<void> {
      await db.raw(
        `insert into instances (id, started_at, seen_at, keys, clock_ahead_ms) values (:id, now(), now(), :keys, round(extract(epoch from :now::timestamptz - now()) * 1000))
         on conflict (id) do update set seen_at = now(), keys = excluded.keys, clock_ahead_ms = excluded.clock_ahead_ms`,
        { id, keys: JSON.stringify(keys), now },
      );
      await db.raw("delete from instances where seen_at < now() - interval '1 day'");
    },

    /** What all instances but this one have told of their clocks, however long ago. */
    async clocksBut(id: string): Promise<readonly ToldClock[]> {
      const rows = await db<{ id: string; seen_at: Date; clock_ahead_ms: number | string | null }>('instances').whereNot({ id }).whereNotNull('clock_ahead_ms').select('id', 'seen_at', 'clock_ahead_ms');
      return rows.map((row) => ({ id: row.id, seenAt: row.seen_at, aheadMs: Number(row.clock_ahead_ms) }));
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
