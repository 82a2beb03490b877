import { setImmediate as breathe } from 'node:timers/promises';
import type { Clock } from '../ports/clock/clock.ts';
import type { RedisSealed } from '../store/redis/sealed.ts';
import type { SealedColumn } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';

/** Each is one short transaction. */
const BATCH = 250;
/** What one turn of the job does, so that it is no burden: some four hundred rows a second, on each instance. */
const ROWS_A_TURN = 2000;
/** When nothing is left: as long as an older key stays in the keyring, somebody may still write by it. */
const REST_MS = 600_000;

export interface ReencryptDeps {
  readonly store: Pick<Store, 'sealed' | 'indexKeys'>;
  /** Everything sealed, as the store knows it. */
  readonly columns: readonly SealedColumn[];
  /** What Redis holds, where there is one. */
  readonly others?: Pick<RedisSealed, 'reseal'> | undefined;
}

export interface Limits {
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
  readonly mostRows?: number;
}

/**
 * Seals under the current keys of the keyring what lies under older ones, in small batches. What is left to do stands in
 * the rows themselves: it may be interrupted at any moment, taken up by anybody, and run on many instances at once.
 *
 * @returns how many rows of each table.
 */
export async function reencrypt({ store, columns, others }: ReencryptDeps, { signal, mostRows = Infinity }: Limits = {}): Promise<Readonly<Record<string, number>>> {
  const done: Record<string, number> = {};
  let left = mostRows;
  const inBatches = async (name: string, move: (limit: number) => Promise<number>): Promise<void> => {
    while (signal?.aborted !== true && left > 0) {
      const moved = await move(Math.min(BATCH, left));
      if (moved === 0) return;
      done[name] = (done[name] ?? 0) + moved;
      left -= moved;
      // Requests first.
      await breathe();
    }
  };
  if (store.indexKeys.hasOlderKeys()) {
    await store.indexKeys.closeOlder();
    await inBatches('indexes', (limit) => store.indexKeys.move(limit));
  }
  if (!store.sealed.hasOlderKeys()) return done;
  for (const column of columns) await inBatches(column.table, (limit) => store.sealed.reseal(column, limit));
  if (signal?.aborted === true || left <= 0) return done;
  const moved = (await others?.reseal(signal)) ?? 0;
  return moved > 0 ? { ...done, redis: moved } : done;
}

export interface ReencryptionDeps extends ReencryptDeps {
  readonly clock: Clock;
  /** Whether all running instances use the same keys: otherwise each would move everything to its own. */
  readonly doAllAgree: () => Promise<boolean>;
}

/** The same as a job: a little at each turn, and a rest where nothing is left. */
export function createReencryption({ clock, doAllAgree, ...deps }: ReencryptionDeps): { run(): Promise<Readonly<Record<string, number>>>; stop(): void } {
  const stopped = new AbortController();
  let restsUntil = 0;
  return {
    async run() {
      const wait = restsUntil - clock.now().getTime();
      if (wait > 0 && wait <= REST_MS) return {};
      const { sealed, indexKeys } = deps.store;
      if (!(sealed.hasOlderKeys() || indexKeys.hasOlderKeys()) || !(await doAllAgree())) return {};
      const done = await reencrypt(deps, { signal: stopped.signal, mostRows: ROWS_A_TURN });
      if (Object.keys(done).length === 0) restsUntil = clock.now().getTime() + REST_MS;
      return done;
    },
    stop() {
      stopped.abort();
    },
  };
}
