import type { Context } from 'koa';
import type { Config } from '../../config.ts';
import { maskEmail, maskPhone } from '../../domain/mask.ts';
import { secondsUntilResend } from '../../domain/otp.ts';
import { PASSWORD_MIN_LENGTH, passwordRules } from '../../domain/password-policy.ts';
import { createCodeProgress, type DeliveryShown } from '../../messages/code-progress.ts';
import type { Codes } from '../../messages/codes.ts';
import type { CivilRegistry } from '../../ports/civil-registry/civil-registry.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { say, type Screen, type Sentence } from '../../web/screen.ts';
import { entered, interactionPath } from '../entrance.ts';
import { registryBackAt } from '../identity-form.ts';
import type { DraftAt } from './drafts.ts';
import {
  filedScreen,
  noAccountScreen,
  requestCodeScreen,
  requestIdentityScreen,
  requestNumberScreen,
  requestPasswordScreen,
  type RequestIdentityModel,
  type RequestNumberModel,
  type RequestPasswordModel,
} from './screens.ts';
import { countedOn } from './sending.ts';

export interface RequestPagesDeps {
  readonly registry: Pick<CivilRegistry, 'health'>;
  readonly codes: Pick<Codes, 'lockedUntil'>;
  readonly store: Pick<Store, 'accounts' | 'receipts'>;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp' | 'password' | 'sms' | 'help' | 'recoveryRequests'>;
}

export type RequestPages = ReturnType<typeof createRequestPages>;

/** The screens of a recovery request, filled from the draft: masked where another eye might see them. */
export function createRequestPages({ registry, codes, store, clock, config }: RequestPagesDeps) {
  const path = (ctx: Context, step: string): string => interactionPath(entered(ctx).uid, step);
  const progress = createCodeProgress({ store, config });
  const deliveryOf = ({ state }: DraftAt<'code'>): Promise<DeliveryShown> => progress.of(state.sent.messageId);

  return {
    /** The one word that the script of the code page asks for. */
    delivery: deliveryOf,

    identity(
      ctx: Context,
      shown: Partial<Pick<RequestIdentityModel, 'values' | 'errors' | 'problem' | 'retype'>>,
    ): Screen {
      const { service } = entered(ctx);
      return requestIdentityScreen({
        service,
        values: { nik: '', name: '' },
        errors: [],
        problem: undefined,
        retype: false,
        ...shown,
        // A form that has just come back says so already.
        registryBackAt: shown.problem === undefined ? registryBackAt(registry.health(), clock.now()) : undefined,
        action: path(ctx, 'recover-request/identity'),
        links: {
          recover: path(ctx, 'recover'),
          privacy: '/privacy',
          cancel: service === undefined ? undefined : path(ctx, 'cancel'),
        },
      });
    },

    noAccount(ctx: Context): Screen {
      return noAccountScreen({
        service: entered(ctx).service,
        links: { register: path(ctx, 'register/identity'), restart: path(ctx, 'recover-request/restart') },
      });
    },

    /** For the first number, and for another one. */
    async number(
      ctx: Context,
      { state }: DraftAt<'number'> | DraftAt<'code'>,
      shown: Partial<Pick<RequestNumberModel, 'values' | 'errors' | 'problem'>>,
    ): Promise<Screen> {
      const account = await store.accounts.findById(state.accountId);
      return requestNumberScreen({
        service: entered(ctx).service,
        values: { phone: '' },
        errors: [],
        problem: undefined,
        ...shown,
        name: state.identity.name.reveal(),
        current:
          state.step === 'code'
            ? {
                phone: maskPhone(state.phone.reveal()),
                changesLeft: config.otp.numberChanges - state.numberChanges,
                back: path(ctx, 'recover-request/code'),
              }
            : undefined,
        onFile: {
          phone: account?.phone === undefined ? '-' : maskPhone(account.phone.reveal()),
          email: account?.email === undefined ? '-' : maskEmail(account.email.reveal()),
        },
        links: { recover: path(ctx, 'recover'), restart: path(ctx, 'recover-request/restart') },
      });
    },

    async code(
      ctx: Context,
      draft: DraftAt<'code'>,
      { refusal, problem }: { refusal?: Sentence; problem?: Sentence },
    ): Promise<Screen> {
      const { identity, phone, sent, numberChanges } = draft.state;
      const [lockedUntil, delivery] = await Promise.all([
        codes.lockedUntil(countedOn(identity.nik)),
        deliveryOf(draft),
      ]);
      const dead = sent.challenge.tries >= config.otp.triesPerCode;
      const standing =
        lockedUntil === undefined
          ? dead
            ? say('interaction.registration.code.refusal.dead')
            : undefined
          : say('interaction.registration.code.refusal.locked', { until: lockedUntil });
      return requestCodeScreen({
        service: entered(ctx).service,
        errors: refusal === undefined ? [] : [{ field: 'code', sentence: refusal }],
        problem: problem ?? standing,
        name: identity.name.reveal(),
        phone: maskPhone(phone.reveal()),
        delivery,
        last: progress.last.join(' '),
        resendInSeconds:
          lockedUntil === undefined ? secondsUntilResend(sent.challenge, clock.now(), config.otp) : undefined,
        closed: dead || lockedUntil !== undefined,
        notice:
          sent.challenge.sends > 1 && refusal === undefined && problem === undefined && standing === undefined
            ? say('interaction.registration.code.resent')
            : undefined,
        links: {
          confirm: path(ctx, 'recover-request/code'),
          resend: path(ctx, 'recover-request/code/resend'),
          change:
            numberChanges < config.otp.numberChanges && lockedUntil === undefined
              ? path(ctx, 'recover-request/code/number')
              : undefined,
          restart: path(ctx, 'recover-request/restart'),
          delivery: progress.last.includes(delivery) ? undefined : path(ctx, 'recover-request/code/delivery'),
        },
      });
    },

    password(
      ctx: Context,
      { state }: DraftAt<'password'>,
      shown: Partial<Pick<RequestPasswordModel, 'errors' | 'problem'>>,
    ): Screen {
      const { profile } = config.password;
      return requestPasswordScreen({
        service: entered(ctx).service,
        errors: [],
        problem: undefined,
        ...shown,
        name: state.identity.name.reveal(),
        passwordRules: passwordRules(profile),
        passwordMin: PASSWORD_MIN_LENGTH[profile],
        links: { restart: path(ctx, 'recover-request/restart') },
      });
    },

    filed(ctx: Context, { state: { number, phone, filedAt } }: DraftAt<'filed'>): Screen {
      const { service } = entered(ctx);
      return filedScreen({
        service,
        number,
        phone: maskPhone(phone.reveal()),
        waitsUntil: addSeconds(new Date(filedAt), config.recoveryRequests.waitSeconds),
        help: { phone: config.help.phone, email: config.help.email },
        back: service === undefined ? '/' : path(ctx, 'cancel'),
      });
    },
  };
}
