import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../ports/clock/clock.ts';
import type { SigningKeyRow } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';

/** ES256 signs by default; RS256 is there for services whose library knows nothing else (OpenID Connect Core, 15.1), EdDSA for who asks for it. */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

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

function makeKey(algorithm: Algorithm, createdAt: Date): SigningKeyRow {
  const jwk = makers[algorithm]().export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(thumbprintMembers(jwk))).digest('base64url');
  return { kid, algorithm, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, createdAt };
}

/**
 * The private keys that sign tokens, at least one for each algorithm. Made on the first start; instances that start at
 * once agree on one set.
 */
export async function loadSigningKeys(store: Store, clock: Clock): Promise<{ keys: Record<string, unknown>[] }> {
  const missing = (rows: readonly SigningKeyRow[]): Algorithm[] => ALGORITHMS.filter((algorithm) => !rows.some((row) => row.algorithm === algorithm));

  let rows = await store.signingKeys.list();
  if (missing(rows).length > 0) {
    rows = await store.transaction(async (tx) => {
      await tx.signingKeys.lock();
      for (const algorithm of missing(await tx.signingKeys.list())) await tx.signingKeys.insert(makeKey(algorithm, clock.now()));
      return tx.signingKeys.list();
    });
  }
  return { keys: rows.map(({ jwk }) => ({ ...jwk })) };
}
