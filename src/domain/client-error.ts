/** Requests of the protocol that can go wrong for a service, as the library names their events. */
export const requestKinds = [
  'authorization',
  'grant',
  'pushed_authorization_request',
  'device_authorization',
  'userinfo',
  'introspection',
  'revocation',
  'end_session',
] as const;
export type RequestKind = (typeof requestKinds)[number];

export type Mender = 'service' | 'operator' | 'both' | 'nobody';

/** What is wrong, in as few kinds as there are remedies, and who applies the remedy. */
export const menders = {
  'redirect-uri': 'both',
  'post-logout': 'both',
  pkce: 'service',
  request: 'service',
  stopped: 'operator',
  credentials: 'service',
  keys: 'both',
  'code-reused': 'service',
  'code-expired': 'service',
  'redirect-differs': 'service',
  verifier: 'service',
  'other-client': 'service',
  'refresh-reused': 'service',
  grant: 'service',
  'grant-type': 'both',
  scope: 'both',
  target: 'both',
  unsupported: 'service',
  declined: 'nobody',
  silent: 'nobody',
  level: 'service',
  token: 'service',
  'device-expired': 'service',
  dpop: 'service',
  'request-object': 'service',
  other: 'service',
} as const satisfies Readonly<Record<string, Mender>>;
export type Fault = keyof typeof menders;

/** Steps of a conversation that goes well. */
const EXPECTED = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce']);
/** Ours to mend, and in our own log. */
const OURS = new Set(['server_error', 'temporarily_unavailable']);
export const isFaultOfService = (error: string): boolean => !EXPECTED.has(error) && !OURS.has(error);

const byError: Readonly<Record<string, Fault>> = {
  invalid_redirect_uri: 'redirect-uri',
  invalid_client: 'credentials',
  invalid_client_metadata: 'other',
  unauthorized_client: 'grant-type',
  unsupported_grant_type: 'grant-type',
  invalid_scope: 'scope',
  invalid_target: 'target',
  unsupported_response_type: 'unsupported',
  unsupported_response_mode: 'unsupported',
  request_not_supported: 'unsupported',
  request_uri_not_supported: 'unsupported',
  registration_not_supported: 'unsupported',
  access_denied: 'declined',
  login_required: 'silent',
  consent_required: 'silent',
  interaction_required: 'silent',
  account_selection_required: 'silent',
  unmet_authentication_requirements: 'level',
  invalid_token: 'token',
  insufficient_scope: 'token',
  expired_token: 'device-expired',
  invalid_dpop_proof: 'dpop',
  invalid_request_object: 'request-object',
  invalid_request_uri: 'request-object',
};

/** As the library says that a `jwks_uri` gave it nothing. */
const NO_KEYS = [/Key Set failed to be refreshed/, 'keys'] as const;

/** The same word of OAuth stands for several mistakes; what the library adds for developers tells them apart. */
const byWords: Readonly<Record<string, readonly (readonly [RegExp, Fault])[]>> = {
  invalid_client: [NO_KEYS],
  invalid_client_metadata: [NO_KEYS],
  invalid_request: [
    [/PKCE|code_challenge/, 'pkce'],
    [/code_verifier/, 'verifier'],
    [/post_logout_redirect_uri/, 'post-logout'],
    [/redirect_uri/, 'redirect-uri'],
    [/grant type is not allowed/, 'grant-type'],
    [/client authentication|authorization header|client_assertion|client_secret/, 'credentials'],
  ],
  invalid_grant: [
    [/refresh token already used/, 'refresh-reused'],
    [/already consumed/, 'code-reused'],
    [/redirect_uri mismatch/, 'redirect-differs'],
    [/code_verifier|code_challenge/, 'verifier'],
    [/client mismatch/, 'other-client'],
    [/expired|not found/, 'code-expired'],
  ],
};

/** What services may meet; the catalogue of the guide has a row for each. */
export const knownErrors: readonly string[] = [
  ...Object.keys(byError),
  'invalid_request',
  'invalid_grant',
  ...EXPECTED,
  ...OURS,
];

/** @param words  what the library says beside the error: its description, and the detail that it shows to nobody. */
export function faultOf(error: string, words: string): Fault {
  return (
    byWords[error]?.find(([pattern]) => pattern.test(words))?.[1] ??
    byError[error] ??
    (error === 'invalid_request' ? 'request' : error === 'invalid_grant' ? 'grant' : 'other')
  );
}

const LONGEST = 200;

/**
 * Of an address that was refused what helps to mend it: host and path. Its query and fragment may hold anything of
 * anybody.
 */
export function addressOf(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return undefined;
  const { protocol, host, pathname } = new URL(uri);
  return `${protocol}//${host}${pathname}`.slice(0, LONGEST);
}

/** Errors of one kind, of one day or of several. */
export interface ClientError {
  readonly clientId: string;
  readonly kind: RequestKind;
  /** The word of OAuth. */
  readonly error: string;
  readonly fault: Fault;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** The newest first, and a few of them. */
  readonly helpCodes: readonly string[];
  readonly address: string | undefined;
}

/** How many help codes are kept of each kind of error on a day. */
export const HELP_CODES_KEPT = 10;

/** Two counts of the same thing as one. */
export function together(one: ClientError, other: ClientError): ClientError {
  const [newer, older] = one.lastAt >= other.lastAt ? [one, other] : [other, one];
  return {
    ...newer,
    count: one.count + other.count,
    firstAt: one.firstAt <= other.firstAt ? one.firstAt : other.firstAt,
    helpCodes: [...newer.helpCodes, ...older.helpCodes].slice(0, HELP_CODES_KEPT),
    address: newer.address ?? older.address,
  };
}

/** The errors of several days, each kind once, what happened last first. */
export function byKind(errors: readonly ClientError[]): readonly ClientError[] {
  const kinds = new Map<string, ClientError>();
  for (const error of errors) {
    const key = [error.clientId, error.kind, error.error, error.fault].join('\n');
    const before = kinds.get(key);
    kinds.set(key, before === undefined ? error : together(before, error));
  }
  return [...kinds.values()].sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime());
}
