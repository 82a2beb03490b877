import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { prepared } from './knex.ts';
import { beginning, countedBy, countingOf, reachOf, type Counted, type Question } from './report-questions.ts';

/** A report, and the zone of its days. */
export interface Counting {
  readonly question: Question;
  readonly timeZone: string;
}

export interface ReportTurn {
  /** What was written before has been committed: nothing is under way any more that began earlier. */
  readonly settledAt: Date;
  /** Whether the read replica counts. */
  readonly isAtReplica: boolean;
  /**
   * Counts a day that is over. It may be done twice, and at the same time by two: it is there once.
   *
   * @returns `waits` while some of it may still change, `gone` where it is no longer all there to be counted.
   */
  count(counting: Counting, day: string, signal?: AbortSignal): Promise<'counted' | 'waits' | 'gone'>;
}

type Found = Readonly<Record<'kinds' | 'pers' | 'counts', (string | null)[]>>;

/** Nothing of ours happened before: what says so is of a clock that was wrong. */
const FIRST_DAY = '2020-01-01';
const CANCELLED = '57014';
/**
 * The statement limit is reckoned for people who wait: a day that does not fit is counted piece by piece, down to a
 * minute.
 */
const MOST_PIECES = 24 * 60;
/** What came late has been counted by then, or cannot be any more. */
const LATE_KEPT_DAYS = 90;
/** A way of counting by which nobody has counted for so long is that of no release that still runs. */
const UNUSED_DAYS = 7;
const REPLAY_POLL_MS = 250;

const systemOf = `select system_identifier::text as id from pg_control_system()`;

export type ReportDayStore = ReturnType<typeof createReportDayStore>;

/** Days that are over, counted once for all reports to come. */
export function createReportDayStore(db: Knex, replica?: Knex) {
  /** The first day of which there is something, and all. */
  async function firstDay(counted: Counted, timeZone: string): Promise<string | undefined> {
    const { table, at } = counted;
    const { rows } = await db.raw<{ rows: { day: string | null }[] }>(
      `select to_char(min(${at}) at time zone :timeZone, 'YYYY-MM-DD') as day from ${table} where ${at} >= cast(:first as date)`,
      { timeZone, first: FIRST_DAY },
    );
    const day = rows[0]?.day ?? undefined;
    const reach = await reachOf(db, counted, timeZone);
    return day !== undefined && reach !== undefined && reach > day ? reach : day;
  }

  /** Days up to that one which are not counted, or of which something was written since; newest first. */
  async function uncounted({ question, timeZone }: Counting, until: string): Promise<readonly string[]> {
    const counted = countedBy(question);
    const first = await firstDay(counted, timeZone);
    if (first === undefined) return [];
    // By day before anything is compared: a clock that was wrong for an hour leaves as many notes as there were
    // statements, and they would be gone through for each day of all years.
    const { rows } = await db.raw<{ rows: { day: string }[] }>(
      `with late as materialized (select cast(around at time zone :timeZone as date) as day, max(noted_at) as noted_at from report_late where source = :source group by 1)
       select to_char(day, 'YYYY-MM-DD') as day from generate_series(cast(:first as timestamp), cast(:until as timestamp), interval '1 day') g (day)
        where not exists (
          select from report_days d where d.report = :report and d.counting = :counting and d.day = cast(g.day as date)
             and not exists (select from late l where l.day = d.day and l.noted_at >= d.counted_at))
        order by 1 desc`,
      {
        first,
        until,
        timeZone,
        source: counted.table,
        report: question.report,
        counting: countingOf(question, timeZone),
      },
    );
    return rows.map(({ day }) => day);
  }

  /** The replica, where it follows this very database and has replayed all that is committed here. */
  async function caughtUp(waitMs: number): Promise<Knex | undefined> {
    if (replica === undefined) return undefined;
    const until = performance.now() + waitMs;
    const here = await db.raw<{ rows: { lsn: string }[] }>('select pg_current_wal_insert_lsn()::text as lsn');
    try {
      const [ours, theirs] = await Promise.all(
        [db, replica].map((one) => one.raw<{ rows: { id: string }[] }>(systemOf)),
      );
      if (ours?.rows[0]?.id !== theirs?.rows[0]?.id) return undefined;
      for (;;) {
        const { rows } = await replica.raw<{ rows: { follows: boolean; there: boolean | null }[] }>(
          'select pg_is_in_recovery() as follows, pg_last_wal_replay_lsn() >= cast(? as pg_lsn) as there',
          [here.rows[0]?.lsn ?? null],
        );
        if (rows[0]?.follows !== true) return undefined;
        if (rows[0].there === true) return replica;
        if (performance.now() >= until) return undefined;
        await delay(REPLAY_POLL_MS);
      }
    } catch {
      // It is away, or tells nothing of itself. Its absence is told of where reports are read.
      return undefined;
    }
  }

  async function countPiece(
    at: Knex,
    { question, timeZone }: Counting,
    day: string,
    piece: number,
    pieces: number,
  ): Promise<readonly { kind: string; per: string | null; count: string | number }[]> {
    const { table, at: when, kind, per, where, bindings } = countedBy(question);
    const from = `(${beginning('cast(:day as date)')})`;
    const seconds = `cast(extract(epoch from (${beginning('cast(:day as date) + 1')}) - ${from}) as float8)`;
    // In seconds: "a day later" is one of the zone that the server has, where summer may make it an hour shorter.
    const share = (name: string): string => `${from} + make_interval(secs => ${seconds} * cast(:${name} as float8))`;
    const { rows } = await at.raw<{ rows: { kind: string; per: string | null; count: string | number }[] }>(
      `select ${kind} as kind, ${per} as per, count(*) as count from ${table}
        where ${when} >= ${share('since')} and ${when} < ${share('until')} and ${where} group by 1, 2`,
      { day, timeZone, since: piece / pieces, until: (piece + 1) / pieces, ...bindings },
    );
    return rows;
  }

  async function countPieces(
    at: Knex,
    counting: Counting,
    day: string,
    pieces: number,
    signal?: AbortSignal,
  ): Promise<Found> {
    const sums = new Map<string, { kind: string; per: string | null; count: number }>();
    for (let piece = 0; piece < pieces; piece += 1) {
      signal?.throwIfAborted();
      for (const { kind, per, count } of await countPiece(at, counting, day, piece, pieces)) {
        const key = JSON.stringify([kind, per]);
        sums.set(key, { kind, per, count: (sums.get(key)?.count ?? 0) + Number(count) });
      }
    }
    const all = [...sums.values()];
    return {
      kinds: all.map(({ kind }) => kind),
      pers: all.map(({ per }) => per),
      counts: all.map(({ count }) => String(count)),
    };
  }

  /** What services were told is counted when nobody tries any more. */
  async function isFinal(at: Knex, { question, timeZone }: Counting, day: string): Promise<boolean> {
    if (question.report !== 'logouts') return true;
    const { rows } = await at.raw<{ rows: { waits: boolean }[] }>(
      `select exists (select from logout_notices where state = 'pending' and created_at >= ${beginning('cast(:day as date)')} and created_at < ${beginning('cast(:day as date) + 1')}) as waits`,
      { day, timeZone },
    );
    return rows[0]?.waits === false;
  }

  /** @param settled  as the database wrote it: what it says was written since was perhaps not counted. */
  const keep = (
    { question, timeZone }: Counting,
    day: string,
    settled: string,
    { kinds, pers, counts }: Found,
  ): Promise<void> =>
    db.transaction(async (trx) => {
      // Whoever counts the same day at this moment is waited for. Who has begun later has seen all that the other has.
      const { rows } = await trx.raw<{ rows: { id: string }[] }>(
        `insert into report_days as d (report, counting, day, counted_at) values (?, ?, cast(? as date), cast(? as timestamptz))
         on conflict (report, counting, day) do update set counted_at = excluded.counted_at where d.counted_at < excluded.counted_at returning id`,
        [question.report, countingOf(question, timeZone), day, settled],
      );
      const [made] = rows;
      if (made === undefined) return;
      await trx.raw('delete from report_counts where day_id = ?', [made.id]);
      await trx.raw(
        'insert into report_counts (day_id, kind, per, count) select ?, * from unnest(cast(? as text[]), cast(? as text[]), cast(? as bigint[]))',
        [made.id, kinds, pers, counts] as Knex.RawBinding[],
      );
    });

  return {
    uncounted,

    /** Up to which moment all is counted that there is of those reports, up to the end of that day. */
    async countedUntil(countings: readonly Counting[], last: string): Promise<Date | undefined> {
      let until: Date | undefined;
      for (const counting of countings) {
        const oldest = (await uncounted(counting, last)).at(-1);
        const { rows } = await db.raw<{ rows: { at: Date }[] }>(
          `select ${beginning(oldest === undefined ? 'cast(:day as date) + 1' : 'cast(:day as date)')} as at`,
          { day: oldest ?? last, timeZone: counting.timeZone },
        );
        const at = rows[0]?.at;
        if (at !== undefined && (until === undefined || at < until)) until = at;
      }
      return until;
    },

    /**
     * Looks how far the database has come, and who counts: the replica where it comes as far, or else the database
     * itself.
     *
     * @param waitMs  how long a replica may take: one that follows is always a moment behind.
     */
    async begin(waitMs: number): Promise<ReportTurn> {
      const { rows } = await db.raw<{ rows: { at: Date; exact: string }[] }>(
        `select at, at::text as exact
           from (select least(clock_timestamp(), (select min(xact_start) from pg_stat_activity where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid())) as at) settled`,
      );
      const { at: settledAt, exact } = rows[0] ?? { at: new Date(0), exact: '-infinity' };
      let source = (await caughtUp(waitMs)) ?? db;
      const isAtReplica = source !== db;
      let pieces = 1;

      async function countAt(
        at: Knex,
        counting: Counting,
        day: string,
        signal?: AbortSignal,
      ): Promise<Found | 'waits' | 'gone'> {
        if (!(await isFinal(at, counting, day))) return 'waits';
        for (;;) {
          try {
            const found = await countPieces(at, counting, day, pieces, signal);
            // Asked afterwards: what is still there now was there while it was counted.
            const reach = await reachOf(at, countedBy(counting.question), counting.timeZone);
            return reach !== undefined && day < reach ? 'gone' : found;
          } catch (error) {
            if ((error as { code?: string }).code !== CANCELLED || pieces >= MOST_PIECES) throw error;
            pieces = Math.min(MOST_PIECES, pieces === 1 ? 24 : pieces * 2);
          }
        }
      }

      return {
        settledAt,
        isAtReplica,
        async count(counting, day, signal) {
          const found = await countAt(source, counting, day, signal).catch((error: unknown) => {
            if (source === db || signal?.aborted === true) throw error;
            // It went away in the middle, or what it replayed took the rows from under the count.
            source = db;
            return countAt(db, counting, day, signal);
          });
          if (typeof found === 'string') return found;
          await keep(counting, day, exact, found);
          return 'counted';
        },
      };
    },

    /**
     * Notes that events of the audit log were written only now that bear these times. A day of which they are is
     * counted anew.
     */
    async noteLate(moments: readonly Date[]): Promise<void> {
      await prepared(
        db,
        'report-note-late',
        `insert into report_late (source, around) select distinct 'audit_log', date_bin('15 minutes', at, 'epoch') from unnest($1::timestamptz[]) as late (at)`,
        [moments],
      );
    },

    /** Forgets what came late so long ago. */
    async forgetLate(): Promise<void> {
      await db.raw(`delete from report_late where noted_at < now() - ? * interval '1 day'`, [LATE_KEPT_DAYS]);
    },

    /**
     * Takes away what an earlier way of counting has left, as far as it is counted anew and no release counts like that
     * any more. @returns how many days, the limit at most.
     */
    async dropFormer({ question, timeZone }: Counting, limit: number): Promise<number> {
      const { rowCount } = await db.raw<{ rowCount: number }>(
        `delete from report_days where id in (
           select f.id from report_days f join report_days d on d.report = f.report and d.counting = :counting and d.day = f.day
            where f.report = :report and f.counting <> :counting
              and not exists (select from report_days u where u.report = f.report and u.counting = f.counting and u.counted_at > now() - :unused * interval '1 day') limit :limit)`,
        { report: question.report, counting: countingOf(question, timeZone), unused: UNUSED_DAYS, limit },
      );
      return rowCount;
    },
  };
}
