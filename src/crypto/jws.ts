import { createPrivateKey, sign, type KeyObject } from 'node:crypto';

/** How a private key signs for each algorithm. */
const digests: Readonly<Record<string, string | null>> = { ES256: 'sha256', RS256: 'sha256', EdDSA: null };
/** Of each of the two numbers of a signature on P-256. */
const NUMBER_BYTES = 32;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * The two numbers of an ECDSA signature side by side, as JSON Web Signatures have them (RFC 7518, 3.4), out of their
 * ASN.1 (RFC 3279, 2.2.3). Node would do it where the key comes with that wish, in an object; to find out what kind of
 * key an object is costs it as much as the signature.
 */
function sideBySide(der: Buffer): Buffer {
  const both = Buffer.alloc(2 * NUMBER_BYTES);
  // SEQUENCE, its length, and then twice: INTEGER, its length, its bytes without zeros in front but one where the first
  // bit is set.
  let at = 2;
  for (let number = 1; number <= 2; number += 1) {
    const length = der[at + 1] ?? 0;
    const end = at + 2 + length;
    const bytes = der.subarray(Math.max(at + 2, end - NUMBER_BYTES), end);
    bytes.copy(both, number * NUMBER_BYTES - bytes.length);
    at = end;
  }
  return both;
}

/**
 * Signs in the calling thread: libuv's pool is where passwords are hashed, and a signature costs less than the way
 * there.
 *
 * @param algorithm `ES256`, `RS256` or `EdDSA`.
 */
export function signBytes(algorithm: string, key: KeyObject, data: Uint8Array): Buffer {
  const digest = digests[algorithm];
  if (digest === undefined) throw new Error(`nothing here signs by ${algorithm}`);
  const signature = sign(digest, data, key);
  return algorithm === 'ES256' ? sideBySide(signature) : signature;
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
export function readJws(
  token: unknown,
):
  | { readonly header: Readonly<Record<string, unknown>>; readonly payload: Readonly<Record<string, unknown>> }
  | undefined {
  const parts = typeof token === 'string' ? token.split('.') : [];
  if (parts.length !== 3) return undefined;
  const [header, payload] = parts
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>);
  return header === undefined || payload === undefined ? undefined : { header, payload };
}
