import { createHmac, timingSafeEqual } from 'node:crypto';
import { createKeyDeriver } from './derive.ts';
import type { Keyring } from './keyring.ts';
import { encodeParts } from './parts.ts';

export interface KeyedHash {
  /**
   * HMAC-SHA-256 (32 bytes) of the parts, with a key of its own for each purpose. Who has the database but not the
   * keyring cannot try the million one-time codes against it.
   */
  hash(purpose: string, ...parts: readonly string[]): Buffer;
  /** Compares in constant time. */
  equal(a: Buffer, b: Buffer): boolean;
}

export function createKeyedHash({ mac }: Pick<Keyring, 'mac'>): KeyedHash {
  const keyFor = createKeyDeriver(mac, 'mac');
  return {
    hash: (purpose, ...parts) =>
      createHmac('sha256', keyFor(purpose))
        .update(encodeParts(...parts))
        .digest(),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}
