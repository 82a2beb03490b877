import { unavailable } from './status.ts';

/** How fast submissions may follow one another: as fast as they come, until the centre says that it is too fast. */
export interface Pace {
  /** Resolves when it is somebody's turn. @throws {DeliveryError} the signal came first. */
  turn(signal: AbortSignal): Promise<void>;
  /** The centre takes no more for now (throttled, queue full). @returns whether that is news: the rest of a burst says the same once more. */
  throttled(): boolean;
  accepted(): void;
  isPaused(): boolean;
  /** Answers that said so, in all. */
  count(): number;
}

export interface PaceLimits {
  /** Nobody submits for so long after the first refusal; twice as long after each that follows without anything accepted between. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** Between two submissions after the first refusal; twice as much after each further one. */
  readonly gapMs: number;
  readonly longestGapMs: number;
}

const LIMITS: PaceLimits = { pauseMs: 1000, longestPauseMs: 30_000, gapMs: 25, longestGapMs: 1000 };
/** What each accepted submission leaves of the gap: half of it is gone after 34. */
const RECOVERY = 0.98;
const NO_GAP_MS = 1;
/** Other instances were throttled at the same moment, and share the rate. */
const SPREAD = 0.2;

export function createPace(limits: PaceLimits = LIMITS, now: () => number = Date.now): Pace {
  let gapMs = 0;
  let pauseMs = limits.pauseMs;
  let pausedUntil = 0;
  let nextAt = 0;
  let told = 0;

  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const give = (): void => {
        clearTimeout(timer);
        reject(unavailable('throttled before'));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', give);
        resolve();
      }, ms);
      signal.addEventListener('abort', give, { once: true });
    });

  return {
    async turn(signal) {
      for (;;) {
        const at = Math.max(now(), nextAt, pausedUntil);
        nextAt = at + gapMs;
        if (at > now()) await wait(at - now(), signal);
        if (signal.aborted) throw unavailable('throttled before');
        // Somebody may have been throttled meanwhile.
        if (pausedUntil <= now()) return;
      }
    },

    throttled() {
      told += 1;
      if (pausedUntil > now()) return false;
      pausedUntil = now() + pauseMs * (1 + SPREAD * Math.random());
      nextAt = pausedUntil;
      pauseMs = Math.min(limits.longestPauseMs, pauseMs * 2);
      gapMs = Math.min(limits.longestGapMs, Math.max(limits.gapMs, gapMs * 2));
      return true;
    },

    accepted() {
      // The answer to what was submitted before the pause says nothing of the time after it.
      if (pausedUntil > now()) return;
      pauseMs = limits.pauseMs;
      gapMs = gapMs * RECOVERY < NO_GAP_MS ? 0 : gapMs * RECOVERY;
    },

    isPaused: () => pausedUntil > now(),
    count: () => told,
  };
}
