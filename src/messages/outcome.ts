import { UNANSWERED } from '../domain/unanswered.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import { DeliveryError } from '../ports/delivery.ts';
import type { Settlement } from '../store/messages.ts';

export interface Failure {
  readonly error: unknown;
  /** Hand-overs tried, the failed one included. */
  readonly attempts: number;
  /** An earlier one got no answer: the gateway may have the message. */
  readonly wasUnanswered?: boolean;
  readonly now: Date;
  readonly expiresAt: Date | undefined;
  readonly retrySeconds: readonly number[];
}

/** A code without anything personal, for the row: only our own errors have one that is safe to keep. */
const codeOf = (error: unknown): string => (error instanceof DeliveryError ? error.code : 'UNEXPECTED');

/**
 * Longest wait of a message that expires: somebody sits in front of a page and waits for this code, and it lives for
 * minutes.
 */
const CODE_WAIT_SECONDS = 30;

/**
 * What follows a failed hand-over: another try after the next wait, or nothing any more, because the gateway refused
 * the message for good, the waits are used up, or the message would have expired by then. A code is tried until it
 * expires. Not what a gateway did not answer to for the second time: each further try might be one more message on the
 * same telephone.
 */
export function afterFailure({
  error,
  attempts,
  wasUnanswered = false,
  now,
  expiresAt,
  retrySeconds,
}: Failure): Settlement {
  const code = codeOf(error);
  const listed = retrySeconds[attempts - 1];
  const wait = expiresAt === undefined ? listed : Math.min(listed ?? CODE_WAIT_SECONDS, CODE_WAIT_SECONDS);
  if (
    (error instanceof DeliveryError && error.permanent) ||
    wait === undefined ||
    (wasUnanswered && code === UNANSWERED)
  )
    return { state: 'failed', error: code };
  const nextAttemptAt = addSeconds(now, wait);
  // Said now rather than later: whoever waits for the code can choose another way.
  if (expiresAt !== undefined && nextAttemptAt >= expiresAt) return { state: 'failed', error: code };
  // Kept for the next try, however this one failed.
  return { state: 'queued', nextAttemptAt, error: wasUnanswered ? UNANSWERED : code };
}
