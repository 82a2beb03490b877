import { setImmediate as breathe } from 'node:timers/promises';
import type { ChainCheck } from '../audit/check.ts';
import type { Audit } from '../audit/log.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

/** A turn is over after so long, and the next goes on, on whichever instance. */
const TURN_MS = 900_000;
/** What is lost at most where the process is killed, and how old the figure of the page is. */
const KEEP_MS = 5000;

export interface CheckChainDeps {
  readonly audit: Pick<Audit, 'checks' | 'verifyNext' | 'walk'>;
  readonly store: Store;
  readonly log: Pick<Log, 'error'>;
  readonly turnMs?: number;
  readonly keepMs?: number;
}

/**
 * Goes on with the check of the whole chain that somebody has asked for, where there is one. Some thousand events a
 * second are verified, and a hundred million accounts have thousands of millions: it takes many turns, each of which
 * begins where the one before was cut off.
 *
 * @returns the check as it stands then; undefined where none is under way, or another run has brought it to its end.
 */
export async function checkChain(
  { audit, store, log, turnMs = TURN_MS, keepMs = KEEP_MS }: CheckChainDeps,
  signal?: AbortSignal,
): Promise<ChainCheck | undefined> {
  const { checks, verifyNext, walk } = audit;
  const found = await checks.find(store);
  if (found === undefined || found.outcome !== undefined) return undefined;
  const until = performance.now() + turnMs;
  let { place } = found;
  let check = await checks.keep(store, found, place);
  for (let keptAt = performance.now(); check !== undefined;) {
    const { brokenAt, next } = await verifyNext(store, place);
    if (brokenAt !== undefined || next === undefined) return end(check, brokenAt);
    place = next;
    const isOver = signal?.aborted === true || performance.now() >= until;
    if (isOver || performance.now() - keptAt >= keepMs) {
      check = await checks.keep(store, check, place);
      keptAt = performance.now();
    }
    if (isOver) return check;
    // Requests first.
    await breathe();
  }
  return undefined;

  async function end(check: ChainCheck, brokenAt: number | undefined): Promise<ChainCheck> {
    const outcome = await store.transactionOnce(async (tx) => {
      // Whoever starts from now on knows of it, and whoever runs within a minute.
      if (brokenAt !== undefined) await walk.keepBroken(tx, brokenAt);
      return checks.end(tx, check, place, brokenAt);
    });
    if (brokenAt !== undefined)
      log.error({ event: 'audit.chain.broken' satisfies LogEvent, position: brokenAt }, 'the audit log was altered');
    return { ...check, outcome };
  }
}
