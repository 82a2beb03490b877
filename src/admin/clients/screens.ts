import { clientTypes, type Client, type ClientStatus, type ClientType } from '../../domain/client.ts';
import { membersOf } from '../../domain/client-change.ts';
import { LOGO_BYTES, LOGO_PIXELS, logoTypes } from '../../domain/logo/logo.ts';
import { permissionsOf, type Permission } from '../../domain/operator.ts';
import type { BridgeUse } from '../../store/bridge-uses.ts';
import type { ClientSummary } from '../../store/clients.ts';
import { existing } from '../../web/i18n.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type ShownActor } from '../names.ts';
import { emptyValues, firstFields, furtherFields, offeredScopes, scopesIn, useFields, usedScopes, type EditField, type Values } from './edit-form.ts';
import { labelOf } from './explain.ts';
import { needsSecret } from './forms.ts';
import { showMember, showValues, type ShownMember, type ShownValue } from './present.ts';

export interface ClientListModel {
  readonly frame: Frame;
  readonly values: { readonly q: string; readonly status: string };
  readonly clients: readonly ClientSummary[];
  readonly next: string | undefined;
  readonly mayWrite: boolean;
}

export const actions = ['disable', 'enable'] as const;
export type ClientAction = (typeof actions)[number];
/** Starting again opens what was shut: that is for whoever approves. */
export const rightFor: Readonly<Record<ClientAction, Permission>> = { disable: 'clients.write', enable: 'clients.approve' };

/** What has just become of it. */
export const doneWords = ['created', 'updated', 'proposed', 'unchanged', 'returned', 'approve', 'reject', 'withdraw', 'gone', ...actions] as const;

export interface ClientModel {
  readonly frame: Frame;
  readonly client: { readonly id: string; readonly name: string; readonly type: ClientType; readonly status: ClientStatus; readonly createdAt: Date; readonly updatedAt: Date };
  readonly settings: readonly (ShownMember & { readonly values: readonly ShownValue[] })[];
  /** A proposal waits for a decision. */
  readonly waits: boolean;
  /** The last proposal came to nothing: who said so, and why. */
  readonly rejected: { readonly number: number; readonly by: ShownActor; readonly at: Date; readonly note: string } | undefined;
  /** How much it still calls the former interface, where it may. */
  readonly bridge: { readonly until: string; readonly uses: readonly BridgeUse[] } | undefined;
  readonly actions: readonly ClientAction[];
  readonly hasSecrets: boolean;
  readonly hasKeys: boolean;
  readonly mayWrite: boolean;
  /** Shown this once. */
  readonly newSecret: string | undefined;
  readonly done: (typeof doneWords)[number] | undefined;
  /** When it was saved, the keys of the service could not be fetched. */
  readonly lacksKeys: boolean;
  /** The same of another of its addresses. */
  readonly lacksAddresses: boolean;
  readonly at: ClientAction | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

/** A logo of nobody yet: its name, and where the console shows it. */
export interface KeptLogo {
  readonly name: string;
  readonly address: string;
}

export interface EditModel {
  readonly frame: Frame;
  /** Where a client is edited; a new one has none. */
  readonly client: { readonly id: string; readonly name: string; readonly seen: string; readonly waits: boolean; /** The version that is taken up again. */ readonly from?: number | undefined } | undefined;
  /** For a new one: the form that is sent twice names the same. */
  readonly newId: string | undefined;
  readonly types: readonly ClientType[];
  readonly first: readonly EditField[];
  readonly further: readonly EditField[];
  /** What may be asked for, and for each scope that gives data away its purpose and legal basis. */
  readonly scopes: readonly { readonly scope: string; readonly words: Sentence; readonly isTicked: boolean; readonly use: readonly EditField[] }[];
  /** Where a logo can be chosen: with a new one. */
  readonly logo: { readonly accept: string; readonly kilobytes: number; readonly pixels: string; /** Chosen in a form that was refused for something else. */ readonly kept: KeptLogo | undefined } | undefined;
  readonly values: Values & { readonly type: string };
  readonly checked: boolean;
  /** Something is wrong among the fields that are folded away. */
  readonly unfold: boolean;
  readonly errors: readonly FieldError[];
  /** Beside fields that are good enough to be saved. */
  readonly warnings: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export const listScreen = (model: ClientListModel): Screen<ClientListModel> => ({ view: 'admin/clients/list', title: say('admin.clients.list.title'), model });

export type ClientShown = Partial<Pick<ClientModel, 'waits' | 'rejected' | 'bridge' | 'newSecret' | 'done' | 'lacksKeys' | 'lacksAddresses' | 'at' | 'values' | 'errors' | 'problem'>>;

export function clientScreen(frame: Frame, client: Omit<Client, 'secrets'>, permissions: ReadonlySet<Permission>, more: ClientShown = {}): Screen<ClientModel> {
  const { id, type, status, metadata, createdAt, updatedAt } = client;
  const { client_id: _id, client_name: name, ...further } = membersOf(client);
  const possible: readonly ClientAction[] = status === 'draft' ? [] : [status === 'active' ? 'disable' : 'enable'];
  return {
    view: 'admin/clients/client',
    title: say('admin.clients.client.title'),
    model: {
      frame,
      client: { id, name: String(name), type, status, createdAt, updatedAt },
      settings: Object.entries(further)
        .map(([member, value]) => ({ ...showMember(member), values: showValues(member, value) }))
        .filter(({ values }) => values.length > 0),
      waits: false,
      rejected: undefined,
      bridge: undefined,
      actions: possible.filter((action) => permissions.has(rightFor[action])),
      hasSecrets: needsSecret(metadata),
      hasKeys: metadata.jwks !== undefined || metadata.jwks_uri !== undefined,
      mayWrite: permissions.has('clients.write'),
      newSecret: undefined,
      done: undefined,
      lacksKeys: false,
      lacksAddresses: false,
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

/** As they stand in the form, so that the summary is read from top to bottom. */
const order = ['type', ...firstFields.flatMap(({ name }) => (name === 'scope' ? [name, ...usedScopes.flatMap(useFields).map((use) => use.name)] : [name])), 'logo', ...furtherFields.map(({ name }) => name), 'why'];

export function editScreen(view: Pick<EditModel, 'frame' | 'client' | 'newId' | 'values'> & Partial<Pick<EditModel, 'checked' | 'errors' | 'warnings' | 'problem'>> & { readonly keptLogo?: KeptLogo | undefined }): Screen<EditModel> {
  const { checked = false, errors: found = [], warnings = [], problem, keptLogo, ...rest } = view;
  const asked = scopesIn(view.values);
  const errors = found.toSorted((one, other) => order.indexOf(one.field) - order.indexOf(other.field));
  const folded = new Set(furtherFields.map(({ name }) => name));
  return {
    view: 'admin/clients/edit',
    title: say(view.client === undefined ? 'admin.clients.edit.new' : 'admin.clients.edit.title'),
    model: { ...rest, types: clientTypes, first: firstFields, further: furtherFields, scopes: offeredScopes.map((scope) => ({ scope, words: existing(`sharing.scope.${scope}`) ?? say(`admin.clients.edit.scope.${scope}`), isTicked: asked.includes(scope), use: usedScopes.includes(scope) ? useFields(scope) : [] })), logo: view.client === undefined ? { accept: Object.values(logoTypes).join(','), kilobytes: LOGO_BYTES / 1024, pixels: String(LOGO_PIXELS), kept: keptLogo } : undefined, checked, unfold: [...errors, ...warnings].some(({ field }) => folded.has(field)), errors, warnings, problem },
  };
}

const frame = exampleFrame('clients', ['client-manager']);
const at = new Date('2026-11-20T08:40:00Z');
const clients: readonly ClientSummary[] = [
  { id: 'karirhub-contoh', name: 'Karirhub (contoh)', type: 'web', status: 'active', waits: true, updatedAt: at },
  { id: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab', name: 'Pelaporan WLKP untuk perusahaan di seluruh provinsi (contoh)', type: 'machine', status: 'disabled', waits: false, updatedAt: at },
];
const list: ClientListModel = { frame, values: { q: '', status: '' }, clients, next: '#', mayWrite: true };
const client: Omit<Client, 'secrets'> = {
  id: 'karirhub-contoh',
  status: 'active',
  type: 'web',
  metadata: {
    client_id: 'karirhub-contoh',
    client_name: 'Karirhub (contoh)',
    redirect_uris: ['https://karirhub.contoh.test/masuk/kembali', 'https://uji.karirhub.contoh.test/masuk/kembali'],
    scope: 'openid profile email',
    grant_types: ['authorization_code', 'refresh_token'],
    data_use: { profile: { purpose: { id: 'mengisi formulir lamaran', en: 'filling in the application form' }, legal_basis: 'public-task' } },
    first_party: true,
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  },
  listing: { url: 'https://karirhub.contoh.test/', id: 'Lowongan kerja', en: 'Job openings' },
  createdAt: new Date('2026-09-02T03:12:00Z'),
  updatedAt: at,
};

const rejected: ClientModel['rejected'] = { number: 3, by: namesFrom({ people: { '0b9c7a11-9c1d-4a53-8a1e-0123456789ab': 'Budi Contoh Santoso' } }).actor('operator:0b9c7a11-9c1d-4a53-8a1e-0123456789ab'), at, note: 'host layanan-lain.test bukan milik Karirhub; minta timnya memakai domain sendiri' };

export const examples: Examples = {
  'list: with search': listScreen(list),
  'list: nothing found': listScreen({ ...list, values: { q: 'tiada', status: 'disabled' }, clients: [], next: undefined, mayWrite: false }),
  'client: settings': clientScreen(frame, client, permissionsOf(['client-manager'])),
  'client: still calls the former interface': clientScreen(frame, { ...client, metadata: { ...client.metadata, bridge: { until: '2027-06-30', state_required: true }, resources: { 'https://api.karirhub.contoh.test/': ['lamaran:baca'] } } }, permissionsOf(['client-manager']), {
    bridge: { until: '2027-06-30', uses: [{ clientId: client.id, call: 'sign-in', uses: 1204, last: '2026-11-25' }, { clientId: client.id, call: 'tokens', uses: 1188, last: '2026-11-25' }] },
  }),
  'client: has left the former interface': clientScreen(frame, { ...client, metadata: { ...client.metadata, bridge: { until: '2027-06-30' } } }, permissionsOf(['client-manager']), { bridge: { until: '2027-06-30', uses: [] } }),
  'client: new secret': clientScreen(frame, client, permissionsOf(['client-manager']), { newSecret: 'contoh-rahasia-yang-hanya-tampil-sekali-000', done: 'created' }),
  'client: saved, and the keys are not there yet': clientScreen(frame, client, permissionsOf(['client-manager']), { waits: true, done: 'proposed', lacksKeys: true }),
  'client: stopped, for a reader': clientScreen(frame, { ...client, status: 'disabled' }, permissionsOf(['support'])),
  'client: a draft, for whoever approves': clientScreen(frame, { ...client, status: 'draft' }, permissionsOf(['client-approver']), { waits: true, done: 'created' }),
  'client: the last proposal was rejected': clientScreen(frame, client, permissionsOf(['client-manager']), { rejected }),
  'client: a draft that was rejected, for a reader': clientScreen(frame, { ...client, status: 'draft' }, permissionsOf(['support']), { rejected }),
  'client: reason too short': clientScreen(frame, client, permissionsOf(['client-manager']), { at: 'disable', values: { reason: 'iseng' }, errors: [{ field: 'disable-reason', sentence: say('admin.reason.refusal.reason-short') }] }),
  'edit: new': editScreen({ frame, client: undefined, newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab', values: { ...emptyValues, type: 'web' } }),
  'edit: refused': editScreen({
    frame,
    client: { id: client.id, name: client.metadata.client_name, seen: at.toISOString(), waits: true },
    newId: undefined,
    values: { ...emptyValues, type: 'web', scope: 'openid profile nik', client_name: 'Karirhub (contoh)', redirect_uris: 'https://*.contoh.test/kembali', jwks_uri: 'http://contoh.test/jwks' },
    errors: [
      { field: 'redirect_uris', label: labelOf('redirect_uris'), line: 1, sentence: say('admin.clients.problem.wildcard') },
      { field: 'jwks_uri', label: labelOf('jwks_uri'), sentence: say('admin.clients.problem.https') },
      { field: 'use_nik_id', label: labelOf('use_nik_id'), sentence: say('admin.clients.problem.data-use') },
    ],
  }),
  'edit: a logo was chosen, something else is wrong': editScreen({ frame, client: undefined, newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab', values: { ...emptyValues, type: 'web' }, keptLogo: { name: `${'0'.repeat(64)}.png`, address: '/icon.png' }, errors: [{ field: 'client_name', label: labelOf('client_name'), sentence: say('admin.clients.problem.empty') }] }),
  'edit: checked': editScreen({ frame, client: undefined, newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab', values: { ...emptyValues, type: 'spa', client_name: 'Portal contoh', redirect_uris: 'https://spa.contoh.test/kembali' }, checked: true }),
  'edit: checked, and the keys are not there yet': editScreen({
    frame,
    client: undefined,
    newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    values: { ...emptyValues, type: 'web', client_name: 'Karirhub (contoh)', redirect_uris: 'https://karirhub.contoh.test/kembali', jwks_uri: 'https://karirhub.contoh.test/jwks' },
    checked: true,
    warnings: [{ field: 'jwks_uri', label: labelOf('jwks_uri'), sentence: say('admin.clients.problem.keys-status', { status: '404' }) }],
  }),
};
