import type { ChainCheck } from '../../audit/check.ts';
import type { AuditRow } from '../../store/audit.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type Names, type ShownActor } from '../names.ts';
import { showDetails, type ShownDetail } from './present.ts';
import { toQuery, type TypedFilter } from './forms.ts';
import type { ChainStanding } from './service.ts';

interface ShownEvent {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  /** What happened, in words, where the locale files have them. */
  readonly words: Sentence | undefined;
  readonly by: (ShownActor & { readonly href: string }) | undefined;
  readonly account: { readonly id: string; readonly name: string | undefined; readonly href: string } | undefined;
  readonly client: { readonly id: string; readonly name: string | undefined; readonly href: string } | undefined;
  readonly details: readonly ShownDetail[];
}

export interface AuditModel {
  readonly frame: Frame;
  readonly values: TypedFilter;
  readonly filtered: boolean;
  readonly types: readonly { readonly type: string; readonly words: Sentence | undefined }[];
  readonly events: readonly ShownEvent[];
  readonly older: string | undefined;
  readonly exportTo: string;
  readonly errors: readonly FieldError[];
}

export interface ChainModel {
  readonly frame: Frame;
  readonly links: number;
  readonly sealed: { readonly position: number; readonly before: Date } | undefined;
  /** Undefined where none was ever asked for. */
  readonly check:
    | {
        readonly by: Sentence;
        readonly askedAt: Date;
        readonly begunAt: Date | undefined;
        /** How far it is, while it is under way. */
        readonly progress: Sentence | undefined;
        readonly result:
          { readonly kind: 'whole' | 'broken'; readonly position: number; readonly at: Date } | undefined;
      }
    | undefined;
}

const HOME = '/admin/audit';
const wordsFor = (type: string): Sentence | undefined => existing(`admin.audit.event.${type}`);
const none: TypedFilter = { type: '', account: '', client: '', by: '', help: '', from: '', to: '' };
const only = (change: Partial<TypedFilter>): string => `${HOME}?${toQuery({ ...none, ...change })}`;

function showEvent({ id, at, type, accountId, clientId, details }: AuditRow, names: Names): ShownEvent {
  const { by } = details;
  return {
    id,
    at,
    type,
    words: wordsFor(type),
    by: typeof by === 'string' ? { ...names.actor(by), href: only({ by }) } : undefined,
    account:
      accountId === undefined
        ? undefined
        : { id: accountId, name: names.account(accountId), href: only({ account: accountId }) },
    client:
      clientId === undefined
        ? undefined
        : { id: clientId, name: names.client(clientId), href: only({ client: clientId }) },
    details: showDetails({ type, details }, names),
  };
}

/** Everybody whom the events name. */
export const namedIn = (
  rows: readonly AuditRow[],
): {
  readonly signatures: readonly string[];
  readonly accounts: readonly string[];
  readonly clients: readonly string[];
} => ({
  signatures: rows.flatMap(({ details: { by } }) => (typeof by === 'string' ? [by] : [])),
  accounts: rows.flatMap(({ accountId, details: { handedBy } }) =>
    [accountId, handedBy].filter((one) => typeof one === 'string'),
  ),
  clients: rows.flatMap(({ clientId }) => (clientId === undefined ? [] : [clientId])),
});

export interface AuditView {
  readonly frame: Frame;
  readonly names: Names;
  readonly values: TypedFilter;
  readonly types: readonly string[];
  readonly rows: readonly AuditRow[];
  readonly cursor: string | undefined;
  readonly errors?: readonly FieldError[];
}

export const auditScreen = ({
  frame,
  names,
  values,
  types,
  rows,
  cursor,
  errors = [],
}: AuditView): Screen<AuditModel> => ({
  view: 'admin/audit/events',
  title: say('admin.audit.events.title'),
  model: {
    frame,
    values,
    filtered: Object.values(values).some((value) => value !== ''),
    types: types.map((type) => ({ type, words: wordsFor(type) })),
    events: rows.map((row) => showEvent(row, names)),
    older: cursor === undefined ? undefined : `${HOME}?${toQuery(values, { cursor })}`,
    exportTo: `${HOME}/export?${toQuery(values)}`,
    errors,
  },
});

export interface ChainView {
  readonly frame: Frame;
  readonly standing: ChainStanding;
  readonly names: Names;
}

const percent = (share: number): number => Math.min(99, Math.floor(share * 100));

function progressOf({ begunAt, reached, beside }: ChainCheck, { end, links, sealed }: ChainStanding): Sentence {
  if (begunAt === undefined) return say('admin.audit.chain.progress.waiting');
  if (beside !== undefined) return say('admin.audit.chain.progress.beside', { percent: percent(beside) });
  const done = Math.max(0, reached - (sealed?.position ?? 0));
  return say('admin.audit.chain.progress.links', {
    position: Math.max(reached, sealed?.position ?? 0),
    end,
    percent: percent(links === 0 ? 0 : done / links),
  });
}

function showCheck(check: ChainCheck, standing: ChainStanding, names: Names): ChainModel['check'] {
  const { by, askedAt, begunAt, outcome } = check;
  return {
    by: names.actor(by).words,
    askedAt,
    begunAt,
    progress: outcome === undefined ? progressOf(check, standing) : undefined,
    result:
      outcome === undefined
        ? undefined
        : {
            kind: outcome.brokenAt === undefined ? 'whole' : 'broken',
            position: outcome.brokenAt ?? outcome.end,
            at: outcome.at,
          },
  };
}

export const chainScreen = ({ frame, standing, names }: ChainView): Screen<ChainModel> => ({
  view: 'admin/audit/chain',
  title: say('admin.audit.chain.title'),
  model: {
    frame,
    links: standing.links,
    sealed: standing.sealed,
    check: standing.check === undefined ? undefined : showCheck(standing.check, standing, names),
  },
});

const frame = exampleFrame('audit', ['auditor']);
const at = new Date('2026-11-23T06:58:00Z');
const account = '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab';
const operator = 'operator:0f6d2c51-7a94-4d53-8c1b-ba9876543210';
const rows: readonly AuditRow[] = [
  {
    id: '1',
    at,
    type: 'account.revealed',
    accountId: account,
    clientId: undefined,
    details: { by: operator, datum: 'phone', reason: 'tiket 2041, pemilik menelepon' },
  },
  {
    id: '2',
    at,
    type: 'account.searched',
    accountId: account,
    clientId: undefined,
    details: { by: operator, kind: 'nik', found: true },
  },
  {
    id: '3',
    at,
    type: 'client.updated',
    accountId: undefined,
    clientId: 'karirhub-contoh',
    details: { by: 'operator', fields: ['redirect_uris', 'scope'] },
  },
  {
    id: '4',
    at: new Date('2026-11-22T23:10:00Z'),
    type: 'sign-in.refused',
    accountId: account,
    clientId: 'karirhub-contoh',
    details: { reason: 'wrong' },
  },
];
const names = namesFrom({
  people: { '0f6d2c51-7a94-4d53-8c1b-ba9876543210': 'Tigor Contoh Nainggolan' },
  clients: { 'karirhub-contoh': 'Karirhub (contoh)' },
});
const view: AuditView = {
  frame,
  names,
  values: none,
  types: ['account.revealed', 'sign-in.refused'],
  rows,
  cursor: 'x',
};

const askedFor: ChainCheck = {
  id: '1',
  by: operator,
  askedAt: at,
  begunAt: undefined,
  place: undefined,
  reached: 0,
  beside: undefined,
  outcome: undefined,
};
const begun: ChainCheck = { ...askedFor, begunAt: new Date('2026-11-23T06:58:06Z'), reached: 61_500 };
const chainOf = (check: ChainCheck | undefined, sealed?: ChainStanding['sealed']): Screen<ChainModel> =>
  chainScreen({ frame, names, standing: { end: 128_344, links: 128_344 - (sealed?.position ?? 0), sealed, check } });
const endedAt = new Date('2026-11-23T07:41:00Z');
const whole: ChainCheck = { ...begun, outcome: { at: endedAt, brokenAt: undefined, end: 128_340 } };

export const examples: Examples = {
  'events: newest': auditScreen(view),
  'events: filtered, none left': auditScreen({
    ...view,
    values: { ...none, type: 'sign-in.refused', from: '2026-11-01' },
    rows: [],
    cursor: undefined,
  }),
  'events: filter refused': auditScreen({
    ...view,
    values: { ...none, account: 'joko', to: '2026-02-30' },
    rows: [],
    cursor: undefined,
    errors: [
      { field: 'account', sentence: say('admin.audit.events.refusal.account') },
      { field: 'to', sentence: say('admin.audit.events.refusal.to') },
    ],
  }),
  'chain: not looked at': chainOf(undefined),
  'chain: asked for': chainOf(askedFor),
  'chain: under way': chainOf(begun),
  'chain: under way, past the last link': chainOf({ ...begun, reached: 128_340, beside: 0.4 }),
  'chain: whole': chainOf(whole),
  'chain: begins at a seal': chainOf(whole, { position: 32_242, before: new Date('2026-11-01T00:00:00Z') }),
  'chain: broken': chainOf({ ...begun, outcome: { at: endedAt, brokenAt: 77_012, end: 77_000 } }),
};
