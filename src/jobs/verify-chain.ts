import type { ChainPlace } from '../audit/chain.ts';
import type { Audit } from '../audit/log.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

export interface ChainWatch {
  /**
   * Verifies the next stretches of the chain, as many as its time allows and one at least, and begins anew at its end.
   */
  step(): Promise<void>;
  /** The position at which it was found broken, until it was walked through once without finding anything. */
  brokenAt(): number | undefined;
}

export interface ChainWatchDeps {
  readonly audit: Pick<Audit, 'verifyNext' | 'walk'>;
  readonly store: Store;
  readonly log: Pick<Log, 'error'>;
  /**
   * How long a step may take. A stretch takes some milliseconds, and between two of them everything else has its turn.
   */
  readonly stepMs?: number;
  /** How often it notes where it is. */
  readonly keepMs?: number;
}

const KEEP_MS = 60_000;

/**
 * Walks along the chain of the audit log for ever, some stretches at a time: who breaks it is found out without anybody
 * asking. A process begins where the last note says that one was: of years of events none would ever come to the
 * newest, beginning anew with each release.
 */
export function createChainWatch({ audit, store, log, stepMs = 0, keepMs = KEEP_MS }: ChainWatchDeps): ChainWatch {
  let place: ChainPlace | undefined;
  let broken: number | undefined;
  let hasBegun = false;
  /** Whether the round that it is at began at the beginning: only such a one proves that nothing is broken any more. */
  let isWhole = true;
  let isKept = false;
  let keptAt = performance.now();
  let heededAt = performance.now();

  async function begin(): Promise<void> {
    const kept = await audit.walk.find(store);
    // Whoever has found it broken is believed, until it was walked through from the beginning.
    ({ brokenAt: broken } = kept);
    place = broken === undefined ? kept.place : undefined;
    isWhole = place === undefined;
    isKept = !isWhole;
    hasBegun = true;
  }

  /** What a check that somebody asked for has found, or another instance: it says so as well. */
  async function heed(): Promise<void> {
    if (broken !== undefined || performance.now() - heededAt < keepMs) return;
    heededAt = performance.now();
    ({ brokenAt: broken } = await audit.walk.find(store));
    if (broken === undefined) return;
    place = undefined;
    isWhole = true;
  }

  async function stretch(): Promise<void> {
    const { brokenAt, next } = await audit.verifyNext(store, place);
    place = brokenAt === undefined ? next : undefined;
    if (brokenAt !== undefined) {
      if (broken !== brokenAt) {
        log.error({ event: 'audit.chain.broken' satisfies LogEvent, position: brokenAt }, 'the audit log was altered');
        await audit.walk.keepBroken(store, brokenAt);
      }
      broken = brokenAt;
      isWhole = true;
    } else if (next === undefined) {
      if (isWhole && broken !== undefined) {
        await audit.walk.keepBroken(store, undefined);
        broken = undefined;
      }
      isWhole = true;
    }
  }

  /** At its end the next process begins anew, as this one does. */
  async function keep(): Promise<void> {
    if (place === undefined ? !isKept : performance.now() - keptAt < keepMs) return;
    await audit.walk.keep(store, place);
    isKept = place !== undefined;
    keptAt = performance.now();
  }

  return {
    brokenAt: () => broken,
    async step() {
      if (hasBegun) await heed();
      else await begin();
      const until = performance.now() + stepMs;
      do await stretch();
      while (place !== undefined && performance.now() < until);
      await keep();
    },
  };
}
