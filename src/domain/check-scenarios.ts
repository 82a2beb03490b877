import type { ClientMetadata } from './client.ts';
import type { CitizenId } from './sandbox-citizens.ts';

/** What the sandbox does differently from a plain sign-in. */
export type Bend = 'deny' | 'state' | 'iss' | 'nonce' | 'key';
/** A logout token, good or bad. */
export type NoticeKind = 'valid' | 'forged' | 'expired' | 'nonce';

/**
 * What a service that handles it does: lets the person in, explains the refusal, or refuses the answer before or after
 * redeeming its code.
 */
type Expectation = 'in' | 'turned-back' | 'refused-before' | 'refused-after' | 'refreshed';

interface SignInScenario {
  readonly id: string;
  readonly citizen: CitizenId;
  readonly expects: Expectation;
  readonly bend?: Bend;
}
interface NoticeScenario {
  readonly id: string;
  readonly notice: NoticeKind;
}

/**
 * Everything that a service is tried with, in the order in which it makes sense. Titles and what to do stand in the
 * locale files.
 */
export const scenarios = [
  { id: 'plain', citizen: 'ordinary', expects: 'in' },
  { id: 'single-name', citizen: 'single-name', expects: 'in' },
  { id: 'apostrophe', citizen: 'apostrophe', expects: 'in' },
  { id: 'nip', citizen: 'nip', expects: 'in' },
  { id: 'no-email', citizen: 'no-email', expects: 'in' },
  { id: 'suspended', citizen: 'suspended', expects: 'turned-back' },
  { id: 'denied', citizen: 'ordinary', expects: 'turned-back', bend: 'deny' },
  { id: 'wrong-state', citizen: 'ordinary', expects: 'refused-before', bend: 'state' },
  { id: 'foreign-iss', citizen: 'ordinary', expects: 'refused-before', bend: 'iss' },
  { id: 'wrong-nonce', citizen: 'ordinary', expects: 'refused-after', bend: 'nonce' },
  { id: 'rotated-keys', citizen: 'ordinary', expects: 'in', bend: 'key' },
  { id: 'refresh', citizen: 'ordinary', expects: 'refreshed' },
  { id: 'logout', notice: 'valid' },
  { id: 'logout-forged', notice: 'forged' },
  { id: 'logout-expired', notice: 'expired' },
  { id: 'logout-nonce', notice: 'nonce' },
] as const satisfies readonly (SignInScenario | NoticeScenario)[];

export type Scenario = (typeof scenarios)[number];
export type ScenarioId = Scenario['id'];
export const scenarioById = (id: string): Scenario | undefined => scenarios.find((one) => one.id === id);
export const bendOf = (id: string): Bend | undefined => {
  const found: Scenario | undefined = scenarioById(id);
  return found !== undefined && 'bend' in found ? found.bend : undefined;
};

/** Whether the registration gives the scenario anything to try. */
export function isApplicable(scenario: Scenario, metadata: ClientMetadata): boolean {
  // The sandbox signs these tokens itself, which it cannot where they are encrypted to the service.
  const isPlain = metadata.id_token_encrypted_response_alg === undefined;
  if ('notice' in scenario)
    return (
      isPlain && (metadata.backchannel_logout_uri !== undefined || metadata.test_backchannel_logout_uri !== undefined)
    );
  if (scenario.id === 'refresh') return metadata.grant_types?.includes('refresh_token') === true;
  return scenario.id !== 'rotated-keys' || isPlain;
}

/** Worth seeing, but no service needs it to be good: a pass does not hang on it. */
export const isOptional = ({ id }: Scenario): boolean => id === 'refresh';

/** Members on which it hangs whether a sign-in works: where one of them changes, a pass is worth nothing any more. */
const MATTER = [
  'redirect_uris',
  'grant_types',
  'response_types',
  'response_modes',
  'scope',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'application_type',
  'subject_type',
  'id_token_signed_response_alg',
  'id_token_encrypted_response_alg',
  'userinfo_signed_response_alg',
  'userinfo_encrypted_response_alg',
  'pkce_waived_because',
  'security_profile',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'request_object_signing_alg',
  'dpop_bound_access_tokens',
  'backchannel_logout_uri',
  'backchannel_logout_session_required',
];

/** The members that matter as one line, to be hashed. */
export const mattersOf = (metadata: ClientMetadata): string =>
  JSON.stringify(MATTER.map((member) => metadata[member] ?? null));
