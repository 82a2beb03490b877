import { say, type Examples, type FieldError, type Screen } from '../web/screen.ts';

export interface SignOutModel {
  readonly service: { readonly name: string } | undefined;
  /** Where the confirmation is posted to, and the secret that proves it came from this page. */
  readonly action: string;
  readonly xsrf: string;
  readonly stay: string;
}

export interface SignedOutModel {
  readonly service: { readonly name: string; readonly url: string | undefined } | undefined;
  /** The services that are told of the sign-out. */
  readonly told: readonly { readonly name: string; readonly answered: boolean }[];
  /** The address of this very page, to look once more. */
  readonly again: string;
}

/** Why a code that was typed leads no further. */
export type DeviceProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'stale' | 'again';

export interface DeviceFormModel {
  readonly action: string;
  readonly xsrf: string;
}

export interface DeviceEnterModel extends DeviceFormModel {
  /** What stands in the field already. */
  readonly code: string | undefined;
  readonly errors: readonly FieldError[];
}

export interface DeviceConfirmModel extends DeviceFormModel {
  readonly code: string;
  readonly service: { readonly name: string };
}

export const signOutScreen = (model: SignOutModel): Screen<SignOutModel> => ({
  view: 'oidc/sign-out',
  title: say('oidc.sign-out.title'),
  model,
});
export const signedOutScreen = (model: SignedOutModel): Screen<SignedOutModel> => ({
  view: 'oidc/signed-out',
  title: say('oidc.signed-out.title'),
  model,
});

export const deviceEnterScreen = ({
  problem,
  ...model
}: DeviceFormModel & {
  readonly code: string | undefined;
  readonly problem: DeviceProblem | undefined;
}): Screen<DeviceEnterModel> => ({
  view: 'oidc/device-enter',
  title: say('oidc.device.enter.title'),
  model: {
    ...model,
    errors: problem === undefined ? [] : [{ field: 'user_code', sentence: say(`oidc.device.problem.${problem}`) }],
  },
});
export const deviceConfirmScreen = (model: DeviceConfirmModel): Screen<DeviceConfirmModel> => ({
  view: 'oidc/device-confirm',
  title: say('oidc.device.confirm.title'),
  model,
});
export const deviceLinkedScreen = (model: { readonly service: { readonly name: string } }): Screen => ({
  view: 'oidc/device-linked',
  title: say('oidc.device.linked.title'),
  model,
});
export const deviceDeclinedScreen = (): Screen => ({
  view: 'oidc/device-declined',
  title: say('oidc.device.declined.title'),
  model: {},
});

const karirhub = { name: 'Karirhub (contoh)', answered: true };

export const examples: Examples = {
  'sign out?': signOutScreen({ service: { name: 'Karirhub (contoh)' }, action: '#', xsrf: 'x', stay: '/' }),
  'signed out': signedOutScreen({ service: undefined, told: [], again: '#' }),
  'code of a device': deviceEnterScreen({ action: '#', xsrf: 'x', code: undefined, problem: undefined }),
  'code of a device: from its address': deviceEnterScreen({
    action: '#',
    xsrf: 'x',
    code: 'WDJB-MJHT',
    problem: undefined,
  }),
  'code of a device: nobody has it': deviceEnterScreen({
    action: '#',
    xsrf: 'x',
    code: 'WDJB-MJHX',
    problem: 'unknown',
  }),
  'code of a device: nothing came of it': deviceEnterScreen({
    action: '#',
    xsrf: 'x',
    code: 'WDJB-MJHT',
    problem: 'again',
  }),
  'device: confirm': deviceConfirmScreen({
    action: '#',
    xsrf: 'x',
    code: 'WDJB-MJHT',
    service: { name: 'Kiosk Karirhub (contoh)' },
  }),
  'device: linked': deviceLinkedScreen({ service: { name: 'Kiosk Karirhub (contoh)' } }),
  'device: declined': deviceDeclinedScreen(),
  'signed out, back to the service': signedOutScreen({
    service: { name: 'Karirhub (contoh)', url: 'https://karirhub.contoh.test' },
    told: [],
    again: '#',
  }),
  'signed out, all services have answered': signedOutScreen({
    service: undefined,
    told: [karirhub, { name: 'Skillhub (contoh)', answered: true }],
    again: '#',
  }),
  'signed out, one service has not answered': signedOutScreen({
    service: undefined,
    told: [karirhub, { name: 'Sertifikasi Kompetensi Profesi Nasional (contoh)', answered: false }],
    again: '#',
  }),
};
