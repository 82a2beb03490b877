import { setImmediate as breathe } from 'node:timers/promises';
import type { Clock } from '../ports/clock/clock.ts';
import type { RedisSealed } from '../store/redis/sealed.ts';
import type { SealedColumn } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';

/** Each is one short transaction. */
const BATCH = 250;
/** What one turn of the job does, so that it is no burden: some four hundred rows a second, on each instance. */
const ROWS_A_TURN = 2000;
/** And what it looks through for them, where a table has to be walked through: sixteen megabytes; or four thousand rows of Redis. */
const BATCHES_A_TURN = 16;
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
  /** Of each kind, whether they find something or not. */
  readonly mostBatches?: number;
}

type Done = Readonly<Record<string, number>>;

/** What there is to know from one turn to the next, by the names of tables. */
interface Progress {
  /** Where those are to be gone on with that are walked through. */
  readonly places: Map<string, number>;
  rests(name: string): boolean;
  /** Nothing was found. */
  ended(name: string): void;
  failed(name: string, error: unknown): void;
}

/** One batch: how many rows, and whether there may be more. */
type Move = (limit: number) => Promise<{ readonly rows: number; readonly goesOn: boolean }>;

async function moveAll({ store, columns, others }: ReencryptDeps, progress: Progress, { signal, mostRows = Infinity, mostBatches = Infinity }: Limits): Promise<Done> {
  const done: Record<string, number> = {};
  let left = mostRows;
  // One that fails keeps no other from being moved: the keys that sign tokens, say.
  const trying = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (!progress.rests(name)) await work().catch((error: unknown) => { progress.failed(name, error); });
  };
  const inBatches = (name: string, move: Move): Promise<void> =>
    trying(name, async () => {
      for (let batches = 0; signal?.aborted !== true && left > 0 && batches < mostBatches; batches += 1) {
        const { rows, goesOn } = await move(Math.min(BATCH, left));
        if (rows > 0) done[name] = (done[name] ?? 0) + rows;
        left -= rows;
        if (!goesOn) {
          if (done[name] === undefined) progress.ended(name);
          return;
        }
        // Requests first.
        await breathe();
      }
    });
  const moveColumn = (column: SealedColumn): Promise<void> =>
    inBatches(column.table, async (limit) => {
      const { rows, next } = await store.sealed.reseal(column, limit, progress.places.get(column.table));
      if (next === undefined) progress.places.delete(column.table);
      else progress.places.set(column.table, next);
      return { rows, goesOn: next !== undefined };
    });

  if (store.indexKeys.hasOlderKeys()) await trying('indexes', () => store.indexKeys.closeOlder());
  // Accounts come last: they take days where there are very many.
  if (store.sealed.hasOlderKeys()) {
    for (const column of columns.filter(({ use }) => use === 'sealing')) await moveColumn(column);
    if (others !== undefined) {
      await inBatches('redis', async (limit) => {
        const { rows, isEnd } = await others.reseal(limit);
        return { rows, goesOn: !isEnd };
      });
    }
  }
  if (store.indexKeys.hasOlderKeys()) {
    await inBatches('indexes', async (limit) => {
      const rows = await store.indexKeys.move(limit);
      return { rows, goesOn: rows > 0 };
    });
  }
  if (store.sealed.hasOlderKeys()) for (const column of columns.filter(({ use }) => use === 'personalData')) await moveColumn(column);
  return done;
}

/**
 * Seals under the current keys of the keyring what lies under older ones, in small batches. What is left to do stands in
 * the rows themselves: it may be interrupted at any moment, taken up by anybody, and run on many instances at once.
 *
 * @returns how many rows of each table.
 * @throws  what kept a table from being moved, once the others are.
 */
export async function reencrypt(deps: ReencryptDeps, limits: Limits = {}): Promise<Done> {
  const failures = new Map<string, unknown>();
  const progress = { places: new Map<string, number>(), rests: (name: string) => failures.has(name), ended: () => undefined, failed: (name: string, error: unknown) => failures.set(name, error) };
  const done = await moveAll(deps, progress, limits);
  for (const error of failures.values()) throw error;
  return done;
}

export interface ReencryptionDeps extends ReencryptDeps {
  readonly clock: Clock;
  /** Whether all running instances use the same keys: otherwise each would move everything to its own. */
  readonly doAllAgree: () => Promise<boolean>;
}

/** The same as a job: a little at each turn, and a rest where nothing is left, or where it fails. */
export function createReencryption({ clock, doAllAgree, ...deps }: ReencryptionDeps): { run(): Promise<Done>; stop(): void } {
  const stopped = new AbortController();
  const restsUntil = new Map<string, number>();
  const places = new Map<string, number>();
  const rest = (name: string): void => { restsUntil.set(name, clock.now().getTime() + REST_MS); };
  const rests = (name: string): boolean => {
    const wait = (restsUntil.get(name) ?? 0) - clock.now().getTime();
    return wait > 0 && wait <= REST_MS;
  };
  return {
    async run() {
      const { sealed, indexKeys } = deps.store;
      if (!(sealed.hasOlderKeys() || indexKeys.hasOlderKeys()) || !(await doAllAgree())) return {};
      const failures: unknown[] = [];
      const failed = (name: string, error: unknown): void => {
        rest(name);
        failures.push(error);
      };
      const done = await moveAll(deps, { places, rests, ended: rest, failed }, { signal: stopped.signal, mostRows: ROWS_A_TURN, mostBatches: BATCHES_A_TURN });
      for (const error of failures) throw error;
      return done;
    },
    stop() {
      stopped.abort();
    },
  };
}
