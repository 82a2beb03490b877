import type { DeliveryShown } from '../../messages/code-progress.ts';
import { say, type FieldError, type Screen, type Sentence, type ServiceLabel } from '../../web/screen.ts';

interface Step {
  readonly service: ServiceLabel | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface RequestIdentityModel extends Step {
  readonly values: { readonly nik: string; readonly name: string };
  /** The registry is disturbed: said before anything is typed. */
  readonly registryBackAt: Date | undefined;
  /** True when the form comes back: the mother's name must be typed again, and the page says why. */
  readonly retype: boolean;
  /** The page also answers forms of later steps, which start over. */
  readonly action: string;
  readonly links: { readonly recover: string; readonly privacy: string; readonly cancel: string | undefined };
}

export interface NoAccountModel {
  readonly service: ServiceLabel | undefined;
  /** `restart` posts back to the first step, for another person. */
  readonly links: { readonly register: string; readonly restart: string };
}

export interface RequestNumberModel extends Step {
  /** Name of the confirmed person, as typed. */
  readonly name: string;
  readonly values: { readonly phone: string };
  /** Where the last code went, masked, and how often another number can be given; undefined before the first. */
  readonly current: { readonly phone: string; readonly changesLeft: number; readonly back: string } | undefined;
  /** What is on file, masked: who can still open one of them has a faster way. */
  readonly onFile: { readonly phone: string; readonly email: string };
  readonly links: { readonly recover: string; readonly restart: string };
}

export interface RequestCodeModel extends Step {
  readonly name: string;
  readonly phone: string;
  readonly delivery: DeliveryShown;
  /** After which of them nothing more will be known, for the script that asks. */
  readonly last: string;
  /** Seconds until another code may be sent; 0 when it may be now; undefined when no more today. */
  readonly resendInSeconds: number | undefined;
  /** The code field is of no use any more (dead or locked): only another code helps. */
  readonly closed: boolean;
  readonly notice: Sentence | undefined;
  /** `confirm`: the page also answers a press of "send again", and what is typed there is a code all the same. */
  readonly links: {
    readonly confirm: string;
    readonly resend: string;
    /** Undefined where no other number can be given any more. */
    readonly change: string | undefined;
    readonly restart: string;
    /** Where the script asks how far the message has come; undefined once nothing more comes. */
    readonly delivery: string | undefined;
  };
}

export interface RequestPasswordModel extends Step {
  readonly name: string;
  readonly passwordRules: readonly string[];
  readonly passwordMin: number;
  readonly links: { readonly restart: string };
}

export interface FiledModel {
  readonly service: ServiceLabel | undefined;
  /** Of the request: `K7Q2-M9`. */
  readonly number: string;
  /** The number of the request, masked: there the answer comes. */
  readonly phone: string;
  /** Before that nothing is given away, so that the holder can object. */
  readonly waitsUntil: Date;
  readonly help: { readonly phone: string; readonly email: string };
  /** Back to the service, or to the portal. */
  readonly back: string;
}

const screenOf =
  <Model extends object>(name: string, title: string) =>
  (model: Model): Screen<Model> => ({
    view: `interaction/recovery-request/${name}`,
    title: say(title),
    model,
  });

const TITLE = 'interaction.recovery-request.title';

export const requestIdentityScreen = screenOf<RequestIdentityModel>('identity', TITLE);
export const noAccountScreen = screenOf<NoAccountModel>('no-account', 'interaction.recovery-request.no-account.title');
export const requestNumberScreen = screenOf<RequestNumberModel>('number', 'interaction.recovery-request.number.title');
export const requestCodeScreen = screenOf<RequestCodeModel>('code', 'interaction.registration.code.title');
export const requestPasswordScreen = screenOf<RequestPasswordModel>(
  'password',
  'interaction.recovery-request.password.title',
);
export const filedScreen = screenOf<FiledModel>('filed', 'interaction.recovery-request.filed.title');
