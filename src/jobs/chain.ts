import type { Audit } from '../audit/log.ts';
import type { Store } from '../store/store.ts';

/**
 * Lays the audit chain over everything that waits, however much: what is beside the chain is not protected by it.
 *
 * @param signal  ends it between two transactions: what waits then is laid by whoever comes next.
 * @returns       how many.
 */
export async function chainAll(
  audit: Pick<Audit, 'chain' | 'mostChained'>,
  store: Store,
  signal?: AbortSignal,
): Promise<number> {
  for (let total = 0; ;) {
    const laid = await audit.chain(store);
    total += laid;
    if (laid < audit.mostChained || signal?.aborted === true) return total;
  }
}
