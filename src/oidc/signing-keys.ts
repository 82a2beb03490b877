import { ALGORITHMS, makeKey, type Algorithm } from '../crypto/signing-key.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { SigningKeyRow } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';

/**
 * The private keys that sign tokens, at least one for each algorithm. Made on the first start; instances that start at
 * once agree on one set.
 */
export async function loadSigningKeys(store: Store, clock: Clock, which: 'signingKeys' | 'sandboxKeys' = 'signingKeys'): Promise<{ keys: Record<string, unknown>[] }> {
  const missing = (rows: readonly SigningKeyRow[]): Algorithm[] => ALGORITHMS.filter((algorithm) => !rows.some((row) => row.algorithm === algorithm));

  let rows = await store[which].list();
  if (missing(rows).length > 0) {
    rows = await store.transaction(async (tx) => {
      await tx[which].lock();
      for (const algorithm of missing(await tx[which].list())) await tx[which].insert(makeKey(algorithm, clock.now()));
      return tx[which].list();
    });
  }
  return { keys: rows.map(({ jwk }) => ({ ...jwk })) };
}
