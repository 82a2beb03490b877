import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { present, type MaskedAccount } from './present.ts';
import { data, type Datum } from './support.ts';
import type { Account } from '../../domain/account.ts';
import type { Permission } from '../../domain/operator.ts';

export interface SearchModel {
  readonly frame: Frame;
  /** Whether the way to the waits of people without an account is shown. */
  readonly mayEndWaits: boolean;
  readonly values: { readonly who: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

/** What can be done to an account; each is an address below the account's. */
export const changes = ['suspend', 'reinstate', 'end-sessions', 'resend-activation', 'remove-second-factor'] as const;
export type Change = (typeof changes)[number];
export type Action = 'reveal' | Change;

/** The authenticator app of the account. */
export interface FactorShown {
  readonly enrolledAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly recoveryCodesLeft: number;
}

export interface RequestShown {
  readonly href: string;
  /** As its person reads it out. */
  readonly number: string;
}

export interface AccountModel {
  readonly frame: Frame;
  readonly account: Omit<MaskedAccount, 'created_at' | 'updated_at'> & {
    readonly createdAt: Date;
    readonly updatedAt: Date;
  };
  readonly factor: FactorShown | undefined;
  /** Requests for this account that are open, for those who give opinions on them. */
  readonly requests: readonly RequestShown[];
  readonly actions: readonly Action[];
  readonly data: readonly Datum[];
  readonly revealed: { readonly datum: Datum; readonly value: string } | undefined;
  readonly done: Change | undefined;
  /** The form that was sent, opened again. */
  readonly at: Action | undefined;
  readonly values: { readonly reason: string; readonly datum: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export const searchScreen = (model: SearchModel): Screen<SearchModel> => ({
  view: 'admin/accounts/search',
  title: say('admin.accounts.search.title'),
  model,
});

export interface Shown {
  readonly requests?: AccountModel['requests'];
  readonly revealed?: AccountModel['revealed'];
  readonly done?: Change | undefined;
  readonly at?: Action;
  readonly values?: AccountModel['values'];
  readonly errors?: readonly FieldError[];
  readonly problem?: Sentence;
}

/** Only what the operator may do and what would change something. */
function actionsFor(
  { status, email, emailVerifiedAt }: Account,
  factor: FactorShown | undefined,
  permissions: ReadonlySet<Permission>,
): Action[] {
  const possible: Action[] = [];
  if (permissions.has('accounts.reveal')) possible.push('reveal');
  if (!permissions.has('accounts.write')) return possible;
  possible.push('end-sessions', status === 'active' ? 'suspend' : 'reinstate');
  if (email !== undefined && emailVerifiedAt === undefined) possible.push('resend-activation');
  if (factor !== undefined) possible.push('remove-second-factor');
  return possible;
}

export function accountScreen(
  frame: Frame,
  account: Account,
  factor: FactorShown | undefined,
  permissions: ReadonlySet<Permission>,
  shown: Shown = {},
): Screen<AccountModel> {
  const { created_at: _created, updated_at: _updated, ...masked } = present(account);
  return {
    view: 'admin/accounts/account',
    title: say('admin.accounts.account.title'),
    model: {
      frame,
      account: { ...masked, createdAt: account.createdAt, updatedAt: account.updatedAt },
      factor,
      requests: shown.requests ?? [],
      actions: actionsFor(account, factor, permissions),
      data: data.filter((datum) => account[datum] !== undefined),
      revealed: shown.revealed,
      done: shown.done,
      at: shown.at,
      values: shown.values ?? { reason: '', datum: 'name' },
      errors: shown.errors ?? [],
      problem: shown.problem,
    },
  };
}

const frame = exampleFrame('accounts', ['support']);
const search: SearchModel = { frame, mayEndWaits: true, values: { who: '' }, errors: [], problem: undefined };
const masked: AccountModel = {
  frame,
  account: {
    sub: '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab',
    status: 'active',
    nik_masked: '************0007',
    name_masked: 'J*** C***** P*******',
    email_masked: 'j***@contoh.test',
    email_verified: false,
    phone_masked: '08*****0007',
    phone_verified: true,
    locale: 'id',
    createdAt: new Date('2026-09-02T03:12:00Z'),
    updatedAt: new Date('2026-11-20T08:40:00Z'),
  },
  factor: {
    enrolledAt: new Date('2026-10-02T02:00:00Z'),
    lastUsedAt: new Date('2026-11-20T08:40:00Z'),
    recoveryCodesLeft: 8,
  },
  requests: [],
  actions: ['reveal', 'end-sessions', 'suspend', 'resend-activation', 'remove-second-factor'],
  data,
  revealed: undefined,
  done: undefined,
  at: undefined,
  values: { reason: '', datum: 'name' },
  errors: [],
  problem: undefined,
};
const accountExample = (change: Partial<AccountModel>): Screen<AccountModel> => ({
  view: 'admin/accounts/account',
  title: say('admin.accounts.account.title'),
  model: { ...masked, ...change },
});

export const examples: Examples = {
  search: searchScreen(search),
  'search: nobody found': searchScreen({
    ...search,
    values: { who: 'joko@contoh.test' },
    errors: [{ field: 'who', sentence: say('admin.accounts.search.refusal.nobody') }],
  }),
  'search: too many': searchScreen({
    ...search,
    values: { who: 'joko@contoh.test' },
    problem: say('admin.accounts.refusal.limit'),
  }),
  account: accountExample({}),
  'account: without a second factor': accountExample({
    factor: undefined,
    actions: ['reveal', 'end-sessions', 'suspend', 'resend-activation'],
  }),
  'account: asked for by somebody who has lost number and address': accountExample({
    requests: [
      { href: '#', number: 'K7Q2-M9' },
      { href: '#', number: 'W4HT-8C' },
    ],
  }),
  'account: one datum in full': accountExample({ revealed: { datum: 'phone', value: '+6281200000007' } }),
  'account: suspended just now': accountExample({
    account: { ...masked.account, status: 'suspended' },
    actions: ['reveal', 'end-sessions', 'reinstate', 'resend-activation'],
    done: 'suspend',
  }),
  'account: reason too short': accountExample({
    at: 'suspend',
    values: { reason: 'iseng', datum: 'name' },
    errors: [{ field: 'suspend-reason', sentence: say('admin.reason.refusal.reason-short') }],
  }),
  'account: of an operator': accountExample({ at: 'suspend', problem: say('admin.accounts.refusal.operator-account') }),
};
