import { changesBetween, checkStandingOf, type ClientDescription } from '../../domain/client-change.ts';
import type { Client, ClientVersion } from '../../domain/client.ts';
import { say, type Examples, type FieldError, type Screen, type Sentence } from '../../web/screen.ts';
import { exampleFrame, type Frame } from '../frame.ts';
import { namesFrom, type Names, type ShownActor } from '../names.ts';
import { addressRules, type AddressesJudged, type AddressMember } from './address-rules.ts';
import { explain } from './explain.ts';
import { showChange, showNew, type ShownChange } from './present.ts';

export const decisions = ['approve', 'reject', 'waive', 'renew', 'withdraw'] as const;
export type Decision = (typeof decisions)[number];

type Named = Pick<Client, 'id' | 'status'> & { readonly name: string };

interface Moment {
  readonly by: ShownActor;
  readonly at: Date;
  readonly why: string | undefined;
}

export interface ProposalModel {
  readonly frame: Frame;
  readonly client: Named;
  readonly proposal: Moment & { readonly number: number; readonly edition: number; readonly involved: readonly ShownActor[] };
  /** Nobody has approved anything of it yet. */
  readonly isNew: boolean;
  readonly changes: readonly ShownChange[];
  readonly isStale: boolean;
  readonly check: 'needless' | 'passed' | 'missing' | 'waived';
  readonly waiver: Moment | undefined;
  /** What stands at the service's addresses at this moment, where one is new or what is there has to be good for something else. */
  readonly looked: readonly { readonly member: AddressMember; readonly state: 'good' | 'away' | 'wrong'; readonly sentences: readonly Sentence[] }[];
  /** This operator had a hand in it. */
  readonly isOwn: boolean;
  readonly may: readonly Decision[];
  readonly at: Decision | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface ProposalView extends Partial<Pick<ProposalModel, 'at' | 'values' | 'errors' | 'problem'>> {
  readonly frame: Frame;
  readonly names: Names;
  readonly client: Omit<Client, 'secrets'>;
  readonly open: ClientVersion;
  readonly hasPassed: boolean;
  readonly isStale: boolean;
  readonly looked: AddressesJudged | undefined;
  readonly isOwn: boolean;
  readonly rights: { readonly approve: boolean; readonly waive: boolean; readonly write: boolean };
}

const toNamed = ({ id, status, metadata }: Pick<Client, 'id' | 'status' | 'metadata'>): Named => ({ id, status, name: metadata.client_name });
const momentsBy =
  (names: Names) =>
  ({ by, at, reason }: { readonly by: string; readonly at: Date; readonly reason?: string | undefined }): Moment => ({ by: names.actor(by), at, why: reason });

/** Everybody whom a version names. */
export const signaturesOf = ({ proposedBy, involved, decided, waiver }: ClientVersion): readonly string[] => [proposedBy, ...involved, ...(decided === undefined ? [] : [decided.by]), ...(waiver === undefined ? [] : [waiver.by])];

function showLooked({ problems, warnings, looked, keys }: AddressesJudged): ProposalModel['looked'] {
  return looked.flatMap((member): ProposalModel['looked'] => {
    const [wrong, away] = [problems, warnings].map((found) => found.filter(({ field }) => field === member).map(({ what }) => explain(what))) as [Sentence[], Sentence[]];
    const found = [...wrong, ...away];
    if (found.length > 0) return [{ member, state: wrong.length > 0 ? 'wrong' : 'away', sentences: found }];
    // Of a good address at which nothing is read there is nothing to say.
    if (addressRules[member].read === undefined) return [];
    return [{ member, state: 'good', sentences: [member === 'jwks_uri' ? say('admin.clients.proposal.keys.good', { count: keys ?? 0 }) : say('admin.clients.proposal.keys.list')] }];
  });
}

export function proposalScreen({ frame, names, client, open, hasPassed, isStale, looked, isOwn, rights, ...more }: ProposalView): Screen<ProposalModel> {
  const toMoment = momentsBy(names);
  const before: ClientDescription | undefined = client.status === 'draft' ? undefined : client;
  const check = checkStandingOf(before, open, hasPassed);
  const judges = rights.approve && !isOwn;
  const may: Readonly<Record<Decision, boolean>> = { approve: judges && !isStale && check !== 'missing', reject: judges, waive: rights.waive && !isOwn && check === 'missing', renew: rights.write && isStale, withdraw: rights.write };
  return {
    view: 'admin/clients/proposal',
    title: say('admin.clients.proposal.title'),
    model: {
      frame,
      client: toNamed(client),
      proposal: { number: open.number, edition: open.edition, ...toMoment({ by: open.proposedBy, at: open.proposedAt, reason: open.reason }), involved: open.involved.filter((one) => one !== open.proposedBy).map((one) => names.actor(one)) },
      isNew: before === undefined,
      changes: (before === undefined ? showNew(open) : changesBetween(before, open).map(showChange)).filter(({ name }) => name !== 'client_id'),
      isStale,
      check,
      waiver: open.waiver === undefined ? undefined : toMoment(open.waiver),
      looked: looked === undefined ? [] : showLooked(looked),
      isOwn,
      may: decisions.filter((decision) => may[decision]),
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

export interface HistoryModel {
  readonly frame: Frame;
  readonly client: Named;
  readonly versions: readonly {
    readonly number: number;
    readonly state: ClientVersion['state'];
    readonly isInEffect: boolean;
    readonly proposed: Moment;
    readonly decided: Moment | undefined;
    readonly waiver: Moment | undefined;
    /** Against the version that it was made on top of; the first one has nothing to be compared with. */
    readonly changes: readonly ShownChange[] | undefined;
    readonly mayReturn: boolean;
  }[];
  readonly at: number | undefined;
  readonly values: { readonly reason: string };
  readonly errors: readonly FieldError[];
  readonly problem: Sentence | undefined;
}

export interface HistoryView extends Partial<Pick<HistoryModel, 'at' | 'values' | 'errors' | 'problem'>> {
  readonly frame: Frame;
  readonly names: Names;
  readonly client: Omit<Client, 'secrets'>;
  readonly versions: readonly ClientVersion[];
  readonly mayWrite: boolean;
}

export function historyScreen({ frame, names, client, versions, mayWrite, ...more }: HistoryView): Screen<HistoryModel> {
  const toMoment = momentsBy(names);
  const byNumber = new Map(versions.map((version) => [version.number, version]));
  return {
    view: 'admin/clients/history',
    title: say('admin.clients.history.title'),
    model: {
      frame,
      client: toNamed(client),
      versions: versions.map((version) => {
        const base = version.base === undefined ? undefined : byNumber.get(version.base);
        return {
          number: version.number,
          state: version.state,
          isInEffect: version.number === client.version,
          proposed: toMoment({ by: version.proposedBy, at: version.proposedAt, reason: version.reason }),
          // What took effect at once was decided by nobody else.
          decided: version.decided === undefined || (version.state === 'approved' && version.decided.by === version.proposedBy) ? undefined : toMoment({ ...version.decided, reason: version.decided.note }),
          waiver: version.waiver === undefined ? undefined : toMoment(version.waiver),
          changes: base === undefined ? undefined : changesBetween(base, version).map(showChange),
          mayReturn: mayWrite && version.state === 'approved' && version.number !== client.version,
        };
      }),
      at: undefined,
      values: { reason: '' },
      errors: [],
      problem: undefined,
      ...more,
    },
  };
}

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
const client: Omit<Client, 'secrets'> = { id: 'karirhub-contoh', status: 'active', type: 'web', metadata, listing: undefined, version: 2, createdAt: at, updatedAt: at };
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
    data_use: { nik: { purpose: { id: 'mencocokkan lamaran dengan data pencari kerja', en: 'matching applications with job seekers’ data' }, legal_basis: 'public-task' } },
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
const names = namesFrom({ people: { [siti.slice('operator:'.length)]: 'Siti Contoh Rahmawati', [budi.slice('operator:'.length)]: 'Budi Contoh Santoso' }, clients: { robot: 'Robot pendaftaran (contoh)' } });
const view: ProposalView = { frame, names, client, open, hasPassed: true, isStale: false, looked: undefined, isOwn: false, rights: { ...none, approve: true } };
const first: ClientVersion = { ...open, number: 1, state: 'approved', base: undefined, edition: 1, metadata: { ...metadata, scope: 'openid' }, involved: ['operator'], proposedBy: 'operator', reason: undefined, decided: { by: 'operator', note: undefined, at } };
const second: ClientVersion = { ...open, number: 2, state: 'approved', base: 1, metadata, decided: { by: budi, note: 'alamat dan tujuan sudah diperiksa', at }, waiver: { by: budi, reason: 'pustaka yang sama dengan layanan lain', at } };

export const examples: Examples = {
  'proposal: to be judged': proposalScreen(view),
  'proposal: of one’s own, on top of another version': proposalScreen({ ...view, isStale: true, isOwn: true, rights: { ...none, write: true } }),
  'proposal: a new application without the check': proposalScreen({ ...view, client: { ...client, status: 'draft', version: undefined }, open: { ...open, base: undefined }, hasPassed: false, rights: { ...none, waive: true } }),
  'proposal: the keys are there': proposalScreen({ ...view, looked: { problems: [], warnings: [], looked: ['jwks_uri', 'sector_identifier_uri'], keys: 2 } }),
  'proposal: the keys are not there yet': proposalScreen({ ...view, looked: { problems: [], warnings: [{ field: 'jwks_uri', what: 'cannot be reached now: no answer in time' }], looked: ['jwks_uri'], keys: undefined } }),
  'proposal: the keys are not good': proposalScreen({ ...view, looked: { problems: [{ field: 'sector_identifier_uri', what: 'does not list https://contoh.test/kembali: every redirect URI has to stand there, to the letter' }, { field: 'jwks_uri', what: 'key 1 is too weak: RSA needs 2048 bits' }, { field: 'jwks_uri', what: 'holds no key for ES256, which token_endpoint_auth_signing_alg asks for (a key that signs)' }], warnings: [], looked: ['jwks_uri', 'sector_identifier_uri'], keys: 1 } }),
  'proposal: reason too short': proposalScreen({ ...view, at: 'reject', values: { reason: 'tidak' }, errors: [{ field: 'reject-reason', sentence: say('admin.reason.refusal.reason-short') }] }),
  'history: of three versions': historyScreen({ frame: exampleFrame('clients', ['client-manager']), names, client, versions: [open, second, first], mayWrite: true }),
  'history: none yet': historyScreen({ frame, names, client, versions: [], mayWrite: false }),
};
