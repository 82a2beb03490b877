/** In seconds: longer than two presses of one button are apart, shorter than anybody waits for a message. */
export const DOUBLE_PRESS_SECONDS = 3;

/** Does the work unless the same is under way, and gives its answer then. */
export type Join = <T>(parts: readonly string[], work: () => Promise<T>) => Promise<T>;

/**
 * A button pressed twice is pressed once: while the work for a form is under way, the same form of the same draft joins
 * it and gets its answer. Between processes the locks of the drafts do the rest.
 *
 * @param options.linger  until it is over, whoever comes just after the answer gets that, too: where the answer is one
 *   that nobody can make again.
 */
export function createJoin({ linger = (): Promise<unknown> => Promise.resolve() } = {}): Join {
  const underWay = new Map<string, Promise<unknown>>();

  // The key holds what was typed, as the request does, and goes when the request goes.
  return async <T>(parts: readonly string[], work: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(parts);
    const first = underWay.get(key) as Promise<T> | undefined;
    if (first !== undefined) return first;
    const own = work();
    underWay.set(key, own);
    const forget = (): void => {
      underWay.delete(key);
    };
    own.then(linger).then(forget, forget);
    return own;
  };
}
