import { adminScopes } from '../../domain/admin-scope.ts';
import { scopes } from '../../domain/claims.ts';
import type { ClientType } from '../../domain/client.ts';
import type { FieldProblem } from './field-problem.ts';
import { DEVICE_GRANT, type Document } from './metadata-fields.ts';
import { completeProfile, findSecurityProblems } from './security-rules.ts';
import { findSharingProblems } from './sharing-rules.ts';
import { findRedirectUriProblem, findTestUriProblem } from './uris.ts';

/**
 * What changes something is done by a person: a machine does it for the one who answers for it, as far as they may, and
 * counts as them.
 */
const OPERATED: readonly string[] = [
  'admin:accounts:write',
  'admin:clients:write',
  'admin:clients:approve',
  'admin:clients:waive',
  'admin:operators:write',
];

export interface Completed {
  readonly application_type: 'web' | 'native';
  readonly first_party?: boolean;
  readonly grant_types: readonly string[];
  readonly response_types: readonly string[];
  readonly token_endpoint_auth_method: string;
  readonly require_pushed_authorization_requests?: boolean;
  readonly dpop_bound_access_tokens?: boolean;
}

/** Written out when a client is registered, so that a later default changes nobody's registration. */
export function complete(
  type: ClientType,
  given: Document,
  { firstParty = false }: { readonly firstParty?: boolean | undefined } = {},
): Completed {
  const machine = type === 'machine';
  // A kiosk shows a code and is sent nowhere.
  const redirected = !machine && (given.grant_types?.includes('authorization_code') ?? true);
  return {
    application_type: given.application_type ?? (type === 'native' ? 'native' : 'web'),
    ...(machine ? {} : { first_party: given.first_party ?? firstParty }),
    grant_types: given.grant_types ?? [machine ? 'client_credentials' : 'authorization_code'],
    response_types: given.response_types ?? (redirected ? ['code'] : []),
    token_endpoint_auth_method:
      given.token_endpoint_auth_method ??
      (given.security_profile === 'fapi2'
        ? 'private_key_jwt'
        : type === 'web' || machine
          ? 'client_secret_basic'
          : 'none'),
    ...completeProfile(type, given),
  };
}

/** What the members of one document must be to one another and to the type of client. */
export function* findProblems(
  type: ClientType,
  given: Document,
  completed: Completed,
  mayAskForNik: boolean,
): Generator<FieldProblem> {
  const confidential = type === 'web' || type === 'machine';
  const { grant_types: grants, token_endpoint_auth_method: method } = completed;

  if (given.type !== undefined && given.type !== type) yield { field: 'type', what: `must be ${type}` };
  if (completed.application_type !== (type === 'native' ? 'native' : 'web'))
    yield { field: 'application_type', what: `does not go with a client of type ${type}` };
  if (confidential && method === 'none')
    yield { field: 'token_endpoint_auth_method', what: `must not be none: a client of type ${type} keeps a secret` };
  if (!confidential && method !== 'none')
    yield { field: 'token_endpoint_auth_method', what: `must be none: a client of type ${type} cannot keep a secret` };
  if (method === 'private_key_jwt' && (given.jwks === undefined) === (given.jwks_uri === undefined))
    yield { field: 'jwks', what: 'private_key_jwt needs either jwks or jwks_uri' };

  if (type === 'machine') {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const)
      if (given[field].length > 0) yield { field, what: 'must be empty: nobody is sent to a machine' };
    if (grants.some((grant) => grant !== 'client_credentials'))
      yield { field: 'grant_types', what: 'may only hold client_credentials for a machine' };
    if (completed.response_types.length > 0) yield { field: 'response_types', what: 'must be empty for a machine' };
  } else {
    const byDevice = grants.includes(DEVICE_GRANT);
    if (byDevice && type !== 'native')
      yield {
        field: 'grant_types',
        what: `must not hold ${DEVICE_GRANT}: a device or program without a browser is of type native`,
      };
    if (grants.includes('authorization_code')) {
      if (given.redirect_uris.length === 0) yield { field: 'redirect_uris', what: 'must hold at least one address' };
      if (completed.response_types.length === 0) yield { field: 'response_types', what: 'must hold "code"' };
    } else if (byDevice) {
      for (const field of ['redirect_uris', 'post_logout_redirect_uris', 'response_types'] as const)
        if ((given[field] ?? []).length > 0)
          yield { field, what: 'must be empty: without authorization_code nobody is sent back' };
    } else {
      yield {
        field: 'grant_types',
        what: `must hold authorization_code${type === 'native' ? ` or ${DEVICE_GRANT}` : ''}`,
      };
    }
    if (!confidential && grants.includes('client_credentials'))
      yield {
        field: 'grant_types',
        what: `must not hold client_credentials: a client of type ${type} cannot keep a secret`,
      };
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
      for (const [index, uri] of given[field].entries()) {
        const what = findRedirectUriProblem(uri, type);
        if (what !== undefined) yield { field: `${field}.${index}`, what };
      }
    }
  }

  // Each of them is good at the sandbox alone; one that is good at both would carry real people to a machine of a test.
  for (const field of ['test_redirect_uris', 'test_post_logout_redirect_uris'] as const) {
    const uris = given[field] ?? [];
    if (type === 'machine' && uris.length > 0) yield { field, what: 'must be empty: nobody is sent to a machine' };
    for (const [index, uri] of uris.entries()) {
      const what =
        findTestUriProblem(uri, type) ??
        ([...given.redirect_uris, ...given.post_logout_redirect_uris].includes(uri)
          ? 'is an address of production'
          : undefined);
      if (what !== undefined) yield { field: `${field}.${index}`, what };
    }
  }

  if (type === 'machine' && given.backchannel_logout_uri !== undefined)
    yield { field: 'backchannel_logout_uri', what: 'must not be given: nobody signs in to a machine' };
  if (given.backchannel_logout_session_required === true && given.backchannel_logout_uri === undefined)
    yield { field: 'backchannel_logout_session_required', what: 'needs backchannel_logout_uri' };

  yield* findSecurityProblems(type, given, method);

  const asked = given.scope?.split(/\s+/) ?? [];
  // The operators' API is for machines alone: no person's browser carries such a token.
  const known = type === 'machine' ? [...scopes, ...adminScopes] : scopes;
  const unknown = asked.filter((scope) => !known.includes(scope));
  if (unknown.length > 0)
    yield { field: 'scope', what: `does not exist: ${unknown.join(', ')} (there are ${known.join(', ')})` };
  if (asked.length > 0 && type !== 'machine' && !asked.includes('openid'))
    yield { field: 'scope', what: 'must hold openid' };
  if (type !== 'machine' && given.operated_by !== undefined)
    yield { field: 'operated_by', what: 'must not be given: only a machine acts for somebody' };
  if (given.operated_by === undefined && asked.some((scope) => OPERATED.includes(scope)))
    yield {
      field: 'operated_by',
      what: `is needed with ${OPERATED.join(', ')}: the account id of the operator whom the machine acts for`,
    };
  yield* findSharingProblems(type, given, completed.first_party, asked, mayAskForNik);
}
