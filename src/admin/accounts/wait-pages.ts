import type { Context } from 'koa';
import type Router from 'koa-router';
import { sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import { field } from '../../web/form.ts';
import { say, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import type { Desk } from '../desk.ts';
import { frameOf, operatorOf } from '../guard.ts';
import { readReason } from '../reason.ts';
import type { AccountKey } from './service.ts';
import { waitsScreen, type WaitsModel } from './wait-screens.ts';
import type { WaitRefusal, Waits } from './waits.ts';

export interface WaitPagesDeps {
  readonly waits: Pick<Waits, 'end'>;
  readonly toKey: (text: string) => AccountKey;
  readonly clock: Clock;
  readonly desk: Desk;
}

const HOME = '/admin/accounts/waits';
const LONGEST = 320;
const DAY_SECONDS = 86_400;

/**
 * Where the help desk ends the wait of somebody who may have no account yet. What was typed stands in no address and no
 * log.
 */
export function addWaitPages({ waits, toKey, clock, desk }: WaitPagesDeps): (router: Router) => void {
  const show = (ctx: Context, shown: Partial<Omit<WaitsModel, 'frame'>> = {}, status = 200): Promise<void> =>
    desk.show(
      ctx,
      waitsScreen({
        frame: frameOf(ctx),
        values: { who: '', reason: '' },
        errors: [],
        problem: undefined,
        done: undefined,
        ...shown,
      }),
      status,
    );

  function answerTo(ctx: Context, refusal: WaitRefusal): { readonly problem: Sentence; readonly status: number } {
    if (refusal.reason === 'ended-before') {
      ctx.set('Retry-After', String(Math.max(1, Math.ceil((refusal.until.getTime() - clock.now().getTime()) / 1000))));
      return { problem: say('admin.accounts.waits.refusal.ended-before', { until: refusal.until }), status: 429 };
    }
    if (refusal.reason === 'limit') {
      ctx.set('Retry-After', String(DAY_SECONDS));
      return { problem: say('admin.accounts.waits.refusal.limit'), status: 429 };
    }
    return {
      problem: say(
        refusal.reason === 'not-held'
          ? 'admin.accounts.waits.refusal.not-held'
          : `admin.accounts.refusal.${refusal.reason}`,
      ),
      status: 422,
    };
  }

  async function end(ctx: Context): Promise<void> {
    const who = field(ctx, 'who').slice(0, LONGEST);
    const { typed, reason, errors } = readReason(ctx, 'wait');
    const key = toKey(who);
    const values = { who, reason: typed };
    // An address is held up by nothing that could be ended here.
    const found = 'identifier' in key ? key.identifier.reveal() : undefined;
    const whose = found === undefined || found.kind === 'email' ? undefined : found;
    if (whose === undefined || reason === undefined) {
      const wrong = whose === undefined ? [{ field: 'who', sentence: say('admin.accounts.waits.refusal.form') }] : [];
      return show(ctx, { values, errors: [...wrong, ...errors] }, 422);
    }
    const outcome = await waits.end(sensitive(whose), reason, operatorOf(ctx).actor);
    if (outcome.ok) {
      seeOther(ctx, `${HOME}?done=${whose.kind}`);
      return;
    }
    const { problem, status } = answerTo(ctx, outcome.refusal);
    await show(ctx, { values, problem }, status);
  }

  return (router) => {
    router.get(HOME, desk.may('accounts.write'), (ctx: Context) =>
      show(ctx, { done: (['nik', 'phone'] as const).find((kind) => kind === ctx.query.done) }),
    );
    router.post(HOME, desk.may('accounts.write'), desk.form, end);
  };
}
