import { say, type Examples, type Screen } from '../../web/screen.ts';

export interface ConfirmEmailModel {
  /** `ask` shows the button: a mail scanner that opens the link must not confirm anything. */
  readonly state: 'ask' | 'confirmed' | 'moved' | 'invalid';
  readonly email: string | undefined;
}

export const confirmEmailScreen = (model: ConfirmEmailModel): Screen<ConfirmEmailModel> => ({ view: 'account/contact/confirm-email', title: say(`account.contact.confirm-email.${model.state}.title`), model });

export const examples: Examples = {
  'confirm?': confirmEmailScreen({ state: 'ask', email: 'b***@contoh.test' }),
  confirmed: confirmEmailScreen({ state: 'confirmed', email: 'b***@contoh.test' }),
  'moved here': confirmEmailScreen({ state: 'moved', email: 'b***@contoh.test' }),
  'link no longer valid': confirmEmailScreen({ state: 'invalid', email: undefined }),
};
