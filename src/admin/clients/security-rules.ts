import type { ClientType } from '../../domain/client.ts';
import type { FieldProblem } from './field-problem.ts';
import { findKeyProblems } from './key-rules.ts';
import type { Document } from './metadata-fields.ts';

const FAPI_ALGORITHMS: readonly (string | undefined)[] = [undefined, 'ES256', 'PS256', 'EdDSA'];
const FAPI_SIGNATURES = [
  'id_token_signed_response_alg',
  'userinfo_signed_response_alg',
  'introspection_signed_response_alg',
  'token_endpoint_auth_signing_alg',
  'request_object_signing_alg',
] as const;
const ENCRYPTED = ['id_token', 'userinfo', 'introspection'] as const;

/** What the profile demands is written into the registration, where everybody can see it. */
export const completeProfile = (
  type: ClientType,
  given: Document,
): { require_pushed_authorization_requests?: boolean; dpop_bound_access_tokens?: boolean } =>
  given.security_profile === 'fapi2'
    ? {
        dpop_bound_access_tokens: given.dpop_bound_access_tokens ?? true,
        ...(type === 'machine'
          ? {}
          : { require_pushed_authorization_requests: given.require_pushed_authorization_requests ?? true }),
      }
    : {};

function* findFapiProblems(type: ClientType, given: Document, method: string): Generator<FieldProblem> {
  if (type === 'spa' || type === 'native')
    yield { field: 'security_profile', what: `must not be fapi2: a client of type ${type} is public` };
  if (method !== 'private_key_jwt')
    yield { field: 'token_endpoint_auth_method', what: 'must be private_key_jwt under fapi2' };
  for (const field of ['require_pushed_authorization_requests', 'dpop_bound_access_tokens'] as const)
    if (given[field] === false) yield { field, what: 'must be true under fapi2' };
  for (const field of FAPI_SIGNATURES)
    if (!FAPI_ALGORITHMS.includes(given[field])) yield { field, what: 'must be ES256, PS256 or EdDSA under fapi2' };
  if (given.pkce_waived_because !== undefined)
    yield { field: 'pkce_waived_because', what: 'must not be given under fapi2: PKCE is not waived there' };
}

/** What the former interface has no words for. */
const BEYOND_THE_BRIDGE = [
  'security_profile',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'dpop_bound_access_tokens',
  'userinfo_signed_response_alg',
  'userinfo_encrypted_response_alg',
] as const;

function* findBridgeProblems(type: ClientType, given: Document, method: string): Generator<FieldProblem> {
  if (type !== 'web' && type !== 'machine')
    yield {
      field: 'bridge',
      what: `must not be given: the former interface wants a secret, and a client of type ${type} has none`,
    };
  else if (!method.startsWith('client_secret_'))
    yield {
      field: 'bridge',
      what: 'needs a secret: token_endpoint_auth_method client_secret_basic or client_secret_post',
    };
  for (const field of BEYOND_THE_BRIDGE)
    if (given[field] !== undefined && given[field] !== false)
      yield { field, what: 'must not be given with bridge: the former interface does not know it' };
}

/** Rules on keys, proofs and privacy that hold between members. */
export function* findSecurityProblems(type: ClientType, given: Document, method: string): Generator<FieldProblem> {
  if (given.security_profile === 'fapi2') yield* findFapiProblems(type, given, method);
  else if (given.pkce_waived_because !== undefined && type !== 'web')
    yield {
      field: 'pkce_waived_because',
      what: `must not be given: PKCE is waived for web clients alone, and this is of type ${type}`,
    };
  if (given.bridge !== undefined) yield* findBridgeProblems(type, given, method);
  if (given.may_introspect !== undefined && type !== 'machine')
    yield {
      field: 'may_introspect',
      what: `must not be given: an API looks after tokens as a machine of its own, and this is of type ${type}`,
    };

  if (given.jwks !== undefined) yield* findKeyProblems(given.jwks.keys);
  const hasKeys = given.jwks !== undefined || given.jwks_uri !== undefined;
  for (const what of ENCRYPTED) {
    const field = `${what}_encrypted_response_alg` as const;
    if (given[field] !== undefined && !hasKeys) yield { field, what: 'needs the client’s keys: jwks or jwks_uri' };
    if (given[field] === undefined && given[`${what}_encrypted_response_enc`] !== undefined)
      yield { field: `${what}_encrypted_response_enc`, what: `needs ${field}` };
  }
  if (given.require_signed_request_object === true && !hasKeys)
    yield { field: 'require_signed_request_object', what: 'needs the client’s keys: jwks or jwks_uri' };

  if (given.subject_type === 'pairwise') {
    if (type === 'machine') yield { field: 'subject_type', what: 'must not be pairwise: a machine has no person' };
    // Apps on a device have no host of their own: all of them would be one sector.
    const isOneHost =
      type !== 'native' &&
      new Set(given.redirect_uris.filter((uri) => URL.canParse(uri)).map((uri) => new URL(uri).host)).size <= 1;
    if (given.sector_identifier_uri === undefined && !isOneHost)
      yield {
        field: 'sector_identifier_uri',
        what: 'is needed: the redirect URIs do not name one host, and the subject hangs on it',
      };
  }
}
