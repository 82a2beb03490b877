import { ok, refuse, type Result } from './result.ts';

/** A JSON Web Key as somebody wrote it (RFC 7517). */
export type Jwk = Readonly<Record<string, unknown>>;

/** Why what stands at an address cannot serve as the keys of a service. */
export type KeySetFault = 'not-json' | 'not-a-key-set' | 'private-key' | 'unreadable-key';

/**
 * Of what stands at the address of a service, or of the address: what is somebody's doing, rather than a machine that
 * is ill.
 */
const MEANT: readonly string[] = ['address-refused', 'redirect', 'too-large', 'unfinished', 'private-key'];
export const isMeant = (fault: string): boolean => MEANT.includes(fault);

/** Members that only the owner of a key may know (RFC 7518, 6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/**
 * What a public key of each type cannot do without. Types and curves that stand nowhere here are passed over (RFC 7517,
 * 5).
 */
const NEEDED: Readonly<Record<string, readonly string[]>> = { EC: ['x', 'y'], OKP: ['x'], RSA: ['e', 'n'] };
const CURVES: Readonly<Record<string, readonly string[]>> = {
  EC: ['P-256', 'P-384', 'P-521'],
  OKP: ['Ed25519', 'X25519'],
};

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isObject = (value: unknown): value is Jwk => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whoever has read it can pose as the owner. */
export const isPrivate = (key: Jwk): boolean =>
  key.kty === 'oct' || PRIVATE.some((member) => key[member] !== undefined);

function isReadable(key: Jwk): boolean {
  if (!isText(key.kty)) return false;
  const kty = String(key.kty);
  const needed = NEEDED[kty];
  if (needed === undefined) return true;
  const curves = CURVES[kty];
  if (curves !== undefined && !isText(key.crv)) return false;
  if (curves !== undefined && !curves.includes(String(key.crv))) return true;
  return (
    needed.every((member) => isText(key[member])) &&
    ['alg', 'kid', 'use'].every((member) => key[member] === undefined || isText(key[member]))
  );
}

/**
 * Reads the key set that a service publishes. One bad key spoils it: nobody can tell what else was not meant to stand
 * there.
 */
export function readKeySet(text: string): Result<readonly Jwk[], KeySetFault> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return refuse('not-json');
  }
  const keys: unknown = isObject(given) ? given.keys : undefined;
  if (!Array.isArray(keys) || !keys.every(isObject)) return refuse('not-a-key-set');
  if (keys.some(isPrivate)) return refuse('private-key');
  return keys.every(isReadable) ? ok(keys) : refuse('unreadable-key');
}
