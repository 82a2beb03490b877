import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Audit } from '../../audit/log.ts';
import { todayIn } from '../../domain/day.ts';
import { signatureOf } from '../../domain/operator.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { say } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { namesFrom } from '../names.ts';
import { parseCursor, toCursor } from '../cursor.ts';
import { exportEvents, fileTypes, formats } from './export.ts';
import { filterFields, parseFilter, toQuery, type TypedFilter } from './forms.ts';
import { auditScreen, chainScreen, namedIn } from './screens.ts';
import type { ChainService } from './service.ts';

export interface AuditPagesDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly chain: ChainService;
  readonly clock: Clock;
  readonly timeZone: string;
  /** Every type of event there is. */
  readonly eventTypes: readonly string[];
  readonly desk: Desk;
}

const HOME = '/admin/audit';
const PAGE = 50;
const LONGEST = 200;

const inAddress = (ctx: Context, name: string): string => {
  const value = ctx.query[name];
  return typeof value === 'string' ? value.trim().slice(0, LONGEST) : '';
};

/** The audit log for people: newest first, filtered, copied, and its chain checked by a job. */
export function addAuditPages({
  store,
  audit,
  chain,
  clock,
  timeZone,
  eventTypes,
  desk,
}: AuditPagesDeps): (router: Router) => void {
  const typedIn = (ctx: Context): TypedFilter =>
    Object.fromEntries(filterFields.map((name) => [name, inAddress(ctx, name)])) as unknown as TypedFilter;

  async function list(ctx: Context): Promise<void> {
    const values = typedIn(ctx);
    const filter = parseFilter(values, timeZone);
    const shown = { frame: frameOf(ctx), values, types: eventTypes, names: namesFrom({}) };
    if (!filter.ok) {
      const errors = filter.refusal.map((name) => ({
        field: name,
        sentence: say(`admin.audit.events.refusal.${name}`),
      }));
      return desk.show(ctx, auditScreen({ ...shown, rows: [], cursor: undefined, errors }), 422);
    }
    const rows = await store.auditSearch.page(filter.value, parseCursor(inAddress(ctx, 'cursor')), PAGE + 1);
    const page = rows.slice(0, PAGE);
    const last = page.at(-1);
    return desk.show(
      ctx,
      auditScreen({
        ...shown,
        names: await desk.names(ctx, namedIn(page)),
        rows: page,
        cursor: rows.length > PAGE && last !== undefined ? toCursor(last) : undefined,
      }),
    );
  }

  async function copy(ctx: Context): Promise<void> {
    const values = typedIn(ctx);
    const filter = parseFilter(values, timeZone);
    const format = formats.find((one) => one === field(ctx, 'format'));
    if (!filter.ok || format === undefined) throw new Refused(400, 'admin.audit.export.refused');
    // Remembered before it leaves: what cannot be recorded is not handed out.
    await audit.record(store, 'audit.exported', {
      by: signatureOf(operatorOf(ctx).actor),
      format,
      filter: toQuery(values),
    });
    ctx.attachment(`audit-${todayIn(timeZone, clock.now())}.${format}`);
    ctx.type = `${fileTypes[format]}; charset=utf-8`;
    ctx.body = Readable.from(exportEvents(store, filter.value, format));
  }

  async function showChain(ctx: Context): Promise<void> {
    const standing = await chain.standing();
    await desk.show(
      ctx,
      chainScreen({
        frame: frameOf(ctx),
        standing,
        names: await desk.names(ctx, { signatures: standing.check === undefined ? [] : [standing.check.by] }),
      }),
    );
  }

  async function askForCheck(ctx: Context): Promise<void> {
    await chain.ask(operatorOf(ctx).actor);
    seeOther(ctx, `${HOME}/chain`);
  }

  return (router) => {
    router.get(HOME, desk.may('audit.read'), list);
    router.post(`${HOME}/export`, desk.may('audit.read'), desk.form, copy);
    router.get(`${HOME}/chain`, desk.may('audit.read'), showChain);
    router.post(`${HOME}/chain`, desk.may('audit.read'), desk.form, askForCheck);
  };
}
