import type { Context } from 'koa';
import type { Config } from '../../config.ts';
import { secondsUntilResend } from '../../domain/otp.ts';
import { PASSWORD_MIN_LENGTH, passwordRules } from '../../domain/password-policy.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { say, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { entered, interactionPath } from '../entrance.ts';
import type { ShowSharing } from '../sharing-shown.ts';
import type { Asking } from './asking.ts';
import { askScreen, newPasswordScreen, recoveredScreen, recoveryCodeScreen, type AskModel } from './screens.ts';
import type { Recovery } from './machine.ts';

export interface RecoveryPagesDeps {
  readonly asking: Pick<Asking, 'lockedUntil' | 'isUsedUp'>;
  readonly showSharing: ShowSharing;
  readonly store: Pick<Store, 'formerAccounts'>;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp' | 'password' | 'recoveryRequests'>;
}

export type RecoveryPages = ReturnType<typeof createRecoveryPages>;

/** Where those find help whom no code reaches, while no requests are taken. */
const HELP_DESK = '/help#number-gone';

/**
 * The screens of recovery. What the page of the code shows is drawn from what was typed alone, never from an account.
 */
export function createRecoveryPages({ asking, showSharing, store, clock, config }: RecoveryPagesDeps) {
  const path = (ctx: Context, step: string): string => interactionPath(entered(ctx).uid, step);
  const step = (ctx: Context, problem: Sentence | undefined, errors: readonly FieldError[] = []) => ({
    service: entered(ctx).service,
    errors,
    problem,
  });

  /** The way of those whom no code reaches. */
  const lost = (ctx: Context): string => (config.recoveryRequests.enabled ? path(ctx, 'recover-request') : HELP_DESK);

  /**
   * Recovery knows accounts alone. Where people of a former system are still waited for, everybody is shown their way:
   * whose it is, the page must not tell.
   */
  const register = async (ctx: Context): Promise<string | undefined> =>
    (await store.formerAccounts.isAnyWaiting()) ? path(ctx, 'register/identity') : undefined;

  return {
    async ask(
      ctx: Context,
      { values = { identifier: '' }, errors, problem }: Partial<Pick<AskModel, 'values' | 'errors' | 'problem'>>,
    ): Promise<Screen> {
      return askScreen({
        ...step(ctx, problem, errors),
        values,
        action: path(ctx, 'recover'),
        links: { login: path(ctx, 'login'), lost: lost(ctx), register: await register(ctx) },
      });
    },

    async code(
      ctx: Context,
      { identifier, challenge }: Extract<Recovery, { step: 'code' }>,
      { refusal, problem }: { refusal?: Sentence; problem?: Sentence },
    ): Promise<Screen> {
      const lockedUntil = await asking.lockedUntil(identifier);
      const over = lockedUntil !== undefined || (await asking.isUsedUp(identifier));
      const dead = challenge.tries >= config.otp.triesPerCode || challenge.usedAt !== undefined;
      const standing =
        lockedUntil === undefined
          ? dead
            ? say('interaction.recovery.code.refusal.dead')
            : undefined
          : say('interaction.recovery.code.refusal.locked', { until: lockedUntil });
      return recoveryCodeScreen({
        ...step(ctx, problem ?? standing, refusal === undefined ? [] : [{ field: 'code', sentence: refusal }]),
        resendInSeconds: over ? undefined : secondsUntilResend(challenge, clock.now(), config.otp),
        closed: dead || lockedUntil !== undefined,
        notice:
          challenge.sends > 1 && refusal === undefined && problem === undefined && standing === undefined
            ? say('interaction.recovery.code.resent')
            : undefined,
        links: {
          confirm: path(ctx, 'recover/code'),
          resend: path(ctx, 'recover/code/resend'),
          again: path(ctx, 'recover/restart'),
          lost: lost(ctx),
          register: await register(ctx),
        },
      });
    },

    password(ctx: Context, { errors, problem }: { errors?: readonly FieldError[]; problem?: Sentence }): Screen {
      const { profile } = config.password;
      return newPasswordScreen({
        ...step(ctx, problem, errors),
        passwordRules: passwordRules(profile),
        passwordMin: PASSWORD_MIN_LENGTH[profile],
      });
    },

    async finished(ctx: Context, { accountId }: Extract<Recovery, { step: 'finished' }>): Promise<Screen> {
      return recoveredScreen({
        service: entered(ctx).service,
        sharing: await showSharing(ctx, { accountId }, 'recover/decline'),
      });
    },
  };
}
