import { citizens, type CitizenId } from '../domain/sandbox-citizens.ts';
import { scenarioById, type ScenarioId } from '../domain/check-scenarios.ts';
import { judge } from '../domain/check-judge.ts';
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
  readonly scopes: readonly string[];
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

export function sandboxSignInScreen({ scenario, ...model }: Omit<SandboxSignInModel, 'citizens'>): Screen<SandboxSignInModel> {
  const wanted = scenario === undefined ? undefined : scenarioById(scenario);
  const only = wanted !== undefined && 'citizen' in wanted ? wanted.citizen : undefined;
  return { view: 'sandbox/sign-in', title: say('sandbox.sign-in.title'), model: { ...model, scenario, citizens: only === undefined ? names : names.filter(({ id }) => id === only) } };
}

export const sandboxConsentScreen = (model: SandboxConsentModel): Screen<SandboxConsentModel> => ({ view: 'sandbox/consent', title: say('sandbox.consent.title'), model });
/** For the service's own team. */
export const checkScreen = (model: CheckModel): Screen<CheckModel> => ({ view: 'sandbox/check', title: say('sandbox.check.title'), model });

const service = { name: 'Karirhub (contoh)' };
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 26, 3, minute));
const example: ClientCheck = { id: '1', clientId: 'karirhub-contoh', fingerprint: 'x', startedBy: 'operator', startedAt: at(0), endedAt: undefined, passedAt: undefined, scenario: 'wrong-state', scenarioAt: at(5) };
const seen = (scenario: string, ...kinds: readonly [string, object][]) => [['begun', {}] as const, ...kinds].map(([kind, details]) => ({ scenario, kind, details: details as Record<string, unknown>, at: at(4) }));
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
  history: [example, { ...example, id: '0', startedAt: new Date('2026-11-20T02:00:00Z'), endedAt: new Date('2026-11-20T03:00:00Z'), passedAt: new Date('2026-11-20T02:40:00Z') }],
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
const untouched = { check: undefined, isOpen: false, findings: [], history: [] };

export const examples: Examples = {
  'sign-in: who?': sandboxSignInScreen({ service, action: '#', cancel: '#', scenario: undefined }),
  'sign-in: of a check': sandboxSignInScreen({ service, action: '#', cancel: '#', scenario: 'no-email' }),
  'consent: free': sandboxConsentScreen({ service, action: '#', person: 'Suharti', scopes: ['profile', 'email', 'nik'], scenario: undefined }),
  'consent: to be denied': sandboxConsentScreen({ service, action: '#', person: 'Budi Uji Santoso', scopes: ['profile'], scenario: 'denied' }),
  'check: not begun': checkScreen({ ...exampleCheck, ...untouched }),
  'check: under way': checkScreen(exampleCheck),
  'check: without test addresses': checkScreen({ ...exampleCheck, ...untouched, hasTestUris: false }),
};
