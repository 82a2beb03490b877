import type { Clock } from '../ports/clock/clock.ts';
import type { Changes, Topic } from '../store/changes.ts';

/**
 * While nobody can tell what changes elsewhere, a row is good for so long: a stop switch acts within this time on every
 * instance.
 */
const FRESH_MS = 2000;
/** Nothing is held for longer, whatever has not changed. */
const LONGEST_MS = 300_000;
/**
 * Rows that are there, and apart from them ids that nobody has: those are somebody's typing, and push out nothing but
 * each other.
 */
const MOST = 1000;
const MOST_UNKNOWN = 1000;

export interface HoldingDeps<T> {
  readonly load: (id: string) => Promise<T | undefined>;
  readonly clock: Clock;
  /** Says whether a row may have changed since it was read. Without, it is read again every two seconds. */
  readonly changes?: Pick<Changes, 'mark'> | undefined;
  readonly topic: Topic;
}

interface Entry<T> {
  /** The turn in which it was last asked for. */
  usedAt: number;
  readonly row: Promise<T | undefined>;
  readonly readAt: number;
  /** As it was before the row was read: what changed in between is read again. */
  readonly mark: number | undefined;
}

/**
 * Keeps what was used last. Looked for where something is read anyway: to bring each to the end as it is used would
 * build the map anew every few requests.
 */
function keep<T>(held: Map<string, Entry<T>>, id: string, entry: Entry<T>, most: number): void {
  held.set(id, entry);
  if (held.size <= most) return;
  let [oldest, usedAt] = [id, Infinity];
  for (const [one, known] of held) if (one !== id && known.usedAt < usedAt) [oldest, usedAt] = [one, known.usedAt];
  held.delete(oldest);
}

/** Rows that every protocol request asks for, held in the process until they change. */
export function holding<T>({ load, clock, changes, topic }: HoldingDeps<T>): (id: string) => Promise<T | undefined> {
  /** Being read: as many as requests wait for them. */
  const reading = new Map<string, Entry<T>>();
  const rows = new Map<string, Entry<T>>();
  const unknown = new Map<string, Entry<T>>();
  let turn = 0;

  function isGood({ readAt, mark }: Entry<T>, now: number, newest: number | undefined): boolean {
    const age = now - readAt;
    return age >= 0 && (newest === undefined ? age < FRESH_MS : mark === newest && age < LONGEST_MS);
  }

  async function read(id: string, entry: Entry<T>): Promise<T | undefined> {
    reading.set(id, entry);
    try {
      const row = await entry.row;
      const [held, most, other] = row === undefined ? [unknown, MOST_UNKNOWN, rows] : [rows, MOST, unknown];
      other.delete(id);
      keep(held, id, entry, most);
      return row;
    } finally {
      if (reading.get(id) === entry) reading.delete(id);
    }
  }

  return async (id) => {
    const now = clock.now().getTime();
    const mark = changes?.mark(topic);
    const row = rows.get(id);
    if (row !== undefined && isGood(row, now, mark)) {
      row.usedAt = turn += 1;
      return row.row;
    }
    const other = reading.get(id) ?? unknown.get(id);
    return other !== undefined && isGood(other, now, mark)
      ? other.row
      : read(id, { row: load(id), readAt: now, usedAt: (turn += 1), mark });
  };
}
