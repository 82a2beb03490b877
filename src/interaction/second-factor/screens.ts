import { inFours } from '../../domain/in-fours.ts';
import { showRecoveryCode, type RecoveryCode } from '../../domain/recovery-code.ts';
import { qrPicture, type QrPicture } from '../../web/qr.ts';
import {
  say,
  type Examples,
  type FieldError,
  type Screen,
  type Sentence,
  type ServiceLabel,
} from '../../web/screen.ts';

interface Step {
  readonly service: ServiceLabel | undefined;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface SecondFactorCodeModel extends Step {
  readonly links: {
    readonly recoveryCode: string;
    readonly other: string;
    readonly help: string;
    readonly cancel: string;
  };
}

export interface RecoveryCodeModel extends Step {
  readonly links: { readonly app: string; readonly help: string };
}

export interface EnrolModel extends Step {
  readonly qr: QrPicture;
  /** The same as the picture, for a telephone that cannot photograph its own screen. */
  readonly uri: string;
  readonly key: string;
  /** The way on without it, where the service merely wishes; and back to where the person came from. */
  readonly links: { readonly decline: string | undefined; readonly cancel: string };
}

export interface RecoveryCodesModel {
  readonly service: ServiceLabel | undefined;
  readonly codes: readonly string[];
}

export const secondFactorCodeScreen = (model: SecondFactorCodeModel): Screen<SecondFactorCodeModel> => ({
  view: 'interaction/second-factor/code',
  title: say('interaction.second-factor.code.title'),
  model,
});
export const recoveryCodeScreen = (model: RecoveryCodeModel): Screen<RecoveryCodeModel> => ({
  view: 'interaction/second-factor/recovery-code',
  title: say('interaction.second-factor.recovery-code.title'),
  model,
});
export const enrolScreen = ({
  secret,
  ...model
}: Omit<EnrolModel, 'qr' | 'key'> & { readonly secret: string }): Screen<EnrolModel> => ({
  view: 'interaction/second-factor/enrol',
  title: say('interaction.second-factor.enrol.title'),
  model: { ...model, qr: qrPicture(model.uri), key: inFours(secret) },
});
export const recoveryCodesScreen = ({
  service,
  codes,
}: {
  readonly service: ServiceLabel | undefined;
  readonly codes: readonly RecoveryCode[];
}): Screen<RecoveryCodesModel> => ({
  view: 'interaction/second-factor/recovery-codes',
  title: say('second-factor.codes.title'),
  model: { service, codes: codes.map(showRecoveryCode) },
});

const step: Step = { service: { name: 'Karirhub (contoh)' }, errors: [], problem: undefined };
const code: SecondFactorCodeModel = { ...step, links: { recoveryCode: '#', other: '#', help: '/help', cancel: '#' } };
const recovery: RecoveryCodeModel = { ...step, links: { app: '#', help: '/help' } };
const secret = 'MZXW6YTBOI2DKNRXHA4TCMRTGQ2TMNZY';
const enrol = {
  ...step,
  secret,
  uri: `otpauth://totp/SIAPkerja:b***%40contoh.test?issuer=SIAPkerja&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
  links: { decline: '#', cancel: '#' },
};
const until = new Date('2026-11-23T07:15:00Z');
const exampleCodes = [
  '7K2QM9XTRB',
  '0ZC4VHN81D',
  'QW3E5RT6YA',
  'M2N4B6V8C0',
  'P9J7H5G3F1',
  'XK2V4M6R8T',
  '1A3S5D7F9G',
  'ZQ8W6E4R2T',
  'H0J2K4M6N8',
  'C5V7B9N1Q3',
] as readonly string[] as readonly RecoveryCode[];

export const examples: Examples = {
  'code: first visit': secondFactorCodeScreen(code),
  'code: at the portal': secondFactorCodeScreen({ ...code, service: undefined }),
  'code: wrong': secondFactorCodeScreen({
    ...code,
    errors: [{ field: 'code', sentence: say('interaction.second-factor.refusal.wrong') }],
  }),
  'code: too many wrong': secondFactorCodeScreen({
    ...code,
    problem: say('interaction.second-factor.refusal.limited', { until }),
  }),
  'recovery code: first visit': recoveryCodeScreen(recovery),
  'recovery code: wrong': recoveryCodeScreen({
    ...recovery,
    errors: [{ field: 'recovery_code', sentence: say('interaction.second-factor.refusal.recovery-code-wrong') }],
  }),
  'enrol: the service wishes it': enrolScreen({ ...enrol, links: { decline: '#', cancel: '#' } }),
  'enrol: the service insists': enrolScreen({ ...enrol, links: { decline: undefined, cancel: '#' } }),
  'enrol: at the portal, wrong code': enrolScreen({
    ...enrol,
    service: undefined,
    links: { decline: undefined, cancel: '#' },
    errors: [{ field: 'code', sentence: say('interaction.second-factor.refusal.wrong') }],
  }),
  'enrol: too often today': enrolScreen({
    ...enrol,
    problem: say('interaction.second-factor.refusal.enrol-limited', { until }),
  }),
  'recovery codes, shown once': recoveryCodesScreen({ service: step.service, codes: exampleCodes }),
};
