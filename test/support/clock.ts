import type { Clock } from '../../src/ports/clock/clock.ts';

/**
 * Time that moves only when a test says so. It begins now, because tokens are judged by the libraries' own clocks too.
 */
export class TestClock implements Clock {
  #offsetMs = 0;
  #stoppedMs: number | undefined;

  now(): Date {
    return new Date((this.#stoppedMs ?? Date.now()) + this.#offsetMs);
  }

  /** From now on not even the machine moves it: for tests that compare seconds. */
  stop(): void {
    this.#stoppedMs = Date.now();
  }

  /**
   * On to the next noon in Jakarta: a page that tells a time tells the day as well where it is another, and tests that
   * compare pages stay clear of midnight.
   */
  advanceToNoon(): void {
    const [day, noon] = [24 * 3_600_000, 5 * 3_600_000];
    this.#offsetMs += day - ((this.now().getTime() - noon) % day);
  }

  advance({
    seconds = 0,
    minutes = 0,
    hours = 0,
    days = 0,
  }: {
    seconds?: number;
    minutes?: number;
    hours?: number;
    days?: number;
  }): void {
    this.#offsetMs += (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  }
}
