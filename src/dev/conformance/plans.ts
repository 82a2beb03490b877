import type { Sensitive } from '../../domain/sensitive.ts';
import type { Kept } from './kept.ts';
import type { ConformanceOptions } from './options.ts';
import { SCOPE, type Tester } from './registrations.ts';

/** A plan of the suite: its name, what to choose in its form, and the JSON to paste. */
export interface Plan {
  readonly name: string;
  readonly variant: Readonly<Record<string, string>>;
  readonly configuration: Readonly<Record<string, unknown>>;
}

const STATIC = { server_metadata: 'discovery', client_registration: 'static_client' };

/** What the suite's own browser does at our pages, in its notation; without it a person does the same. */
const automation = ({ issuer }: ConformanceOptions, { identifier, password }: Tester): object[] => [
  {
    match: `${issuer}/auth*`,
    tasks: [
      {
        task: 'Sign in',
        optional: true,
        match: `${issuer}/interaction/*/login*`,
        commands: [
          ['text', 'id', 'identifier', identifier],
          ['text', 'id', 'password', password],
          ['click', 'css', 'form:has(#password) button.button[type=submit]'],
        ],
      },
      {
        task: 'Agree',
        optional: true,
        match: `${issuer}/interaction/*/consent*`,
        commands: [['click', 'css', 'form:has([name=sharing]) button.button[type=submit]']],
      },
      { task: 'Arrive', match: '*/test/*/callback*', commands: [['wait', 'id', 'submission_complete', 10]] },
    ],
  },
  {
    match: `${issuer}/session/end*`,
    tasks: [
      {
        task: 'Confirm',
        optional: true,
        match: `${issuer}/session/end*`,
        commands: [['click', 'css', 'form:has([name=logout]) button.button[type=submit]']],
      },
      { task: 'Arrive', optional: true, match: '*/test/*/post_logout_redirect*' },
    ],
  },
];

/** The configurations for the plans that docs/conformance.md aims at. */
export function plansFor(
  options: ConformanceOptions,
  secrets: ReadonlyMap<string, Sensitive<string>>,
  tester: Tester,
  { keys }: Kept,
): Plan[] {
  const withSecret = (id: string): object => ({ client_id: id, client_secret: secrets.get(id)?.reveal() });
  const withKey = (index: 0 | 1): object => ({
    client_id: `conformance-fapi-${index + 1}`,
    scope: SCOPE,
    jwks: { keys: [keys[index]] },
    dpop_signing_alg: 'ES256',
  });
  const common = {
    alias: options.alias,
    server: { discoveryUrl: `${options.issuer}/.well-known/openid-configuration`, login_hint: tester.identifier },
  };
  const browser = automation(options, tester);
  const basic = {
    ...common,
    client: withSecret('conformance-basic-1'),
    client2: withSecret('conformance-basic-2'),
    client_secret_post: withSecret('conformance-post'),
    browser,
  };

  return [
    { name: 'oidcc-basic-certification-test-plan', variant: STATIC, configuration: basic },
    { name: 'oidcc-formpost-basic-certification-test-plan', variant: STATIC, configuration: basic },
    { name: 'oidcc-config-certification-test-plan', variant: {}, configuration: common },
    {
      name: 'oidcc-rp-initiated-logout-certification-test-plan',
      variant: { response_type: 'code', client_registration: 'static_client' },
      configuration: basic,
    },
    {
      name: 'oidcc-backchannel-rp-initiated-logout-certification-test-plan',
      variant: { response_type: 'code', client_registration: 'static_client' },
      configuration: basic,
    },
    {
      name: 'fapi2-security-profile-final-test-plan',
      variant: {
        client_auth_type: 'private_key_jwt',
        sender_constrain: 'dpop',
        fapi_profile: 'plain_fapi',
        openid: 'openid_connect',
        authorization_request_type: 'simple',
      },
      configuration: {
        ...common,
        client: withKey(0),
        client2: withKey(1),
        resource: { resourceUrl: `${options.issuer}/me` },
        browser,
      },
    },
  ];
}
