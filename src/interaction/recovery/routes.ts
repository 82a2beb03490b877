import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { acr } from '../../domain/assurance.ts';
import { parseIdentifier } from '../../domain/identifier.ts';
import { parseOtpCode } from '../../domain/otp.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { localeOf } from '../../web/locale.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type FieldError, type Screen } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { senderOf } from '../../web/sender.ts';
import { entered, interactionPath } from '../entrance.ts';
import type { Finish, SignedIn } from '../finish.ts';
import { inOneBrowser } from '../one-browser.ts';
import type { RecoveryDraft, RecoveryDrafts } from './drafts.ts';
import { begin, isLeft, type Recovery, type RecoveryStep } from './machine.ts';
import type { RecoveryPages } from './pages.ts';
import type { AskRefusal, RecoveryContext, RecoveryService } from './service.ts';

export interface RecoveryRoutesDeps {
  readonly recovery: RecoveryService;
  readonly drafts: RecoveryDrafts;
  readonly pages: RecoveryPages;
  readonly finish: Finish;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'identity'>;
}

const PATH: Readonly<Record<RecoveryStep, string>> = {
  ask: 'recover',
  code: 'recover/code',
  password: 'recover/password',
  finished: 'recover/finished',
};
/** What each way proves (RFC 8176): a number is a factor of its own, an address is a code read somewhere. */
const PROOF = {
  sms: { acr: acr.passwordAndPhone, amr: ['pwd', 'sms'] },
  email: { acr: acr.password, amr: ['pwd', 'otp'] },
} as const;
const LONGEST = 320;

type At<Step extends RecoveryStep> = RecoveryDraft & { readonly state: Extract<Recovery, { step: Step }> };

const askKey = (refusal: string): string => `interaction.recovery.ask.refusal.${refusal}`;
const codeKey = (refusal: string): string => `interaction.recovery.code.refusal.${refusal}`;

export function addRecovery({
  recovery,
  drafts,
  pages,
  finish,
  csrf,
  clock,
  config,
}: RecoveryRoutesDeps): (router: Router) => void {
  const contextOf = (ctx: Context): RecoveryContext => {
    const { uid, clientId } = entered(ctx);
    return { uid, clientId, sender: senderOf(ctx), locale: localeOf(ctx) };
  };
  const show = (ctx: Context, screen: Screen, status = 200): Promise<void> =>
    renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, entered(ctx).uid) });
  const secondsUntil = (date: Date): number => Math.max(1, Math.ceil((date.getTime() - clock.now().getTime()) / 1000));
  const retryAfter = (ctx: Context, refusal: AskRefusal): void => {
    ctx.set('Retry-After', String(refusal.reason === 'wait' ? refusal.seconds : secondsUntil(refusal.until)));
  };

  /**
   * To the page of the step that the draft is at: after every good form, and for whoever asks for another step's page.
   */
  async function toStep(ctx: Context): Promise<void> {
    const { uid } = entered(ctx);
    seeOther(ctx, interactionPath(uid, PATH[(await drafts.find(uid))?.state.step ?? 'ask']));
  }

  /** Runs the handler at its step alone. Whoever only looks has no draft yet: the first form makes one. */
  const at =
    <Step extends RecoveryStep>(step: Step, handler: (ctx: Context, draft: At<Step>) => Promise<void>) =>
    async (ctx: Context): Promise<void> => {
      const { uid } = entered(ctx);
      const draft = (await drafts.find(uid)) ?? { id: '', uid, state: begin(), createdAt: clock.now() };
      if (draft.state.step === step) return handler(ctx, draft as At<Step>);
      const isAnew = step === 'ask' && isLeft(draft.state, clock.now());
      if (isAnew) await recovery.restart(contextOf(ctx));
      seeOther(ctx, interactionPath(uid, PATH[isAnew ? step : draft.state.step]));
    };

  /** From the last page, while it can be taken for the person's who has just proved who they are. */
  const atEnd = (handler: (ctx: Context, draft: At<'finished'>) => Promise<void>): ((ctx: Context) => Promise<void>) =>
    at('finished', async (ctx, draft) => {
      if (isLeft(draft.state, clock.now())) seeOther(ctx, interactionPath(draft.uid, 'login?done=recovery'));
      else await handler(ctx, draft);
    });

  async function ask(ctx: Context): Promise<void> {
    const identifier = field(ctx, 'identifier').slice(0, LONGEST);
    const values = { identifier };
    if (identifier.trim() === '')
      return show(
        ctx,
        await pages.ask(ctx, { values, errors: [{ field: 'identifier', sentence: say(askKey('identifier-empty')) }] }),
        422,
      );
    const outcome = await recovery.ask(contextOf(ctx), parseIdentifier(identifier, config.identity, clock.now()));
    if (outcome.ok) return toStep(ctx);
    const { reason, ...params } = outcome.refusal;
    retryAfter(ctx, outcome.refusal);
    await show(ctx, await pages.ask(ctx, { values, problem: say(askKey(reason), params) }), 429);
  }

  async function sendAgain(ctx: Context, draft: At<'code'>): Promise<void> {
    const outcome = await recovery.sendAgain(contextOf(ctx));
    if (outcome.ok) return toStep(ctx);
    const { reason, ...params } = outcome.refusal;
    retryAfter(ctx, outcome.refusal);
    await show(ctx, await pages.code(ctx, draft.state, { problem: say(codeKey(reason), params) }), 429);
  }

  async function code(ctx: Context, draft: At<'code'>): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok) return show(ctx, await pages.code(ctx, draft.state, { refusal: say(codeKey(typed.refusal)) }), 422);
    const outcome = await recovery.confirmCode(contextOf(ctx), typed.value);
    if (outcome.ok) return toStep(ctx);

    const { reason, ...params } = outcome.refusal;
    if (reason === 'suspended') return show(ctx, await pages.ask(ctx, { problem: say(askKey(reason), params) }), 422);
    const now = (await drafts.find(draft.uid)) ?? draft;
    if (now.state.step !== 'code') return toStep(ctx);
    const sentence = say(codeKey(reason), params);
    if (outcome.refusal.reason === 'locked') ctx.set('Retry-After', String(secondsUntil(outcome.refusal.until)));
    await show(
      ctx,
      await pages.code(
        ctx,
        now.state,
        reason === 'locked' || reason === 'dead' ? { problem: sentence } : { refusal: sentence },
      ),
      reason === 'locked' ? 429 : 422,
    );
  }

  async function password(ctx: Context): Promise<void> {
    const again = (shown: Parameters<RecoveryPages['password']>[1], status: number): Promise<void> =>
      show(ctx, pages.password(ctx, shown), status);
    const wrong = (refusal: string): FieldError => ({
      field: 'password',
      sentence: say(`interaction.registration.contact.refusal.${refusal}`),
    });
    let outcome;
    try {
      outcome = await recovery.setPassword(contextOf(ctx), field(ctx, 'password'));
    } catch (error) {
      const { code: cause, retryAfterSeconds } = error as { code?: unknown; retryAfterSeconds?: number };
      if (cause !== 'HASHING_BUSY' || retryAfterSeconds === undefined) throw error;
      ctx.set('Retry-After', String(retryAfterSeconds));
      return again({ problem: say('errors.busy', { seconds: retryAfterSeconds }) }, 503);
    }
    if (outcome.ok) return toStep(ctx);
    if (outcome.refusal.reason === 'password') return again({ errors: outcome.refusal.refusals.map(wrong) }, 422);
    const { reason, ...params } = outcome.refusal;
    await show(ctx, await pages.ask(ctx, { problem: say(askKey(reason), params) }), 422);
  }

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    const get = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.get(`/interaction/:uid/${path}`, handler);
    const post = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.post(`/interaction/:uid/${path}`, read, guard, inOneBrowser, handler);

    get(
      'recover',
      at('ask', async (ctx) => show(ctx, await pages.ask(ctx, {}))),
    );
    post('recover', at('ask', ask));
    get(
      'recover/code',
      at('code', async (ctx, draft) => show(ctx, await pages.code(ctx, draft.state, {}))),
    );
    post('recover/code', at('code', code));
    get('recover/code/resend', toStep);
    post('recover/code/resend', at('code', sendAgain));
    get('recover/restart', toStep);
    post('recover/restart', async (ctx) => {
      await recovery.restart(contextOf(ctx));
      await toStep(ctx);
    });
    get(
      'recover/password',
      at('password', (ctx) => show(ctx, pages.password(ctx, {}))),
    );
    post('recover/password', at('password', password));
    get(
      'recover/finished',
      atEnd(async (ctx, draft) => show(ctx, await pages.finished(ctx, draft.state))),
    );
    const proved = ({ state: { accountId, channel, signedInAt } }: At<'finished'>): SignedIn => ({
      accountId,
      at: signedInAt,
      ...PROOF[channel],
      remember: false,
    });
    post(
      'recover/finished',
      atEnd((ctx, draft) => finish.signedIn(ctx, proved(draft))),
    );
    get('recover/decline', toStep);
    post(
      'recover/decline',
      atEnd((ctx, draft) => finish.signedInAndDeclined(ctx, proved(draft))),
    );
  };
}
