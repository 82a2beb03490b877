import {
  say,
  type Examples,
  type FieldError,
  type Screen,
  type Sentence,
  type ServiceLabel,
} from '../../web/screen.ts';
import { exampleShares } from '../screens.ts';
import type { Question } from '../sharing.ts';

export interface LoginModel {
  readonly service: ServiceLabel | undefined;
  readonly values: { readonly identifier: string; readonly remember: boolean };
  readonly errors: readonly FieldError[];
  /** A problem of the whole form, said above it. */
  readonly problem: Sentence | undefined;
  /** Why the person is asked for the password after all. */
  readonly notice: Sentence | undefined;
  /** What a service of the house gets from whoever signs in. */
  readonly sharing: Pick<Question, 'shares' | 'version'> | undefined;
  /** Somebody signed in meanwhile in this browser: one press goes on as that person. */
  readonly continueAs: { readonly name: string; readonly action: string } | undefined;
  readonly links: { readonly register: string; readonly trouble: string; readonly cancel: string | undefined };
}

export const loginScreen = (model: LoginModel): Screen<LoginModel> => ({
  view: 'interaction/login',
  title: say('interaction.login.title'),
  model,
});

const first: LoginModel = {
  service: { name: 'Karirhub (contoh)' },
  values: { identifier: '', remember: false },
  errors: [],
  problem: undefined,
  notice: undefined,
  sharing: undefined,
  continueAs: undefined,
  links: { register: '#', trouble: '#', cancel: '#' },
};

export const examples: Examples = {
  'first visit': loginScreen(first),
  'a service with a logo': loginScreen({ ...first, service: { name: 'Karirhub (contoh)', logo: '/icon.png' } }),
  'nothing typed': loginScreen({
    ...first,
    errors: [
      { field: 'identifier', sentence: say('interaction.login.refusal.identifier-empty') },
      { field: 'password', sentence: say('interaction.login.refusal.password-empty') },
    ],
  }),
  'wrong password': loginScreen({
    ...first,
    values: { identifier: 'budi@contoh.test', remember: true },
    problem: say('interaction.login.refusal.wrong'),
  }),
  'too fast': loginScreen({
    ...first,
    values: { identifier: '081234567890', remember: false },
    problem: say('interaction.login.refusal.slow', { seconds: 8 }),
  }),
  paused: loginScreen({
    ...first,
    values: { identifier: '081234567890', remember: false },
    problem: say('interaction.login.refusal.paused', { until: new Date('2026-11-23T07:30:00Z') }),
  }),
  'after a registration that was left open': loginScreen({
    ...first,
    notice: say('interaction.login.done.registration'),
  }),
  'after a recovery that was left open': loginScreen({ ...first, notice: say('interaction.login.done.recovery') }),
  suspended: loginScreen({ ...first, problem: say('interaction.login.refusal.suspended', { helpCode: 'K7Q2-M9' }) }),
  'a service of the house': loginScreen({ ...first, sharing: { version: 'x', shares: exampleShares } }),
  'somebody is signed in': loginScreen({ ...first, continueAs: { name: 'Budi Contoh Santoso', action: '#' } }),
};
