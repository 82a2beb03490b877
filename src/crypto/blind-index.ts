import { createHmac } from 'node:crypto';
import { createKeyDeriver } from './derive.ts';
import type { Keyring } from './keyring.ts';

export type IndexedKind = 'nik' | 'email' | 'phone';

export interface BlindIndex {
  /**
   * The 32 bytes under which an encrypted value is found: equal for equal values, meaningless without the key.
   *
   * @param normalised the one spelling of the value (16 digits, E.164, address in lower case): another spelling of the
   *                   same value gives another index.
   */
  of(kind: IndexedKind, normalised: string): Buffer;
}

export function createBlindIndex({ blindIndex }: Pick<Keyring, 'blindIndex'>): BlindIndex {
  const keyFor = createKeyDeriver(blindIndex, 'blind-index');
  return { of: (kind, normalised) => createHmac('sha256', keyFor(kind)).update(normalised, 'utf8').digest() };
}
