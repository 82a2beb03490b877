import { createPublicKey } from 'node:crypto';
import type { ClientMetadata } from '../../domain/client.ts';
import { LATEST_END } from '../../domain/client-key.ts';
import { isPrivate, type Jwk } from '../../domain/key-set.ts';
import type { FieldProblem } from './field-problem.ts';

const RSA_BITS = 2048;
/** Leading zero bytes are no strength, so no more is promised than the length says. */
const bitsOf = (modulus: unknown): number =>
  typeof modulus === 'string' ? Buffer.from(modulus, 'base64url').length * 8 : 0;

/** What is wrong with keys that a service publishes. */
export function* findKeyProblems(keys: readonly Jwk[]): Generator<FieldProblem> {
  const ids = new Set<unknown>();
  for (const [index, key] of keys.entries()) {
    const field = `jwks.keys.${index}`;
    if (isPrivate(key))
      yield {
        field,
        what: 'holds a private key: whoever has seen it can pose as the service. Make a new pair, and give the public half alone',
      };
    if (key.kty === 'RSA' && bitsOf(key.n) < RSA_BITS) yield { field, what: `is too weak: RSA needs ${RSA_BITS} bits` };
    if (key.use !== undefined && key.use !== 'sig' && key.use !== 'enc')
      yield { field, what: 'has a use that is neither sig nor enc' };
    if (
      key.exp !== undefined &&
      !(Number.isSafeInteger(key.exp) && Number(key.exp) > 0 && Number(key.exp) <= LATEST_END)
    )
      yield { field, what: 'has an exp that is no time in whole seconds since 1970' };
    if (key.kid === undefined) {
      if (keys.length > 1) yield { field, what: 'needs a kid: there are several, and they are told apart by it' };
    } else if (ids.has(key.kid)) yield { field, what: 'has the kid of another one' };
    ids.add(key.kid);
  }
}

/** The curves by which EC and OKP keys do what an algorithm asks. */
const SIGNATURES: Readonly<Record<string, (key: Jwk) => boolean>> = {
  ES256: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
  EdDSA: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
  PS256: ({ kty }) => kty === 'RSA',
  RS256: ({ kty }) => kty === 'RSA',
};
const isAgreement = ({ kty, crv }: Jwk): boolean =>
  (kty === 'EC' && ['P-256', 'P-384', 'P-521'].includes(String(crv))) || (kty === 'OKP' && crv === 'X25519');
const WRAPPINGS: Readonly<Record<string, (key: Jwk) => boolean>> = {
  'RSA-OAEP-256': ({ kty }) => kty === 'RSA',
  'ECDH-ES': isAgreement,
  'ECDH-ES+A256KW': isAgreement,
};
const USES = {
  sig: { kinds: SIGNATURES, operations: ['verify'] },
  enc: { kinds: WRAPPINGS, operations: ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'] },
} as const;
type Use = keyof typeof USES;

function isWhole(key: Jwk): boolean {
  try {
    createPublicKey({ key, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

/** As the protocol chooses a key, and whether it is one at all. */
function fits(key: Jwk, use: Use, algorithm: string): boolean {
  const { kinds, operations } = USES[use];
  if (kinds[algorithm]?.(key) !== true || (key.alg ?? algorithm) !== algorithm || (key.use ?? use) !== use)
    return false;
  if (Array.isArray(key.key_ops) && !key.key_ops.some((one) => (operations as readonly unknown[]).includes(one)))
    return false;
  return isWhole(key);
}

const RESPONSES = [
  'id_token_encrypted_response_alg',
  'userinfo_encrypted_response_alg',
  'introspection_encrypted_response_alg',
] as const;

/** Members that say what the keys of a client have to be good for. */
export const KEY_MEMBERS = [
  'jwks_uri',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'request_object_signing_alg',
  'require_signed_request_object',
  'security_profile',
  ...RESPONSES,
] as const;

/** What a client says that it does by its keys, and by which algorithms it may: any of them will do. */
function* needsOf(
  metadata: ClientMetadata,
): Generator<{ readonly use: Use; readonly algorithms: readonly string[]; readonly member: string }> {
  // FAPI 2.0 Security Profile, 5.4.
  const any = Object.keys(SIGNATURES).filter((one) => one !== 'RS256' || metadata.security_profile !== 'fapi2');
  const signing = (member: string): readonly string[] =>
    typeof metadata[member] === 'string' ? [metadata[member]] : any;
  if (metadata.token_endpoint_auth_method === 'private_key_jwt')
    yield {
      use: 'sig',
      algorithms: signing('token_endpoint_auth_signing_alg'),
      member: 'token_endpoint_auth_signing_alg',
    };
  if (metadata.require_signed_request_object === true || metadata.request_object_signing_alg !== undefined)
    yield { use: 'sig', algorithms: signing('request_object_signing_alg'), member: 'request_object_signing_alg' };
  for (const member of RESPONSES)
    if (typeof metadata[member] === 'string') yield { use: 'enc', algorithms: [metadata[member]], member };
}

/** What the keys are not good for that the client says it does by them. */
export function* findUnfitKeys(keys: readonly Jwk[], metadata: ClientMetadata): Generator<string> {
  const can = (use: Use, algorithms: readonly string[]): boolean =>
    keys.some((key) => algorithms.some((one) => fits(key, use, one)));
  let asked = false;
  for (const { use, algorithms, member } of needsOf(metadata)) {
    asked = true;
    if (!can(use, algorithms))
      yield `holds no key for ${algorithms.join(' / ')}, which ${member} asks for (${use === 'sig' ? 'a key that signs' : 'a key to encrypt to'})`;
  }
  if (!asked && !can('sig', Object.keys(SIGNATURES)) && !can('enc', Object.keys(WRAPPINGS)))
    yield 'holds no key that can be used here';
}
