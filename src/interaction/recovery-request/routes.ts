import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { parseOtpCode } from '../../domain/otp.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import type { Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { CivilRegistry } from '../../ports/civil-registry/civil-registry.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { localeOf } from '../../web/locale.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type Screen, type Sentence } from '../../web/screen.ts';
import { senderOf } from '../../web/sender.ts';
import { entered } from '../entrance.ts';
import { answerOf, parseIdentity, secondsUntil } from '../identity-form.ts';
import { inOneBrowser } from '../one-browser.ts';
import { createStepPages } from '../step-pages.ts';
import { unbegun, type DraftAt as At, type RequestDrafts } from './drafts.ts';
import { codeKey, numberKey, passwordKey, refusedIdentity } from './forms.ts';
import { isLeft, type Requesting, type RequestStep } from './machine.ts';
import type { NumberRefusal } from './number.ts';
import type { RequestPages } from './pages.ts';
import type { RequestContext, RequestService } from './service.ts';

export interface RequestRoutesDeps {
  readonly requests: RequestService;
  readonly drafts: RequestDrafts;
  readonly pages: RequestPages;
  readonly registry: Pick<CivilRegistry, 'health'>;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'identity' | 'help'>;
}

const pathOf = (step: RequestStep): string => `recover-request/${step}`;

export function addRecoveryRequest({
  requests,
  drafts,
  pages,
  registry,
  csrf,
  clock,
  config,
}: RequestRoutesDeps): (router: Router) => void {
  const help = config.help.phone;
  const contextOf = (ctx: Context): RequestContext => {
    const { uid, clientId } = entered(ctx);
    return { uid, clientId, sender: senderOf(ctx), locale: localeOf(ctx) };
  };
  const show = (ctx: Context, screen: Screen, status = 200): Promise<void> =>
    renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, entered(ctx).uid) });
  const retryAt = (ctx: Context, until: Date): void => {
    ctx.set('Retry-After', String(secondsUntil(until, clock.now())));
  };

  const { toStep, at, word } = createStepPages<Requesting>({
    drafts,
    unbegun,
    first: 'identity',
    pathOf: pathOf,
    isLeft,
    restart: (ctx) => requests.restart(contextOf(ctx)),
    clock,
  });

  /** A disturbance is said before anything is typed. */
  async function showIdentity(ctx: Context): Promise<void> {
    const { available, retryAt: backAt } = registry.health();
    if (backAt !== undefined) retryAt(ctx, backAt);
    await show(ctx, pages.identity(ctx, {}), available ? 200 : 503);
  }

  async function identity(ctx: Context, draft: At<'identity'>): Promise<void> {
    const typed = { nik: field(ctx, 'nik'), name: field(ctx, 'name'), motherName: field(ctx, 'mother_name') };
    const values = { nik: typed.nik.slice(0, 64), name: typed.name.slice(0, 200) };
    // However young: who has an account may have it back, and who has none hears at the registration how old one must be.
    const claim = parseIdentity(typed, { ...config.identity, minAge: 0 }, clock.now());
    if (!claim.ok) return show(ctx, pages.identity(ctx, { values, errors: claim.refusal, retype: true }), 422);

    const outcome = await requests.proveIdentity(contextOf(ctx), draft, claim.value);
    if (outcome.ok) return toStep(ctx, outcome.value);
    const problem = refusedIdentity(outcome.refusal, help);
    // A form with these data would get no other answer.
    if (outcome.refusal.reason === 'not-here') return show(ctx, pages.identity(ctx, { problem }), 422);
    const { status, retryAfterSeconds } = answerOf(outcome.refusal, clock.now());
    if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
    await show(ctx, pages.identity(ctx, { values, problem, retype: true }), status);
  }

  /** The form of the first number, and that of another one. */
  async function number<Draft extends At<'number'> | At<'code'>>(
    ctx: Context,
    draft: Draft,
    give: (
      context: RequestContext,
      draft: Draft,
      phone: Sensitive<Phone>,
    ) => Promise<Result<RequestStep, NumberRefusal>>,
  ): Promise<void> {
    const typed = field(ctx, 'phone');
    const values = { phone: typed.slice(0, 64) };
    const phone = parsePhone(typed);
    if (!phone.ok) {
      const errors = [{ field: 'phone', sentence: say(numberKey(phone.refusal)) }];
      return show(ctx, await pages.number(ctx, draft, { values, errors }), 422);
    }
    const outcome = await give(contextOf(ctx), draft, sensitive(phone.value));
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { reason, ...params } = outcome.refusal;
    const again = await pages.number(ctx, draft, { values, problem: say(numberKey(reason), { ...params, help }) });
    // Used up for good: no wait would help.
    if (outcome.refusal.reason === 'changes-used-up') return show(ctx, again, 422);
    retryAt(ctx, outcome.refusal.until);
    await show(ctx, again, 429);
  }

  async function code(ctx: Context, draft: At<'code'>): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok) return show(ctx, await pages.code(ctx, draft, { refusal: say(codeKey(typed.refusal)) }), 422);
    const outcome = await requests.confirmCode(contextOf(ctx), draft, typed.value);
    if (outcome.ok) return toStep(ctx, outcome.value);

    const { reason, ...params } = outcome.refusal;
    const sentence = say(codeKey(reason), params);
    const now = (await drafts.find(draft.uid)) ?? draft;
    if (now.state.step !== 'code') return toStep(ctx);
    if (outcome.refusal.reason === 'locked') retryAt(ctx, outcome.refusal.until);
    const shown = reason === 'locked' || reason === 'dead' ? { problem: sentence } : { refusal: sentence };
    await show(ctx, await pages.code(ctx, now as At<'code'>, shown), reason === 'locked' ? 429 : 422);
  }

  async function sendAgain(ctx: Context, draft: At<'code'>): Promise<void> {
    const outcome = await requests.sendAgain(contextOf(ctx), draft);
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { reason, ...params } = outcome.refusal;
    if (outcome.refusal.reason === 'wait') ctx.set('Retry-After', String(outcome.refusal.seconds));
    else retryAt(ctx, outcome.refusal.until);
    await show(ctx, await pages.code(ctx, draft, { problem: say(codeKey(reason), params) }), 429);
  }

  async function password(ctx: Context, draft: At<'password'>): Promise<void> {
    const again = (problem: Sentence, status: number): Promise<void> =>
      show(ctx, pages.password(ctx, draft, { problem }), status);
    let outcome;
    try {
      outcome = await requests.file(contextOf(ctx), draft, field(ctx, 'password'));
    } catch (error) {
      const { code: cause, retryAfterSeconds } = error as { code?: unknown; retryAfterSeconds?: number };
      if (cause !== 'HASHING_BUSY' || retryAfterSeconds === undefined) throw error;
      ctx.set('Retry-After', String(retryAfterSeconds));
      return again(say('errors.busy', { seconds: retryAfterSeconds }), 503);
    }
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { refusal } = outcome;
    switch (refusal.reason) {
      case 'password': {
        const errors = refusal.refusals.map((one) => ({ field: 'password', sentence: say(passwordKey(one)) }));
        return show(ctx, pages.password(ctx, draft, { errors }), 422);
      }
      case 'too-many':
        retryAt(ctx, refusal.until);
        return again(say(numberKey('too-many'), { until: refusal.until, help }), 429);
      case 'stale':
      case 'not-here':
        return show(ctx, pages.identity(ctx, { problem: refusedIdentity(refusal, help) }), 422);
    }
  }

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    const get = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.get(`/interaction/:uid/recover-request${path}`, handler);
    const post = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.post(`/interaction/:uid/recover-request${path}`, read, guard, inOneBrowser, handler);

    const look = (ctx: Context): Promise<void> => toStep(ctx);
    get(
      '',
      at('identity', (ctx) => toStep(ctx, 'identity')),
    );
    get('/identity', at('identity', showIdentity));
    post('/identity', at('identity', identity));
    get(
      '/no-account',
      at('no-account', (ctx) => show(ctx, pages.noAccount(ctx))),
    );
    get(
      '/number',
      at('number', async (ctx, draft) => show(ctx, await pages.number(ctx, draft, {}))),
    );
    post(
      '/number',
      at('number', (ctx, draft) => number(ctx, draft, (...given) => requests.giveNumber(...given))),
    );
    get(
      '/code',
      at('code', async (ctx, draft) => show(ctx, await pages.code(ctx, draft, {}))),
    );
    post('/code', at('code', code));
    get(
      '/code/delivery',
      word('code', (draft) => pages.delivery(draft)),
    );
    get('/code/resend', look);
    post('/code/resend', at('code', sendAgain));
    get(
      '/code/number',
      at('code', async (ctx, draft) => show(ctx, await pages.number(ctx, draft, {}))),
    );
    post(
      '/code/number',
      at('code', (ctx, draft) => number(ctx, draft, (...given) => requests.changeNumber(...given))),
    );
    get(
      '/password',
      at('password', (ctx, draft) => show(ctx, pages.password(ctx, draft, {}))),
    );
    post('/password', at('password', password));
    get(
      '/filed',
      at('filed', (ctx, draft) => show(ctx, pages.filed(ctx, draft))),
    );
    get('/restart', look);
    post('/restart', async (ctx) => {
      await toStep(ctx, await requests.restart(contextOf(ctx)));
    });
  };
}
