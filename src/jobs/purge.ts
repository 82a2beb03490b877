import { NOTICE_KEPT_SECONDS } from '../domain/logout.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';

const BATCH = 1000;
/** What became of a message is kept for a while for whoever asks; what it said was wiped when it was sent. */
const MESSAGE_SECONDS = 30 * 86_400;
/** What was reported of it: the page that waits for a code is over, and later receipts are of nobody. */
const RECEIPT_SECONDS = 3 * 86_400;
/** Longer than any receipt is ahead of its message. */
const UNKNOWN_RECEIPT_SECONDS = 3600;
/** What went wrong longer ago was mended, or happens again. */
const CLIENT_ERROR_SECONDS = 14 * 86_400;
/** A picture that was put here and then not used. */
const UNUSED_LOGO_SECONDS = 86_400;
/** A personal link to the check of an integration, after it ended. */
const CHECK_LINK_SECONDS = 30 * 86_400;
/** A key made for one check: it is published for a day, and goes thirty days later. */
const CHECK_KEY_SECONDS = 31 * 86_400;

/** Which lines a run of an import has met: such a run is over, or was killed. */
const IMPORT_LINE_SECONDS = 7 * 86_400;

/** What was seen in a check; nobody looks into it again so much later. */
const CHECK_SECONDS = 90 * 86_400;

export interface PurgeLimits {
  /**
   * Ends it between two batches: the process is about to end, or has taken longer than a run may, and another has
   * begun.
   */
  readonly signal?: AbortSignal;
  /** Of each kind: what has piled up of one keeps no other waiting. */
  readonly mostBatches?: number;
}

/**
 * What one turn of the job removes of each kind, two million rows: more than a minute makes, and done long before a run
 * counts as dead.
 */
export const BATCHES_A_TURN = 2000;

export interface PurgeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly deviceSeconds: number;
  /** Records of a former system that nobody came for; 0 keeps them. */
  readonly formerAccountDays: number;
  /** Requests for an account that are done with. */
  readonly recoveryRequestDays: number;
  readonly purgeCounters: (now: Date, limit: number) => Promise<number>;
  /** Where the database is gone, nothing else is tried. */
  readonly isConnectionLost?: (error: unknown) => boolean;
}

/**
 * Removes what has run out. Safe with many instances: each row goes once.
 *
 * @returns how many rows of each kind.
 * @throws  what kept a kind from being removed, once the others are.
 */
export async function purge(
  { store, clock, deviceSeconds, formerAccountDays, recoveryRequestDays, purgeCounters, isConnectionLost }: PurgeDeps,
  { signal, mostBatches = Infinity }: PurgeLimits = {},
): Promise<Readonly<Record<string, number>>> {
  const now = clock.now();
  const failures: unknown[] = [];
  async function inBatches(remove: (limit: number) => Promise<number>): Promise<number> {
    let total = 0;
    // One kind that fails keeps no other: what people have typed must go in its time.
    try {
      for (let batches = 0; batches < mostBatches && signal?.aborted !== true; batches += 1) {
        const removed = await remove(BATCH);
        total += removed;
        if (removed < BATCH) break;
      }
    } catch (error) {
      // The others would wait for the database as long, one after the other.
      if (isConnectionLost?.(error) === true) throw error;
      failures.push(error);
    }
    return total;
  }
  const removed = {
    protocolState: await inBatches((limit) => store.protocolState.purge(limit)),
    counters: await inBatches((limit) => purgeCounters(now, limit)),
    drafts: await inBatches((limit) => store.drafts.purge(now, limit)),
    confirmations: await inBatches((limit) => store.confirmations.purge(now, limit)),
    messages: await inBatches((limit) => store.messages.purge(addSeconds(now, -MESSAGE_SECONDS), limit)),
    receipts:
      (await inBatches((limit) => store.receipts.purgeUnknown(addSeconds(now, -UNKNOWN_RECEIPT_SECONDS), limit))) +
      (await inBatches((limit) => store.receipts.purge(addSeconds(now, -RECEIPT_SECONDS), limit))),
    logouts: await inBatches((limit) => store.logouts.purge(addSeconds(now, -NOTICE_KEPT_SECONDS), limit)),
    clientErrors: await inBatches((limit) => store.clientErrors.purge(addSeconds(now, -CLIENT_ERROR_SECONDS), limit)),
    logos: await inBatches((limit) => store.clientLogos.purge(addSeconds(now, -UNUSED_LOGO_SECONDS), limit)),
    checkLinks: await inBatches((limit) => store.clientChecks.purgeLinks(addSeconds(now, -CHECK_LINK_SECONDS), limit)),
    checkEvents: await inBatches((limit) => store.clientChecks.purgeEvents(addSeconds(now, -CHECK_SECONDS), limit)),
    checks: await inBatches((limit) => store.clientChecks.purgeUnpassed(addSeconds(now, -CHECK_SECONDS), limit)),
    checkKeys: await inBatches((limit) => store.sandboxKeys.purgeOfChecks(addSeconds(now, -CHECK_KEY_SECONDS), limit)),
    formerAccounts:
      formerAccountDays === 0
        ? 0
        : await inBatches((limit) => store.formerAccounts.purge(addSeconds(now, -formerAccountDays * 86_400), limit)),
    recoveryRequests: await inBatches((limit) =>
      store.recoveryRequests.purge(addSeconds(now, -recoveryRequestDays * 86_400), limit),
    ),
    importLines: await inBatches((limit) =>
      store.formerImport.purgeLines(addSeconds(now, -IMPORT_LINE_SECONDS), limit),
    ),
    devices: await inBatches((limit) => store.devices.purge(addSeconds(now, -deviceSeconds), limit)),
  };
  for (const error of failures) throw error;
  return removed;
}
