import type { LogEvent } from '../domain/log-event.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Changes } from '../store/changes.ts';
import type { InstanceStore, ToldClock } from '../store/instances.ts';
import type { Log } from '../telemetry/log.ts';

/** From here on codes, tokens and their ends are not what the other instances take them for. */
const WRONG_MS = 30_000;
/** So near to the database, or to one another, clocks agree. */
const AGREE_MS = 5000;

/**
 * - `right`   it is near that of the database, or nobody can tell;
 * - `apart`   it is not, and nobody has said yet who is wrong;
 * - `alone` nobody else is there, or another instance is apart by as much: then it is the database, and nobody is
 *   helped by instances that stop;
 * - `wrong`   another instance agrees with the database, and has said so since.
 */
export type ClockVerdict = 'right' | 'apart' | 'alone' | 'wrong';

/** @param aheadMs  how far the clock is ahead of the database, where that was just asked. */
export type ClockWatch = (aheadMs?: number) => Promise<ClockVerdict>;

export interface ClockWatchDeps {
  readonly id: string;
  readonly changes: Pick<Changes, 'clockAheadMs'>;
  readonly instances: Pick<InstanceStore, 'clocksBut'>;
  readonly log: Pick<Log, 'error'>;
}

/**
 * Finds out whether the clock of this process is wrong. An instance that goes on with one an hour ahead revokes no
 * token, since it takes it for expired, and gives others that nobody takes. What others told before the difference was
 * noticed counts for nothing: it may be the database that has jumped since.
 */
export function createClockWatch({ id, changes, instances, log }: ClockWatchDeps): ClockWatch {
  let told: ReadonlyMap<string, number> | undefined;
  return async (aheadMs = changes.clockAheadMs()) => {
    if (aheadMs === undefined || Math.abs(aheadMs) <= WRONG_MS) {
      told = undefined;
      return 'right';
    }
    const others = await instances.clocksBut(id);
    if (others.length === 0) return 'alone';
    if (told === undefined) {
      told = new Map(others.map((other) => [other.id, other.seenAt.getTime()]));
      log.error(
        { event: 'clock.apart' satisfies LogEvent, aheadMs: Math.round(aheadMs) },
        'the clock of this machine and that of the database are apart',
      );
    }
    const isNew = (other: ToldClock): boolean => told?.get(other.id) !== other.seenAt.getTime();
    const since = others.filter(isNew);
    if (since.some((other) => Math.abs(other.aheadMs) <= AGREE_MS)) return 'wrong';
    return since.some((other) => Math.abs(other.aheadMs - aheadMs) <= AGREE_MS) ? 'alone' : 'apart';
  };
}

export interface ClockGuardDeps {
  readonly watch: ClockWatch;
  /** Asks the database itself how far the clock is ahead of its. */
  readonly askAheadMs: () => Promise<number>;
  readonly clock: Clock;
  /** How long the others may take to tell of their clocks. */
  readonly undecidedMs: number;
  /** This process must not go on. */
  readonly onWrong: () => void;
}

export interface ClockGuard {
  /**
   * Whether nobody knows at the moment what time it is: the clock has just jumped, or is apart and nobody has said yet
   * who is wrong. Costs nothing.
   */
  readonly isUncertain: () => boolean;
  /**
   * Compares with the database and with the other instances. @throws when the database does not answer: then nothing is
   * known that was not before.
   */
  readonly look: () => Promise<void>;
}

/** Notices at once that the clock jumps, by one that nobody can set, and finds out who is wrong. */
export function guardClock({ watch, askAheadMs, clock, undecidedMs, onWrong }: ClockGuardDeps): ClockGuard {
  const offset = (): number => clock.now().getTime() - performance.now();
  let believed = offset();
  let isKnown = true;
  let undecidedSince: number | undefined;

  const isUncertain = (): boolean => !isKnown || Math.abs(offset() - believed) > WRONG_MS;

  return {
    isUncertain,
    async look() {
      const seen = offset();
      // What the database last said is of before the jump, where its notices are not heard at the moment.
      const verdict = isUncertain() ? await watch(await askAheadMs()) : await watch();
      undecidedSince = verdict === 'apart' ? (undecidedSince ?? performance.now()) : undefined;
      // Where nobody says who is wrong, everybody goes on.
      const mayBeSaid = undecidedSince !== undefined && performance.now() - undecidedSince < undecidedMs;
      isKnown = verdict !== 'wrong' && !mayBeSaid;
      if (isKnown) believed = seen;
      if (verdict === 'wrong') onWrong();
    },
  };
}
