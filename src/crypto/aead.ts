import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import type { Random } from '../ports/random/random.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A sealed value that does not open: altered, moved to another row or purpose, or sealed under a key that is gone.
 * The message never says anything of the content.
 */
export class SealBroken extends Error {
  readonly code = 'SEAL_BROKEN';

  constructor(what = 'a sealed value does not open') {
    super(what);
  }
}

/**
 * AES-256-GCM under a random 96-bit nonce (NIST SP 800-38D §8.2.2).
 *
 * @param context authenticated with the content, and needed again to open it; not part of the result.
 * @returns the pieces in their order, for one copy of them: nonce (12 bytes), ciphertext, tag (16 bytes).
 */
export function encrypt(key: KeyObject, context: Buffer, plain: Buffer, random: Random): readonly Buffer[] {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(context);
  return [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
}

/**
 * The reverse of `encrypt`.
 * @throws {SealBroken} unless key, context and every byte are the same.
 */
export function decrypt(key: KeyObject, context: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SealBroken();
  const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(context)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const plain = decipher.update(body);
    // In this mode the last step only says whether the tag is right.
    decipher.final();
    return plain;
  } catch {
    throw new SealBroken();
  }
}
