import {
  say,
  type Examples,
  type FieldError,
  type Screen,
  type Sentence,
  type ServiceLabel,
} from '../../web/screen.ts';
import { exampleShares, exampleValues } from '../screens.ts';
import type { SharingShown } from '../sharing-shown.ts';

interface Step {
  readonly service: ServiceLabel | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface AskModel extends Step {
  readonly values: { readonly identifier: string };
  /** The page also answers forms of later steps, which start over. */
  readonly action: string;
  /**
   * `lost`: the way of those whom no code reaches. `register`: that of people of a former system, while any are waited
   * for.
   */
  readonly links: { readonly login: string; readonly lost: string; readonly register: string | undefined };
}

export interface RecoveryCodeModel extends Step {
  /** Seconds until another code may be sent; 0 when it may be now; undefined when no more today. */
  readonly resendInSeconds: number | undefined;
  readonly closed: boolean;
  readonly notice: Sentence | undefined;
  /** `confirm`: the page also answers a press of "send again", and what is typed there is a code all the same. */
  readonly links: {
    readonly confirm: string;
    readonly resend: string;
    readonly again: string;
    readonly lost: string;
    readonly register: string | undefined;
  };
}

export interface NewPasswordModel extends Step {
  readonly passwordRules: readonly string[];
  readonly passwordMin: number;
}

export interface RecoveredModel {
  readonly service: ServiceLabel | undefined;
  readonly sharing: SharingShown | undefined;
}

export const askScreen = (model: AskModel): Screen<AskModel> => ({
  view: 'interaction/recovery/ask',
  title: say('interaction.recovery.title'),
  model,
});
export const recoveryCodeScreen = (model: RecoveryCodeModel): Screen<RecoveryCodeModel> => ({
  view: 'interaction/recovery/code',
  title: say('interaction.recovery.title'),
  model,
});
export const newPasswordScreen = (model: NewPasswordModel): Screen<NewPasswordModel> => ({
  view: 'interaction/recovery/password',
  title: say('interaction.recovery.password.title'),
  model,
});
export const recoveredScreen = (model: RecoveredModel): Screen<RecoveredModel> => ({
  view: 'interaction/recovery/finished',
  title: say('interaction.recovery.finished.title'),
  model,
});

const service = { name: 'Karirhub (contoh)' };
const step: Step = { service, errors: [], problem: undefined };
const until = new Date('2026-11-24T02:30:00Z');
const ask: AskModel = {
  ...step,
  values: { identifier: '' },
  action: '#',
  links: { login: '#', lost: '#', register: undefined },
};
const password: NewPasswordModel = {
  ...step,
  passwordRules: ['length', 'lower', 'upper', 'digit', 'symbol'],
  passwordMin: 8,
};
const code: RecoveryCodeModel = {
  ...step,
  resendInSeconds: 52,
  closed: false,
  notice: undefined,
  links: { confirm: '#', resend: '#', again: '#', lost: '#', register: undefined },
};

export const examples: Examples = {
  'ask: first visit': askScreen(ask),
  'ask: while people of a former system are waited for': askScreen({ ...ask, links: { ...ask.links, register: '#' } }),
  'ask: nothing typed': askScreen({
    ...ask,
    errors: [{ field: 'identifier', sentence: say('interaction.recovery.ask.refusal.identifier-empty') }],
  }),
  'ask: again too soon': askScreen({
    ...ask,
    values: { identifier: 'budi@contoh.test' },
    problem: say('interaction.recovery.ask.refusal.wait', { seconds: 48 }),
  }),
  'ask: no more today': askScreen({
    ...ask,
    values: { identifier: 'budi@contoh.test' },
    problem: say('interaction.recovery.ask.refusal.send-limit', { until }),
  }),
  'ask: account suspended': askScreen({
    ...ask,
    problem: say('interaction.recovery.ask.refusal.suspended', { helpCode: 'K7Q2-M9' }),
  }),
  'ask: proof too old': askScreen({ ...ask, problem: say('interaction.recovery.ask.refusal.stale') }),
  'code: sent if the data fit': recoveryCodeScreen(code),
  'code: while people of a former system are waited for': recoveryCodeScreen({
    ...code,
    links: { ...code.links, register: '#' },
  }),
  'code: sent again': recoveryCodeScreen({
    ...code,
    resendInSeconds: 0,
    notice: say('interaction.recovery.code.resent'),
  }),
  'code: wrong': recoveryCodeScreen({
    ...code,
    errors: [{ field: 'code', sentence: say('interaction.recovery.code.refusal.wrong', { left: 3 }) }],
  }),
  'code: too many wrong': recoveryCodeScreen({
    ...code,
    closed: true,
    problem: say('interaction.recovery.code.refusal.dead'),
  }),
  'code: locked for today': recoveryCodeScreen({
    ...code,
    closed: true,
    resendInSeconds: undefined,
    problem: say('interaction.recovery.code.refusal.locked', { until }),
  }),
  'new password': newPasswordScreen(password),
  'new password: weak': newPasswordScreen({
    ...password,
    errors: [{ field: 'password', sentence: say('interaction.registration.contact.refusal.password-digit') }],
  }),
  'new password: busy': newPasswordScreen({ ...password, problem: say('errors.busy', { seconds: 5 }) }),
  finished: recoveredScreen({ service, sharing: undefined }),
  'finished: the service asks for data': recoveredScreen({
    service,
    sharing: {
      question: { kind: 'consent', shares: exampleShares, isFurther: false, version: 'x' },
      values: exampleValues,
      decline: '#',
    },
  }),
  'finished: at the portal': recoveredScreen({ service: undefined, sharing: undefined }),
};
