import type { Share } from '../../domain/sharing.ts';
import { say, type Examples, type Screen, type Sentence, type ServiceLabel } from '../../web/screen.ts';
import { exampleShares, exampleValues } from '../screens.ts';
import type { Question, Values } from '../sharing.ts';

export interface ConsentModel {
  readonly service: ServiceLabel;
  readonly person: string;
  readonly question: Question;
  readonly values: Values;
  readonly problem: Sentence | undefined;
  readonly links: {
    readonly decline: string;
    readonly other: string;
    readonly policy: string | undefined;
    readonly services: string;
  };
}

export const consentScreen = (model: ConsentModel): Screen<ConsentModel> => ({
  view: 'interaction/consent',
  title: say(`interaction.consent.${model.question.kind}.title`, { service: model.service.name }),
  model,
});

const nik: Share = {
  scope: 'nik',
  claims: ['nik'],
  use: {
    purpose: {
      id: 'Memeriksa apakah Anda berhak menerima bantuan subsidi upah tahun ini.',
      en: 'Checking whether you are entitled to the wage subsidy of this year.',
    },
    legal_basis: 'legal-obligation',
  },
};
const first: ConsentModel = {
  service: { name: 'Karirhub (contoh)' },
  person: 'Budi Contoh Santoso',
  question: { kind: 'consent', shares: exampleShares, isFurther: false, version: 'x' },
  values: exampleValues,
  problem: undefined,
  links: { decline: '#', other: '#', policy: 'https://karirhub.contoh.test/privasi', services: '#' },
};

const letters: Share = {
  scope: 'lamaran:baca',
  claims: [],
  api: {
    resource: 'https://api.karirhub.contoh.test/',
    name: 'API Karirhub (contoh)',
    means: {
      id: 'Membaca lamaran yang Anda kirim di Karirhub.',
      en: 'Reading the applications that you sent at Karirhub.',
    },
  },
};

export const examples: Examples = {
  'asked for an API': consentScreen({
    ...first,
    question: { kind: 'consent', shares: [...exampleShares.slice(0, 1), letters], isFurther: false, version: 'x' },
  }),
  'asked for the first time': consentScreen(first),
  'asked by a service with a logo': consentScreen({
    ...first,
    service: { name: 'Karirhub (contoh)', logo: '/icon.png' },
  }),
  'asked for more': consentScreen({
    ...first,
    question: { kind: 'consent', shares: [nik], isFurther: true, version: 'x' },
  }),
  'a service of the house tells': consentScreen({
    ...first,
    question: { kind: 'notice', shares: exampleShares, isFurther: false, version: 'x' },
    links: { ...first.links, policy: undefined },
  }),
  'no purpose registered, no data': consentScreen({
    ...first,
    question: { kind: 'consent', shares: [{ scope: 'email', claims: ['email'] }], isFurther: false, version: 'x' },
    values: {},
  }),
  'nothing personal': consentScreen({
    ...first,
    question: { kind: 'consent', shares: [], isFurther: false, version: 'x' },
  }),
  'the text has changed': consentScreen({ ...first, problem: say('interaction.consent.changed') }),
};
