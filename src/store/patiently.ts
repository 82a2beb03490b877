import { setTimeout as delay } from 'node:timers/promises';

/** How often something that found no moment for its lock is tried again. */
const LOCK_TRIES = 30;
const LOCK_PAUSE_MS = 1000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Does the work again where a lock was not to be had: whoever waits for that of a whole table holds up everybody who
 * comes after, so it waits for a moment only, and gives way. The work is one transaction, or may come twice.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || tries === LOCK_TRIES) throw error;
      await delay(LOCK_PAUSE_MS);
    }
  }
}
