import { say, type Examples, type FieldError, type Screen, type SentenceParams } from '../../web/screen.ts';
import { numberKey, refusedIdentity } from './forms.ts';
import {
  filedScreen,
  noAccountScreen,
  requestCodeScreen,
  requestIdentityScreen,
  requestNumberScreen,
  requestPasswordScreen,
  type FiledModel,
  type RequestCodeModel,
  type RequestIdentityModel,
  type RequestNumberModel,
  type RequestPasswordModel,
} from './screens.ts';

const service = { name: 'Karirhub (contoh)' };
const name = 'Budi Contoh Santoso';
const until = new Date('2026-11-24T02:30:00Z');
const HELP = '1500630';

const fieldError = (field: string, key: string, params?: SentenceParams): FieldError => ({
  field,
  sentence: say(key, params),
});

const identity: RequestIdentityModel = {
  service,
  errors: [],
  problem: undefined,
  values: { nik: '', name: '' },
  registryBackAt: undefined,
  retype: false,
  action: '#',
  links: { recover: '#', privacy: '/privacy', cancel: '#' },
};
const typed = { ...identity, values: { nik: '9901010101900001', name }, retype: true };
const refused = (refusal: Parameters<typeof refusedIdentity>[0], model: RequestIdentityModel = typed): Screen =>
  requestIdentityScreen({ ...model, problem: refusedIdentity(refusal, HELP) });

const number: RequestNumberModel = {
  service,
  errors: [],
  problem: undefined,
  name,
  values: { phone: '' },
  current: undefined,
  onFile: { phone: '08*****2797', email: 'b***@contoh.test' },
  links: { recover: '#', restart: '#' },
};
const current = { phone: '08*****7890', changesLeft: 2, back: '#' };
const numberRefused = (refusal: string, more: Partial<RequestNumberModel> = {}): Screen =>
  requestNumberScreen({
    ...number,
    values: { phone: '081234567890' },
    problem: say(numberKey(refusal), { until, help: HELP }),
    ...more,
  });

const code: RequestCodeModel = {
  service,
  errors: [],
  problem: undefined,
  name,
  phone: '08*****7890',
  delivery: 'sent',
  last: 'sent delivered failed',
  resendInSeconds: 52,
  closed: false,
  notice: undefined,
  links: { confirm: '#', resend: '#', change: '#', restart: '#', delivery: undefined },
};

const password: RequestPasswordModel = {
  service,
  errors: [],
  problem: undefined,
  name,
  passwordRules: ['length', 'lower', 'upper', 'digit', 'symbol'],
  passwordMin: 8,
  links: { restart: '#' },
};

const filed: FiledModel = {
  service,
  number: 'K7Q2-M9',
  phone: '08*****7890',
  waitsUntil: until,
  help: { phone: HELP, email: 'bantuan@contoh.test' },
  back: '#',
};

export const examples: Examples = {
  'identity: first visit': requestIdentityScreen(identity),
  'identity: at the portal': requestIdentityScreen({
    ...identity,
    service: undefined,
    links: { ...identity.links, cancel: undefined },
  }),
  'identity: mistakes in every field': requestIdentityScreen({
    ...typed,
    values: { nik: '99010101019000', name: 'Budi 2' },
    errors: [
      fieldError('nik', 'interaction.registration.identity.refusal.nik-length', { digits: 14 }),
      fieldError('name', 'interaction.registration.identity.refusal.name-chars'),
      fieldError('mother_name', 'interaction.registration.identity.refusal.mother-name-empty'),
    ],
  }),
  'identity: data do not match': refused({ reason: 'mismatch', left: 3 }),
  'identity: deceased': refused({ reason: 'deceased' }),
  'identity: too many tries': refused({ reason: 'limited', until }),
  'identity: registry disturbed': refused({ reason: 'unavailable', until }),
  'identity: circuit open before the form': requestIdentityScreen({ ...identity, registryBackAt: until }),
  'identity: not for this account': refused({ reason: 'not-here', helpCode: 'K7Q2-M9' }, identity),
  'identity: proof too old': refused({ reason: 'stale' }, identity),
  'no account with this NIK': noAccountScreen({ service, links: { register: '#', restart: '#' } }),
  'number: first visit': requestNumberScreen(number),
  'number: a fixed line': requestNumberScreen({
    ...number,
    values: { phone: '0215551234' },
    errors: [fieldError('phone', numberKey('phone-fixed'))],
  }),
  'number: too many codes': numberRefused('send-limit'),
  'number: too many requests': numberRefused('too-many'),
  'number: another one': requestNumberScreen({ ...number, current }),
  'number: no other one any more': requestNumberScreen({ ...number, current: { ...current, changesLeft: 0 } }),
  'number: changes used up meanwhile': numberRefused('changes-used-up', { current: { ...current, changesLeft: 0 } }),
  'code: sent': requestCodeScreen(code),
  'code: sent again': requestCodeScreen({
    ...code,
    resendInSeconds: 120,
    notice: say('interaction.registration.code.resent'),
  }),
  'code: wrong': requestCodeScreen({
    ...code,
    errors: [fieldError('code', 'interaction.registration.code.refusal.wrong', { left: 3 })],
  }),
  'code: dead': requestCodeScreen({
    ...code,
    closed: true,
    resendInSeconds: 0,
    problem: say('interaction.registration.code.refusal.dead'),
  }),
  'code: locked for today': requestCodeScreen({
    ...code,
    closed: true,
    resendInSeconds: undefined,
    problem: say('interaction.registration.code.refusal.locked', { until }),
    links: { ...code.links, change: undefined },
  }),
  password: requestPasswordScreen(password),
  'password: weak': requestPasswordScreen({
    ...password,
    errors: [fieldError('password', 'interaction.registration.contact.refusal.password-digit')],
  }),
  'password: busy': requestPasswordScreen({ ...password, problem: say('errors.busy', { seconds: 5 }) }),
  'password: too many requests': requestPasswordScreen({
    ...password,
    problem: say(numberKey('too-many'), { until, help: HELP }),
  }),
  filed: filedScreen(filed),
  'filed: at the portal': filedScreen({ ...filed, service: undefined, back: '/' }),
};
