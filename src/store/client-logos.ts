import type { Knex } from 'knex';

export interface StoredLogo {
  /** The hash of its bytes, and its ending. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
}

const IN_EFFECT = `exists (select 1 from clients where metadata->>'logo' = client_logos.name and metadata->>'logo' is not null and status <> 'draft')`;

export type ClientLogoStore = ReturnType<typeof createClientLogoStore>;

/** Logos of services. A registration names one by its member `logo`. */
export function createClientLogoStore(db: Knex) {
  return {
    /** Putting the same there again begins its day of grace anew. */
    async put({ name, bytes, width, height }: StoredLogo, at: Date): Promise<void> {
      await db('client_logos')
        .insert({ name, bytes, width, height, stored_at: at })
        .onConflict('name')
        .merge({ stored_at: at });
    },

    async find(name: string): Promise<StoredLogo | undefined> {
      return db<StoredLogo>('client_logos').select('name', 'bytes', 'width', 'height').where({ name }).first();
    },

    /** The same, for everybody: only where a registration in effect names it. */
    async findShown(name: string): Promise<StoredLogo | undefined> {
      return db<StoredLogo>('client_logos')
        .select('name', 'bytes', 'width', 'height')
        .where({ name })
        .whereRaw(IN_EFFECT)
        .first();
    },

    /**
     * Removes what was put here before that moment and no registration names, nor ever named. @returns how many rows
     * went.
     */
    async purge(before: Date, limit: number): Promise<number> {
      const { rows } = await db.raw<{ rows: unknown[] }>(
        `delete from client_logos where name = any(array(
           select name from client_logos as old
            where stored_at <= ?
              and not exists (select 1 from clients where metadata->>'logo' = old.name and metadata->>'logo' is not null)
              and not exists (select 1 from client_versions where metadata->>'logo' = old.name and metadata->>'logo' is not null)
            limit ? for update skip locked)) returning 1`,
        [before, limit],
      );
      return rows.length;
    },
  };
}
