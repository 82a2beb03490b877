import { membersOf, type ClientDescription } from './client-change.ts';
import { personalScopes } from './sharing.ts';

/** Why a member of a new registration is looked at twice. */
export const watches = [
  'nik',
  'no-purpose',
  'pkce',
  'first-party',
  'hosts',
  'not-https',
  'offline',
  'device',
  'machine',
  'admin',
  'public',
  'introspection',
  'bridge',
  'apis',
  'operated',
  'uncommon',
] as const;
export type Watch = (typeof watches)[number];

type Members = Readonly<Record<string, unknown>>;
type Rule = (value: unknown, all: Members) => readonly Watch[];

const items = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const words = (value: unknown): readonly string[] => (typeof value === 'string' ? value.split(/\s+/) : []);
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const when = (is: boolean, watch: Watch): readonly Watch[] => (is ? [watch] : []);
const ordinary: Rule = () => [];
const always =
  (watch: Watch): Rule =>
  () => [watch];

/** Codes go wherever these lead: to several hosts, or to what no certificate vouches for. */
const addresses: Rule = (value) => {
  const all = items(value);
  const hosts = new Set(all.map((one) => (URL.canParse(one) ? new URL(one).host : one)));
  return [
    ...when(hosts.size > 1, 'hosts'),
    ...when(
      all.some((one) => !one.startsWith('https://')),
      'not-https',
    ),
  ];
};
const grants: Rule = (value) => [
  ...when(items(value).includes(DEVICE_GRANT), 'device'),
  ...when(items(value).includes('client_credentials'), 'machine'),
];
/** Citizens are told for what a service wants their data; of these it says nothing. */
const lacksPurpose = (asked: readonly string[], { data_use: uses }: Members): boolean =>
  personalScopes.some((scope) => asked.includes(scope) && (uses as Members | undefined)?.[scope] === undefined);
const scopes: Rule = (value, all) => [
  ...when(words(value).includes('nik'), 'nik'),
  ...when(lacksPurpose(words(value), all), 'no-purpose'),
  ...when(words(value).includes('offline_access'), 'offline'),
  ...when(
    words(value).some((scope) => scope.startsWith('admin:')),
    'admin',
  ),
];

/**
 * Every member that most registrations have. What does not stand here is uncommon, also what nobody has thought of yet.
 */
const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    [
      ...[
        'client_id',
        'client_name',
        'application_type',
        'response_types',
        'response_modes',
        'contacts',
        'default_max_age',
        'default_acr_values',
        'security_profile',
      ],
      ...[
        'client_uri',
        'logo',
        'policy_uri',
        'tos_uri',
        'initiate_login_uri',
        'post_logout_redirect_uris',
        'backchannel_logout_uri',
        'backchannel_logout_session_required',
      ],
      ...[
        'test_redirect_uris',
        'test_post_logout_redirect_uris',
        'test_backchannel_logout_uri',
        'listing_url',
        'listing_id',
        'listing_en',
        'data_use',
      ],
      ...[
        'require_signed_request_object',
        'require_pushed_authorization_requests',
        'dpop_bound_access_tokens',
        'require_auth_time',
        'notice_page',
        'subject_type',
      ],
      ...[
        'id_token_signed_response_alg',
        'userinfo_signed_response_alg',
        'introspection_signed_response_alg',
        'token_endpoint_auth_signing_alg',
        'request_object_signing_alg',
      ],
      ...['id_token', 'userinfo', 'introspection'].flatMap((what) => [
        `${what}_encrypted_response_alg`,
        `${what}_encrypted_response_enc`,
      ]),
      ...['jwks', 'jwks_uri'],
    ].map((name) => [name, ordinary]),
  ),
  redirect_uris: addresses,
  grant_types: grants,
  scope: scopes,
  token_endpoint_auth_method: (value) => when(value === 'none', 'public'),
  first_party: (value) => when(value !== false, 'first-party'),
  pkce_waived_because: always('pkce'),
  may_introspect: always('introspection'),
  bridge: always('bridge'),
  resources: always('apis'),
  operated_by: always('operated'),
};

/**
 * What of a registration that nobody has approved yet is more than most have. Everything of it is new; this is where
 * the reviewer looks first.
 * @returns by member the reasons, the gravest first.
 */
export function watchedIn(registration: ClientDescription): ReadonlyMap<string, readonly Watch[]> {
  const gravest = ([, [first]]: readonly [string, readonly Watch[]]): number =>
    first === undefined ? watches.length : watches.indexOf(first);
  const all = membersOf(registration);
  return new Map(
    Object.entries(all)
      .filter(([, value]) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0))
      .map(([name, value]) => [name, (rules[name] ?? always('uncommon'))(value, all)] as const)
      .filter(([, found]) => found.length > 0)
      .sort((one, other) => gravest(one) - gravest(other)),
  );
}
