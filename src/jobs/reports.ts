import { daysLater, todayIn } from '../domain/day.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Counting } from '../store/report-days.ts';
import type { Question } from '../store/report-questions.ts';
import type { Store } from '../store/store.ts';
import { earlierClock } from './earlier-clock.ts';

/**
 * A day is counted so long after its end. What was written on it has been committed by then: a statement may take
 * seconds, a clock may be wrong by half a minute before its instance steps aside, and whoever has been writing for
 * longer is waited for.
 */
const SETTLE_SECONDS = 3600;
/** A stop of weeks, or all the years before an upgrade, are caught up with in turns of this length. */
const TURN_MS = 900_000;
/** A replica that is further behind has more to do than to count. */
const REPLICA_WAIT_MS = 30_000;
const DROP_BATCH = 100;

export interface ReportsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly questions: readonly Question[];
  /** Where days begin and end. */
  readonly timeZone: string;
  readonly turnMs?: number;
  readonly replicaWaitMs?: number;
}

export interface CountedReports {
  /** How many days of a report are counted now that were not, or not with all that there is. */
  readonly counted: number;
  /** How many are left: those that may still change, and those for which there was no time. */
  readonly left: number;
  readonly atReplica: boolean;
}

const countingsOf = ({ questions, timeZone }: Pick<ReportsDeps, 'questions' | 'timeZone'>): readonly Counting[] =>
  questions.map((question) => ({ question, timeZone }));

/** The last day that is safely over where everything of before that moment is there. */
const lastDay = (timeZone: string, settled: Date): string =>
  daysLater(todayIn(timeZone, addSeconds(settled, -SETTLE_SECONDS)), -1);

/**
 * Counts the days that are over and are not counted yet, or to which something came late; the newest first: what people
 * look at is fast first. What is done stands in the table, day by day, so it may be cut off at any moment, taken up by
 * anybody, and run twice.
 */
export async function countReports(
  { store, clock, turnMs = TURN_MS, replicaWaitMs = REPLICA_WAIT_MS, ...rest }: ReportsDeps,
  signal?: AbortSignal,
): Promise<CountedReports> {
  const until = performance.now() + turnMs;
  const now = (await earlierClock({ clock, store })).now();
  const turn = await store.reportDays.begin(replicaWaitMs);
  const last = lastDay(rest.timeZone, turn.settledAt < now ? turn.settledAt : now);
  const countings = countingsOf(rest);
  const waiting: { counting: Counting; day: string }[] = [];
  for (const counting of countings)
    waiting.push(...(await store.reportDays.uncounted(counting, last)).map((day) => ({ counting, day })));
  waiting.sort((a, b) => (a.day < b.day ? 1 : a.day > b.day ? -1 : 0));

  let counted = 0;
  let left = 0;
  for (const [index, { counting, day }] of waiting.entries()) {
    if (signal?.aborted === true || (index > 0 && performance.now() >= until)) {
      left += waiting.length - index;
      break;
    }
    const outcome = await turn.count(counting, day, signal);
    if (outcome === 'counted') counted += 1;
    else if (outcome === 'waits') left += 1;
  }
  for (const counting of countings)
    for (let dropped = DROP_BATCH; dropped === DROP_BATCH && signal?.aborted !== true;)
      dropped = await store.reportDays.dropFormer(counting, DROP_BATCH);
  await store.reportDays.forgetLate();
  return { counted, left, atReplica: turn.isAtReplica };
}

/** Up to where everything is counted that such reports count: what is older may go. */
export async function countedUntil({
  store,
  clock,
  ...rest
}: Pick<ReportsDeps, 'store' | 'clock' | 'questions' | 'timeZone'>): Promise<Date> {
  const now = (await earlierClock({ clock, store })).now();
  return (await store.reportDays.countedUntil(countingsOf(rest), lastDay(rest.timeZone, now))) ?? now;
}

export interface UncountedDays {
  readonly days: number;
  readonly oldest: string | undefined;
}

/**
 * The days that should have been counted so many days ago; those whose notices are still under way are not among them
 * for long.
 */
export async function uncountedDays({
  store,
  clock,
  graceDays,
  ...rest
}: Pick<ReportsDeps, 'store' | 'clock' | 'questions' | 'timeZone'> & {
  readonly graceDays: number;
}): Promise<UncountedDays> {
  const last = daysLater(lastDay(rest.timeZone, clock.now()), -graceDays);
  const days = new Set<string>();
  for (const counting of countingsOf(rest))
    for (const day of await store.reportDays.uncounted(counting, last)) days.add(day);
  return { days: days.size, oldest: [...days].sort()[0] };
}
