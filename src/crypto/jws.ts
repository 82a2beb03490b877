import { createPrivateKey, sign, type KeyObject } from 'node:crypto';

/** How a private key signs for each algorithm; ECDSA as two numbers side by side (RFC 7518, 3.4). */
const digests: Readonly<Record<string, string | null>> = { ES256: 'sha256', RS256: 'sha256', EdDSA: null };

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs in the calling thread: libuv's pool is where passwords are hashed, and a signature costs less than the way there.
 *
 * @param algorithm `ES256`, `RS256` or `EdDSA`.
 */
export function signBytes(algorithm: string, key: KeyObject, data: Uint8Array): Buffer {
  const digest = digests[algorithm];
  if (digest === undefined) throw new Error(`nothing here signs by ${algorithm}`);
  return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
}

/**
 * Signs a JSON Web Signature in its compact form (RFC 7515).
 *
 * @param key      a private key as JWK; `alg` is `ES256`, `RS256` or `EdDSA`.
 * @param header   what stands in the header besides `alg`: `kid`, `typ`.
 */
export function signJws(key: Readonly<Record<string, unknown>>, header: object, payload: object): string {
  const alg = String(key.alg);
  const input = `${encode({ alg, ...header })}.${encode(payload)}`;
  return `${input}.${signBytes(alg, createPrivateKey({ key, format: 'jwk' }), Buffer.from(input)).toString('base64url')}`;
}

/** What a JWS says, unverified; undefined for anything else, an encrypted token for instance. */
export function readJws(token: unknown): { readonly header: Readonly<Record<string, unknown>>; readonly payload: Readonly<Record<string, unknown>> } | undefined {
  const parts = typeof token === 'string' ? token.split('.') : [];
  if (parts.length !== 3) return undefined;
  const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>);
  return header === undefined || payload === undefined ? undefined : { header, payload };
}
