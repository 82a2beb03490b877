import { seenOf, toApiId, tokenAlgorithms, tokenFormats, type Api } from '../../domain/api.ts';
import { permissionsOf, type Permission } from '../../domain/operator.ts';
import type { ApiUser } from '../../store/clients.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { emptyValues, valuesOf, type ScopeRow, type Values } from './edit-form.ts';
import { labelOf } from './explain.ts';
import { MOST_SCOPES } from './forms.ts';

export const HOME = '/admin/apis';
export const addressOf = (identifier: string): string => `${HOME}/${toApiId(identifier)}`;

export const actions = ['disable', 'enable'] as const;
export type ApiAction = (typeof actions)[number];
/** Starting again opens what was shut: that is for whoever approves. */
export const rightFor: Readonly<Record<ApiAction, Permission>> = {
  disable: 'clients.write',
  enable: 'clients.approve',
};
export const doneWords = ['created', 'updated', 'unchanged', ...actions] as const;

export interface ApiListModel {
  readonly frame: Frame;
  readonly apis: readonly (Pick<Api, 'identifier' | 'name' | 'status'> & { readonly href: string })[];
  readonly mayWrite: boolean;
}

export interface ApiModel {
  readonly frame: Frame;
  readonly home: string;
  readonly api: Omit<Api, 'scopes'>;
  /** How long a token that is out may still be taken. */
  readonly minutes: number;
  /** With how many clients may ask for it. */
  readonly scopes: readonly (Api['scopes'][number] & { readonly users: number })[];
  readonly users: readonly ApiUser[];
  readonly guards: readonly ApiUser[];
  readonly actions: readonly ApiAction[];
  readonly mayWrite: boolean;
  readonly done: (typeof doneWords)[number] | undefined;
  readonly at: ApiAction | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface ApiEditModel {
  readonly frame: Frame;
  /** Where one is changed; a new one has none. */
  readonly api:
    { readonly home: string; readonly identifier: string; readonly name: string; readonly seen: string } | undefined;
  readonly values: Omit<Values, 'scopes'>;
  /** Those that are there or were typed, and empty ones behind them. */
  readonly rows: readonly ScopeRow[];
  readonly mayAdd: boolean;
  /** The first of the rows that were just added. */
  readonly focus: number | undefined;
  readonly formats: typeof tokenFormats;
  readonly algorithms: typeof tokenAlgorithms;
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export const listScreen = ({
  apis,
  ...model
}: Omit<ApiListModel, 'apis'> & { readonly apis: readonly Api[] }): Screen<ApiListModel> => ({
  view: 'admin/apis/list',
  title: say('admin.apis.list.title'),
  model: {
    ...model,
    apis: apis.map(({ identifier, name, status }) => ({ identifier, name, status, href: addressOf(identifier) })),
  },
});

export type ApiShown = Partial<Pick<ApiModel, 'done' | 'at' | 'values' | 'errors' | 'problem'>>;

export function apiScreen(
  frame: Frame,
  api: Api,
  users: readonly ApiUser[],
  permissions: ReadonlySet<Permission>,
  more: ApiShown = {},
): Screen<ApiModel> {
  const { scopes, ...rest } = api;
  const action: ApiAction = api.status === 'active' ? 'disable' : 'enable';
  return {
    view: 'admin/apis/api',
    title: say('admin.apis.api.title'),
    model: {
      frame,
      home: addressOf(api.identifier),
      api: rest,
      minutes: Math.ceil(api.tokenSeconds / 60),
      scopes: scopes.map((scope) => ({
        ...scope,
        users: users.filter(({ scopes: asked }) => asked?.includes(scope.name) === true).length,
      })),
      users: users.filter(({ scopes: asked }) => asked !== undefined),
      guards: users.filter(({ introspects }) => introspects),
      actions: permissions.has(rightFor[action]) ? [action] : [],
      mayWrite: permissions.has('clients.write'),
      done: undefined,
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

const SPARE = 3;
/** As they stand in the form, so that the summary is read from top to bottom. */
const order = ['identifier', 'name', 'token_format', 'token_algorithm', 'token_seconds', 'update-reason'];
const placeOf = (field: string): number => (order.includes(field) ? order.indexOf(field) * 1000 : 1500);

/** What the form of an API is drawn from. */
export interface ApiEdit {
  readonly frame: Frame;
  readonly api: Api | undefined;
  readonly values: Values;
  /** Which edition the form changes; the present one where it is not said. */
  readonly seen?: string;
  readonly more?: boolean;
  readonly errors?: readonly FieldError[];
  readonly problem?: Sentence | undefined;
}

export function editScreen({
  frame,
  api,
  values: { scopes, ...values },
  seen = api === undefined ? '' : seenOf(api),
  more = false,
  errors = [],
  problem,
}: ApiEdit): Screen<ApiEditModel> {
  const length = Math.min(MOST_SCOPES, scopes.length === 0 || more ? scopes.length + SPARE : scopes.length + 1);
  return {
    view: 'admin/apis/edit',
    title: say(api === undefined ? 'admin.apis.edit.new' : 'admin.apis.edit.title'),
    model: {
      frame,
      api:
        api === undefined
          ? undefined
          : { home: addressOf(api.identifier), identifier: api.identifier, name: api.name, seen },
      values,
      rows: Array.from({ length }, (_, at) => scopes[at] ?? { name: '', id: '', en: '' }),
      mayAdd: length < MOST_SCOPES,
      focus: more ? scopes.length : undefined,
      formats: tokenFormats,
      algorithms: tokenAlgorithms,
      errors: errors.toSorted((one, other) => placeOf(one.field) - placeOf(other.field)),
      problem,
    },
  };
}

const frame = exampleFrame('apis', ['client-manager']);
const at = new Date('2026-11-20T08:40:00Z');
const example: Api = {
  identifier: 'https://api.karirhub.contoh.test/',
  name: 'API Karirhub (contoh)',
  scopes: [
    { name: 'lamaran:baca', means: { id: 'Membaca lamaran kerja Anda', en: 'Reading your job applications' } },
    {
      name: 'lamaran:kirim',
      means: { id: 'Mengirim lamaran kerja atas nama Anda', en: 'Sending job applications in your name' },
    },
  ],
  tokenFormat: 'jwt',
  tokenAlgorithm: 'ES256',
  tokenSeconds: 600,
  status: 'active',
  createdAt: new Date('2026-09-02T03:12:00Z'),
  updatedAt: at,
};
const letters: Api = {
  ...example,
  identifier: 'urn:kemnaker:api:surat-keterangan-pengalaman-kerja-dan-pelatihan',
  name: 'Surat keterangan (contoh)',
  scopes: [],
  tokenFormat: 'opaque',
  status: 'disabled',
};
const users: readonly ApiUser[] = [
  { id: 'karirhub-contoh', name: 'Karirhub (contoh)', status: 'active', scopes: ['lamaran:baca'], introspects: false },
  {
    id: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    name: 'Mesin surat (contoh)',
    status: 'disabled',
    scopes: undefined,
    introspects: true,
  },
];
const manager = permissionsOf(['client-manager']);

export const examples: Examples = {
  'list: two APIs': listScreen({ frame, apis: [example, letters], mayWrite: true }),
  'list: none, for a reader': listScreen({ frame, apis: [], mayWrite: false }),
  'api: who may ask': apiScreen(frame, example, users, manager, { done: 'updated' }),
  'api: stopped, for whoever approves': apiScreen(
    frame,
    letters,
    users.map((one) => ({ ...one, scopes: one.scopes && [] })),
    permissionsOf(['client-approver']),
    { done: 'disable' },
  ),
  'api: for a reader': apiScreen(frame, example, [], permissionsOf(['auditor'])),
  'api: reason too short': apiScreen(frame, example, users, manager, {
    at: 'disable',
    values: { reason: 'iseng' },
    errors: [{ field: 'disable-reason', sentence: say('admin.reason.refusal.reason-short') }],
  }),
  'edit: new': editScreen({ frame, api: undefined, values: emptyValues }),
  'edit: changed meanwhile': editScreen({
    frame,
    api: example,
    values: valuesOf(example),
    problem: say('admin.apis.refusal.api-changed'),
  }),
  'edit: refused': editScreen({
    frame,
    api: undefined,
    values: {
      ...emptyValues,
      identifier: 'karirhub',
      name: 'API Karirhub (contoh)',
      scopes: [{ name: 'profile', id: 'Membaca', en: '' }],
    },
    errors: [
      { field: 'identifier', label: labelOf('identifier'), sentence: say('admin.apis.problem.uri') },
      { field: 'scope_0_name', label: labelOf('scope_0_name'), sentence: say('admin.apis.problem.scope-ours') },
      {
        field: 'scope_0_en',
        label: labelOf('scope_0_en'),
        sentence: say('admin.apis.problem.length', { least: 5, most: 150 }),
      },
    ],
  }),
};
