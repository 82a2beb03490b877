import { addSeconds } from '../ports/clock/clock.ts';
import { DeliveryError } from '../ports/delivery.ts';
import type { Settlement } from '../store/messages.ts';

export interface Failure {
  readonly error: unknown;
  /** Hand-overs tried, the failed one included. */
  readonly attempts: number;
  readonly now: Date;
  readonly expiresAt: Date | undefined;
  readonly retrySeconds: readonly number[];
}

/** A code without anything personal, for the row: only our own errors have one that is safe to keep. */
const codeOf = (error: unknown): string => (error instanceof DeliveryError ? error.code : 'UNEXPECTED');

/**
 * What follows a failed hand-over: another try after the next wait, or nothing any more, because the gateway refused
 * the message for good, the waits are used up, or the message would have expired by then.
 */
export function afterFailure({ error, attempts, now, expiresAt, retrySeconds }: Failure): Settlement {
  const code = codeOf(error);
  const wait = retrySeconds[attempts - 1];
  if ((error instanceof DeliveryError && error.permanent) || wait === undefined) return { state: 'failed', error: code };
  const nextAttemptAt = addSeconds(now, wait);
  // Said now rather than later: whoever waits for the code can choose another way.
  if (expiresAt !== undefined && nextAttemptAt >= expiresAt) return { state: 'failed', error: code };
  return { state: 'queued', nextAttemptAt, error: code };
}
