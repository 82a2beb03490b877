import type { Clock } from '../ports/clock/clock.ts';

/** A stop switch acts within this time on every instance. */
const FRESH_MS = 2000;
const MOST = 1000;

/** Rows that every protocol request asks for, held in the process for a moment. */
export function holding<T>(load: (id: string) => Promise<T | undefined>, clock: Clock): (id: string) => Promise<T | undefined> {
  const held = new Map<string, { row: Promise<T | undefined>; until: number }>();
  return async (id) => {
    const now = clock.now().getTime();
    const entry = held.get(id);
    if (entry !== undefined && entry.until > now) return entry.row;
    const row = load(id);
    // Ids that do not exist are somebody's typing: they must not push out those that do.
    if (held.size >= MOST) held.clear();
    held.set(id, { row, until: now + FRESH_MS });
    try {
      return await row;
    } catch (error) {
      held.delete(id);
      throw error;
    }
  };
}
