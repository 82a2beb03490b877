import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

/** A private key that signs tokens; `jwk` is the private key. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/**
 * ES256 signs by default; RS256 is there for services whose library knows nothing else (OpenID Connect Core, 15.1),
 * EdDSA for who asks for it.
 */
export const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const makers: Readonly<Record<Algorithm, () => KeyObject>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
};

// RFC 7638 and RFC 8037: the required members in lexical order.
function thumbprintMembers({ crv, e, kty, n, x, y }: JsonWebKey): object {
  switch (kty) {
    case 'EC':
      return { crv, kty, x, y };
    case 'OKP':
      return { crv, kty, x };
    default:
      return { e, kty, n };
  }
}

export type MakeKey = (algorithm: Algorithm, createdAt: Date) => SigningKey;

/** A private key as a signing key; its id is its thumbprint. */
export function toSigningKey(privateKey: KeyObject, algorithm: Algorithm, createdAt: Date): SigningKey {
  const jwk = privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify(thumbprintMembers(jwk)))
    .digest('base64url');
  return { kid, algorithm, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, createdAt };
}

/** A new one. */
export const makeKey: MakeKey = (algorithm, createdAt) => toSigningKey(makers[algorithm](), algorithm, createdAt);

/** Named one by one: a member that nobody thought of is not given away. */
const PUBLIC = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'];

/** What everybody may know of a key. */
export const publicPart = (jwk: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(jwk).filter(([member]) => PUBLIC.includes(member)));

/** The key as the platform signs with it; undefined where only its public part is left. */
export const toPrivateKey = (jwk: Readonly<Record<string, unknown>>): KeyObject | undefined =>
  jwk.d === undefined ? undefined : createPrivateKey({ key: jwk, format: 'jwk' });

export const toPublicKey = (jwk: Readonly<Record<string, unknown>>): KeyObject =>
  createPublicKey({ key: publicPart(jwk), format: 'jwk' });
