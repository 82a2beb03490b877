import { refuse, ok, type Result } from '../../domain/result.ts';
import type { Count, ReportStore, Stretch } from '../../store/reports.ts';
import { failureReasons, textEvents } from './counted.ts';

export const reports = ['activity', 'failures', 'registry', 'messages', 'logouts'] as const;
export type Report = (typeof reports)[number];

export type ReportRefusal = 'stretch-backwards' | 'stretch-long';

const LONGEST_DAYS = 370;
const DAY_MS = 86_400_000;

export interface ReportService {
  /** Counts of a stretch of days, first and last included: a year at most, so that no report holds up the database. */
  make(report: Report, from: string, to: string): Promise<Result<readonly Count[], ReportRefusal>>;
}

export function createReportService({ store, timeZone }: { store: { readonly reports: ReportStore }; timeZone: string }): ReportService {
  const counts: Readonly<Record<Report, (stretch: Stretch) => Promise<readonly Count[]>>> = {
    activity: (stretch) => store.reports.activity(stretch),
    failures: (stretch) => store.reports.failures(stretch, failureReasons),
    registry: (stretch) => store.reports.registry(stretch),
    messages: (stretch) => store.reports.messages(stretch, Object.values(textEvents)),
    logouts: (stretch) => store.reports.logouts(stretch),
  };

  return {
    async make(report, from, to) {
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
      if (days < 0) return refuse('stretch-backwards');
      if (days > LONGEST_DAYS) return refuse('stretch-long');
      return ok(await counts[report]({ from, to, timeZone }));
    },
  };
}
