import type { Audit } from '../audit/log.ts';
import type { Store } from '../store/store.ts';

/** Lays the audit chain over everything that waits, however much: what is beside the chain is not protected by it. */
export async function chainAll(audit: Audit, store: Store): Promise<number> {
  for (let total = 0; ; ) {
    const laid = await audit.chain(store);
    total += laid;
    if (laid < audit.mostChained) return total;
  }
}
