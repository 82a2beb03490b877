import type { Context } from 'koa';
import type Router from 'koa-router';
import { parseHelpCode } from '../../domain/help-code.ts';
import { signatureOf } from '../../domain/operator.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { RecoveryRequests } from '../../recovery-request/service.ts';
import { field } from '../../web/form.ts';
import { Refused } from '../../web/refused.ts';
import { say } from '../../web/screen.ts';
import { seeOther, toParent } from '../../web/see-other.ts';
import { parseCursor, toCursor } from '../cursor.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import {
  addressOf,
  isGiven,
  listScreen,
  opinions,
  requestScreen,
  type ListView,
  type OpinionForm,
  type Shown,
} from './screens.ts';
import type { RequestReading, Seen } from './service.ts';

export interface RecoveryRequestPagesDeps {
  readonly requests: Pick<RecoveryRequests, OpinionForm>;
  readonly reading: RequestReading;
  readonly clock: Clock;
  readonly desk: Desk;
}

const HOME = '/admin/recovery-requests';
const PAGE = 25;
/** A cursor of ours, or a number as somebody writes it down. */
const LONGEST = 120;
const RETRY_AFTER_SECONDS = 3600;

const inAddress = (ctx: Context, name: string): string => {
  const value = ctx.query[name];
  return typeof value === 'string' ? value.slice(0, LONGEST) : '';
};

/** Where two officers decide who gets an account back. For people only: the operators' API has nothing of it. */
export function addRecoveryRequestPages({
  requests,
  reading,
  clock,
  desk,
}: RecoveryRequestPagesDeps): (router: Router) => void {
  async function list(
    ctx: Context,
    which: 'open' | 'closed',
    shown: Pick<ListView, 'values' | 'errors'> = {},
    status = 200,
  ): Promise<void> {
    const found = await reading.list(which, PAGE, parseCursor(inAddress(ctx, 'after')));
    const listed = found.slice(0, PAGE);
    const last = listed.at(-1)?.request;
    const cursor =
      found.length > PAGE && last !== undefined
        ? toCursor({ at: which === 'open' ? last.filedAt : (last.closedAt ?? last.filedAt), id: last.id })
        : undefined;
    await desk.show(ctx, listScreen({ frame: frameOf(ctx), which, listed, cursor, ...shown }), status);
  }

  async function search(ctx: Context): Promise<void> {
    const typed = field(ctx, 'number').slice(0, LONGEST);
    const number = parseHelpCode(typed);
    const id = number === undefined ? undefined : await reading.findByNumber(number);
    if (id !== undefined) {
      seeOther(ctx, addressOf(id));
      return;
    }
    const what = typed.trim() === '' ? 'empty' : number === undefined ? 'form' : 'nothing';
    const sentence = say(`admin.recovery-requests.list.refusal.${what}`);
    await list(ctx, 'open', { values: { number: typed }, errors: [{ field: 'number', sentence }] }, 422);
  }

  async function getSeen(ctx: Context): Promise<Seen> {
    const seen = await reading.find(String((ctx.params as { id?: string }).id));
    if (seen === undefined) throw new Refused(404, 'errors.not-found');
    return seen;
  }

  const show = async (ctx: Context, seen: Seen, shown: Shown = {}, status = 200): Promise<void> => {
    const { accountId, actor, permissions } = operatorOf(ctx);
    const signatures = [seen.request.examined, seen.request.decided].flatMap((one) =>
      one === undefined ? [] : [one.by],
    );
    await desk.show(
      ctx,
      requestScreen({
        frame: frameOf(ctx),
        // Two colleagues decide on each other's word: here they see whose it is.
        names: await desk.names(ctx, { signatures }, 'accounts.recover'),
        seen,
        by: { accountId, signature: signatureOf(actor) },
        permissions,
        now: clock.now(),
        ...shown,
      }),
      status,
    );
  };

  async function open(ctx: Context): Promise<void> {
    const seen = await getSeen(ctx);
    const by = signatureOf(operatorOf(ctx).actor);
    await show(ctx, seen, {
      done: opinions.find((form) => form === ctx.query.done && isGiven(form, seen.request, by)),
    });
  }

  async function reveal(ctx: Context): Promise<void> {
    const seen = await getSeen(ctx);
    const { typed, reason, errors } = readReason(ctx, 'reveal');
    const again = { at: 'reveal', values: { reason: typed } } as const;
    if (reason === undefined) return show(ctx, seen, { ...again, errors }, 422);
    const shown = await reading.reveal(seen.request, reason, operatorOf(ctx).actor);
    // The answer itself: an address that shows it could be opened again, without a reason.
    if (shown.ok) return show(ctx, seen, { revealed: shown.value });
    if (shown.refusal === 'limit') ctx.set('Retry-After', String(RETRY_AFTER_SECONDS));
    const problem = say(`admin.recovery-requests.refusal.${shown.refusal}`);
    await show(ctx, seen, { ...again, problem }, shown.refusal === 'limit' ? 429 : 422);
  }

  const opine =
    (form: OpinionForm) =>
    async (ctx: Context): Promise<void> => {
      const before = await getSeen(ctx);
      const { id } = before.request;
      const { actor } = operatorOf(ctx);
      const { typed, reason, errors } = readReason(ctx, form);
      const again = { at: form, values: { reason: typed } };
      if (reason === undefined) return show(ctx, before, { ...again, errors }, 422);
      const done = await requests[form](id, reason, actor);
      // What has changed since the page was made is shown as it is now.
      const seen = await getSeen(ctx);
      if (done.ok || isGiven(form, seen.request, signatureOf(actor))) {
        seeOther(ctx, `${addressOf(id)}?done=${form}`);
        return;
      }
      if (done.refusal === 'unknown') throw new Refused(404, 'errors.not-found');
      await show(ctx, seen, { ...again, problem: say(`admin.recovery-requests.refusal.${done.refusal}`) }, 422);
    };

  return (router) => {
    const may = desk.may('accounts.recover');
    router.get(HOME, may, (ctx: Context) => list(ctx, 'open'));
    router.post(HOME, may, desk.form, search);
    // Before the page of one request: `closed` is the id of none.
    router.get(`${HOME}/closed`, may, (ctx: Context) => list(ctx, 'closed'));
    router.get(`${HOME}/:id`, may, open);
    for (const action of ['reveal', ...opinions]) router.get(`${HOME}/:id/${action}`, may, toParent);
    router.post(`${HOME}/:id/reveal`, may, desk.may('accounts.reveal'), desk.form, reveal);
    for (const form of opinions) router.post(`${HOME}/:id/${form}`, may, desk.form, opine(form));
  };
}
