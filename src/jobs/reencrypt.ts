import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import type { RedisSealed } from '../store/redis/sealed.ts';
import type { SealedColumn } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';
import type { Stuck } from '../store/stuck.ts';

/** Each is one short transaction. */
const BATCH = 250;
/** What one round of the job does before it pauses. */
const ROWS_A_ROUND = 2000;
/**
 * And what it looks through for them, where a table has to be walked through: sixteen megabytes; or four thousand rows
 * of Redis.
 */
const BATCHES_A_ROUND = 16;
/** A turn is over after so long, and the next goes on, on whichever instance. */
const TURN_MS = 900_000;

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
  readonly places: Map<string, string>;
  rests(name: string): boolean;
  /** Nothing was found. */
  ended(name: string): void;
  failed(name: string, error: unknown): void;
}

/** One batch: how many rows, whether there may be more, and which of them stay because they do not open. */
interface Batch {
  readonly rows: number;
  readonly goesOn: boolean;
  readonly stuck?: Stuck | undefined;
}
type Move = (limit: number) => Promise<Batch>;

async function moveAll(
  { store, columns, others }: ReencryptDeps,
  progress: Progress,
  { signal, mostRows = Infinity, mostBatches = Infinity }: Limits,
): Promise<Done> {
  const done: Record<string, number> = {};
  let left = mostRows;
  // One that fails keeps no other from being moved: the keys that sign tokens, say.
  const trying = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (!progress.rests(name))
      await work().catch((error: unknown) => {
        progress.failed(name, error);
      });
  };
  /** @param isMetAgain  what does not open is found by each batch: it is told of once nothing else is left. */
  const inBatches = (name: string, isMetAgain: boolean, move: Move): Promise<void> =>
    trying(name, async () => {
      let goesOn = true;
      let broken: Error | undefined;
      for (let batches = 0; goesOn && signal?.aborted !== true && left > 0 && batches < mostBatches; batches += 1) {
        const batch = await move(Math.min(BATCH, left));
        if (batch.rows > 0) done[name] = (done[name] ?? 0) + batch.rows;
        left -= batch.rows + (batch.stuck?.rows ?? 0);
        broken ??= batch.stuck?.error;
        ({ goesOn } = batch);
        // Requests first.
        if (goesOn) await breathe();
      }
      if (broken !== undefined && !(isMetAgain && goesOn)) throw broken;
      if (!goesOn && done[name] === undefined) progress.ended(name);
    });
  /** One that is walked through is gone on with at its place. */
  const walkThrough = (
    name: string,
    isIndexed: boolean,
    move: (limit: number, from: string | undefined) => Promise<Omit<Batch, 'goesOn'> & { next: string | undefined }>,
  ): Promise<void> =>
    inBatches(name, isIndexed, async (limit) => {
      const { next, ...batch } = await move(limit, progress.places.get(name));
      if (next === undefined) progress.places.delete(name);
      else progress.places.set(name, next);
      return { ...batch, goesOn: next !== undefined };
    });
  const moveColumn = (column: SealedColumn): Promise<void> =>
    walkThrough(column.table, column.indexed, async (limit, from) => {
      const { next, ...batch } = await store.sealed.reseal(column, limit, Number(from ?? 0));
      return { ...batch, next: next?.toString() };
    });

  if (store.indexKeys.hasOlderKeys()) await trying('indexes', () => store.indexKeys.closeOlder());
  // Accounts come last: they take days where there are very many.
  if (store.sealed.hasOlderKeys()) {
    for (const column of columns.filter(({ use }) => use === 'sealing')) await moveColumn(column);
    if (others !== undefined) await walkThrough('redis', false, (_limit, from) => others.reseal(from));
  }
  if (store.indexKeys.hasOlderKeys()) {
    await inBatches('indexes', true, async (limit) => {
      const batch = await store.indexKeys.move(limit);
      return { ...batch, goesOn: batch.rows > 0 };
    });
  }
  if (store.sealed.hasOlderKeys())
    for (const column of columns.filter(({ use }) => use === 'personalData')) await moveColumn(column);
  return done;
}

/**
 * Seals under the current keys of the keyring what lies under older ones, in small batches. What is left to do stands
 * in the rows themselves: it may be interrupted at any moment, taken up by anybody, and run on many instances at once.
 *
 * @returns how many rows of each table.
 * @throws  what kept a table from being moved, once the others are.
 */
export async function reencrypt(deps: ReencryptDeps, limits: Limits = {}): Promise<Done> {
  const failures = new Map<string, unknown>();
  const progress = {
    places: new Map<string, string>(),
    rests: (name: string) => failures.has(name),
    ended: () => undefined,
    failed: (name: string, error: unknown) => failures.set(name, error),
  };
  const done = await moveAll(deps, progress, limits);
  for (const error of failures.values()) throw error;
  return done;
}

export interface ReencryptionDeps extends ReencryptDeps {
  /** Whether all running instances use the same keys: otherwise each would move everything to its own. */
  readonly doAllAgree: () => Promise<boolean>;
  /** @param signal  ends it before its time. */
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
  readonly turnMs?: number;
}

const untilStopped = (ms: number, signal: AbortSignal | undefined): Promise<unknown> =>
  delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

/**
 * A little of everything that neither rests nor fails; what fails rests as well. @returns also whether there may be
 * more.
 */
async function round(
  deps: ReencryptDeps,
  signal: AbortSignal | undefined,
): Promise<{ readonly done: Done; readonly failures: readonly unknown[]; readonly goesOn: boolean }> {
  const { sealed } = deps.store;
  const before = await sealed.moving();
  const places = new Map(before.flatMap(({ name, place }) => (place === undefined ? [] : [[name, place]])));
  const resting = new Set(before.filter(({ rests }) => rests).map(({ name }) => name));
  const tried = new Set<string>();
  const ended = new Set<string>();
  const failures: unknown[] = [];
  const done = await moveAll(
    deps,
    {
      places,
      rests(name) {
        if (!resting.has(name)) tried.add(name);
        return resting.has(name) || ended.has(name);
      },
      ended: (name) => void ended.add(name),
      failed(name, error) {
        ended.add(name);
        failures.push(error);
      },
    },
    { ...(signal === undefined ? {} : { signal }), mostRows: ROWS_A_ROUND, mostBatches: BATCHES_A_ROUND },
  );
  // What rests already rests as long as was said then.
  await sealed.keepMoving([...tried].map((name) => ({ name, place: places.get(name), rests: ended.has(name) })));
  return { done, failures, goesOn: [...tried].some((name) => !ended.has(name)) };
}

/**
 * The same as a turn of the job, in rounds: half of the time it pauses, so that it is no burden. How far it is stands
 * in the database, so it may be cut off at any moment and gone on with on another instance. Where nothing is left of a
 * table, or where it fails, that rests for ten minutes.
 *
 * @throws what kept a table from being moved, once the others have had their part of the round.
 */
export async function reencryptTurn(
  { doAllAgree, pause = untilStopped, turnMs = TURN_MS, ...deps }: ReencryptionDeps,
  signal?: AbortSignal,
): Promise<Done> {
  const { sealed, indexKeys } = deps.store;
  const total: Record<string, number> = {};
  const until = performance.now() + turnMs;
  // A process that uses other keys may come at any time.
  while ((sealed.hasOlderKeys() || indexKeys.hasOlderKeys()) && signal?.aborted !== true && (await doAllAgree())) {
    const begunAt = performance.now();
    const { done, failures, goesOn } = await round(deps, signal);
    for (const [name, rows] of Object.entries(done)) total[name] = (total[name] ?? 0) + rows;
    for (const error of failures) throw error;
    if (!goesOn || performance.now() >= until) break;
    await pause(performance.now() - begunAt, signal);
  }
  return total;
}
