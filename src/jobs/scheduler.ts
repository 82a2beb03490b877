import type { Log } from '../telemetry/log.ts';

export interface Job {
  readonly label: string;
  readonly everyMs: number;
  run(): Promise<unknown>;
}

export interface Scheduler {
  start(): void;
  /** Begins nothing more and waits for what is running. */
  stop(): Promise<void>;
}

/** Runs each job again and again with its own pause in between; a failure is logged and the next turn tries again. */
export function createScheduler(jobs: readonly Job[], log: Log): Scheduler {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  function plan(job: Job): void {
    if (stopped) return;
    const timer = setTimeout(() => {
      const turn = Promise.resolve()
        .then(() => job.run())
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
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
