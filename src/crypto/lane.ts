/** Beyond what the machine can do now: answer 503 with `Retry-After`. */
export class LaneBusy extends Error {
  readonly code = 'HASHING_BUSY';
  readonly status = 503;
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('too many passwords are being hashed');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface LaneOptions {
  /** Works at once. */
  readonly slots: number;
  /** Callers that may wait for a slot. */
  readonly queue: number;
  /** Longest wait for a slot, in milliseconds. */
  readonly deadlineMs: number;
}

export interface Lane {
  /**
   * Runs the work as soon as a slot is free, first come, first served. Work once begun runs to its end.
   *
   * @param signal leaves the queue; the promise is then rejected with the signal's reason.
   * @throws {LaneBusy} the queue is full, or no slot became free in time.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** For metrics. */
  depth(): { readonly running: number; readonly waiting: number };
  /** How many were turned away, for metrics. */
  refused(): number;
}

export function createLane({ slots, queue, deadlineMs }: LaneOptions): Lane {
  const waiting = new Set<() => void>();
  let running = 0;
  let refused = 0;
  const busy = (): LaneBusy => {
    refused += 1;
    return new LaneBusy(Math.max(1, Math.ceil(deadlineMs / 1000)));
  };

  function turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(enter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        leave();
        reject(busy());
      }, deadlineMs);
      signal?.addEventListener('abort', abort);
      waiting.add(enter);
    });
  }

  /** The slot is handed over rather than freed: a newcomer cannot slip in before those who wait. */
  function handOver(): void {
    const [next] = waiting;
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(work, signal) {
      signal?.throwIfAborted();
      if (running < slots) running += 1;
      else if (waiting.size < queue) await turn(signal);
      else throw busy();
      try {
        return await work();
      } finally {
        handOver();
      }
    },
    depth: () => ({ running, waiting: waiting.size }),
    refused: () => refused,
  };
}
