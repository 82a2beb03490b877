/** Does the work unless the same is under way, and gives its answer then. */
export type Join = <T>(parts: readonly string[], work: () => Promise<T>) => Promise<T>;

/**
 * A button pressed twice is pressed once: while the work for a form is under way, the same form of the same draft joins
 * it and gets its answer. Between processes the locks of the drafts do the rest.
 */
export function createJoin(): Join {
  const underWay = new Map<string, Promise<unknown>>();

  // The key holds what was typed, as the request does, and goes when the request goes.
  return async <T>(parts: readonly string[], work: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(parts);
    const first = underWay.get(key) as Promise<T> | undefined;
    if (first !== undefined) return first;
    const own = work().finally(() => underWay.delete(key));
    underWay.set(key, own);
    return own;
  };
}
