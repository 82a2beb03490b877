import type { Context } from 'koa';
import type Router from 'koa-router';
import type { Config } from '../../config.ts';
import { parseEmail } from '../../domain/email.ts';
import { parseOtpCode } from '../../domain/otp.ts';
import { checkPassword, type PasswordRefusal } from '../../domain/password-policy.ts';
import { parsePhone } from '../../domain/phone.ts';
import { sensitive } from '../../domain/sensitive.ts';
import { epochSeconds } from '../../domain/session.ts';
import { acr } from '../../domain/assurance.ts';
import type { CivilRegistry } from '../../ports/civil-registry/civil-registry.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { localeOf } from '../../web/locale.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type FieldError, type Screen } from '../../web/screen.ts';
import { senderOf } from '../../web/sender.ts';
import { seeOther } from '../../web/see-other.ts';
import { entered, interactionPath } from '../entrance.ts';
import type { Finish, SignedIn } from '../finish.ts';
import { answerOf, identityKey, parseIdentity, secondsUntil } from '../identity-form.ts';
import { inOneBrowser } from '../one-browser.ts';
import { createStepPages } from '../step-pages.ts';
import { unbegun, type DraftAt as At, type RegistrationDrafts } from './drafts.ts';
import { contactKey, emailSuggestionFor, parseContact } from './forms.ts';
import { isLeft, type Registration, type RegistrationStep } from './machine.ts';
import type { Pages } from './pages.ts';
import type { RegistrationContext, RegistrationService } from './service.ts';

export interface RegistrationRoutesDeps {
  readonly registration: RegistrationService;
  readonly drafts: RegistrationDrafts;
  readonly pages: Pages;
  readonly finish: Finish;
  readonly registry: Pick<CivilRegistry, 'health'>;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'identity' | 'password'>;
}

const PATH: Readonly<Record<RegistrationStep, string>> = {
  identity: 'register/identity',
  contact: 'register/contact',
  otp: 'register/otp',
  registered: 'register/registered',
  finished: 'register/finished',
};

const aboutPassword = (refusals: readonly PasswordRefusal[]): FieldError[] =>
  refusals.map((refusal) => ({ field: 'password', sentence: say(contactKey(refusal)) }));

export function addRegistration({
  registration,
  drafts,
  pages,
  finish,
  registry,
  csrf,
  clock,
  config,
}: RegistrationRoutesDeps): (router: Router) => void {
  const contextOf = (ctx: Context): RegistrationContext => {
    const { uid, clientId, service } = entered(ctx);
    return { uid, clientId, serviceName: service?.name, sender: senderOf(ctx), locale: localeOf(ctx) };
  };
  const show = (ctx: Context, screen: Screen, status = 200): Promise<void> =>
    renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, entered(ctx).uid) });

  const { toStep, at, word } = createStepPages<Registration>({
    drafts,
    unbegun,
    first: 'identity',
    pathOf: (step) => PATH[step],
    isLeft,
    restart: (ctx) => registration.restart(contextOf(ctx)),
    clock,
  });

  /** From the last page, while it can be taken for the person's who has just proved who they are. */
  const atEnd = (handler: (ctx: Context, draft: At<'finished'>) => Promise<void>): ((ctx: Context) => Promise<void>) =>
    at('finished', async (ctx, draft) => {
      if (isLeft(draft.state, clock.now())) seeOther(ctx, interactionPath(draft.uid, 'login?done=registration'));
      else await handler(ctx, draft);
    });

  /** A disturbance is said before anything is typed. */
  async function showIdentity(ctx: Context, { state }: At<'identity'>): Promise<void> {
    const { available, retryAt } = registry.health();
    if (retryAt !== undefined) ctx.set('Retry-After', String(secondsUntil(retryAt, clock.now())));
    await show(ctx, pages.identity(ctx, state, {}), available ? 200 : 503);
  }

  async function identity(ctx: Context, draft: At<'identity'>): Promise<void> {
    const typed = { nik: field(ctx, 'nik'), name: field(ctx, 'name'), motherName: field(ctx, 'mother_name') };
    const values = { nik: typed.nik.slice(0, 64), name: typed.name.slice(0, 200) };
    const claim = parseIdentity(typed, config.identity, clock.now());
    const { state } = draft;
    if (!claim.ok) return show(ctx, pages.identity(ctx, state, { values, errors: claim.refusal, retype: true }), 422);

    const outcome = await registration.proveIdentity(contextOf(ctx), draft, claim.value);
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { reason, ...params } = outcome.refusal;
    const { status, retryAfterSeconds } = answerOf(outcome.refusal, clock.now());
    if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
    await show(
      ctx,
      pages.identity(ctx, state, { values, problem: say(identityKey(reason), params), retype: true }),
      status,
    );
  }

  async function contact(ctx: Context, draft: At<'contact'>): Promise<void> {
    const typed = { email: field(ctx, 'email'), phone: field(ctx, 'phone') };
    const values = { email: typed.email.slice(0, 320), phone: typed.phone.slice(0, 64) };
    const emailSuggestion = emailSuggestionFor(typed.email);
    const again = (shown: Parameters<Pages['contact']>[2], status: number): Promise<void> =>
      show(ctx, pages.contact(ctx, draft.state, { values, emailSuggestion, ...shown }), status);
    const password = field(ctx, 'password');
    const parsed = parseContact(typed);
    if (!parsed.ok) {
      // All that can be said at once: nobody thinks of a password, mends a number, and hears only then that the
      // password will not do.
      const judged = checkPassword(password, config.password);
      return again({ errors: [...parsed.refusal, ...(judged.ok ? [] : aboutPassword(judged.refusal))] }, 422);
    }

    let outcome;
    try {
      outcome = await registration.giveContact(contextOf(ctx), draft, parsed.value, password);
    } catch (error) {
      const { code, retryAfterSeconds } = error as { code?: unknown; retryAfterSeconds?: number };
      if (code !== 'HASHING_BUSY' || retryAfterSeconds === undefined) throw error;
      ctx.set('Retry-After', String(retryAfterSeconds));
      return again({ problem: say('errors.busy', { seconds: retryAfterSeconds }) }, 503);
    }
    if (outcome.ok) return toStep(ctx, outcome.value);
    if (outcome.refusal.reason === 'password') return again({ errors: aboutPassword(outcome.refusal.refusals) }, 422);
    ctx.set('Retry-After', String(secondsUntil(outcome.refusal.until, clock.now())));
    await again({ problem: say(contactKey(outcome.refusal.reason), { until: outcome.refusal.until }) }, 429);
  }

  async function code(ctx: Context, draft: At<'otp'>): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok)
      return show(
        ctx,
        await pages.code(ctx, draft, { refusal: say(`interaction.registration.code.refusal.${typed.refusal}`) }),
        422,
      );
    const outcome = await registration.confirmCode(contextOf(ctx), draft, typed.value);
    if (outcome.ok) return toStep(ctx, outcome.value);

    const { reason, ...params } = outcome.refusal;
    const sentence = say(`interaction.registration.code.refusal.${reason}`, params);
    const now = (await drafts.find(draft.uid)) ?? draft;
    if (now.state.step !== 'otp') return toStep(ctx);
    const shown = reason === 'locked' || reason === 'dead' ? { problem: sentence } : { refusal: sentence };
    if (reason === 'locked') ctx.set('Retry-After', String(secondsUntil(outcome.refusal.until, clock.now())));
    await show(ctx, await pages.code(ctx, now as At<'otp'>, shown), reason === 'locked' ? 429 : 422);
  }

  async function sendAgain(ctx: Context, draft: At<'otp'>): Promise<void> {
    const outcome = await registration.sendAgain(contextOf(ctx), draft);
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { reason, ...params } = outcome.refusal;
    const seconds =
      outcome.refusal.reason === 'wait' ? outcome.refusal.seconds : secondsUntil(outcome.refusal.until, clock.now());
    ctx.set('Retry-After', String(seconds));
    await show(
      ctx,
      await pages.code(ctx, draft, { problem: say(`interaction.registration.code.refusal.${reason}`, params) }),
      429,
    );
  }

  async function changePhone(ctx: Context, draft: At<'otp'>): Promise<void> {
    const typed = field(ctx, 'phone');
    const values = { phone: typed.slice(0, 64) };
    const phone = parsePhone(typed);
    if (!phone.ok)
      return show(
        ctx,
        pages.phone(ctx, draft.state, {
          values,
          errors: [{ field: 'phone', sentence: say(contactKey(phone.refusal)) }],
        }),
        422,
      );
    const outcome = await registration.changeNumber(contextOf(ctx), draft, sensitive(phone.value));
    if (outcome.ok) return toStep(ctx, outcome.value);
    const { reason, ...params } = outcome.refusal;
    const again = pages.phone(ctx, draft.state, { values, problem: say(contactKey(reason), params) });
    // Used up for good: no wait would help.
    if (outcome.refusal.reason === 'changes-used-up') return show(ctx, again, 422);
    ctx.set('Retry-After', String(secondsUntil(outcome.refusal.until, clock.now())));
    await show(ctx, again, 429);
  }

  async function changeEmail(ctx: Context): Promise<void> {
    const typed = field(ctx, 'email');
    const email = parseEmail(typed);
    if (!email.ok) {
      return show(
        ctx,
        pages.email(ctx, {
          values: { email: typed.slice(0, 320) },
          errors: [{ field: 'email', sentence: say(contactKey(email.refusal)) }],
        }),
        422,
      );
    }
    await toStep(ctx, await registration.changeEmail(contextOf(ctx), sensitive(email.value)));
  }

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    const get = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.get(`/interaction/:uid/${path}`, handler);
    const post = (path: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.post(`/interaction/:uid/${path}`, read, guard, inOneBrowser, handler);

    const look = (ctx: Context): Promise<void> => toStep(ctx);
    get('register', look);
    get('register/identity', at('identity', showIdentity));
    post('register/identity', at('identity', identity));
    get(
      'register/contact',
      at('contact', async (ctx, { state }) =>
        show(ctx, pages.contact(ctx, state, { values: await pages.formerContact(state) })),
      ),
    );
    post('register/contact', at('contact', contact));
    get(
      'register/otp',
      at('otp', async (ctx, draft) => show(ctx, await pages.code(ctx, draft, {}))),
    );
    post('register/otp', at('otp', code));
    get(
      'register/otp/delivery',
      word('otp', (draft) => pages.delivery(draft)),
    );
    get('register/otp/resend', look);
    post('register/otp/resend', at('otp', sendAgain));
    get(
      'register/phone',
      at('otp', (ctx, draft) => show(ctx, pages.phone(ctx, draft.state, {}))),
    );
    post('register/phone', at('otp', changePhone));
    get(
      'register/email',
      at('otp', (ctx, draft) => show(ctx, pages.email(ctx, { values: { email: draft.state.contact.email.reveal() } }))),
    );
    post('register/email', at('otp', changeEmail));
    get(
      'register/registered',
      at('registered', async (ctx, draft) => show(ctx, await pages.registered(ctx, draft.state))),
    );
    get('register/report', look);
    post(
      'register/report',
      at('registered', async (ctx) => {
        await toStep(ctx, await registration.reportMisuse(contextOf(ctx)));
      }),
    );
    get('register/restart', look);
    post('register/restart', async (ctx) => {
      await toStep(ctx, await registration.restart(contextOf(ctx)));
    });
    get(
      'register/finished',
      atEnd(async (ctx, draft) => show(ctx, await pages.finished(ctx, draft.state))),
    );
    const proved = ({ state: { accountId, activatedAt } }: At<'finished'>): SignedIn => ({
      accountId,
      at: epochSeconds(new Date(activatedAt)),
      acr: acr.passwordAndPhone,
      amr: ['pwd', 'sms'],
      remember: false,
    });
    post(
      'register/finished',
      atEnd((ctx, draft) => finish.signedIn(ctx, proved(draft))),
    );
    get('register/decline', look);
    post(
      'register/decline',
      atEnd((ctx, draft) => finish.signedInAndDeclined(ctx, proved(draft))),
    );
  };
}
