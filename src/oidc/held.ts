import type { Clock } from '../ports/clock/clock.ts';
import type { Changes, Topic } from '../store/changes.ts';

/** While nobody can tell what changes elsewhere, a row is good for so long: a stop switch acts within this time on every instance. */
const FRESH_MS = 2000;
/** Nothing is held for longer, whatever has not changed. */
const LONGEST_MS = 300_000;
const MOST = 1000;

export interface HoldingDeps<T> {
  readonly load: (id: string) => Promise<T | undefined>;
  readonly clock: Clock;
  /** Says whether a row may have changed since it was read. Without, it is read again every two seconds. */
  readonly changes?: Pick<Changes, 'mark'> | undefined;
  readonly topic: Topic;
}

interface Entry<T> {
  readonly row: Promise<T | undefined>;
  readonly readAt: number;
  /** As it was before the row was read: what changed in between is read again. */
  readonly mark: number | undefined;
}

/** Rows that every protocol request asks for, held in the process until they change. */
export function holding<T>({ load, clock, changes, topic }: HoldingDeps<T>): (id: string) => Promise<T | undefined> {
  const held = new Map<string, Entry<T>>();

  function isGood({ readAt, mark }: Entry<T>, now: number, newest: number | undefined): boolean {
    const age = now - readAt;
    return age >= 0 && (newest === undefined ? age < FRESH_MS : mark === newest && age < LONGEST_MS);
  }

  return async (id) => {
    const now = clock.now().getTime();
    const mark = changes?.mark(topic);
    const entry = held.get(id);
    if (entry !== undefined && isGood(entry, now, mark)) return entry.row;
    const row = load(id);
    // Ids that do not exist are somebody's typing: they must not push out those that do.
    if (held.size >= MOST) held.clear();
    held.set(id, { row, readAt: now, mark });
    try {
      return await row;
    } catch (error) {
      held.delete(id);
      throw error;
    }
  };
}
