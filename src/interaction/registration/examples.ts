import { say, type Examples, type FieldError, type Screen } from '../../web/screen.ts';
import { exampleShares, exampleValues } from '../screens.ts';
import {
  codeScreen,
  contactScreen,
  emailScreen,
  finishedScreen,
  identityScreen,
  phoneScreen,
  registeredScreen,
  type CodeModel,
  type ContactModel,
  type FinishedModel,
  type IdentityModel,
  type PhoneModel,
} from './screens.ts';

const service = { name: 'Karirhub (contoh)' };
const identity: IdentityModel = {
  service,
  errors: [],
  problem: undefined,
  values: { nik: '', name: '' },
  registryBackAt: undefined,
  retype: false,
  isFormer: false,
  links: { login: '#', terms: '/terms', privacy: '/privacy', cancel: '#' },
};
const typed = { ...identity, values: { nik: '9901010101900001', name: 'Budi Contoh Santoso' }, retype: true };
const refused = (refusal: string, params?: Record<string, string | number | Date>): Screen =>
  identityScreen({ ...typed, problem: say(`interaction.registration.identity.refusal.${refusal}`, params) });
const contact: ContactModel = {
  service,
  errors: [],
  problem: undefined,
  values: { email: '', phone: '' },
  name: 'Budi Contoh Santoso',
  former: undefined,
  emailSuggestion: undefined,
  passwordRules: ['length', 'lower', 'upper', 'digit', 'symbol'],
  passwordMin: 8,
  links: { restart: '#' },
};
const code: CodeModel = {
  service,
  errors: [],
  problem: undefined,
  name: 'Budi Contoh Santoso',
  phone: '08*****2797',
  email: 'budi@contoh.test',
  delivery: 'sent',
  last: 'sent delivered failed',
  resendInSeconds: 52,
  closed: false,
  notice: undefined,
  changesUsedUp: false,
  emailSuggestion: undefined,
  links: { confirm: '#', resend: '#', changePhone: '#', changeEmail: '#', restart: '#', delivery: undefined },
};
const phone: PhoneModel = {
  service,
  errors: [],
  problem: undefined,
  name: 'Budi Contoh Santoso',
  values: { phone: '' },
  phone: '08*****2797',
  changesLeft: 3,
  links: { back: '#', restart: '#' },
};
const fieldError = (field: string, key: string, params?: Record<string, string | number>): FieldError => ({
  field,
  sentence: say(key, params),
});
const contactRefusal = (name: string): string => `interaction.registration.contact.refusal.${name}`;

const finished: FinishedModel = {
  service,
  name: 'Budi Contoh Santoso',
  email: 'b***@contoh.test',
  phoneMoved: false,
  joined: false,
  sharing: {
    question: { kind: 'notice', shares: exampleShares, isFurther: false, version: 'x' },
    values: exampleValues,
    decline: '#',
  },
};

export const examples: Examples = {
  'identity: first visit': identityScreen(identity),
  'identity: without a service': identityScreen({
    ...identity,
    service: undefined,
    links: { ...identity.links, cancel: undefined },
  }),
  'identity: former account': identityScreen({ ...identity, isFormer: true }),
  'identity: mistakes in every field': identityScreen({
    ...identity,
    values: { nik: '99010101019000', name: 'Budi 2' },
    retype: true,
    errors: [
      fieldError('nik', 'interaction.registration.identity.refusal.nik-length', { digits: 14 }),
      fieldError('name', 'interaction.registration.identity.refusal.name-chars'),
      fieldError('mother_name', 'interaction.registration.identity.refusal.mother-name-empty'),
    ],
  }),
  'identity: data do not match': refused('mismatch', { left: 3 }),
  'identity: not found': refused('not-found', { left: 4 }),
  'identity: deceased': refused('deceased'),
  'identity: duplicate': refused('duplicate', { reference: 'R7K2-9Q' }),
  'identity: inactive': refused('inactive', { reference: 'R7K2-9Q' }),
  'identity: too many tries': refused('limited', { until: new Date('2026-11-24T02:30:00Z') }),
  'identity: too many tries from here': refused('limited-here', { until: new Date('2026-11-24T02:30:00Z') }),
  'identity: quota used up': refused('quota'),
  'identity: registry closed': refused('closed'),
  'identity: registry disturbed': refused('unavailable', { until: new Date('2026-11-23T07:35:00Z') }),
  'identity: circuit open before the form': identityScreen({
    ...identity,
    registryBackAt: new Date('2026-11-23T07:35:00Z'),
  }),
  'contact: first visit': contactScreen(contact),
  'contact: former account': contactScreen({
    ...contact,
    values: { email: 'budi@contoh.test', phone: '081234567890' },
    former: 'along',
  }),
  'contact: former account of somebody else': contactScreen({ ...contact, former: 'left' }),
  'contact: likely slip in the address': contactScreen({
    ...contact,
    values: { email: 'budi@gmial.com', phone: '081234567890' },
    emailSuggestion: 'budi@gmail.com',
  }),
  'contact: mistakes in every field': contactScreen({
    ...contact,
    values: { email: 'budi', phone: '0215551234' },
    errors: [
      fieldError('email', contactRefusal('email-form')),
      fieldError('phone', contactRefusal('phone-fixed')),
      fieldError('password', contactRefusal('password-digit')),
      fieldError('password', contactRefusal('password-symbol')),
    ],
  }),
  'contact: personal password': contactScreen({
    ...contact,
    values: { email: 'budi@contoh.test', phone: '081234567890' },
    errors: [fieldError('password', contactRefusal('password-personal'))],
  }),
  'contact: too many codes': contactScreen({
    ...contact,
    values: { email: 'budi@contoh.test', phone: '081234567890' },
    problem: say(contactRefusal('send-limit'), { until: new Date('2026-11-24T02:30:00Z') }),
  }),
  'contact: number takes no codes': contactScreen({
    ...contact,
    values: { email: 'budi@contoh.test', phone: '081234567890' },
    problem: say(contactRefusal('undeliverable'), { until: new Date('2026-11-24T02:30:00Z') }),
  }),
  'contact: locked for today': contactScreen({
    ...contact,
    values: { email: 'budi@contoh.test', phone: '081234567890' },
    problem: say(contactRefusal('locked'), { until: new Date('2026-11-24T02:30:00Z') }),
  }),
  'code: sent': codeScreen(code),
  'code: on its way': codeScreen({ ...code, delivery: 'on-its-way' }),
  'code: delivered': codeScreen({ ...code, delivery: 'delivered' }),
  'code: sent again': codeScreen({
    ...code,
    resendInSeconds: 120,
    notice: say('interaction.registration.code.resent'),
  }),
  'code: may be sent again': codeScreen({ ...code, resendInSeconds: 0 }),
  'code: wrong': codeScreen({
    ...code,
    errors: [fieldError('code', 'interaction.registration.code.refusal.wrong', { left: 3 })],
  }),
  'code: expired': codeScreen({
    ...code,
    resendInSeconds: 0,
    errors: [fieldError('code', 'interaction.registration.code.refusal.expired')],
  }),
  'code: dead': codeScreen({
    ...code,
    closed: true,
    resendInSeconds: 0,
    problem: say('interaction.registration.code.refusal.dead'),
  }),
  'code: locked for today': codeScreen({
    ...code,
    closed: true,
    resendInSeconds: undefined,
    problem: say('interaction.registration.code.refusal.locked', { until: new Date('2026-11-24T02:30:00Z') }),
  }),
  'code: not deliverable': codeScreen({ ...code, delivery: 'failed', resendInSeconds: 0 }),
  'code: no other number any more': codeScreen({
    ...code,
    changesUsedUp: true,
    links: { ...code.links, changePhone: undefined },
  }),
  'change of number': phoneScreen(phone),
  'change of number: refused': phoneScreen({
    ...phone,
    errors: [fieldError('phone', contactRefusal('phone-form'))],
    values: { phone: '+1 202 555 0100' },
    changesLeft: 2,
  }),
  'change of number: none left': phoneScreen({ ...phone, changesLeft: 0 }),
  'code: likely slip in the address': codeScreen({
    ...code,
    email: 'budi@gmial.com',
    emailSuggestion: 'budi@gmail.com',
  }),
  'change of address': emailScreen({
    service,
    errors: [],
    problem: undefined,
    values: { email: 'budi@gmial.com' },
    suggestion: 'budi@gmail.com',
    links: { back: '#' },
  }),
  'change of address: refused': emailScreen({
    service,
    errors: [fieldError('email', contactRefusal('email-form'))],
    problem: undefined,
    values: { email: 'budi' },
    suggestion: undefined,
    links: { back: '#' },
  }),
  finished: finishedScreen(finished),
  'finished: the service asks for data': finishedScreen({
    ...finished,
    sharing: {
      question: { kind: 'consent', shares: exampleShares, isFurther: false, version: 'x' },
      values: exampleValues,
      decline: '#',
    },
  }),
  'finished: number moved here': finishedScreen({ ...finished, phoneMoved: true, sharing: undefined }),
  'finished: former account goes on': finishedScreen({ ...finished, joined: true, sharing: undefined }),
  'finished: at the portal': finishedScreen({ ...finished, service: undefined, sharing: undefined }),
  'NIK already has an account': registeredScreen({
    service,
    phone: '08*****2797',
    email: 'b***@contoh.test',
    reported: false,
    links: { login: '#', recover: '#', lost: '#', report: '#', restart: '#' },
  }),
  'NIK already has an account: misuse reported': registeredScreen({
    service,
    phone: '08*****2797',
    email: 'b***@contoh.test',
    reported: true,
    links: { login: '#', recover: '#', lost: undefined, report: '#', restart: '#' },
  }),
};
