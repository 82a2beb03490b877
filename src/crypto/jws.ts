import { createPrivateKey, sign } from 'node:crypto';

/** How a private key signs for each algorithm; ECDSA as two numbers side by side (RFC 7518, 3.4). */
const digests: Readonly<Record<string, string | null>> = { ES256: 'sha256', RS256: 'sha256', EdDSA: null };

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs a JSON Web Signature in its compact form (RFC 7515).
 *
 * @param key      a private key as JWK; `alg` is `ES256`, `RS256` or `EdDSA`.
 * @param header   what stands in the header besides `alg`: `kid`, `typ`.
 */
export function signJws(key: Readonly<Record<string, unknown>>, header: object, payload: object): string {
  const alg = String(key.alg);
  const digest = digests[alg];
  if (digest === undefined) throw new Error(`nothing here signs by ${alg}`);
  const input = `${encode({ alg, ...header })}.${encode(payload)}`;
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  return `${input}.${sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** What a JWS says, unverified; undefined for anything else, an encrypted token for instance. */
export function readJws(token: unknown): { readonly header: Readonly<Record<string, unknown>>; readonly payload: Readonly<Record<string, unknown>> } | undefined {
  const parts = typeof token === 'string' ? token.split('.') : [];
  if (parts.length !== 3) return undefined;
  const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>);
  return header === undefined || payload === undefined ? undefined : { header, payload };
}
