import { say, type Examples, type FieldError, type Screen, type Sentence, type ServiceLabel } from '../../web/screen.ts';

interface Step {
  readonly service: ServiceLabel | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface AskModel extends Step {
  readonly values: { readonly identifier: string };
  readonly links: { readonly login: string; readonly help: string };
}

export interface RecoveryCodeModel extends Step {
  /** Seconds until another code may be sent; 0 when it may be now; undefined when no more today. */
  readonly resendInSeconds: number | undefined;
  readonly closed: boolean;
  readonly notice: Sentence | undefined;
  readonly links: { readonly resend: string; readonly again: string; readonly help: string };
}

export interface NewPasswordModel extends Step {
  readonly passwordRules: readonly string[];
}

export interface RecoveredModel {
  readonly service: ServiceLabel | undefined;
}

export const askScreen = (model: AskModel): Screen<AskModel> => ({ view: 'interaction/recovery/ask', title: say('interaction.recovery.title'), model });
export const recoveryCodeScreen = (model: RecoveryCodeModel): Screen<RecoveryCodeModel> => ({ view: 'interaction/recovery/code', title: say('interaction.recovery.title'), model });
export const newPasswordScreen = (model: NewPasswordModel): Screen<NewPasswordModel> => ({ view: 'interaction/recovery/password', title: say('interaction.recovery.password.title'), model });
export const recoveredScreen = (model: RecoveredModel): Screen<RecoveredModel> => ({ view: 'interaction/recovery/finished', title: say('interaction.recovery.finished.title'), model });

const service = { name: 'Karirhub (contoh)' };
const step: Step = { service, errors: [], problem: undefined };
const code: RecoveryCodeModel = { ...step, resendInSeconds: 52, closed: false, notice: undefined, links: { resend: '#', again: '#', help: '/help' } };

export const examples: Examples = {
  'ask: first visit': askScreen({ ...step, values: { identifier: '' }, links: { login: '#', help: '/help' } }),
  'ask: nothing typed': askScreen({ ...step, values: { identifier: '' }, links: { login: '#', help: '/help' }, errors: [{ field: 'identifier', sentence: say('interaction.login.refusal.identifier-empty') }] }),
  'code: sent if the data fit': recoveryCodeScreen(code),
  'code: wrong': recoveryCodeScreen({ ...code, errors: [{ field: 'code', sentence: say('interaction.recovery.code.refusal.wrong') }] }),
  'new password': newPasswordScreen({ ...step, passwordRules: ['length', 'lower', 'upper', 'digit', 'symbol'] }),
  'new password: weak': newPasswordScreen({ ...step, passwordRules: ['length', 'lower', 'upper', 'digit', 'symbol'], errors: [{ field: 'password', sentence: say('interaction.registration.contact.refusal.password-digit') }] }),
  finished: recoveredScreen({ service }),
};
