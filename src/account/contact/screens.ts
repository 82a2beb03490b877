import type { DeliveryShown } from '../../messages/code-progress.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';

export interface ConfirmEmailModel {
  /**
   * `ask` shows the button: a mail scanner that opens the link must not confirm anything. `replace` does so for an
   * address that takes the place of another one.
   */
  readonly state: 'ask' | 'replace' | 'confirmed' | 'moved' | 'invalid';
  readonly email: string | undefined;
}

/** A contact as the overview shows it: masked. */
export interface ContactShown {
  readonly shown: string;
  readonly provedAt: Date | undefined;
}

export interface OverviewModel {
  /** `old`: it has to be proved again soon, or cannot recover the account already. */
  readonly phone: (ContactShown & { readonly old: boolean }) | undefined;
  readonly email: ContactShown | undefined;
  /** An address that takes the place of the present one once its link is opened. */
  readonly waiting: string | undefined;
  /** A number whose code is waited for. */
  readonly codeTo: string | undefined;
  readonly changed: Sentence | undefined;
  readonly links: {
    readonly prove: string;
    readonly number: string;
    readonly code: string;
    readonly address: string;
    /** Undefined where there is no address to prove. */ readonly linkAgain: string | undefined;
  };
}

interface Step {
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface ProveModel extends Step {
  readonly phone: string;
  readonly links: { readonly back: string };
}

export interface NumberModel extends Step {
  readonly values: { readonly phone: string };
  readonly links: { readonly back: string };
}

export interface CodeModel extends Step {
  readonly phone: string;
  /** Seconds until another code may be sent; 0 when it may be now; undefined when no more today. */
  readonly resendInSeconds: number | undefined;
  /** The code field is of no use any more (dead or locked): only another code helps. */
  readonly closed: boolean;
  readonly notice: Sentence | undefined;
  /** Undefined where nobody knows which message it was. */
  readonly delivery: DeliveryShown | undefined;
  /** After which of them nothing more will be known, for the script that asks. */
  readonly last: string;
  /** `delivery`: where the script asks how far the message has come; undefined once nothing more comes. */
  readonly links: {
    readonly confirm: string;
    readonly resend: string;
    readonly number: string;
    readonly back: string;
    readonly delivery: string | undefined;
  };
}

export interface AddressModel extends Step {
  readonly values: { readonly email: string };
  /** A likely slip in the address: a hint, never a refusal. */
  readonly suggestion: string | undefined;
  /** The address that the hint is about: sent along once more, it is meant. */
  readonly meant?: string | undefined;
  readonly links: { readonly back: string };
}

export interface LinkAgainModel extends Step {
  readonly email: string;
  readonly links: { readonly back: string };
}

export const confirmEmailScreen = (model: ConfirmEmailModel): Screen<ConfirmEmailModel> => ({
  view: 'account/contact/confirm-email',
  title: say(`account.contact.confirm-email.${model.state}.title`),
  model,
});
export const overviewScreen = (model: OverviewModel): Screen<OverviewModel> => ({
  view: 'account/contact/overview',
  title: say('account.contact.overview.title'),
  model,
});
export const proveScreen = (model: ProveModel): Screen<ProveModel> => ({
  view: 'account/contact/prove',
  title: say('account.contact.prove.title'),
  model,
});
export const numberScreen = (model: NumberModel): Screen<NumberModel> => ({
  view: 'account/contact/number',
  title: say('account.contact.number.title'),
  model,
});
export const codeScreen = (model: CodeModel): Screen<CodeModel> => ({
  view: 'account/contact/code',
  title: say('account.contact.code.title'),
  model,
});
export const addressScreen = (model: AddressModel): Screen<AddressModel> => ({
  view: 'account/contact/address',
  title: say('account.contact.address.title'),
  model,
});
export const linkAgainScreen = (model: LinkAgainModel): Screen<LinkAgainModel> => ({
  view: 'account/contact/link-again',
  title: say('account.contact.link-again.title'),
  model,
});

const none = { errors: [], problem: undefined };
const until = new Date('2026-11-24T02:30:00Z');
const overview: OverviewModel = {
  phone: { shown: '08*****2797', provedAt: new Date('2026-11-02T03:20:00Z'), old: false },
  email: { shown: 'b***@contoh.test', provedAt: new Date('2026-11-02T04:05:00Z') },
  waiting: undefined,
  codeTo: undefined,
  changed: undefined,
  links: { prove: '#', number: '#', code: '#', address: '#', linkAgain: undefined },
};
const code: CodeModel = {
  ...none,
  phone: '08*****2797',
  resendInSeconds: 52,
  closed: false,
  notice: undefined,
  delivery: 'sent',
  last: 'sent delivered failed',
  links: { confirm: '#', resend: '#', number: '#', back: '#', delivery: undefined },
};
const refusal = (name: string): string => `interaction.registration.code.refusal.${name}`;

export const examples: Examples = {
  'overview: both proved': overviewScreen(overview),
  'overview: the number is old': overviewScreen({
    ...overview,
    phone: { shown: '08*****2797', provedAt: new Date('2026-06-02T03:20:00Z'), old: true },
  }),
  'overview: neither proved': overviewScreen({
    ...overview,
    phone: { shown: '08*****2797', provedAt: undefined, old: false },
    email: { shown: 'b***@contoh.test', provedAt: undefined },
    links: { ...overview.links, linkAgain: '#' },
  }),
  'overview: no contacts at all': overviewScreen({ ...overview, phone: undefined, email: undefined }),
  'overview: another number and another address are waited for': overviewScreen({
    ...overview,
    codeTo: '08*****1234',
    waiting: 's***@contoh.test',
    links: { ...overview.links, linkAgain: '#' },
  }),
  'overview: number proved': overviewScreen({ ...overview, changed: say('account.contact.changed.phone') }),
  'prove the number again': proveScreen({ ...none, phone: '08*****2797', links: { back: '#' } }),
  'prove the number again: too many codes': proveScreen({
    ...none,
    problem: say('interaction.registration.contact.refusal.send-limit', { until }),
    phone: '08*****2797',
    links: { back: '#' },
  }),
  'another number': numberScreen({ ...none, values: { phone: '' }, links: { back: '#' } }),
  'another number: refused': numberScreen({
    ...none,
    errors: [{ field: 'phone', sentence: say('interaction.registration.contact.refusal.phone-fixed') }],
    values: { phone: '0215551234' },
    links: { back: '#' },
  }),
  'another number: no more today': numberScreen({
    ...none,
    problem: say('account.contact.refusal.changes-used-up', { until }),
    values: { phone: '081234567890' },
    links: { back: '#' },
  }),
  'code: sent': codeScreen(code),
  'code: delivered': codeScreen({ ...code, delivery: 'delivered' }),
  'code: not delivered': codeScreen({ ...code, delivery: 'failed' }),
  'code: wrong': codeScreen({ ...code, errors: [{ field: 'code', sentence: say(refusal('wrong'), { left: 3 }) }] }),
  'code: dead': codeScreen({ ...code, closed: true, resendInSeconds: 0, problem: say(refusal('dead')) }),
  'another address': addressScreen({ ...none, values: { email: '' }, suggestion: undefined, links: { back: '#' } }),
  'another address: likely slip': addressScreen({
    ...none,
    values: { email: 'budi@gmial.com' },
    suggestion: 'budi@gmail.com',
    links: { back: '#' },
  }),
  'another address: the same': addressScreen({
    ...none,
    errors: [{ field: 'email', sentence: say('account.contact.refusal.same') }],
    values: { email: 'budi@contoh.test' },
    suggestion: undefined,
    links: { back: '#' },
  }),
  'link again?': linkAgainScreen({ ...none, email: 's***@contoh.test', links: { back: '#' } }),
  'link again: too soon': linkAgainScreen({
    ...none,
    problem: say('account.contact.refusal.wait', { seconds: 40 }),
    email: 's***@contoh.test',
    links: { back: '#' },
  }),
  'confirm?': confirmEmailScreen({ state: 'ask', email: 'b***@contoh.test' }),
  'confirm another address?': confirmEmailScreen({ state: 'replace', email: 's***@contoh.test' }),
  confirmed: confirmEmailScreen({ state: 'confirmed', email: 'b***@contoh.test' }),
  'moved here': confirmEmailScreen({ state: 'moved', email: 'b***@contoh.test' }),
  'link no longer valid': confirmEmailScreen({ state: 'invalid', email: undefined }),
};
