/** Why services are told that a session has ended. */
export const logoutReasons = ['sign-out', 'suspended', 'recovery', 'ended-by-operator'] as const;

export type LogoutReason = (typeof logoutReasons)[number];

/** `dropped`: the service has been stopped or wants no notices any more. */
export type NoticeState = 'pending' | 'delivered' | 'given-up' | 'dropped';

/** What a service answered: `refused` where it understood the token and did not want it. */
export interface NoticeFailure {
  /** A code, never words of the service's. */
  readonly error: string;
  readonly refused: boolean;
}

/** How long a notice is kept that is done with. */
export const NOTICE_KEPT_SECONDS = 30 * 86_400;

const MINUTE = 60;
const HOUR = 3600;
/** A day in all: long enough for somebody to notice and mend a service. */
const WAITS_SECONDS: readonly number[] = [
  5,
  30,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
];
export const mostAttempts = WAITS_SECONDS.length + 1;
/** A notice that was due for so long without an attempt, since its service does not take any, is given up. */
export const NOTICE_OVERDUE_SECONDS = 24 * HOUR;
/** A service that refuses the token (400) will hardly take the next; it may have been caught between two keys. */
const MOST_REFUSALS = 3;

/**
 * How long to wait after a failed attempt.
 *
 * @param attempts  made so far, the failed one included.
 * @returns seconds, or undefined to give up.
 */
export const waitAfterFailure = (attempts: number, { refused }: NoticeFailure): number | undefined =>
  refused && attempts >= MOST_REFUSALS ? undefined : WAITS_SECONDS[attempts - 1];
