import type { Context } from 'koa';
import type Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../../config.ts';
import type { AccountId } from '../../domain/account.ts';
import { acr } from '../../domain/assurance.ts';
import { parseOtpCode } from '../../domain/otp.ts';
import { parseRecoveryCode } from '../../domain/recovery-code.ts';
import type { Result } from '../../domain/result.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { CodeRefusal } from '../../second-factor/service.ts';
import { guardForm, type Csrf } from '../../web/csrf.ts';
import { field, form } from '../../web/form.ts';
import { renderScreen } from '../../web/render.ts';
import { retryAfter } from '../../web/retry-after.ts';
import { say, type Screen, type Sentence } from '../../web/screen.ts';
import { seeOther } from '../../web/see-other.ts';
import { entered, interactionPath, isAnswered } from '../entrance.ts';
import type { Finish, SignedIn } from '../finish.ts';
import { inOneBrowser } from '../one-browser.ts';
import type { SecondFactor, SecondFactorStep } from './machine.ts';
import { enrolScreen, recoveryCodeScreen, recoveryCodesScreen, secondFactorCodeScreen } from './screens.ts';
import { withSecondFactor, type SecondFactorContext, type SecondFactorJourney } from './service.ts';

export interface SecondFactorRoutesDeps {
  readonly journey: SecondFactorJourney;
  readonly finish: Finish;
  readonly provider: Provider;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http'>;
}

const PATH: Readonly<Record<Exclude<SecondFactorStep, 'unproved'>, string>> = {
  code: 'second-factor',
  enrol: 'second-factor/enrol',
  'recovery-codes': 'second-factor/recovery-codes',
};
/** Where those find help who have neither their app nor a recovery code. */
const HELP = '/help#second-factor-gone';

type At<Step extends SecondFactorStep> = Extract<SecondFactor, { step: Step }>;

interface Problem {
  readonly field?: string;
  readonly sentence: Sentence;
}

const refusal = (name: string, params?: Sentence['params']): Sentence =>
  say(`interaction.second-factor.refusal.${name}`, params);

export function addSecondFactor({
  journey,
  finish,
  provider,
  csrf,
  clock,
  config,
}: SecondFactorRoutesDeps): (router: Router) => void {
  const contextOf = (ctx: Context): SecondFactorContext => {
    const { uid, clientId, interaction } = entered(ctx);
    return { uid, clientId, params: interaction.params };
  };
  const path = (ctx: Context, step: string): string => interactionPath(entered(ctx).uid, step);
  const show = (ctx: Context, screen: Screen, status = 200): Promise<void> =>
    renderScreen(ctx, screen, { status, csrf: csrf.token(ctx, entered(ctx).uid) });
  const step = (ctx: Context, problem: Problem | undefined) => ({
    service: entered(ctx).service,
    errors: problem?.field === undefined ? [] : [{ field: problem.field, sentence: problem.sentence }],
    problem: problem?.field === undefined ? problem?.sentence : undefined,
  });

  /** The session that this sign-in began with, if it lacks nothing but the second factor. */
  async function stepUp(ctx: Context): Promise<boolean> {
    const { interaction } = entered(ctx);
    if (interaction.prompt.reasons.some((reason) => reason !== 'second_factor')) return false;
    const session = await provider.Session.get(ctx);
    if (session.accountId === undefined || session.accountId !== interaction.session?.accountId) return false;
    const { uid, accountId, acr: level = acr.password, amr = ['pwd'], loginTs = 0, transient } = session;
    return journey.stepUp(contextOf(ctx), {
      uid,
      accountId: accountId as AccountId,
      acr: level,
      amr,
      at: loginTs,
      remember: transient !== true,
    });
  }

  const sessionUid = async (ctx: Context): Promise<string> => (await provider.Session.get(ctx)).uid;

  /** Runs the handler at its step alone; without a proof that counts, the password is asked for. */
  const at =
    <Step extends Exclude<SecondFactorStep, 'unproved'>>(
      wanted: Step,
      handler: (ctx: Context, state: At<Step>) => Promise<void>,
    ) =>
    async (ctx: Context): Promise<void> => {
      const { uid } = entered(ctx);
      let state = await journey.at(uid, await sessionUid(ctx));
      if (state === undefined && ctx.method === 'GET' && (await stepUp(ctx)))
        state = await journey.at(uid, await sessionUid(ctx));
      if (state?.step === wanted) await handler(ctx, state as At<Step>);
      // The press before has answered: it has taken the step, or given the session another id, which this one did not
      // bring.
      else if (ctx.method === 'POST' && (await isAnswered(provider, uid))) seeOther(ctx, path(ctx, 'resume'));
      else seeOther(ctx, path(ctx, state === undefined ? 'login' : PATH[state.step]));
    };

  const code = (ctx: Context, problem?: Problem): Screen =>
    secondFactorCodeScreen({
      ...step(ctx, problem),
      links: {
        recoveryCode: path(ctx, 'second-factor/recovery-code'),
        other: path(ctx, 'login'),
        help: HELP,
        cancel: path(ctx, 'cancel'),
      },
    });
  const recoveryCode = (ctx: Context, problem?: Problem): Screen =>
    recoveryCodeScreen({ ...step(ctx, problem), links: { app: path(ctx, 'second-factor'), help: HELP } });

  async function enrol(ctx: Context, { secret, proof }: At<'enrol'>, problem?: Problem): Promise<Screen> {
    const decline = await journey.mayDecline(contextOf(ctx), proof);
    return enrolScreen({
      ...step(ctx, problem),
      secret: secret.reveal(),
      uri: await journey.uriOf(secret, proof),
      links: { decline: decline ? path(ctx, 'second-factor/decline') : undefined, cancel: path(ctx, 'cancel') },
    });
  }

  async function tooOften(ctx: Context, until: Date, screen: Screen): Promise<void> {
    retryAfter(ctx, until, clock.now());
    await show(ctx, screen, 429);
  }

  /** Home with the right code, or the page once more. */
  async function judge(
    ctx: Context,
    outcome: Result<SignedIn, CodeRefusal>,
    again: (problem: Problem) => Screen,
    wrong: Problem,
  ): Promise<void> {
    if (outcome.ok) return finish.completed(ctx, outcome.value);
    if (outcome.refusal.reason === 'wrong') {
      // A right code that the press before has used, in another process or a moment ago, is none that somebody has
      // mistyped.
      if (await isAnswered(provider, entered(ctx).uid)) seeOther(ctx, path(ctx, 'resume'));
      else await show(ctx, again(wrong), 422);
      return;
    }
    const { until } = outcome.refusal;
    await tooOften(ctx, until, again({ sentence: refusal('limited', { until }) }));
  }

  const wrongCode: Problem = { field: 'code', sentence: refusal('wrong') };
  const wrongRecoveryCode: Problem = { field: 'recovery_code', sentence: refusal('recovery-code-wrong') };

  async function tryCode(ctx: Context, { proof }: At<'code'>): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok) return show(ctx, code(ctx, { field: 'code', sentence: refusal(typed.refusal) }), 422);
    await judge(
      ctx,
      await journey.confirm(contextOf(ctx), proof, typed.value),
      (problem) => code(ctx, problem),
      wrongCode,
    );
  }

  async function tryRecoveryCode(ctx: Context, { proof }: At<'code'>): Promise<void> {
    const typed = parseRecoveryCode(field(ctx, 'recovery_code').slice(0, 64));
    if (!typed.ok)
      return show(ctx, recoveryCode(ctx, { field: 'recovery_code', sentence: refusal(typed.refusal) }), 422);
    await judge(
      ctx,
      await journey.useRecoveryCode(contextOf(ctx), proof, typed.value),
      (problem) => recoveryCode(ctx, problem),
      wrongRecoveryCode,
    );
  }

  async function confirmEnrolment(ctx: Context, state: At<'enrol'>): Promise<void> {
    const typed = parseOtpCode(field(ctx, 'code'));
    if (!typed.ok) return show(ctx, await enrol(ctx, state, { field: 'code', sentence: refusal(typed.refusal) }), 422);
    const outcome = await journey.enrol(contextOf(ctx), state.proof, typed.value);
    if (!outcome.ok) {
      if (outcome.refusal.reason === 'wrong') return show(ctx, await enrol(ctx, state, wrongCode), 422);
      const { until } = outcome.refusal;
      return tooOften(ctx, until, await enrol(ctx, state, { sentence: refusal('enrol-limited', { until }) }));
    }
    seeOther(ctx, path(ctx, PATH['recovery-codes']));
  }

  async function goOn(ctx: Context, { proof, codeAt }: At<'recovery-codes'>): Promise<void> {
    await finish.completed(ctx, withSecondFactor(proof, codeAt));
    await journey.codesKept(entered(ctx).uid);
  }

  async function decline(ctx: Context, { proof }: At<'enrol'>): Promise<void> {
    if (!(await journey.mayDecline(contextOf(ctx), proof))) seeOther(ctx, path(ctx, 'second-factor'));
    else await finish.completed(ctx, proof, { secondFactor: 'declined' });
  }

  return (router) => {
    const read = form({ limitBytes: config.http.bodyLimitBytes });
    const guard = guardForm(csrf, (ctx) => entered(ctx).uid, { held: true });
    const get = (name: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.get(`/interaction/:uid/${name}`, handler);
    const post = (name: string, handler: (ctx: Context) => Promise<void>): void =>
      void router.post(`/interaction/:uid/${name}`, read, guard, inOneBrowser, handler);

    get(
      'second-factor',
      at('code', (ctx) => show(ctx, code(ctx))),
    );
    post('second-factor', at('code', tryCode));
    get(
      'second-factor/recovery-code',
      at('code', (ctx) => show(ctx, recoveryCode(ctx))),
    );
    post('second-factor/recovery-code', at('code', tryRecoveryCode));
    get(
      'second-factor/enrol',
      at('enrol', async (ctx, state) => show(ctx, await enrol(ctx, state))),
    );
    post('second-factor/enrol', at('enrol', confirmEnrolment));
    router.get('/interaction/:uid/second-factor/decline', (ctx) => {
      seeOther(ctx, path(ctx, 'second-factor'));
    });
    post('second-factor/decline', at('enrol', decline));
    get(
      'second-factor/recovery-codes',
      at('recovery-codes', (ctx, { codes }) =>
        show(ctx, recoveryCodesScreen({ service: entered(ctx).service, codes: codes.map((one) => one.reveal()) })),
      ),
    );
    post('second-factor/recovery-codes', at('recovery-codes', goOn));
  };
}
