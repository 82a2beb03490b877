import { createHmac } from 'node:crypto';
import { createKeyDeriver } from './derive.ts';
import type { Keyring } from './keyring.ts';

export type IndexedKind = 'nik' | 'email' | 'phone';

export interface BlindIndex {
  /** The key that `of` goes by. */
  readonly keyId: string;
  /**
   * The 32 bytes under which an encrypted value is found: equal for equal values, meaningless without the key.
   *
   * @param normalised the one spelling of the value (16 digits, E.164, address in lower case): another spelling of the
   *                   same value gives another index.
   */
  of(kind: IndexedKind, normalised: string): Buffer;
  /**
   * Under every key that is known, the current one first: one of them is the value's, while a key is being replaced.
   */
  all(kind: IndexedKind, normalised: string): readonly Buffer[];
}

export function createBlindIndex({ blindIndex }: Pick<Keyring, 'blindIndex'>): BlindIndex {
  const { currentId, byId } = blindIndex;
  const ids = [currentId, ...[...byId.keys()].filter((id) => id !== currentId)];
  const derivers = ids.flatMap((id) => byId.get(id) ?? []).map((key) => createKeyDeriver(key, 'blind-index'));
  const all: BlindIndex['all'] = (kind, normalised) =>
    derivers.map((keyFor) => createHmac('sha256', keyFor(kind)).update(normalised, 'utf8').digest());
  const [current] = derivers;
  if (current === undefined) throw new Error('the keyring has no key for the blind index');
  return {
    keyId: currentId,
    of: (kind, normalised) => createHmac('sha256', current(kind)).update(normalised, 'utf8').digest(),
    all,
  };
}
