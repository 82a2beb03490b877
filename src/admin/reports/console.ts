import type { Context } from 'koa';
import type Router from 'koa-router';
import { csvLine } from '../../domain/csv.ts';
import { isDay, todayIn } from '../../domain/day.ts';
import type { Count } from '../../domain/report-count.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import { Refused } from '../../web/refused.ts';
import { say, type FieldError } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf } from '../guard.ts';
import type { Names } from '../names.ts';
import { daysOf, readHalfYear, type Days } from './half-year.ts';
import { isByService, reportScreen, usualDays } from './screens.ts';
import { reports, type Report } from './questions.ts';
import type { ReportService } from './service.ts';

export interface ReportPagesDeps {
  readonly service: ReportService;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly desk: Desk;
}

const HOME = '/admin/reports';

/** Counts and nothing else: no report names a person. */
export function addReportPages({ service, clock, timeZone, desk }: ReportPagesDeps): (router: Router) => void {
  const today = (): string => todayIn(timeZone, clock.now());

  function wanted(ctx: Context): { report: Report; days: Days } {
    const report = reports.find((one) => one === (ctx.params as { report?: string }).report);
    if (report === undefined) throw new Refused(404, 'errors.not-found');
    const usual = usualDays(report, today());
    const day = (name: 'from' | 'to'): string =>
      typeof ctx.query[name] === 'string' ? ctx.query[name].slice(0, 20) : usual[name];
    const halfYear = typeof ctx.query.half === 'string' ? readHalfYear(ctx.query.half) : undefined;
    return { report, days: halfYear === undefined ? { from: day('from'), to: day('to') } : daysOf(halfYear) };
  }

  async function make(
    report: Report,
    days: Days,
  ): Promise<{ counts: readonly Count[]; errors: readonly FieldError[] }> {
    const wrong = (['from', 'to'] as const).filter((name) => !isDay(days[name]));
    if (wrong.length > 0)
      return { counts: [], errors: wrong.map((field) => ({ field, sentence: say('admin.reports.refusal.day') })) };
    const made = await service.make(report, days.from, days.to);
    return made.ok
      ? { counts: made.value, errors: [] }
      : { counts: [], errors: [{ field: 'to', sentence: say(`admin.reports.refusal.${made.refusal}`) }] };
  }

  const namesIn = (ctx: Context, report: Report, counts: readonly Count[]): Promise<Names> =>
    desk.names(ctx, { clients: isByService(report) ? counts.flatMap(({ per }) => per ?? []) : [] });

  return (router) => {
    router.get(HOME, desk.may('reports.read'), (ctx: Context) => {
      seeOther(ctx, `${HOME}/activity`);
    });
    router.get(`${HOME}/:report`, desk.may('reports.read'), async (ctx: Context) => {
      const { report, days } = wanted(ctx);
      const { counts, errors } = await make(report, days);
      await desk.show(
        ctx,
        reportScreen({
          frame: frameOf(ctx),
          names: await namesIn(ctx, report, counts),
          report,
          days,
          today: today(),
          counts,
          errors,
        }),
        errors.length > 0 ? 422 : 200,
      );
    });
    router.get(`${HOME}/:report/csv`, desk.may('reports.read'), async (ctx: Context) => {
      const { report, days } = wanted(ctx);
      const { counts, errors } = await make(report, days);
      if (errors.length > 0) throw new Refused(400, 'admin.reports.refusal.day');
      ctx.attachment(`${report}-${days.from}-${days.to}.csv`);
      ctx.type = 'text/csv; charset=utf-8';
      const names = await namesIn(ctx, report, counts);
      // The id is what programs count by; the name stands last, where only people look.
      const named = (per: string | null): readonly string[] =>
        isByService(report) ? [(per === null ? undefined : names.client(per)) ?? ''] : [];
      // A column more only where there is something to say in it: programs of before know none.
      const hasFormer = counts.some(({ former }) => former === true);
      const head = [
        'period',
        'kind',
        'per',
        'count',
        ...(isByService(report) ? ['name'] : []),
        ...(hasFormer ? ['former'] : []),
      ];
      ctx.body = [
        csvLine(head),
        ...counts.map(({ period, kind, per, count, former }) =>
          csvLine([period, kind, per, count, ...named(per), ...(hasFormer ? [former === true ? 'former' : ''] : [])]),
        ),
      ].join('');
    });
  };
}
