/** What one claim may take: of whom one notice only, of whom none. */
export interface Room {
  readonly single: string[];
  readonly without: string[];
}

/** Who has how many of the places of a sender, and who has not answered of late. */
export interface Shares {
  take(clientId: string): void;
  /** @returns whether something may begin now for somebody who had to wait. */
  leave(clientId: string): boolean;
  /** It answered, whatever it said. */
  answered(clientId: string): void;
  /** It did not. @returns whether it has not for so long that it is asked by one notice at a time. */
  failed(clientId: string, now: Date): boolean;
  room(now: Date): Room;
}

/** So many failures in a row: a service that is away, and not a notice that fails. */
const FAILURES_IN_A_ROW = 5;
/** Then one notice asks whether it is back, and the rest waits that long in between: on each instance. */
const PAUSE_MS = 15_000;

/** Keeps a service that hangs, with thousands of notices to come, from holding the places that others need. */
export function createShares(most: number): Shares {
  const held = new Map<string, number>();
  const failures = new Map<string, { inARow: number; pausedUntil: number }>();
  const isAway = (clientId: string): boolean => (failures.get(clientId)?.inARow ?? 0) >= FAILURES_IN_A_ROW;
  const isPaused = (clientId: string, now: Date): boolean => {
    const wait = (failures.get(clientId)?.pausedUntil ?? 0) - now.getTime();
    // Further ahead than that only by a clock that was set back.
    return wait > 0 && wait <= PAUSE_MS;
  };
  /** Whom a success has given back all of their places, until somebody looks at the queue for them. */
  const back = new Set<string>();
  return {
    take(clientId) {
      held.set(clientId, (held.get(clientId) ?? 0) + 1);
    },
    leave(clientId) {
      const left = (held.get(clientId) ?? 1) - 1;
      if (left === 0) held.delete(clientId);
      else held.set(clientId, left);
      return back.delete(clientId) || left === most - 1;
    },
    answered(clientId) {
      if (isAway(clientId)) back.add(clientId);
      failures.delete(clientId);
    },
    failed(clientId, now) {
      const inARow = (failures.get(clientId)?.inARow ?? 0) + 1;
      const away = inARow >= FAILURES_IN_A_ROW;
      failures.set(clientId, { inARow, pausedUntil: away ? now.getTime() + PAUSE_MS : 0 });
      return away;
    },
    room(now) {
      const away = [...failures.keys()].filter(isAway);
      const full = [...held].filter(([, count]) => count >= most).map(([clientId]) => clientId);
      const asking = away.filter((clientId) => held.has(clientId) || isPaused(clientId, now));
      return {
        single: away.filter((clientId) => !asking.includes(clientId)),
        without: [...new Set([...full, ...asking])],
      };
    },
  };
}
