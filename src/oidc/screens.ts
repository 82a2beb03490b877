import { say, type Examples, type Screen } from '../web/screen.ts';

export interface SignOutModel {
  readonly service: { readonly name: string } | undefined;
  /** Where the confirmation is posted to, and the secret that proves it came from this page. */
  readonly action: string;
  readonly xsrf: string;
  readonly stay: string;
}

export interface SignedOutModel {
  readonly service: { readonly name: string; readonly url: string | undefined } | undefined;
}

export const signOutScreen = (model: SignOutModel): Screen<SignOutModel> => ({ view: 'oidc/sign-out', title: say('oidc.sign-out.title'), model });
export const signedOutScreen = (model: SignedOutModel): Screen<SignedOutModel> => ({ view: 'oidc/signed-out', title: say('oidc.signed-out.title'), model });

export const examples: Examples = {
  'sign out?': signOutScreen({ service: { name: 'Karirhub (contoh)' }, action: '#', xsrf: 'x', stay: '/' }),
  'signed out': signedOutScreen({ service: undefined }),
  'signed out, back to the service': signedOutScreen({ service: { name: 'Karirhub (contoh)', url: 'https://karirhub.contoh.test' } }),
};
