import type { Account } from './account.ts';

/** What decides whether a sign-in still counts. */
export type Standing = Pick<Account, 'status' | 'sessionsValidAfter'>;

/** The moment of a sign-in as the protocol keeps it (`auth_time`): whole seconds since 1970. */
export const epochSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/**
 * From when on sign-ins count after all sessions were ended at that moment: the second after, because the protocol
 * cannot tell what happened earlier and later within one.
 */
export const nextSecond = (date: Date): Date => new Date((epochSeconds(date) + 1) * 1000);

/**
 * The moment to give a sign-in. It must be taken with the very account that was looked at, before the password is
 * judged: proof given against an account whose sessions are ended meanwhile is then too old, and proof given right
 * after is never so.
 */
export const signInMoment = ({ sessionsValidAfter }: Pick<Account, 'sessionsValidAfter'>, now: Date): number =>
  Math.max(epochSeconds(now), sessionsValidAfter === undefined ? 0 : epochSeconds(sessionsValidAfter));

/** Whether the account honours a sign-in of that moment. */
export const honours = ({ status, sessionsValidAfter }: Standing, signedInAt: number): boolean =>
  status === 'active' && (sessionsValidAfter === undefined || signedInAt >= epochSeconds(sessionsValidAfter));

/**
 * The moment to write down of what somebody asks for while they are signed in, and what counts like a sign-in: where
 * all sessions were ended a moment ago, by an instance whose clock is ahead, they have signed in since.
 */
export const askedMoment = ({ sessionsValidAfter }: Pick<Account, 'sessionsValidAfter'>, now: Date): Date =>
  sessionsValidAfter !== undefined && sessionsValidAfter > now ? sessionsValidAfter : now;

/**
 * Time enough to read the last page of a journey and go on; it may stand on a screen at which somebody else sits next.
 */
const LAST_PAGE_SECONDS = 900;

/**
 * Whether nobody goes on any more, without a password, from the last page of a journey that proved who somebody is at
 * that moment.
 */
export const isLeftOpen = (provedAt: number, now: Date): boolean => epochSeconds(now) > provedAt + LAST_PAGE_SECONDS;
