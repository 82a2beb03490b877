import type { Client, ClientVersion } from '../../domain/client.ts';
import { say, type Examples } from '../../web/screen.ts';
import { exampleFrame } from '../frame.ts';
import { namesFrom } from '../names.ts';
import { historyScreen, proposalScreen, type ProposalView } from './review-screens.ts';

const at = new Date('2026-11-20T08:40:00Z');
const metadata = {
  client_id: 'karirhub-contoh',
  client_name: 'Karirhub (contoh)',
  redirect_uris: ['https://karirhub.contoh.test/masuk/kembali', 'https://uji.karirhub.contoh.test/masuk/kembali'],
  scope: 'openid profile email',
  grant_types: ['authorization_code'],
  contacts: ['tim@karirhub.contoh.test'],
  first_party: true,
};
const client: Omit<Client, 'secrets'> = {
  id: 'karirhub-contoh',
  status: 'active',
  type: 'web',
  metadata,
  listing: undefined,
  version: 2,
  createdAt: at,
  updatedAt: at,
};
const siti = 'operator:7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab';
const budi = 'operator:0b9c7a11-9c1d-4a53-8a1e-0123456789ab';
const why = 'tiket 2042, diminta pengelola Karirhub';
const open: ClientVersion = {
  clientId: client.id,
  number: 3,
  state: 'proposed',
  base: 2,
  edition: 2,
  metadata: {
    ...metadata,
    redirect_uris: ['https://karirhub.contoh.test/masuk/kembali', 'https://karirhub-contoh.layanan-lain.test/kembali'],
    scope: 'openid profile email nik',
    data_use: {
      nik: {
        purpose: {
          id: 'mencocokkan lamaran dengan data pencari kerja',
          en: 'matching applications with job seekers’ data',
        },
        legal_basis: 'public-task',
      },
    },
    contacts: ['layanan@karirhub.contoh.test'],
    first_party: false,
  },
  listing: undefined,
  widens: ['redirect_uris', 'scope', 'data_use'],
  proposedBy: siti,
  involved: [siti, 'client:robot'],
  reason: why,
  proposedAt: at,
  decided: undefined,
  waiver: undefined,
};
const frame = exampleFrame('clients', ['client-approver']);
const none = { approve: false, waive: false, write: false };
const names = namesFrom({
  people: {
    [siti.slice('operator:'.length)]: 'Siti Contoh Rahmawati',
    [budi.slice('operator:'.length)]: 'Budi Contoh Santoso',
  },
  clients: { robot: 'Robot pendaftaran (contoh)' },
});
const view: ProposalView = {
  frame,
  names,
  client,
  open,
  hasPassed: true,
  isStale: false,
  looked: undefined,
  isOwn: false,
  rights: { ...none, approve: true },
};
const first: ClientVersion = {
  ...open,
  number: 1,
  state: 'approved',
  base: undefined,
  edition: 1,
  metadata: { ...metadata, scope: 'openid' },
  involved: ['operator'],
  proposedBy: 'operator',
  reason: undefined,
  decided: { by: 'operator', note: undefined, at },
};
const second: ClientVersion = {
  ...open,
  number: 2,
  state: 'approved',
  base: 1,
  metadata,
  decided: { by: budi, note: 'alamat dan tujuan sudah diperiksa', at },
  waiver: { by: budi, reason: 'pustaka yang sama dengan layanan lain', at },
};

export const examples: Examples = {
  'proposal: to be judged': proposalScreen(view),
  'proposal: of one’s own, on top of another version': proposalScreen({
    ...view,
    isStale: true,
    isOwn: true,
    rights: { ...none, write: true },
  }),
  'proposal: a new application without the check': proposalScreen({
    ...view,
    client: { ...client, status: 'draft', version: undefined },
    open: { ...open, base: undefined },
    hasPassed: false,
    rights: { ...none, waive: true },
  }),
  'proposal: the keys are there': proposalScreen({
    ...view,
    looked: { problems: [], warnings: [], looked: ['jwks_uri', 'sector_identifier_uri'], keys: 2 },
  }),
  'proposal: the keys are not there yet': proposalScreen({
    ...view,
    looked: {
      problems: [],
      warnings: [{ field: 'jwks_uri', what: 'cannot be reached now: no answer in time' }],
      looked: ['jwks_uri'],
      keys: undefined,
    },
  }),
  'proposal: the keys are not good': proposalScreen({
    ...view,
    looked: {
      problems: [
        {
          field: 'sector_identifier_uri',
          what: 'does not list https://contoh.test/kembali: every redirect URI has to stand there, to the letter',
        },
        { field: 'jwks_uri', what: 'key 1 is too weak: RSA needs 2048 bits' },
        {
          field: 'jwks_uri',
          what: 'holds no key for ES256, which token_endpoint_auth_signing_alg asks for (a key that signs)',
        },
      ],
      warnings: [],
      looked: ['jwks_uri', 'sector_identifier_uri'],
      keys: 1,
    },
  }),
  'proposal: reason too short': proposalScreen({
    ...view,
    at: 'reject',
    values: { reason: 'tidak' },
    errors: [{ field: 'reject-reason', sentence: say('admin.reason.refusal.reason-short') }],
  }),
  'history: of three versions': historyScreen({
    frame: exampleFrame('clients', ['client-manager']),
    names,
    client,
    versions: [open, second, first],
    mayWrite: true,
  }),
  'history: none yet': historyScreen({ frame, names, client, versions: [], mayWrite: false }),
};
