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
    db<{ keys: KeyIds }>('instances')
      .whereRaw('seen_at > now() - make_interval(secs => ?)', [RUNNING_SECONDS])
      .select('keys');

  /**
   * Writes down which keys are in use: those of all that run, one of a release that does not do so by itself among
   * them. To the minute.
   */
  const noteKeys = async (): Promise<void> => {
    await db.raw(
      `insert into key_uses (use, key_id, first_used_at, last_used_at)
         select used.key, used.value ->> 'current', min(seen_at), max(seen_at) from instances, jsonb_each(keys) used
         where seen_at > now() - make_interval(secs => ?) group by 1, 2 order by 1, 2
       on conflict (use, key_id) do update set last_used_at = excluded.last_used_at where key_uses.last_used_at < excluded.last_used_at - interval '1 minute'`,
      [RUNNING_SECONDS],
    );
  };

  /**
   * A clock of the database that was ahead leaves instances behind that were heard of in times to come, and keys used
   * then: one that ended meanwhile would count as running until that time has come, and hold back every change of keys.
   * What it said of its clock is of before, and says nothing new.
   */
  const takeBackFuture = async (): Promise<void> => {
    await db.raw(
      "update instances set seen_at = now(), clock_ahead_ms = null where seen_at > now() + interval '1 minute'",
    );
    await db.raw(
      "update key_uses set last_used_at = now(), first_used_at = least(first_used_at, now()) where last_used_at > now() + interval '1 minute'",
    );
  };

  return {
    /** @param now  by the clock of the instance. */
    async beat(id: string, keys: KeyIds, now: Date): Promise<void> {
      await db.raw(
        `insert into instances (id, started_at, seen_at, keys, clock_ahead_ms) values (:id, now(), now(), :keys, round(extract(epoch from :now::timestamptz - now()) * 1000))
         on conflict (id) do update set seen_at = now(), keys = excluded.keys, clock_ahead_ms = excluded.clock_ahead_ms`,
        { id, keys: JSON.stringify(keys), now },
      );
      await db.raw("delete from instances where seen_at < now() - interval '1 day'");
      await takeBackFuture();
      await noteKeys();
    },

    /**
     * How long ago an instance last used the key for whatever was new, by the clock of the database.
     * @returns what is certain: of a key that was never seen in use, since when anything is written down.
     */
    async unusedSeconds(use: keyof KeyIds, keyId: string): Promise<number> {
      const { rows } = await db.raw<{ rows: [{ seconds: number | null }] }>(
        `select extract(epoch from now() - coalesce((select last_used_at from key_uses where use = :use and key_id = :keyId), (select min(first_used_at) from key_uses)))::float8 as seconds`,
        { use, keyId },
      );
      // To the minute: it may have been used for one more.
      return Math.max(0, (rows[0].seconds ?? 0) - 60);
    },

    /** What all instances but this one have told of their clocks, however long ago. */
    async clocksBut(id: string): Promise<readonly ToldClock[]> {
      const rows = await db<{ id: string; seen_at: Date; clock_ahead_ms: number | string | null }>('instances')
        .whereNot({ id })
        .whereNotNull('clock_ahead_ms')
        .select('id', 'seen_at', 'clock_ahead_ms');
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
