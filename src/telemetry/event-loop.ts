import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoop {
  /** By how long what is due is late, smoothed over about two seconds. */
  lagMs(): number;
  stop(): void;
}

const RESOLUTION_MS = 20;
const EVERY_MS = 500;
/** What one look counts for: one piece of work that took long is no overload. */
const WEIGHT = 1 / 3;

/** Looks at how late timers are: when a process has more to do than time to do it in, this shows first. */
export function watchEventLoop(): EventLoop {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let lag = 0;
  let expectedAt = performance.now() + EVERY_MS;
  const look = setInterval(() => {
    const now = performance.now();
    // The look itself is late where the loop stood still for as long as that: then there is no delay to average yet.
    const mean = delays.count === 0 ? 0 : delays.mean / 1e6 - RESOLUTION_MS;
    lag += WEIGHT * (Math.max(0, mean, now - expectedAt) - lag);
    expectedAt = now + EVERY_MS;
    delays.reset();
  }, EVERY_MS);
  look.unref();
  delays.enable();
  return {
    lagMs: () => lag,
    stop() {
      clearInterval(look);
      delays.disable();
    },
  };
}
