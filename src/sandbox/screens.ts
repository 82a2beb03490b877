import { citizens, type CitizenId, type SandboxCitizen } from '../domain/sandbox-citizens.ts';
import { scenarioById, type ScenarioId } from '../domain/check-scenarios.ts';
import { judge } from '../domain/check-judge.ts';
import { sharesOf, toldBy, type ConsentKind, type Declared, type Share } from '../domain/sharing.ts';
import type { ClientCheck } from '../store/client-checks.ts';
import { say, type Examples, type Screen, type Sentence } from '../web/screen.ts';
import type { CheckReport } from './checks.ts';

export interface SandboxSignInModel {
  readonly service: { readonly name: string };
  readonly action: string;
  readonly cancel: string;
  readonly citizens: readonly { readonly id: CitizenId; readonly name: string }[];
  /** The scenario of a check that this sign-in belongs to: it says who signs in. */
  readonly scenario: ScenarioId | undefined;
}

export interface SandboxConsentModel {
  readonly service: { readonly name: string };
  readonly action: string;
  readonly person: string;
  /** What the registration says of it stands here as citizens will read it. */
  readonly shares: readonly Share[];
  /** Of an invented person, and so in full. */
  readonly values: Readonly<Record<string, string>>;
  /** How the real sign-on brings it up; undefined where it would find nothing to say. */
  readonly reallyBy: ConsentKind | undefined;
  readonly scenario: ScenarioId | undefined;
}

/** What the pages of the check show, at the console and behind a personal link alike. */
export interface CheckModel extends CheckReport {
  readonly client: { readonly id: string; readonly name: string };
  /** What forms post to begins with it. */
  readonly base: string;
  readonly mayAct: boolean;
  readonly hasTestUris: boolean;
  /** The issuer that the service is set to for this. */
  readonly issuer: string;
  /** Where the service begins a sign-in, if its registration says so. */
  readonly startUrl: string | undefined;
  readonly problem: Sentence | undefined;
}

const names = citizens.map(({ id, claims }) => ({ id, name: claims.name }));

export function sandboxSignInScreen({
  scenario,
  ...model
}: Omit<SandboxSignInModel, 'citizens'>): Screen<SandboxSignInModel> {
  const wanted = scenario === undefined ? undefined : scenarioById(scenario);
  const only = wanted !== undefined && 'citizen' in wanted ? wanted.citizen : undefined;
  return {
    view: 'sandbox/sign-in',
    title: say('sandbox.sign-in.title'),
    model: { ...model, scenario, citizens: only === undefined ? names : names.filter(({ id }) => id === only) },
  };
}

const DATUM_OF = { profile: 'name', email: 'email', phone: 'phone_number', nik: 'nik' } as const;

export interface SandboxConsent extends Pick<SandboxConsentModel, 'service' | 'action' | 'shares' | 'scenario'> {
  readonly citizen: Pick<SandboxCitizen, 'claims'>;
  readonly registered: Declared;
}

export function sandboxConsentScreen({
  citizen: { claims },
  registered,
  ...model
}: SandboxConsent): Screen<SandboxConsentModel> {
  const values = Object.fromEntries(
    Object.entries(DATUM_OF).flatMap(([scope, claim]) =>
      typeof claims[claim] === 'string' ? [[scope, claims[claim]]] : [],
    ),
  );
  const reallyBy = model.shares.length === 0 ? undefined : toldBy(registered, model.shares);
  return {
    view: 'sandbox/consent',
    title: say('sandbox.consent.title'),
    model: { ...model, person: String(claims.name), values, reallyBy },
  };
}

/** For the service's own team. */
export const checkScreen = (model: CheckModel): Screen<CheckModel> => ({
  view: 'sandbox/check',
  title: say('sandbox.check.title'),
  model,
});

const service = { name: 'Karirhub (contoh)' };
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 26, 3, minute));
const example: ClientCheck = {
  id: '1',
  clientId: 'karirhub-contoh',
  fingerprint: 'x',
  startedBy: 'operator',
  startedAt: at(0),
  endedAt: undefined,
  passedAt: undefined,
  scenario: 'wrong-state',
  scenarioAt: at(5),
};
const seen = (scenario: string, ...kinds: readonly [string, object][]) =>
  [['begun', {}] as const, ...kinds].map(([kind, details]) => ({
    scenario,
    kind,
    details: details as Record<string, unknown>,
    at: at(4),
  }));
const metadata = { client_id: 'karirhub-contoh', client_name: service.name };

/** A run in its middle: something of everything. */
export const exampleCheck: CheckModel = {
  client: { id: 'karirhub-contoh', name: service.name },
  base: '#',
  mayAct: true,
  hasTestUris: true,
  issuer: 'https://akun.contoh.test/sandbox',
  startUrl: 'https://uji.karirhub.contoh.test/masuk',
  problem: undefined,
  check: example,
  isOpen: true,
  history: [
    example,
    {
      ...example,
      id: '0',
      startedAt: new Date('2026-11-20T02:00:00Z'),
      endedAt: new Date('2026-11-20T03:00:00Z'),
      passedAt: new Date('2026-11-20T02:40:00Z'),
    },
  ],
  findings: judge(
    [
      ...seen('plain', ['asked', {}], ['sent', {}], ['token', { ok: true }], ['page', { status: 200, place: 'x' }]),
      ...seen('single-name', ['asked', {}], ['sent', {}], ['token', { ok: true }]),
      ...seen('no-email', ['asked', {}], ['sent', {}], ['token', { ok: true }], ['page', { status: 500, place: 'x' }]),
      ...seen('wrong-state', ['asked', {}], ['sent', {}], ['token', { ok: true }]),
    ],
    metadata,
  ),
};
const use: Declared['data_use'] = {
  profile: {
    purpose: { id: 'Menulis nama Anda pada surat lamaran.', en: 'Putting your name on letters of application.' },
    legal_basis: 'consent',
  },
  nik: {
    purpose: {
      id: 'Memeriksa apakah Anda berhak menerima bantuan subsidi upah tahun ini.',
      en: 'Checking whether you are entitled to the wage subsidy of this year.',
    },
    legal_basis: 'legal-obligation',
  },
};
const [ordinary, , , , noEmail] = citizens;
const asked = (
  citizen: Pick<SandboxCitizen, 'claims'>,
  registered: Declared,
  scopes: readonly string[],
  scenario?: ScenarioId,
) =>
  sandboxConsentScreen({ service, action: '#', citizen, registered, shares: sharesOf(registered, scopes), scenario });
const untouched = { check: undefined, isOpen: false, findings: [], history: [] };

export const examples: Examples = {
  'sign-in: who?': sandboxSignInScreen({ service, action: '#', cancel: '#', scenario: undefined }),
  'sign-in: of a check': sandboxSignInScreen({ service, action: '#', cancel: '#', scenario: 'no-email' }),
  'consent: free': asked(ordinary, { data_use: use }, ['profile', 'nik']),
  'consent: to be denied': asked(ordinary, { data_use: use }, ['profile'], 'denied'),
  'consent: no purpose, no datum': asked(noEmail, { data_use: use }, ['profile', 'email']),
  'consent: a service of the house': asked(ordinary, { data_use: use, first_party: true }, ['nik']),
  'check: not begun': checkScreen({ ...exampleCheck, ...untouched }),
  'check: under way': checkScreen(exampleCheck),
  'check: without test addresses': checkScreen({ ...exampleCheck, ...untouched, hasTestUris: false }),
};
