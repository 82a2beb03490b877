/** Who has how many of the places of a sender. */
export interface Shares {
  take(clientId: string): void;
  /** @returns whether a place has become free for somebody who had had their share. */
  leave(clientId: string): boolean;
  /** Who has their share and waits for a place of their own to become free. */
  full(): string[];
}

/** Keeps a service that hangs, with thousands of notices to come, from holding the places that others need. */
export function createShares(most: number): Shares {
  const held = new Map<string, number>();
  return {
    take(clientId) {
      held.set(clientId, (held.get(clientId) ?? 0) + 1);
    },
    leave(clientId) {
      const left = (held.get(clientId) ?? 1) - 1;
      if (left === 0) held.delete(clientId);
      else held.set(clientId, left);
      return left === most - 1;
    },
    full: () => [...held].filter(([, count]) => count >= most).map(([clientId]) => clientId),
  };
}
