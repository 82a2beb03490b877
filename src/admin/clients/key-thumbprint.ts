import { createHash } from 'node:crypto';
import type { ClientKey } from '../../domain/client-key.ts';

/** By kind of key, what makes it up, as RFC 7638, 3.2 and RFC 8037, 2 have it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

export const partsOf = (key: ClientKey): readonly string[] =>
  PARTS[String(key.kty)] ??
  Object.keys(key)
    .filter((name) => name !== 'exp')
    .sort();

/** What a key is known by (RFC 7638), whole: its beginning, and whatever it calls itself, another key can have too. */
export const thumbprintOf = (key: ClientKey): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(partsOf(key).map((part) => [part, key[part]]))))
    .digest('base64url');
