import type { Audit } from '../audit/log.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';
import { earlierClock } from './earlier-clock.ts';

const BATCH = 5000;
/** A turn is over after so long, and the next night goes on where it was. */
const TURN_MS = 5.5 * 3_600_000;

export interface RetentionDeps {
  readonly store: Store;
  readonly audit: Pick<Audit, 'retire' | 'dropSealedLinks'>;
  readonly clock: Clock;
  /** How long audit log and evidence are kept, in months; 0 for ever. */
  readonly months: number;
  /** Up to where the reports have counted what lies there: nothing goes before that. */
  readonly countedUntil: (table: 'audit_log' | 'verification_log') => Promise<Date>;
  /** Aborts when the time of this turn is over. */
  readonly over?: AbortSignal;
}

const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

/**
 * Removes the audit log and the evidence of identity checks, by whole months, when their time is over. Interrupted or
 * done twice, it comes to the same end. A month of a hundred million people takes several nights: where the time of a
 * turn is over amid one, nothing has failed.
 *
 * @throws {ChainBroken} where the chain over what should go is not whole; of the log nothing is removed from there on.
 * @returns the parts that are gone.
 */
export async function retain(
  { store, audit, clock, months, countedUntil, over = AbortSignal.timeout(TURN_MS) }: RetentionDeps,
  signal?: AbortSignal,
): Promise<{ readonly log: readonly string[]; readonly evidence: readonly string[]; readonly links: number }> {
  const ends = signal === undefined ? over : AbortSignal.any([signal, over]);
  let links = 0;
  let evidence: readonly string[] = [];
  const log: string[] = [];
  const dropLinks = async (): Promise<void> => {
    for (let from: number | undefined, isThrough = false; !isThrough;) {
      ends.throwIfAborted();
      const dropped = await audit.dropSealedLinks(store, BATCH, from);
      links += dropped.links;
      from = dropped.next;
      isThrough = from === undefined;
    }
  };
  const now = (await earlierClock({ clock, store })).now();
  const until = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
  try {
    if (months > 0)
      evidence = await store.retention.removeEvidence(earlier(until, await countedUntil('verification_log')));
    // Of a turn that was cut off.
    await dropLinks();
    if (months > 0) {
      await audit.retire(store, earlier(until, await countedUntil('audit_log')), ends, (part) => log.push(part));
      await dropLinks();
    }
  } catch (error) {
    if (!over.aborted || error !== over.reason) throw error;
  }
  return { log, evidence, links };
}
