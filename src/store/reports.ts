import type { Knex } from 'knex';
import { daysLater } from '../domain/day.ts';
import { inOrder, type Count } from '../domain/report-count.ts';
import { beginning, countedBy, countingOf, reachOf, type Question } from './report-questions.ts';

export interface Stretch {
  /** First day, as `2026-01-31`. */
  readonly from: string;
  /** Last day, itself included. */
  readonly to: string;
  /** Where a day begins and ends. */
  readonly timeZone: string;
}

type Row = Omit<Count, 'count'> & { readonly count: string | number };
/** A day that was counted, and nothing was there, has one such row. */
type CountedRow = Row | { readonly period: string; readonly kind: null };

const countsIn = (rows: readonly CountedRow[]): Count[] =>
  rows.flatMap((row) => (row.kind === null ? [] : [{ ...row, count: Number(row.count) }]));

export type ReportStore = ReturnType<typeof createReportStore>;

/**
 * Counts over audit log and evidence, by days of the zone: what was counted of days that are over, and the rest as it
 * stands.
 */
export function createReportStore(db: Knex) {
  /** From the logs themselves. */
  async function live(question: Question, { from, to, timeZone }: Stretch): Promise<readonly Count[]> {
    const { table, at, kind, per, where, bindings } = countedBy(question);
    const { rows } = await db.raw<{ rows: Row[] }>(
      `select to_char(${at} at time zone :timeZone, 'YYYY-MM-DD') as period, ${kind} as kind, ${per} as per, count(*) as count
         from ${table}
        where ${at} >= ${beginning('cast(:from as date)')} and ${at} < ${beginning('cast(:to as date) + 1')} and ${where}
        group by 1, 2, 3`,
      { from, to, timeZone, ...bindings },
    );
    return countsIn(rows);
  }

  /** Days and their counts by one statement: a day that is counted anew in between is never half there. */
  async function countedDays(question: Question, { from, to, timeZone }: Stretch): Promise<readonly CountedRow[]> {
    const { rows } = await db.raw<{ rows: CountedRow[] }>(
      `select to_char(d.day, 'YYYY-MM-DD') as period, c.kind, c.per, c.count
         from report_days d left join report_counts c on c.day_id = d.id
        where d.report = :report and d.counting = :counting and d.day between cast(:from as date) and cast(:to as date)`,
      { from, to, report: question.report, counting: countingOf(question, timeZone) },
    );
    return rows;
  }

  /** What an earlier way of counting has left of days that can be counted no more; the last such way. */
  async function formerDays(
    question: Question,
    days: readonly string[],
    timeZone: string,
  ): Promise<readonly CountedRow[]> {
    if (days.length === 0) return [];
    const { rows } = await db.raw<{ rows: CountedRow[] }>(
      `select to_char(d.day, 'YYYY-MM-DD') as period, c.kind, c.per, c.count
         from (select distinct on (day) id, day from report_days where report = :report and counting <> :counting and day = any(cast(:days as date[])) order by day, counted_at desc) d
              left join report_counts c on c.day_id = d.id`,
      { report: question.report, counting: countingOf(question, timeZone), days: [...days] },
    );
    return rows;
  }

  return {
    /**
     * The counts of each day of the stretch: of those that were counted as they stand there, of the others from the
     * logs.
     */
    async read(question: Question, stretch: Stretch): Promise<readonly Count[]> {
      const { from, to, timeZone } = stretch;
      const counted = await countedDays(question, stretch);
      const found = countsIn(counted);
      const done = new Set(counted.map(({ period }) => period));
      const missing: string[] = [];
      for (let day = from; day <= to; day = daysLater(day, 1)) if (!done.has(day)) missing.push(day);
      if (missing.length === 0) return inOrder(found);

      const reach = await reachOf(db, countedBy(question), timeZone);
      const former = await formerDays(
        question,
        missing.filter((day) => reach !== undefined && day < reach),
        timeZone,
      );
      found.push(...countsIn(former).map((count) => ({ ...count, former: true as const })));
      for (const { period } of former) done.add(period);
      for (const run of runsOf(missing.filter((day) => !done.has(day))))
        found.push(...(await live(question, { ...run, timeZone })));
      return inOrder(found);
    },
  };
}

/** Days in order, as stretches without a gap. */
function runsOf(days: readonly string[]): readonly { readonly from: string; readonly to: string }[] {
  const runs: { from: string; to: string }[] = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last !== undefined && daysLater(last.to, 1) === day) last.to = day;
    else runs.push({ from: day, to: day });
  }
  return runs;
}
