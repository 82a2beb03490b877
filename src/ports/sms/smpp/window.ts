import { unavailable } from './status.ts';

/** Bounds how many submissions wait for their answer at once. */
export interface Window {
  /**
   * @returns what must be called when the answer is there. @throws {DeliveryError} no place until the signal came, or
   *   closed.
   */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Lets nobody in any more, and waits until all have left. */
  close(): Promise<void>;
}

export function createWindow(size: number): Window {
  const waiting = new Set<{ readonly enter: () => void; readonly reject: (error: Error) => void }>();
  let inside = 0;
  let isClosed = false;
  let onEmpty: (() => void) | undefined;

  function leave(): void {
    const [next] = waiting;
    if (next !== undefined) {
      // The place is handed on.
      waiting.delete(next);
      next.enter();
      return;
    }
    inside -= 1;
    if (inside === 0) onEmpty?.();
  }

  /** A place is left once, whoever calls. */
  const once = (): (() => void) => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };

  return {
    enter(signal) {
      if (isClosed || signal.aborted) return Promise.reject(unavailable(isClosed ? 'closed' : 'no place'));
      if (inside < size) {
        inside += 1;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const one = {
          enter: () => {
            resolve(once());
          },
          reject,
        };
        waiting.add(one);
        signal.addEventListener(
          'abort',
          () => {
            if (waiting.delete(one)) reject(unavailable('no place'));
          },
          { once: true },
        );
      });
    },

    async close() {
      isClosed = true;
      for (const { reject } of waiting) reject(unavailable('closed'));
      waiting.clear();
      if (inside > 0)
        await new Promise<void>((resolve) => {
          onEmpty = resolve;
        });
    },
  };
}
