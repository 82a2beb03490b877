import type { Account, AccountId } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import type { PersonName } from '../../domain/name.ts';
import type { Nik } from '../../domain/nik.ts';
import { permissionsOf } from '../../domain/operator.ts';
import type { Phone } from '../../domain/phone.ts';
import type { RecoveryRequest } from '../../domain/recovery-request.ts';
import { sensitive } from '../../domain/sensitive.ts';
import { say, type Examples } from '../../web/screen.ts';
import { exampleFrame } from '../frame.ts';
import { namesFrom } from '../names.ts';
import { listScreen, requestScreen, type RequestView } from './screens.ts';

const frame = exampleFrame('recovery-requests', ['support']);
const at = (time: string): Date => new Date(`2026-11-${time}:00Z`);
const [OWN, COLLEAGUE] = ['operator:tigor', 'operator:paramitha'];
const phone = (digits: string) => sensitive(`+62812000${digits}` as Phone);

const account: Account = {
  id: '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab' as AccountId,
  status: 'active',
  nik: sensitive('9901010101900007' as Nik),
  name: sensitive('Joko Contoh Prasetyo' as PersonName),
  email: sensitive('joko@contoh.test' as Email),
  emailVerifiedAt: at('02T04:05'),
  phone: phone('00007'),
  phoneVerifiedAt: undefined,
  passwordHash: sensitive(''),
  passwordChangedAt: at('02T03:12'),
  sessionsValidAfter: undefined,
  locale: 'id',
  createdAt: at('02T03:12'),
  updatedAt: at('02T04:05'),
} as unknown as Account;

const filed: RecoveryRequest = {
  id: '0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9',
  number: 'K7Q2-M9',
  accountId: account.id,
  state: 'filed',
  wanted: { phone: phone('02797'), passwordHash: sensitive('') },
  locale: 'id',
  clientId: undefined,
  filedAt: at('22T03:20'),
  waitsUntil: at('23T03:20'),
  examined: undefined,
  decided: undefined,
  closedAt: undefined,
};
const opinion = { at: at('22T07:40'), reason: 'loket Disnaker Bandung, KTP sesuai, tiket 2041' };
const examined: RecoveryRequest = { ...filed, state: 'examined', examined: { ...opinion, by: COLLEAGUE } };
const approved: RecoveryRequest = {
  ...examined,
  state: 'approved',
  decided: { by: OWN, at: at('22T09:10'), reason: 'tiket 2041, foto KTP di loket sudah dilihat' },
};
const completed: RecoveryRequest = { ...approved, state: 'completed', wanted: undefined, closedAt: at('23T03:21') };
const another: RecoveryRequest = {
  ...filed,
  id: '1c2d3e4f-5061-4728-93a4-b5c6d7e8f90a',
  number: 'W4HT-8C',
  wanted: { phone: phone('08800'), passwordHash: sensitive('') },
  filedAt: at('22T22:05'),
  waitsUntil: at('23T22:05'),
};

const names = namesFrom({ people: { tigor: 'Tigor Contoh Nainggolan', paramitha: 'Ni Luh Contoh Paramitha' } });
const request = (
  of: RecoveryRequest,
  change: Partial<RequestView> & Partial<Omit<RequestView['seen'], 'request'>> = {},
) => {
  const { isOperators = false, isInUse = false, hasSecondFactor = false, others = [], ...view } = change;
  return requestScreen({
    frame,
    names,
    seen: { request: of, account: view.account ?? account, isOperators, isInUse, hasSecondFactor, others },
    by: { accountId: 'tigor', signature: OWN },
    permissions: permissionsOf(['support']),
    now: at('23T07:00'),
    ...view,
  });
};

export const examples: Examples = {
  open: listScreen({
    frame,
    which: 'open',
    listed: [
      { request: examined, account, others: 1 },
      { request: another, account, others: 1 },
    ],
    cursor: 'next',
  }),
  'open: none': listScreen({ frame, which: 'open', listed: [], cursor: undefined }),
  'open: no such number': listScreen({
    frame,
    which: 'open',
    listed: [],
    cursor: undefined,
    values: { number: 'K7Q2-M8' },
    errors: [{ field: 'number', sentence: say('admin.recovery-requests.list.refusal.nothing') }],
  }),
  closed: listScreen({
    frame,
    which: 'closed',
    listed: [
      { request: completed, account, others: 0 },
      {
        request: { ...completed, id: another.id, number: another.number, state: 'cancelled' },
        account,
        others: 0,
      },
    ],
    cursor: undefined,
  }),
  'request: filed': request(filed, { others: [another], hasSecondFactor: true }),
  'request: filed, number shown': request(filed, { revealed: phone('02797') }),
  'request: filed, reason too short': request(filed, {
    at: 'examine',
    values: { reason: 'benar' },
    errors: [{ field: 'examine-reason', sentence: say('admin.reason.refusal.reason-short') }],
  }),
  'request: examined by a colleague': request(examined),
  'request: examined by oneself': request({ ...examined, examined: { ...opinion, by: OWN } }, { done: 'examine' }),
  'request: examined meanwhile': request(examined, {
    at: 'examine',
    problem: say('admin.recovery-requests.refusal.examined-already'),
  }),
  'request: somebody has signed in since': request(examined, { isInUse: true }),
  'request: account suspended': request(examined, { account: { ...account, status: 'suspended' } }),
  'request: of an operator': request(filed, { isOperators: true }),
  'request: of oneself': request(filed, { by: { accountId: account.id, signature: OWN } }),
  'request: approved': request(approved, { done: 'approve' }),
  'request: completed': request(completed),
};
