import type { ChainCheck } from '../../audit/check.ts';
import type { Audit } from '../../audit/log.ts';
import { signatureOf, type Actor } from '../../domain/operator.ts';
import type { Store } from '../../store/store.ts';
import type { Log } from '../../telemetry/log.ts';

/** How the chain of the audit log stands, and the check of it that is under way or was the last. */
export interface ChainStanding {
  /** Its last link, and how many there are. */
  readonly end: number;
  readonly links: number;
  /** Where it begins, once its oldest events are gone. */
  readonly sealed: { readonly position: number; readonly before: Date } | undefined;
  readonly check: ChainCheck | undefined;
}

export interface ChainService {
  standing(): Promise<ChainStanding>;
  /** Has the whole chain checked by a job, unless it is being checked already. */
  ask(by: Actor): Promise<void>;
}

export interface ChainServiceDeps {
  readonly store: Pick<Store, 'audit' | 'retention' | 'transactionOnce'>;
  readonly audit: Pick<Audit, 'checks'>;
  /** Has the job begin within seconds; its turn of the next minute does otherwise. */
  readonly startCheck: () => Promise<void>;
  readonly log: Pick<Log, 'warn'>;
}

export function createChainService({ store, audit, startCheck, log }: ChainServiceDeps): ChainService {
  return {
    async standing() {
      const [seals, last, check] = [
        await store.retention.seals(),
        await store.audit.chainEnd(),
        await audit.checks.find(store),
      ];
      const sealed = seals.at(-1);
      const end = last?.position ?? 0;
      return { end, links: end - (sealed?.position ?? 0), sealed, check };
    },

    async ask(by) {
      await audit.checks.ask(store, signatureOf(by));
      await startCheck().catch((error: unknown) => {
        log.warn({ err: error }, 'the check of the audit log waits for the next turn of its job');
      });
    },
  };
}
