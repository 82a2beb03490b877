import type { Knex } from 'knex';

/** Of one kind of sealed rows. */
export interface MovingState {
  readonly name: string;
  /** Where it is gone on with, of those that are walked through. */
  readonly place: string | undefined;
  /** Nothing was found, or it failed: it is left alone for a while. */
  readonly rests: boolean;
}

/** When nothing is left: as long as an older key stays in the keyring, somebody may still write by it. */
const REST = "interval '10 minutes'";

/**
 * How far the job has come that moves what lies under older keys, from one turn to the next. Who may write it can have
 * rows passed over, and gains nothing: a key is taken out of the keyring when no row is under it. By the clock of the
 * database.
 */
export function createReencryptionStore(db: Knex) {
  return {
    async moving(): Promise<readonly MovingState[]> {
      const { rows } = await db.raw<{ rows: { name: string; place: string | null; rests: boolean | null }[] }>(
        `select name, place, rests_until > now() and rests_until <= now() + ${REST} as rests from reencryption`,
      );
      return rows.map(({ name, place, rests }) => ({ name, place: place ?? undefined, rests: rests === true }));
    },

    async keepMoving(states: readonly MovingState[]): Promise<void> {
      await db.raw(
        `insert into reencryption (name, place, rests_until) select name, place, case when rests then now() + ${REST} end from unnest(?::text[], ?::text[], ?::boolean[]) as t (name, place, rests)
         on conflict (name) do update set place = excluded.place, rests_until = excluded.rests_until`,
        [
          states.map(({ name }) => name),
          states.map(({ place }) => place ?? null),
          states.map(({ rests }) => rests),
        ] as unknown as Knex.RawBinding[],
      );
    },
  };
}
