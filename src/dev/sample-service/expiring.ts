import { addSeconds, type Clock } from '../../ports/clock/clock.ts';

export interface Expiring<T> {
  set(key: string, value: T): void;
  get(key: string): T | undefined;
  delete(key: string): void;
  /** Removes what matches and says how many there were. */
  deleteWhere(matches: (value: T) => boolean): number;
}

/** A map in memory that forgets: after `ttlSeconds`, and the oldest first where there are more than `most`. */
export function createExpiring<T>({
  clock,
  ttlSeconds,
  most,
}: {
  clock: Clock;
  ttlSeconds: number;
  most: number;
}): Expiring<T> {
  const entries = new Map<string, { value: T; until: Date }>();

  /** Every entry lives equally long, so the first ones are always the oldest. */
  function tidy(): void {
    for (const [key, { until }] of entries) {
      if (until > clock.now() && entries.size < most) return;
      entries.delete(key);
    }
  }

  return {
    set(key, value) {
      entries.delete(key);
      tidy();
      entries.set(key, { value, until: addSeconds(clock.now(), ttlSeconds) });
    },
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && entry.until > clock.now() ? entry.value : undefined;
    },
    delete(key) {
      entries.delete(key);
    },
    deleteWhere(matches) {
      const found = [...entries].filter(([, { value }]) => matches(value));
      for (const [key] of found) entries.delete(key);
      return found.length;
    },
  };
}
