import type { Knex } from 'knex';
import { deleteBatch } from './delete-batch.ts';
import { prepared, preparedChange } from './knex.ts';

const TABLE = 'former_import_lines';
const BATCH = 5000;

/**
 * What one run of an import has met, for `--replace`: of two lines of one former id the first counts, however far apart
 * they stand in the file.
 */
export interface FormerLinesStore {
  /** At which lines this run has met these former ids before. */
  metBefore(run: string, legacyIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Of two lines of one former id the first is kept. */
  meet(run: string, lines: readonly { readonly legacyId: string; readonly line: number }[]): Promise<void>;
  /** The run is over. */
  forgetRun(run: string): Promise<void>;
  /** What runs have left behind that were killed. @returns how many rows. */
  purgeLines(before: Date, limit: number): Promise<number>;
}

export function createFormerLinesStore(db: Knex): FormerLinesStore {
  return {
    async metBefore(run, legacyIds) {
      const rows = await prepared<{ legacy_id: string; line: string | number }>(
        db,
        'former-met',
        `select legacy_id, line from ${TABLE} where run = $1 and legacy_id = any($2::text[])`,
        [run, legacyIds],
      );
      return new Map(rows.map(({ legacy_id: legacyId, line }) => [legacyId, Number(line)]));
    },

    async meet(run, lines) {
      await preparedChange(
        db,
        'former-meet',
        `insert into ${TABLE} (run, legacy_id, line) select $1, legacy_id, min(line) from unnest($2::text[], $3::bigint[]) as t (legacy_id, line) group by legacy_id on conflict do nothing`,
        [run, lines.map(({ legacyId }) => legacyId), lines.map(({ line }) => line)],
      );
    },

    async forgetRun(run) {
      // From one piece to the next: whoever looks from the beginning meets all that the pieces before have deleted.
      const text = `with gone as (delete from ${TABLE} where run = $1 and legacy_id = any(array(
          select legacy_id from ${TABLE} where run = $1 and legacy_id > $2 order by legacy_id limit ${BATCH})) returning legacy_id)
        select count(*)::int as count, max(legacy_id) as last from gone`;
      for (let after = '', count = BATCH; count === BATCH;) {
        const [gone] = await prepared<{ count: number; last: string | null }>(db, 'former-forget-run', text, [
          run,
          after,
        ]);
        count = gone?.count ?? 0;
        after = gone?.last ?? '';
      }
    },

    purgeLines: (before, limit) => deleteBatch(db, TABLE, 'met_at', before, limit),
  };
}
