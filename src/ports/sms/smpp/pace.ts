import { unavailable } from './status.ts';

/** How fast submissions may follow one another: as fast as they come, until the centre says that it is too fast. */
export interface Pace {
  /** Resolves when it is somebody's turn. @throws {DeliveryError} the signal came first. */
  turn(signal: AbortSignal): Promise<void>;
  /**
   * The centre takes no more for now (throttled, queue full). @returns whether that is news: the rest of a burst says
   * the same once more.
   */
  throttled(): boolean;
  accepted(): void;
  isPaused(): boolean;
  /** Answers that said so, in all. */
  count(): number;
}

export interface PaceLimits {
  /**
   * Nobody submits for so long after the first refusal; twice as long after each that follows without anything accepted
   * between.
   */
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

/**
 * @param now  by a clock that nobody sets: set back by an hour, another would hold every message back for that hour.
 */
export function createPace(limits: PaceLimits = LIMITS, now: () => number = () => performance.now()): Pace {
  let gapMs = 0;
  let pauseMs = limits.pauseMs;
  let pausedUntil = -Infinity;
  let nextAt = -Infinity;
  let told = 0;
  const waiting = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;

  /** How long until somebody may go. */
  const dueInMs = (): number => Math.max(nextAt, pausedUntil) - now();

  /** One timer, for whoever is first then: who gives up leaves the row, and no moment was kept for them. */
  function arm(): void {
    timer = setTimeout(callNext, Math.max(1, Math.ceil(dueInMs())));
  }

  function callNext(): void {
    timer = undefined;
    // Not due where somebody was throttled meanwhile; and without a gap the next goes at once.
    for (const go of waiting) {
      if (dueInMs() > 0) break;
      waiting.delete(go);
      nextAt = now() + gapMs;
      go();
    }
    if (waiting.size > 0) arm();
  }

  return {
    async turn(signal) {
      if (signal.aborted) throw unavailable('throttled before');
      if (waiting.size === 0 && dueInMs() <= 0) {
        nextAt = now() + gapMs;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          signal.removeEventListener('abort', give);
          resolve();
        };
        const give = (): void => {
          waiting.delete(go);
          if (waiting.size === 0) {
            clearTimeout(timer);
            timer = undefined;
          }
          reject(unavailable('throttled before'));
        };
        waiting.add(go);
        signal.addEventListener('abort', give, { once: true });
        if (timer === undefined) arm();
      });
    },

    throttled() {
      told += 1;
      if (pausedUntil > now()) return false;
      pausedUntil = now() + pauseMs * (1 + SPREAD * Math.random());
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
