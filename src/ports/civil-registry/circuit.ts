import { circuitBreaker, CircuitState, handleWhen, type IBackoff, type IBreaker } from 'cockatiel';
import type { Clock } from '../clock/clock.ts';
import { RegistryUnavailable, type RegistryHealth, type RegistryTrouble } from './civil-registry.ts';

/** Quota and closing hours are answers of a healthy service; a caller that gives up says nothing about it. */
const FAILURES: ReadonlySet<RegistryTrouble> = new Set<RegistryTrouble>(['timeout', 'network', 'protocol', 'config']);

export type CircuitChange = 'opened' | 'half-open' | 'closed';

export interface CircuitOptions {
  /** Failures within `windowMs` that open the circuit. */
  readonly failures: number;
  readonly windowMs: number;
  /** How long it stays open before one probe. */
  readonly openMs: number;
  /** Longest that the probe can take. */
  readonly probeMs: number;
  readonly clock: Clock;
  readonly onChange: (change: CircuitChange) => void;
}

export interface Circuit {
  /**
   * Runs the call unless the circuit is open.
   * @param call  is told whether it is the probe, which has to run to its end so that it says something.
   * @throws {RegistryUnavailable} `circuit-open`, or whatever the call throws.
   */
  run<T>(call: (isProbe: boolean) => Promise<T>): Promise<T>;
  health(): RegistryHealth;
}

const addMs = (date: Date, ms: number): Date => new Date(date.getTime() + ms);

/** Counts failures, not ratios: five within the window are enough however many calls went well between them. */
function failureWindow({ failures, windowMs, clock }: CircuitOptions): IBreaker & { tripNext(): void } {
  let times: number[] = [];
  let tripping = false;
  return {
    state: undefined,
    success: (state) => {
      if (state === CircuitState.HalfOpen) times = [];
    },
    failure: () => {
      const now = clock.now().getTime();
      times = [...times.filter((time) => time > now - windowMs), now];
      const opens = tripping || times.length >= failures;
      tripping = false;
      return opens;
    },
    tripNext: () => {
      tripping = true;
    },
  };
}

/** The circuit breaker in front of the registry: the caller is told at once while there is no hope of an answer. */
export function createCircuit(options: CircuitOptions): Circuit {
  const { openMs, probeMs, clock, onChange } = options;
  let retryAt = clock.now();
  const breaker = failureWindow(options);
  // The library asks how long the circuit stays open; our clock answers, so that tests need not wait.
  const reopening: IBackoff<unknown> = {
    get duration() {
      return clock.now() < retryAt ? Infinity : -Infinity;
    },
    next: () => reopening,
  };
  const policy = circuitBreaker(
    handleWhen((error) => error instanceof RegistryUnavailable && FAILURES.has(error.trouble)),
    { breaker, halfOpenAfter: reopening },
  );
  // A refused login is never repeated: too many of them may lock the user id.
  policy.onFailure(({ reason }) => {
    if ('error' in reason && reason.error instanceof RegistryUnavailable && reason.error.trouble === 'config')
      breaker.tripNext();
  });
  policy.onBreak(() => {
    retryAt = addMs(clock.now(), openMs);
    onChange('opened');
  });
  policy.onHalfOpen(() => {
    retryAt = addMs(clock.now(), probeMs);
    onChange('half-open');
  });
  policy.onReset(() => {
    onChange('closed');
  });

  const isProbing = (): boolean => policy.state === CircuitState.HalfOpen;
  const health = (): RegistryHealth => {
    const available = policy.state === CircuitState.Closed || (!isProbing() && clock.now() >= retryAt);
    return available ? { available } : { available, retryAt };
  };

  return {
    health,
    run: async (call) => {
      // Left to itself the library lets further callers wait for the probe.
      if (!health().available) throw new RegistryUnavailable('circuit-open');
      return policy.execute(() => call(isProbing()));
    },
  };
}
