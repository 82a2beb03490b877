import type { Client } from '../../domain/client.ts';
import { permissionsOf } from '../../domain/operator.ts';
import type { ClientSummary } from '../../store/clients.ts';
import { say, type Examples } from '../../web/screen.ts';
import { exampleFrame } from '../frame.ts';
import { namesFrom } from '../names.ts';
import { emptyValues } from './edit-form.ts';
import { labelOf } from './explain.ts';
import { clientScreen, editScreen, listScreen, type ClientListModel, type ClientModel } from './screens.ts';

const frame = exampleFrame('clients', ['client-manager']);
const at = new Date('2026-11-20T08:40:00Z');
const clients: readonly ClientSummary[] = [
  { id: 'karirhub-contoh', name: 'Karirhub (contoh)', type: 'web', status: 'active', waits: true, updatedAt: at },
  {
    id: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    name: 'Pelaporan WLKP untuk perusahaan di seluruh provinsi (contoh)',
    type: 'machine',
    status: 'disabled',
    waits: false,
    updatedAt: at,
  },
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
    data_use: {
      profile: {
        purpose: { id: 'mengisi formulir lamaran', en: 'filling in the application form' },
        legal_basis: 'public-task',
      },
    },
    first_party: true,
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  },
  listing: { url: 'https://karirhub.contoh.test/', id: 'Lowongan kerja', en: 'Job openings' },
  createdAt: new Date('2026-09-02T03:12:00Z'),
  updatedAt: at,
};

const rejected: ClientModel['rejected'] = {
  number: 3,
  by: namesFrom({ people: { '0b9c7a11-9c1d-4a53-8a1e-0123456789ab': 'Budi Contoh Santoso' } }).actor(
    'operator:0b9c7a11-9c1d-4a53-8a1e-0123456789ab',
  ),
  at,
  note: 'host layanan-lain.test bukan milik Karirhub; minta timnya memakai domain sendiri',
};

export const examples: Examples = {
  'list: with search': listScreen(list),
  'list: nothing found': listScreen({
    ...list,
    values: { q: 'tiada', status: 'disabled' },
    clients: [],
    next: undefined,
    mayWrite: false,
  }),
  'client: settings': clientScreen(frame, client, permissionsOf(['client-manager'])),
  'client: still calls the former interface': clientScreen(
    frame,
    {
      ...client,
      metadata: {
        ...client.metadata,
        bridge: { until: '2027-06-30', state_required: true },
        resources: { 'https://api.karirhub.contoh.test/': ['lamaran:baca'] },
      },
    },
    permissionsOf(['client-manager']),
    {
      bridge: {
        until: '2027-06-30',
        uses: [
          { clientId: client.id, call: 'sign-in', uses: 1204, last: '2026-11-25' },
          { clientId: client.id, call: 'tokens', uses: 1188, last: '2026-11-25' },
        ],
      },
    },
  ),
  'client: has left the former interface': clientScreen(
    frame,
    { ...client, metadata: { ...client.metadata, bridge: { until: '2027-06-30' } } },
    permissionsOf(['client-manager']),
    { bridge: { until: '2027-06-30', uses: [] } },
  ),
  'client: new secret': clientScreen(frame, client, permissionsOf(['client-manager']), {
    newSecret: 'contoh-rahasia-yang-hanya-tampil-sekali-000',
    done: 'created',
  }),
  'client: saved, and the keys are not there yet': clientScreen(frame, client, permissionsOf(['client-manager']), {
    waits: true,
    done: 'proposed',
    lacksKeys: true,
  }),
  'client: stopped, for a reader': clientScreen(frame, { ...client, status: 'disabled' }, permissionsOf(['support'])),
  'client: a draft, for whoever approves': clientScreen(
    frame,
    { ...client, status: 'draft' },
    permissionsOf(['client-approver']),
    { waits: true, done: 'created' },
  ),
  'client: the last proposal was rejected': clientScreen(frame, client, permissionsOf(['client-manager']), {
    rejected,
  }),
  'client: a draft that was rejected, for a reader': clientScreen(
    frame,
    { ...client, status: 'draft' },
    permissionsOf(['support']),
    { rejected },
  ),
  'client: reason too short': clientScreen(frame, client, permissionsOf(['client-manager']), {
    at: 'disable',
    values: { reason: 'iseng' },
    errors: [{ field: 'disable-reason', sentence: say('admin.reason.refusal.reason-short') }],
  }),
  'edit: new': editScreen({
    frame,
    client: undefined,
    newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    values: { ...emptyValues, type: 'web' },
  }),
  'edit: refused': editScreen({
    frame,
    client: { id: client.id, name: client.metadata.client_name, seen: at.toISOString(), waits: true },
    newId: undefined,
    values: {
      ...emptyValues,
      type: 'web',
      scope: 'openid profile nik',
      client_name: 'Karirhub (contoh)',
      redirect_uris: 'https://*.contoh.test/kembali',
      jwks_uri: 'http://contoh.test/jwks',
    },
    errors: [
      {
        field: 'redirect_uris',
        label: labelOf('redirect_uris'),
        line: 1,
        sentence: say('admin.clients.problem.wildcard'),
      },
      { field: 'jwks_uri', label: labelOf('jwks_uri'), sentence: say('admin.clients.problem.https') },
      { field: 'use_nik_id', label: labelOf('use_nik_id'), sentence: say('admin.clients.problem.data-use') },
    ],
  }),
  'edit: a logo was chosen, something else is wrong': editScreen({
    frame,
    client: undefined,
    newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    values: { ...emptyValues, type: 'web' },
    keptLogo: { name: `${'0'.repeat(64)}.png`, address: '/icon.png' },
    errors: [{ field: 'client_name', label: labelOf('client_name'), sentence: say('admin.clients.problem.empty') }],
  }),
  'edit: checked': editScreen({
    frame,
    client: undefined,
    newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    values: {
      ...emptyValues,
      type: 'spa',
      client_name: 'Portal contoh',
      redirect_uris: 'https://spa.contoh.test/kembali',
    },
    checked: true,
  }),
  'edit: checked, and the keys are not there yet': editScreen({
    frame,
    client: undefined,
    newId: 'e9a0c2f4-1b7d-4e5a-9c3f-0123456789ab',
    values: {
      ...emptyValues,
      type: 'web',
      client_name: 'Karirhub (contoh)',
      redirect_uris: 'https://karirhub.contoh.test/kembali',
      jwks_uri: 'https://karirhub.contoh.test/jwks',
    },
    checked: true,
    warnings: [
      {
        field: 'jwks_uri',
        label: labelOf('jwks_uri'),
        sentence: say('admin.clients.problem.keys-status', { status: '404' }),
      },
    ],
  }),
};
