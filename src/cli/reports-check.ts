import { questions } from '../admin/reports/questions.ts';
import type { Core } from '../core.ts';
import { counted } from '../domain/plural.ts';
import { uncountedDays, type UncountedDays } from '../jobs/reports.ts';
import { ok, warn, type Finding } from './finding.ts';

const check = 'reports';
/** Logout notices are tried for a day, so their day is over two days later. */
const GRACE_DAYS = 3;

export function judgeReports({ days, oldest }: UncountedDays): Finding {
  if (oldest === undefined) return ok(check, 'every day that is over is counted');
  return warn(
    check,
    `${counted(days, 'day')} since ${oldest} ${days === 1 ? 'waits' : 'wait'} to be counted: until then reports of them read the log, and no month of it that holds one is removed`,
    'after an upgrade, or where what is counted or TIME_ZONE has changed, the job `reports` works through it within hours; otherwise run jobs run reports, and see why it did not (`job failed` in the log)',
  );
}

/** Whether the days that are over have been counted for the reports. */
export const examineReports = async ({ store, clock, config }: Core): Promise<Finding> =>
  judgeReports(
    await uncountedDays({
      store,
      clock,
      questions: Object.values(questions),
      timeZone: config.identity.timeZone,
      graceDays: GRACE_DAYS,
    }),
  );
