import type { Log } from '../telemetry/log.ts';

export interface Job {
  readonly label: string;
  readonly everyMs: number;
  /** @param signal  the process is about to end: what has much to do leaves the rest to others. */
  run(signal: AbortSignal): Promise<unknown>;
}

export interface Scheduler {
  start(): void;
  /** Begins nothing more, tells what is running, and waits for it. */
  stop(): Promise<void>;
}

/** Runs each job again and again with its own pause in between; a failure is logged and the next turn tries again. */
export function createScheduler(jobs: readonly Job[], log: Log): Scheduler {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();

  function plan(job: Job): void {
    if (stopped.signal.aborted) return;
    const timer = setTimeout(() => {
      const turn = Promise.resolve()
        .then(() => job.run(stopped.signal))
        .then(
          () => undefined,
          (error: unknown) => {
            log.error({ err: error, job: job.label }, 'job failed');
          },
        )
        .finally(() => {
          running.delete(turn);
          plan(job);
        });
      running.add(turn);
    }, job.everyMs);
    timer.unref();
    timers.set(job.label, timer);
  }

  return {
    start() {
      for (const job of jobs) plan(job);
    },
    async stop() {
      stopped.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
