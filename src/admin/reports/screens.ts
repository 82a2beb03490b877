import { daysLater } from '../../domain/day.ts';
import type { Count } from '../../domain/report-count.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type Names } from '../names.ts';
import { failureReasons } from './counted.ts';
import {
  daysOf,
  halfYearBefore,
  halfYearOf,
  recentHalfYears,
  writeHalfYear,
  type Days,
  type HalfYear,
} from './half-year.ts';
import { reports, type Report } from './questions.ts';

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
  /** It counts outcomes of one kind of thing, and not events. */
  readonly byOutcome: boolean;
  readonly values: Days;
  /**
   * Where half-years are chosen, not days: those there are, and the one that is shown; none where days were asked for
   * that are no half-year.
   */
  readonly halfYears:
    | {
        readonly chosen: string | undefined;
        readonly options: readonly { readonly value: string; readonly label: Sentence }[];
      }
    | undefined;
  readonly tabs: readonly { readonly report: Report; readonly href: string; readonly current: boolean }[];
  readonly presets: readonly { readonly label: Sentence; readonly href: string }[];
  readonly totals: readonly (Label & { readonly count: number })[];
  readonly rows: readonly {
    readonly period: string;
    readonly kind: Label;
    readonly per: Per | undefined;
    readonly count: number;
    readonly former: boolean;
  }[];
  /** Some of it was counted in another way, and cannot be counted anew. */
  readonly hasFormer: boolean;
  readonly csv: string;
  readonly errors: readonly FieldError[];
}

const addressOf = (report: Report, { from, to }: Days, end = ''): string =>
  `/admin/reports/${report}${end}?${new URLSearchParams({ from, to }).toString()}`;

/** Evidence of identity checks is looked at for so many half-years back. */
const HALF_YEARS = 6;

/** As it is called in the agreement with Dukcapil: by its number and year. */
const nameOf = ({ year, half }: HalfYear): Sentence => say(`admin.reports.halfYear.${half}`, { year: String(year) });

function halfYearsFor(days: Days, today: string): NonNullable<ReportModel['halfYears']> {
  const chosen = halfYearOf(days.from);
  const recent = recentHalfYears(today, HALF_YEARS);
  const isWhole = daysOf(chosen).from === days.from && daysOf(chosen).to === days.to;
  const options =
    isWhole && !recent.some((one) => writeHalfYear(one) === writeHalfYear(chosen)) ? [...recent, chosen] : recent;
  return {
    chosen: isWhole ? writeHalfYear(chosen) : undefined,
    options: options.map((one) => ({ value: writeHalfYear(one), label: nameOf(one) })),
  };
}

/** The registry is reported by the half-year, everything else is looked at by the month. */
export const usualDays = (report: Report, today: string): Days =>
  report === 'registry' ? daysOf(halfYearOf(today)) : { from: daysLater(today, -29), to: today };

const isByOutcome = (report: Report): boolean => report === 'registry' || report === 'logouts';

function labelOf(report: Report, kind: string): Label {
  const key = isByOutcome(report) ? `admin.reports.outcome.${kind}` : `admin.audit.event.${kind}`;
  return { words: existing(key), name: kind };
}

/** Whether it is counted by service. */
export const isByService = (report: Report): boolean => report === 'activity' || report === 'logouts';

function perOf(report: Report, kind: string, per: string, names: Names): Per {
  if (isByService(report))
    return { words: undefined, name: names.client(per) ?? per, id: names.client(per) === undefined ? undefined : per };
  const detail =
    report === 'messages'
      ? 'operator'
      : report === 'failures'
        ? (failureReasons as Readonly<Record<string, string | null>>)[kind]
        : undefined;
  return {
    words: detail == null ? undefined : existing(`admin.audit.value.${detail}.${per}`),
    name: per,
    id: undefined,
  };
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

export function reportScreen({
  frame,
  names,
  report,
  days,
  today,
  counts,
  errors = [],
}: ReportView): Screen<ReportModel> {
  const half = halfYearOf(today);
  const presets = [
    { label: say('admin.reports.lastDays'), days: { from: daysLater(today, -29), to: today } },
    ...[half, halfYearBefore(half)].map((one) => ({ label: nameOf(one), days: daysOf(one) })),
  ];
  return {
    view: 'admin/reports/report',
    title: say(`admin.reports.name.${report}`),
    model: {
      frame,
      report,
      byOutcome: isByOutcome(report),
      values: days,
      tabs: reports.map((one) => ({ report: one, href: `/admin/reports/${one}`, current: one === report })),
      halfYears: report === 'registry' ? halfYearsFor(days, today) : undefined,
      presets:
        report === 'registry'
          ? []
          : presets.map(({ label, days: range }) => ({ label, href: addressOf(report, range) })),
      totals: [...Map.groupBy(counts, ({ kind }) => kind)].map(([kind, all]) => ({
        ...labelOf(report, kind),
        count: all.reduce((sum, { count }) => sum + count, 0),
      })),
      rows: counts.map(({ period, kind, per, count, former }) => ({
        period,
        kind: labelOf(report, kind),
        per: per === null ? undefined : perOf(report, kind, per, names),
        count,
        former: former === true,
      })),
      hasFormer: counts.some(({ former }) => former === true),
      csv: addressOf(report, days, '/csv'),
      errors: report === 'registry' ? errors.map(({ sentence }) => ({ field: 'half', sentence })) : errors,
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
    days: daysOf(halfYearOf(today)),
    today,
    counts: [
      { period: '2026-09', kind: 'verified', per: '10', count: 40_817, former: true },
      { period: '2026-10', kind: 'verified', per: '10', count: 48_120 },
      { period: '2026-10', kind: 'mismatch', per: '15', count: 2190 },
      { period: '2026-11', kind: 'verified', per: '10', count: 31_004 },
    ],
  }),
  'report: failures': reportScreen({
    frame,
    names,
    report: 'failures',
    days: { from: '2026-11-21', to: '2026-11-21' },
    today,
    counts: [
      { period: '2026-11-21', kind: 'consent.declined', per: null, count: 31 },
      { period: '2026-11-21', kind: 'logout.given-up', per: 'http-503', count: 2 },
      { period: '2026-11-21', kind: 'registration.identity.limited', per: 'identity.device', count: 118 },
      { period: '2026-11-21', kind: 'sign-in.refused', per: 'paused', count: 1204 },
    ],
  }),
  'report: registry, days that are no half-year': reportScreen({
    frame,
    names,
    report: 'registry',
    days: { from: '2026-02-01', to: '2026-02-28' },
    today,
    counts: [{ period: '2026-02', kind: 'unavailable', per: null, count: 7 }],
  }),
  'report: nothing there, days refused': reportScreen({
    frame,
    names,
    report: 'messages',
    days: { from: '2026-11-23', to: '2026-11-01' },
    today,
    counts: [],
    errors: [{ field: 'to', sentence: say('admin.reports.refusal.stretch-backwards') }],
  }),
};
