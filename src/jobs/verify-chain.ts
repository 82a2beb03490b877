import type { ChainPlace } from '../audit/chain.ts';
import type { Audit } from '../audit/log.ts';
import type { LogEvent } from '../domain/log-event.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

export interface ChainWatch {
  /** Verifies the next stretches of the chain, as many as its time allows and one at least, and begins anew at its end. */
  step(): Promise<void>;
  /** The position at which it was found broken, until it was walked through once without finding anything. */
  brokenAt(): number | undefined;
}

export interface ChainWatchDeps {
  readonly audit: Pick<Audit, 'verifyNext'>;
  readonly store: Store;
  readonly log: Pick<Log, 'error'>;
  /** How long a step may take. A stretch takes some milliseconds, and between two of them everything else has its turn. */
  readonly stepMs?: number;
}

/** Walks along the chain of the audit log for ever, some stretches at a time: who breaks it is found out without anybody asking. */
export function createChainWatch({ audit, store, log, stepMs = 0 }: ChainWatchDeps): ChainWatch {
  let place: ChainPlace | undefined;
  let broken: number | undefined;

  async function stretch(): Promise<void> {
    const { brokenAt, next } = await audit.verifyNext(store, place);
    if (brokenAt === undefined) {
      if (next === undefined) broken = undefined;
      place = next;
      return;
    }
    if (broken !== brokenAt) log.error({ event: 'audit.chain.broken' satisfies LogEvent, position: brokenAt }, 'the audit log was altered');
    broken = brokenAt;
    place = undefined;
  }

  return {
    brokenAt: () => broken,
    async step() {
      const until = performance.now() + stepMs;
      do await stretch();
      while (place !== undefined && performance.now() < until);
    },
  };
}
