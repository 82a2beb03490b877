import type { Context } from 'koa';
import type { Config } from '../../config.ts';
import { maskEmail, maskPhone } from '../../domain/mask.ts';
import { displayPhone } from '../../domain/phone.ts';
import { secondsUntilResend } from '../../domain/otp.ts';
import { PASSWORD_MIN_LENGTH, passwordRules } from '../../domain/password-policy.ts';
import { createCodeProgress, type DeliveryShown } from '../../messages/code-progress.ts';
import type { Codes } from '../../messages/codes.ts';
import type { CivilRegistry } from '../../ports/civil-registry/civil-registry.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import { say, type Screen, type Sentence } from '../../web/screen.ts';
import { entered, interactionPath } from '../entrance.ts';
import { registryBackAt } from '../identity-form.ts';
import type { ShowSharing } from '../sharing-shown.ts';
import type { RegistrationDraft } from './drafts.ts';
import { emailSuggestionFor } from './forms.ts';
import type { Registration } from './machine.ts';
import {
  codeScreen,
  contactScreen,
  emailScreen,
  finishedScreen,
  identityScreen,
  phoneScreen,
  registeredScreen,
  type ContactModel,
  type EmailModel,
  type IdentityModel,
  type PhoneModel,
} from './screens.ts';

type State<Step extends Registration['step']> = Extract<Registration, { step: Step }>;
type OtpDraft = RegistrationDraft & { readonly state: State<'otp'> };

export interface PagesDeps {
  readonly registry: Pick<CivilRegistry, 'health'>;
  readonly codes: Pick<Codes, 'lockedUntil'>;
  readonly store: Pick<Store, 'accounts' | 'formerAccounts' | 'receipts'>;
  readonly showSharing: ShowSharing;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp' | 'password' | 'sms' | 'recoveryRequests'>;
}

export type Pages = ReturnType<typeof createPages>;

/** The screens of registration, filled from the draft: masked where another eye might see them. */
export function createPages({ registry, codes, store, showSharing, clock, config }: PagesDeps) {
  const path = (ctx: Context, step: string): string => interactionPath(entered(ctx).uid, step);
  const cancel = (ctx: Context): string | undefined =>
    entered(ctx).service === undefined ? undefined : path(ctx, 'cancel');

  const progress = createCodeProgress({ store, config });
  const deliveryOf = ({ sent }: State<'otp'>): Promise<DeliveryShown> => progress.of(sent.messageId);

  return {
    /** The one word that the script of the code page asks for. */
    delivery: ({ state }: OtpDraft): Promise<DeliveryShown> => deliveryOf(state),

    identity(
      ctx: Context,
      { former }: State<'identity'>,
      shown: Partial<Pick<IdentityModel, 'values' | 'errors' | 'problem' | 'retype'>>,
    ): Screen {
      return identityScreen({
        service: entered(ctx).service,
        values: { nik: '', name: '' },
        errors: [],
        problem: undefined,
        retype: false,
        isFormer: former !== undefined,
        ...shown,
        // A form that has just come back says so already.
        registryBackAt: shown.problem === undefined ? registryBackAt(registry.health(), clock.now()) : undefined,
        links: { login: path(ctx, 'login'), terms: '/terms', privacy: '/privacy', cancel: cancel(ctx) },
      });
    },

    /**
     * What the record of the former system says, for whoever knew its password and has proved its NIK: it is typed once
     * less, and proved all the same. The password alone may have been guessed, or have leaked elsewhere.
     */
    async formerContact({ former, identity }: State<'contact'>): Promise<ContactModel['values']> {
      const found = former?.by === 'password' ? await store.formerAccounts.findById(former.id) : undefined;
      const record = found?.nik?.reveal() === identity.nik.reveal() ? found : undefined;
      return {
        email: record?.email?.reveal() ?? '',
        phone: record?.phone === undefined ? '' : displayPhone(record.phone.reveal()),
      };
    },

    contact(
      ctx: Context,
      state: State<'contact'>,
      shown: Partial<Pick<ContactModel, 'values' | 'errors' | 'problem' | 'emailSuggestion'>>,
    ): Screen {
      return contactScreen({
        service: entered(ctx).service,
        values: { email: '', phone: '' },
        errors: [],
        problem: undefined,
        emailSuggestion: undefined,
        ...shown,
        name: state.identity.name.reveal(),
        former: state.former === undefined ? (state.formerLeft === true ? 'left' : undefined) : 'along',
        passwordRules: passwordRules(config.password.profile),
        passwordMin: PASSWORD_MIN_LENGTH[config.password.profile],
        links: { restart: path(ctx, 'register/restart') },
      });
    },

    async code(
      ctx: Context,
      { state }: OtpDraft,
      { refusal, problem }: { refusal?: Sentence; problem?: Sentence },
    ): Promise<Screen> {
      const { contact, sent, identity, numberChanges } = state;
      const lockedUntil = await codes.lockedUntil(identity.nik);
      const dead = sent.challenge.tries >= config.otp.triesPerCode;
      const delivery = await deliveryOf(state);
      const suggestion = emailSuggestionFor(contact.email.reveal());
      const changesUsedUp = numberChanges >= config.otp.numberChanges;
      const standing =
        lockedUntil === undefined
          ? dead
            ? say('interaction.registration.code.refusal.dead')
            : undefined
          : say('interaction.registration.code.refusal.locked', { until: lockedUntil });
      return codeScreen({
        service: entered(ctx).service,
        errors: refusal === undefined ? [] : [{ field: 'code', sentence: refusal }],
        problem: problem ?? standing,
        name: identity.name.reveal(),
        phone: maskPhone(contact.phone.reveal()),
        // In full: a slip in an address shows only in the whole of it, and whoever typed it is still here.
        email: contact.email.reveal(),
        emailSuggestion: suggestion,
        delivery,
        last: progress.last.join(' '),
        resendInSeconds:
          lockedUntil === undefined ? secondsUntilResend(sent.challenge, clock.now(), config.otp) : undefined,
        closed: dead || lockedUntil !== undefined,
        notice:
          sent.challenge.sends > 1 && refusal === undefined && problem === undefined
            ? say('interaction.registration.code.resent')
            : undefined,
        changesUsedUp: changesUsedUp && lockedUntil === undefined,
        links: {
          confirm: path(ctx, 'register/otp'),
          resend: path(ctx, 'register/otp/resend'),
          changePhone: !changesUsedUp && lockedUntil === undefined ? path(ctx, 'register/phone') : undefined,
          changeEmail: path(ctx, 'register/email'),
          restart: path(ctx, 'register/restart'),
          delivery: progress.last.includes(delivery) ? undefined : path(ctx, 'register/otp/delivery'),
        },
      });
    },

    phone(
      ctx: Context,
      { contact, identity, numberChanges }: State<'otp'>,
      shown: Partial<Pick<PhoneModel, 'values' | 'errors' | 'problem'>>,
    ): Screen {
      return phoneScreen({
        service: entered(ctx).service,
        values: { phone: '' },
        errors: [],
        problem: undefined,
        ...shown,
        name: identity.name.reveal(),
        phone: maskPhone(contact.phone.reveal()),
        changesLeft: config.otp.numberChanges - numberChanges,
        links: { back: path(ctx, 'register/otp'), restart: path(ctx, 'register/restart') },
      });
    },

    email(ctx: Context, shown: Pick<EmailModel, 'values'> & Partial<Pick<EmailModel, 'errors'>>): Screen {
      return emailScreen({
        service: entered(ctx).service,
        errors: [],
        problem: undefined,
        suggestion: emailSuggestionFor(shown.values.email),
        ...shown,
        links: { back: path(ctx, 'register/otp') },
      });
    },

    async registered(ctx: Context, { holder, reported }: State<'registered'>): Promise<Screen> {
      const account = await store.accounts.findById(holder);
      return registeredScreen({
        service: entered(ctx).service,
        phone: account?.phone === undefined ? '-' : maskPhone(account.phone.reveal()),
        email: account?.email === undefined ? '-' : maskEmail(account.email.reveal()),
        reported,
        links: {
          login: path(ctx, 'login'),
          recover: path(ctx, 'recover'),
          lost: config.recoveryRequests.enabled ? path(ctx, 'recover-request') : undefined,
          report: path(ctx, 'register/report'),
          restart: path(ctx, 'register/restart'),
        },
      });
    },

    async finished(
      ctx: Context,
      { accountId, identity, email, phone, phoneMoved, joined = false }: State<'finished'>,
    ): Promise<Screen> {
      const person = phone === undefined ? undefined : { ...identity, email, phone };
      return finishedScreen({
        service: entered(ctx).service,
        name: identity.name.reveal(),
        email: maskEmail(email.reveal()),
        phoneMoved,
        joined,
        sharing: await showSharing(ctx, { accountId, person }, 'register/decline'),
      });
    },
  };
}
