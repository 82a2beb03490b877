import { maskEmail, maskName, maskNik, maskPhone } from '../../domain/mask.ts';
import type { Permission } from '../../domain/operator.ts';
import { displayPhone, type Phone } from '../../domain/phone.ts';
import {
  isOpen,
  isStillWanted,
  type Opinion,
  type RecoveryRequest,
  type RecoveryRequestState,
} from '../../domain/recovery-request.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { say, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import type { Frame } from '../frame.ts';
import type { Names, ShownActor } from '../names.ts';
import type { Listed, Seen } from './service.ts';

/** The opinions that an officer can give; each is an address below the request's. */
export const opinions = ['examine', 'approve', 'reject'] as const;
export type OpinionForm = (typeof opinions)[number];
export type Action = 'reveal' | OpinionForm;

interface RequestLine {
  readonly href: string;
  readonly number: string;
  readonly state: RecoveryRequestState;
  readonly filedAt: Date;
  readonly closedAt: Date | undefined;
  /** Masked; undefined once it is closed. */
  readonly phone: string | undefined;
}

export interface ListModel {
  readonly frame: Frame;
  readonly which: 'open' | 'closed';
  readonly tabs: readonly { readonly which: 'open' | 'closed'; readonly href: string; readonly current: boolean }[];
  readonly requests: readonly (RequestLine & { readonly name: string; readonly others: number })[];
  readonly next: string | undefined;
  readonly values: { readonly number: string };
  readonly errors: readonly FieldError[];
}

interface ShownOpinion {
  readonly by: ShownActor;
  readonly at: Date;
  readonly why: string;
}

interface ShownContact {
  readonly shown: string;
  readonly provedAt: Date | undefined;
}

export interface RequestModel {
  readonly frame: Frame;
  readonly request: RequestLine & {
    readonly waitsUntil: Date;
    /** Whether the holder has had the time to object. */
    readonly hasWaited: boolean;
    readonly examined: ShownOpinion | undefined;
    readonly decided: ShownOpinion | undefined;
  };
  readonly account: {
    readonly href: string;
    readonly status: 'active' | 'suspended';
    readonly name: string;
    readonly nik: string;
    readonly phone: ShownContact | undefined;
    readonly email: ShownContact | undefined;
    readonly hasSecondFactor: boolean;
    readonly createdAt: Date;
  };
  readonly others: readonly RequestLine[];
  /** What an officer has to know before anything else. */
  readonly notes: readonly Sentence[];
  readonly actions: readonly Action[];
  /** In full, in this one answer. */
  readonly revealed: string | undefined;
  readonly done: OpinionForm | undefined;
  readonly at: Action | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

const HOME = '/admin/recovery-requests';
const CLOSED = `${HOME}/closed`;
export const addressOf = (id: string): string => `${HOME}/${id}`;

const lineOf = ({ id, number, state, filedAt, closedAt, wanted }: RecoveryRequest): RequestLine => ({
  href: addressOf(id),
  number,
  state,
  filedAt,
  closedAt,
  phone: wanted === undefined ? undefined : maskPhone(wanted.phone.reveal()),
});

export interface ListView extends Partial<Pick<ListModel, 'values' | 'errors'>> {
  readonly frame: Frame;
  readonly which: 'open' | 'closed';
  readonly listed: readonly Listed[];
  /** Where the next page begins. */
  readonly cursor: string | undefined;
}

export const listScreen = ({ frame, which, listed, cursor, ...more }: ListView): Screen<ListModel> => ({
  view: 'admin/recovery-requests/list',
  title: say('admin.recovery-requests.list.title'),
  model: {
    frame,
    which,
    tabs: (['open', 'closed'] as const).map((one) => ({
      which: one,
      href: one === 'open' ? HOME : CLOSED,
      current: one === which,
    })),
    requests: listed.map(({ request, account, others }) => ({
      ...lineOf(request),
      name: maskName(account.name.reveal()),
      others,
    })),
    next: cursor === undefined ? undefined : `${which === 'open' ? HOME : CLOSED}?after=${encodeURIComponent(cursor)}`,
    values: { number: '' },
    errors: [],
    ...more,
  },
});

/** Whether this operator has given that opinion, and it stands: what a second press of the button asks for is done. */
export function isGiven(
  form: OpinionForm,
  { state, examined, decided }: Pick<RecoveryRequest, 'state' | 'examined' | 'decided'>,
  by: string,
): boolean {
  switch (form) {
    case 'examine':
      return isOpen(state) && examined?.by === by;
    case 'approve':
      return (state === 'approved' || state === 'completed') && decided?.by === by;
    case 'reject':
      return state === 'rejected' && decided?.by === by;
  }
}

/** Only what the operator may do, and what the service would not refuse. */
function actionsFor(
  { request, account, isOperators }: Seen,
  by: { readonly accountId: string; readonly signature: string },
  permissions: ReadonlySet<Permission>,
): Action[] {
  const { state, examined } = request;
  if (!isOpen(state) || account.id === by.accountId) return [];
  if (isOperators) return ['reject'];
  return [
    ...(permissions.has('accounts.reveal') ? (['reveal'] as const) : []),
    ...(state === 'filed' ? (['examine'] as const) : []),
    ...(state === 'examined' && examined?.by !== by.signature ? (['approve'] as const) : []),
    'reject',
  ];
}

function notesOn(
  { request, account, isOperators, isInUse, others }: Seen,
  by: { readonly accountId: string; readonly signature: string },
): Sentence[] {
  if (!isOpen(request.state)) return [];
  const note = (name: string): Sentence => say(`admin.recovery-requests.note.${name}`);
  if (account.id === by.accountId) return [note('own')];
  return [
    ...(isOperators ? [note('operator')] : []),
    ...(account.status === 'suspended' ? [note('suspended')] : []),
    ...(account.status === 'active' && !isStillWanted(account, request) ? [note('changed')] : []),
    ...(isInUse ? [note('in-use')] : []),
    ...(others.length > 0 ? [say('admin.recovery-requests.note.others', { count: others.length })] : []),
    ...(request.state === 'examined' && request.examined?.by === by.signature ? [note('same-officer')] : []),
  ];
}

export interface Shown extends Partial<Pick<RequestModel, 'done' | 'at' | 'values' | 'errors' | 'problem'>> {
  readonly revealed?: Sensitive<Phone>;
}

export interface RequestView extends Shown {
  readonly frame: Frame;
  readonly names: Names;
  readonly seen: Seen;
  readonly by: { readonly accountId: string; readonly signature: string };
  readonly permissions: ReadonlySet<Permission>;
  readonly now: Date;
}

const shownBy =
  (names: Names) =>
  (opinion: Opinion | undefined): ShownOpinion | undefined =>
    opinion === undefined ? undefined : { by: names.actor(opinion.by), at: opinion.at, why: opinion.reason };

export function requestScreen({
  frame,
  names,
  seen,
  by,
  permissions,
  now,
  revealed,
  ...shown
}: RequestView): Screen<RequestModel> {
  const { request, account } = seen;
  const toShown = shownBy(names);
  return {
    view: 'admin/recovery-requests/request',
    title: say('admin.recovery-requests.request.title', { number: request.number }),
    model: {
      frame,
      request: {
        ...lineOf(request),
        waitsUntil: request.waitsUntil,
        hasWaited: now >= request.waitsUntil,
        examined: toShown(request.examined),
        decided: toShown(request.decided),
      },
      account: {
        href: `/admin/accounts/${account.id}`,
        status: account.status,
        name: maskName(account.name.reveal()),
        nik: maskNik(account.nik.reveal()),
        phone:
          account.phone === undefined
            ? undefined
            : { shown: maskPhone(account.phone.reveal()), provedAt: account.phoneVerifiedAt },
        email:
          account.email === undefined
            ? undefined
            : { shown: maskEmail(account.email.reveal()), provedAt: account.emailVerifiedAt },
        hasSecondFactor: seen.hasSecondFactor,
        createdAt: account.createdAt,
      },
      others: seen.others.map(lineOf),
      notes: notesOn(seen, by),
      actions: actionsFor(seen, by, permissions),
      revealed: revealed === undefined ? undefined : displayPhone(revealed.reveal()),
      done: undefined,
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...shown,
    },
  };
}
