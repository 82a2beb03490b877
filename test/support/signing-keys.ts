import { createPrivateKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import { makeKey, toSigningKey, type MakeKey } from '../../src/crypto/signing-key.ts';

/** As many as a sign-on makes on an empty database: one that signs, the next, and the sandbox's. */
const WANTED = 3;

/**
 * RSA keys for the whole run, as one text for its environment: to make three takes longer than all else a start does.
 */
export async function makeRsaKeys(): Promise<string> {
  const pairs = await Promise.all(
    Array.from({ length: WANTED }, () => promisify(generateKeyPair)('rsa', { modulusLength: 2048 })),
  );
  return JSON.stringify(pairs.map(({ privateKey }) => privateKey.export({ format: 'jwk' })));
}

/** Makes keys for one database: the first RSA keys are those of the run, all others are new. */
export function createKeySource(): MakeKey {
  const waiting = JSON.parse(process.env.TEST_RSA_KEYS ?? '[]') as JsonWebKey[];
  return (algorithm, createdAt) => {
    const key = algorithm === 'RS256' ? waiting.shift() : undefined;
    return key === undefined
      ? makeKey(algorithm, createdAt)
      : toSigningKey(createPrivateKey({ key, format: 'jwk' }), algorithm, createdAt);
  };
}
