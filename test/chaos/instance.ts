import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface WrongClock {
  /** By how much it is wrong from the start. */
  readonly shiftSeconds?: number;
  /** By how much it is wrong after `SIGUSR2`; the next one sets it right. */
  readonly jumpSeconds?: number;
}

/** One process of the product. */
export interface Instance {
  readonly port: number;
  start(clock?: WrongClock): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended, by itself or by a signal. */
  ended(): Promise<void>;
}

export function createInstance(port: number, env: Readonly<Record<string, string>>, logFile: string): Instance {
  let child: ChildProcess | undefined;
  const log = openSync(logFile, 'a');

  return {
    port,
    async start(clock) {
      const before = clock === undefined ? [] : ['--import', './test/chaos/shifted-clock.ts'];
      const shift =
        clock === undefined
          ? {}
          : {
              CLOCK_SHIFT_SECONDS: String(clock.shiftSeconds ?? 0),
              CLOCK_JUMP_SECONDS: String(clock.jumpSeconds ?? 0),
            };
      const started = spawn(process.execPath, [...before, 'src/main.ts'], {
        cwd: root,
        env: { PATH: process.env.PATH, ...env, ...shift, PORT: String(port) },
        stdio: ['ignore', log, log],
      });
      child = started;
      const ready = until(
        `the instance at ${port} is ready`,
        async () => started.exitCode !== null || (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
        90_000,
      );
      await ready;
      if (started.exitCode !== null)
        throw new Error(`the instance at ${port} ended with ${started.exitCode}; see ${logFile}`);
    },
    signal(signal) {
      child?.kill(signal);
    },
    async ended() {
      if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
