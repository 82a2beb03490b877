import { byMonth, type Count } from '../../domain/report-count.ts';
import { refuse, ok, type Result } from '../../domain/result.ts';
import type { ReportStore } from '../../store/reports.ts';
import { questions, type Report } from './questions.ts';

export type ReportRefusal = 'stretch-backwards' | 'stretch-long';

const LONGEST_DAYS = 370;
const DAY_MS = 86_400_000;

export interface ReportService {
  /** Counts of a stretch of days, first and last included: a year at most, so that no report holds up the database. */
  make(report: Report, from: string, to: string): Promise<Result<readonly Count[], ReportRefusal>>;
}

export function createReportService({
  store,
  timeZone,
}: {
  store: { readonly reports: ReportStore };
  timeZone: string;
}): ReportService {
  return {
    async make(report, from, to) {
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
      if (days < 0) return refuse('stretch-backwards');
      if (days > LONGEST_DAYS) return refuse('stretch-long');
      const counts = await store.reports.read(questions[report], { from, to, timeZone });
      return ok(report === 'registry' ? byMonth(counts) : counts);
    },
  };
}
