import { maskEmail, maskName } from '../../domain/mask.ts';
import type { Account } from '../../domain/account.ts';
import { roles, type Role } from '../../domain/operator.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type Names, type ShownActor } from '../names.ts';
import type { Operator, OperatorRefusal } from './service.ts';

interface ShownRole {
  readonly role: Role;
  readonly held: { readonly by: ShownActor; readonly at: Date } | undefined;
}

export interface OperatorListModel {
  readonly frame: Frame;
  readonly operators: readonly {
    readonly href: string;
    readonly name: string;
    readonly suspended: boolean;
    readonly roles: readonly Role[];
  }[];
  /** May look for somebody to give a role to. */
  readonly mayGrant: boolean;
  readonly values: { readonly who: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface OperatorModel {
  readonly frame: Frame;
  readonly person: {
    readonly sub: string;
    readonly name: string;
    readonly email: string | undefined;
    readonly suspended: boolean;
  };
  readonly roles: readonly ShownRole[];
  readonly mayChange: boolean;
  readonly isOneself: boolean;
  readonly done: { readonly verb: 'grant' | 'revoke'; readonly role: Role } | undefined;
  readonly problem: Sentence | undefined;
}

export interface ListView extends Omit<OperatorListModel, 'operators'> {
  readonly operators: readonly Operator[];
}

export const listScreen = ({ operators, ...model }: ListView): Screen<OperatorListModel> => ({
  view: 'admin/operators/list',
  title: say('admin.operators.list.title'),
  model: {
    ...model,
    operators: operators.map(({ account, grants }) => ({
      href: `/admin/operators/${account.id}`,
      name: account.name.reveal(),
      suspended: account.status !== 'active',
      roles: grants.map(({ role }) => role),
    })),
  },
});

export interface OperatorView extends Pick<OperatorModel, 'frame' | 'mayChange' | 'isOneself'> {
  readonly names: Names;
  readonly account: Account;
  readonly grants: Operator['grants'];
  readonly done?: OperatorModel['done'];
  readonly refusal?: OperatorRefusal;
}

export const operatorScreen = ({
  frame,
  names,
  account,
  grants,
  mayChange,
  isOneself,
  done,
  refusal,
}: OperatorView): Screen<OperatorModel> => ({
  view: 'admin/operators/operator',
  title: say('admin.operators.operator.title'),
  model: {
    frame,
    // Whoever holds no role yet is a citizen like any other.
    person: {
      sub: account.id,
      name: grants.length > 0 ? account.name.reveal() : maskName(account.name.reveal()),
      email: account.email === undefined ? undefined : maskEmail(account.email.reveal()),
      suspended: account.status !== 'active',
    },
    roles: roles.map((role) => {
      const grant = grants.find((one) => one.role === role);
      return {
        role,
        held: grant === undefined ? undefined : { by: names.actor(grant.grantedBy), at: grant.grantedAt },
      };
    }),
    mayChange,
    isOneself,
    done,
    problem: refusal === undefined ? undefined : say(`admin.operators.refusal.${refusal}`),
  },
});

const frame = exampleFrame('operators', ['administrator']);
const list: OperatorListModel = {
  frame,
  operators: [
    { href: '#', name: 'Tigor Contoh Nainggolan', suspended: false, roles: ['administrator'] },
    { href: '#', name: 'Ni Luh Contoh Paramitha', suspended: true, roles: ['support', 'client-manager'] },
  ],
  mayGrant: true,
  values: { who: '' },
  errors: [],
  problem: undefined,
};
const held = { by: namesFrom({}).actor('operator'), at: new Date('2026-10-02T02:00:00Z') };
const one: OperatorModel = {
  frame,
  person: {
    sub: '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab',
    name: 'Ni Luh Contoh Paramitha',
    email: 'n***@contoh.test',
    suspended: false,
  },
  roles: roles.map((role) => ({ role, held: role === 'support' ? held : undefined })),
  mayChange: true,
  isOneself: false,
  done: undefined,
  problem: undefined,
};
const listExample = (change: Partial<OperatorListModel>): Screen<OperatorListModel> => ({
  view: 'admin/operators/list',
  title: say('admin.operators.list.title'),
  model: { ...list, ...change },
});
const example = (change: Partial<OperatorModel>): Screen<OperatorModel> => ({
  view: 'admin/operators/operator',
  title: say('admin.operators.operator.title'),
  model: { ...one, ...change },
});

export const examples: Examples = {
  'list: administrator': listExample({}),
  'list: auditor': listExample({ mayGrant: false }),
  'list: nobody found': listExample({
    values: { who: 'joko@contoh.test' },
    errors: [{ field: 'who', sentence: say('admin.accounts.search.refusal.nobody') }],
  }),
  'operator: roles': example({ done: { verb: 'grant', role: 'support' } }),
  'operator: oneself': example({ isOneself: true }),
  'operator: suspended': example({
    person: { ...one.person, suspended: true },
    problem: say('admin.operators.refusal.account-suspended'),
  }),
};
