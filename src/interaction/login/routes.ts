import type { Context } from 'koa';
import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../../config.ts';
import type { AccountId } from '../../domain/account.ts';
import { acr, acrDemandOf, wantsSecondFactor } from '../../domain/assurance.ts';
import { parseIdentifier } from '../../domain/identifier.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Csrf } from '../../web/csrf.ts';
import { guardForm } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { say, type FieldError, type Sentence } from '../../web/screen.ts';
import { senderOf } from '../../web/sender.ts';
import { seeOther } from '../../web/see-other.ts';
import { entered, interactionPath, isAnswered } from '../entrance.ts';
import type { Finish } from '../finish.ts';
import { keepToBrowser } from '../one-browser.ts';
import { wantedOf, type Sharing } from '../sharing.ts';
import { loginScreen, type LoginModel } from './screens.ts';
import type { LoginRefusal, LoginService } from './service.ts';

export interface LoginRoutesDeps {
  readonly login: LoginService;
  readonly finish: Finish;
  readonly sharing: Pick<Sharing, 'ask'>;
  readonly provider: Provider;
  readonly store: Pick<Store, 'accounts'>;
  /** Begins the registration of somebody whose record waits; another journey, handed in. */
  readonly recognise: (uid: string, former: AccountId) => Promise<unknown>;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'identity'>;
}

/** The journeys whose last page was left open, and which therefore end here. */
const endedHere = ['registration', 'recovery'] as const;

const key = (refusal: string): string => `interaction.login.refusal.${refusal}`;

export function addLogin({
  login,
  finish,
  sharing,
  provider,
  store,
  recognise,
  csrf,
  clock,
  config,
}: LoginRoutesDeps): (router: Router) => void {
  /**
   * Somebody signed in in this browser since the sign-in began: then one press is enough, unless the service wants
   * more.
   */
  async function presentSession(ctx: Context) {
    if (entered(ctx).interaction.prompt.reasons.some((reason) => reason !== 'no_session')) return undefined;
    const session = await provider.Session.get(ctx);
    // A second factor is set up by whoever has just typed the password, not by whoever finds the browser open.
    if (wantsSecondFactor(session.acr, acrDemandOf(entered(ctx).interaction.params))) return undefined;
    const account = session.accountId === undefined ? undefined : await store.accounts.findById(session.accountId);
    return account?.status === 'active' ? { session, account } : undefined;
  }

  async function show(
    ctx: Context,
    shown: Partial<Pick<LoginModel, 'values' | 'errors' | 'problem' | 'notice'>>,
    status = 200,
  ): Promise<void> {
    const { uid, client, service, interaction } = entered(ctx);
    const present = await presentSession(ctx);
    const hint = interaction.params.login_hint;
    // What is only told is told here: nobody needs another page for it. What is asked is asked on a page of its own.
    const question =
      client === undefined
        ? undefined
        : await sharing.ask({ client, accountId: undefined, ...wantedOf(interaction.params) });
    const screen = loginScreen({
      service,
      values: { identifier: typeof hint === 'string' ? hint.slice(0, 320) : '', remember: false },
      errors: [],
      problem: undefined,
      notice: undefined,
      sharing: question?.kind === 'notice' ? question : undefined,
      continueAs:
        present === undefined
          ? undefined
          : { name: present.account.name.reveal(), action: interactionPath(uid, 'continue') },
      links: {
        register: interactionPath(uid, 'register/identity'),
        trouble: interactionPath(uid, 'recover'),
        cancel: service === undefined ? undefined : interactionPath(uid, 'cancel'),
      },
      ...shown,
    });
    await renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, uid) });
  }

  function say422(refusal: LoginRefusal): { status: number; problem: Sentence; retryAfterSeconds?: number } {
    switch (refusal.reason) {
      case 'wrong':
        return { status: 422, problem: say(key('wrong')) };
      case 'suspended':
        return { status: 422, problem: say(key('suspended'), { helpCode: refusal.helpCode }) };
      case 'slow':
        return {
          status: 429,
          problem: say(key('slow'), { seconds: refusal.seconds }),
          retryAfterSeconds: refusal.seconds,
        };
      case 'paused':
        return {
          status: 429,
          problem: say(key('paused'), { until: refusal.until }),
          retryAfterSeconds: Math.max(1, Math.ceil((refusal.until.getTime() - clock.now().getTime()) / 1000)),
        };
    }
  }

  async function signIn(ctx: Context): Promise<void> {
    const typed = {
      identifier: field(ctx, 'identifier').slice(0, 320),
      password: field(ctx, 'password'),
      remember: field(ctx, 'remember') !== '',
    };
    const values = { identifier: typed.identifier, remember: typed.remember };
    const errors: FieldError[] = [];
    if (typed.identifier.trim() === '') errors.push({ field: 'identifier', sentence: say(key('identifier-empty')) });
    if (typed.password === '') errors.push({ field: 'password', sentence: say(key('password-empty')) });
    if (errors.length > 0) return show(ctx, { values, errors }, 422);

    let outcome;
    try {
      outcome = await login.signIn(parseIdentifier(typed.identifier, config.identity, clock.now()), typed.password, {
        uid: entered(ctx).uid,
        sender: senderOf(ctx),
        clientId: entered(ctx).clientId,
      });
    } catch (error) {
      const { code, retryAfterSeconds } = error as { code?: unknown; retryAfterSeconds?: number };
      if (code !== 'HASHING_BUSY' || retryAfterSeconds === undefined) throw error;
      ctx.set('Retry-After', String(retryAfterSeconds));
      return show(ctx, { values, problem: say(key('busy')) }, 503);
    }
    if (!outcome.ok) {
      const { status, problem, retryAfterSeconds } = say422(outcome.refusal);
      if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
      return show(ctx, { values, problem }, status);
    }
    if ('former' in outcome.value) {
      const { uid, leadOn } = entered(ctx);
      if (!(await keepToBrowser(ctx))) return leadOn();
      await recognise(uid, outcome.value.former);
      seeOther(ctx, interactionPath(uid, 'register'));
      return;
    }
    await finish.signedIn(ctx, { ...outcome.value, acr: acr.password, amr: ['pwd'], remember: typed.remember });
  }

  async function continueAsPresent(ctx: Context): Promise<void> {
    const present = await presentSession(ctx);
    if (present === undefined) {
      const { uid } = entered(ctx);
      // The press before has given the session another id, which this one did not bring.
      seeOther(ctx, interactionPath(uid, (await isAnswered(provider, uid)) ? 'resume' : 'login'));
      return;
    }
    const { session } = present;
    await finish.signedIn(ctx, {
      accountId: present.account.id satisfies AccountId,
      acr: session.acr ?? acr.password,
      amr: session.amr ?? ['pwd'],
      remember: session.transient !== true,
      at: session.loginTs ?? 0,
    });
  }

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    router.get('/interaction/:uid/login', (ctx) => {
      const done = endedHere.find((one) => one === ctx.query.done);
      return show(ctx, { notice: done === undefined ? undefined : say(`interaction.login.done.${done}`) });
    });
    router.post('/interaction/:uid/login', read, guard, signIn);
    router.get('/interaction/:uid/continue', (ctx) => {
      seeOther(ctx, interactionPath(entered(ctx).uid, 'login'));
    });
    router.post('/interaction/:uid/continue', read, guard, continueAsPresent);
  };
}
