import { daysLater } from '../../domain/day.ts';
import type { Count } from '../../store/reports.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type Names } from '../names.ts';
import { reports, type Report } from './service.ts';

export interface Days {
  readonly from: string;
  readonly to: string;
}

interface Label {
  readonly words: Sentence | undefined;
  readonly name: string;
}

/** What it is counted by: a service by its name, with the id beside it; a reason in words. */
interface Per extends Label {
  readonly id: string | undefined;
}

export interface ReportModel {
  readonly frame: Frame;
  readonly report: Report;
  readonly values: Days;
  readonly tabs: readonly { readonly report: Report; readonly href: string; readonly current: boolean }[];
  readonly presets: readonly { readonly label: Sentence; readonly href: string }[];
  readonly totals: readonly (Label & { readonly count: number })[];
  readonly rows: readonly { readonly period: string; readonly kind: Label; readonly per: Per | undefined; readonly count: number }[];
  readonly csv: string;
  readonly errors: readonly FieldError[];
}

const addressOf = (report: Report, { from, to }: Days, end = ''): string => `/admin/reports/${report}${end}?${new URLSearchParams({ from, to }).toString()}`;

/** The half-year of that day, as the report to Dukcapil wants it. */
function halfYearOf(day: string): Days {
  const year = day.slice(0, 4);
  return Number(day.slice(5, 7)) <= 6 ? { from: `${year}-01-01`, to: `${year}-06-30` } : { from: `${year}-07-01`, to: `${year}-12-31` };
}

/** The registry is reported by the half-year, everything else is looked at by the month. */
export const usualDays = (report: Report, today: string): Days => (report === 'registry' ? halfYearOf(today) : { from: daysLater(today, -29), to: today });

function labelOf(report: Report, kind: string): Label {
  const key = report === 'registry' || report === 'logouts' ? `admin.reports.outcome.${kind}` : `admin.audit.event.${kind}`;
  return { words: existing(key), name: kind };
}

/** Whether it is counted by service. */
export const isByService = (report: Report): boolean => report === 'activity' || report === 'logouts';

function perOf(report: Report, per: string, names: Names): Per {
  if (isByService(report)) return { words: undefined, name: names.client(per) ?? per, id: names.client(per) === undefined ? undefined : per };
  const key = { failures: ['reason', 'trouble', 'limit'], messages: ['operator'] }[report as string] ?? [];
  return { words: key.map((name) => existing(`admin.audit.value.${name}.${per}`)).find((words) => words !== undefined), name: per, id: undefined };
}

export interface ReportView {
  readonly frame: Frame;
  readonly names: Names;
  readonly report: Report;
  readonly days: Days;
  readonly today: string;
  readonly counts: readonly Count[];
  readonly errors?: readonly FieldError[];
}

export function reportScreen({ frame, names, report, days, today, counts, errors = [] }: ReportView): Screen<ReportModel> {
  const half = halfYearOf(today);
  const before = halfYearOf(daysLater(half.from, -1));
  const preset = (name: string, range: Days): ReportModel['presets'][number] => ({ label: say(`admin.reports.preset.${name}`, { from: range.from, to: range.to }), href: addressOf(report, range) });
  return {
    view: 'admin/reports/report',
    title: say(`admin.reports.name.${report}`),
    model: {
      frame,
      report,
      values: days,
      tabs: reports.map((one) => ({ report: one, href: `/admin/reports/${one}`, current: one === report })),
      presets: [preset('month', { from: daysLater(today, -29), to: today }), preset('half', half), preset('half', before)],
      totals: [...Map.groupBy(counts, ({ kind }) => kind)].map(([kind, all]) => ({ ...labelOf(report, kind), count: all.reduce((sum, { count }) => sum + count, 0) })),
      rows: counts.map(({ period, kind, per, count }) => ({ period, kind: labelOf(report, kind), per: per === null ? undefined : perOf(report, per, names), count })),
      csv: addressOf(report, days, '/csv'),
      errors,
    },
  };
}

const frame = exampleFrame('reports', ['auditor']);
const names = namesFrom({ clients: { 'karirhub-contoh': 'Karirhub (contoh)' } });
const today = '2026-11-23';

export const examples: Examples = {
  'report: activity': reportScreen({
    frame,
    names,
    report: 'activity',
    days: usualDays('activity', today),
    today,
    counts: [
      { period: '2026-11-21', kind: 'registration.completed', per: 'karirhub-contoh', count: 812 },
      { period: '2026-11-21', kind: 'sign-in.succeeded', per: 'karirhub-contoh', count: 10_233 },
      { period: '2026-11-22', kind: 'sign-in.succeeded', per: 'siapkerja-portal', count: 977 },
    ],
  }),
  'report: registry, half a year': reportScreen({
    frame,
    names,
    report: 'registry',
    days: halfYearOf(today),
    today,
    counts: [
      { period: '2026-10', kind: 'verified', per: '10', count: 48_120 },
      { period: '2026-10', kind: 'mismatch', per: '15', count: 2190 },
      { period: '2026-11', kind: 'verified', per: '10', count: 31_004 },
    ],
  }),
  'report: nothing there, days refused': reportScreen({ frame, names, report: 'messages', days: { from: '2026-11-23', to: '2026-11-01' }, today, counts: [], errors: [{ field: 'to', sentence: say('admin.reports.refusal.stretch-backwards') }] }),
};
