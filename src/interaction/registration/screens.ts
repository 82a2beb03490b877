import type { DeliveryShown } from '../../messages/code-progress.ts';
import { say, type FieldError, type Screen, type Sentence, type ServiceLabel } from '../../web/screen.ts';
import type { SharingShown } from '../sharing-shown.ts';

interface Step {
  readonly service: ServiceLabel | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface IdentityModel extends Step {
  readonly values: { readonly nik: string; readonly name: string };
  /** The registry is disturbed: said before anything is typed. */
  readonly registryBackAt: Date | undefined;
  /** True when the form comes back: the mother's name must be typed again, and the page says why. */
  readonly retype: boolean;
  /** The password of a record of the former system was right: the page says why it asks for more. */
  readonly isFormer: boolean;
  readonly links: {
    readonly login: string;
    readonly terms: string;
    readonly privacy: string;
    readonly cancel: string | undefined;
  };
}

export interface ContactModel extends Step {
  readonly values: { readonly email: string; readonly phone: string };
  /** Name of the verified person, as typed. */
  readonly name: string;
  /** What becomes of a former account: it comes `along`, or was `left` because it is somebody else's. */
  readonly former: 'along' | 'left' | undefined;
  /** A likely slip in the address: a hint, never a refusal. */
  readonly emailSuggestion: string | undefined;
  /** Rules of the password in the order shown: `length`, `lower`, `upper`, `digit`, `symbol`. */
  readonly passwordRules: readonly string[];
  readonly passwordMin: number;
  /** Posts back to the first step, for another person. */
  readonly links: { readonly restart: string };
}

export interface CodeModel extends Step {
  /** Name of the person who waits for the code, as typed. */
  readonly name: string;
  readonly phone: string;
  readonly email: string;
  readonly delivery: DeliveryShown;
  /** After which of them nothing more will be known, for the script that asks. */
  readonly last: string;
  /** Seconds until another code may be sent; 0 when it may be now; undefined when no more today. */
  readonly resendInSeconds: number | undefined;
  /** The code field is of no use any more (dead or locked): only another code helps. */
  readonly closed: boolean;
  readonly notice: Sentence | undefined;
  /** No other number can be given any more: the way on is another registration. */
  readonly changesUsedUp: boolean;
  /** A likely slip in the address: a hint, never a refusal. */
  readonly emailSuggestion: string | undefined;
  /** `confirm`: the page also answers a press of "send again", and what is typed there is a code all the same. */
  readonly links: {
    readonly confirm: string;
    readonly resend: string;
    readonly changePhone: string | undefined;
    readonly changeEmail: string;
    /** Posts back to the first step, for another person or for another three numbers. */ readonly restart: string;
    /** Where the script asks how far the message has come; undefined once nothing more comes. */ readonly delivery:
      string | undefined;
  };
}

export interface PhoneModel extends Step {
  readonly name: string;
  readonly values: { readonly phone: string };
  readonly phone: string;
  readonly changesLeft: number;
  readonly links: { readonly back: string; readonly restart: string };
}

export interface EmailModel extends Step {
  readonly values: { readonly email: string };
  readonly suggestion: string | undefined;
  readonly links: { readonly back: string };
}

export interface FinishedModel {
  readonly service: ServiceLabel | undefined;
  readonly name: string;
  readonly email: string;
  /** The number was on another account until now. */
  readonly phoneMoved: boolean;
  /** A former account goes on as this one. */
  readonly joined: boolean;
  /** What the service gets, where it has not been said yet: the way on agrees to it. */
  readonly sharing: SharingShown | undefined;
}

export interface RegisteredModel {
  readonly service: ServiceLabel | undefined;
  readonly phone: string;
  readonly email: string;
  /** The person said that they did not register this account. */
  readonly reported: boolean;
  readonly links: {
    readonly login: string;
    readonly recover: string;
    /** The way of those whom no code reaches; undefined while no requests are taken. */
    readonly lost: string | undefined;
    readonly report: string;
    readonly restart: string;
  };
}

export const identityScreen = (model: IdentityModel): Screen<IdentityModel> => ({
  view: 'interaction/registration/identity',
  title: say('interaction.registration.title'),
  model,
});
export const contactScreen = (model: ContactModel): Screen<ContactModel> => ({
  view: 'interaction/registration/contact',
  title: say('interaction.registration.title'),
  model,
});
export const codeScreen = (model: CodeModel): Screen<CodeModel> => ({
  view: 'interaction/registration/code',
  title: say('interaction.registration.code.title'),
  model,
});
export const phoneScreen = (model: PhoneModel): Screen<PhoneModel> => ({
  view: 'interaction/registration/phone',
  title: say('interaction.registration.phone.title'),
  model,
});
export const emailScreen = (model: EmailModel): Screen<EmailModel> => ({
  view: 'interaction/registration/email',
  title: say('interaction.registration.email.title'),
  model,
});
export const finishedScreen = (model: FinishedModel): Screen<FinishedModel> => ({
  view: 'interaction/registration/finished',
  title: say('interaction.registration.finished.title'),
  model,
});
export const registeredScreen = (model: RegisteredModel): Screen<RegisteredModel> => ({
  view: 'interaction/registration/registered',
  title: say('interaction.registration.registered.title'),
  model,
});
