import type { Account, AccountId } from './account.ts';
import type { Locale } from './locale.ts';
import type { Phone } from './phone.ts';
import type { Sensitive } from './sensitive.ts';

/** Those that somebody still has to decide, or that wait for their time. */
export const openStates = ['filed', 'examined', 'approved'] as const;
/** `cancelled`: by the holder of the account. `lapsed`: nobody decided, or the account has changed since. */
export const closedStates = ['completed', 'rejected', 'cancelled', 'lapsed'] as const;

export type OpenState = (typeof openStates)[number];
export type ClosedState = (typeof closedStates)[number];
export type RecoveryRequestState = OpenState | ClosedState;

export const isOpen = (state: RecoveryRequestState): state is OpenState =>
  (openStates as readonly string[]).includes(state);

/** What one of the two officers wrote down. `by` is a signature as in the audit log. */
export interface Opinion {
  readonly by: string;
  readonly at: Date;
  readonly reason: string;
}

/**
 * Somebody who knows what the civil registry knows of a person, and has a new number, asks for that person's account.
 * Knowledge proves nothing (ASVS 6.4.2): two officers decide.
 */
export interface RecoveryRequest {
  readonly id: string;
  /** What the person keeps, and reads out: `K7Q2-M9`. */
  readonly number: string;
  readonly accountId: AccountId;
  readonly state: RecoveryRequestState;
  /** What the account gets; undefined once the request is closed. */
  readonly wanted: Wanted | undefined;
  readonly locale: Locale;
  readonly clientId: string | undefined;
  readonly filedAt: Date;
  /** Before that nothing happens, so that the holder of the account can object. */
  readonly waitsUntil: Date;
  readonly examined: Opinion | undefined;
  /** The second opinion, for it or against; or the only one, against it. */
  readonly decided: Opinion | undefined;
  readonly closedAt: Date | undefined;
}

export interface Wanted {
  /** Proved by a code before the request was filed. */
  readonly phone: Sensitive<Phone>;
  readonly passwordHash: Sensitive<string>;
}

/** Why an officer cannot do it now. `same-officer`: two people look at each request. */
export type OpinionRefusal = 'closed' | 'same-officer' | 'examined-already' | 'approved-already';

/** The first opinion: who the person is has been looked at. */
export function examineRefusal({ state }: Pick<RecoveryRequest, 'state'>): OpinionRefusal | undefined {
  if (!isOpen(state)) return 'closed';
  return state === 'filed' ? undefined : 'examined-already';
}

/** The second opinion. @param by the signature of who would give it. */
export function approveRefusal(
  { state, examined }: Pick<RecoveryRequest, 'state' | 'examined'>,
  by: string,
): OpinionRefusal | 'not-examined' | undefined {
  if (!isOpen(state)) return 'closed';
  if (state === 'filed') return 'not-examined';
  if (state === 'approved') return 'approved-already';
  return examined?.by === by ? 'same-officer' : undefined;
}

/** One officer is enough to say no, until the account has been given. */
export const rejectRefusal = ({ state }: Pick<RecoveryRequest, 'state'>): 'closed' | undefined =>
  isOpen(state) ? undefined : 'closed';

/**
 * Whether the account is still as it was when the request was filed. Whoever has set a password since, has a way in; and
 * a suspended account is given to nobody.
 */
export const isStillWanted = (
  account: Pick<Account, 'status' | 'passwordChangedAt'>,
  { filedAt }: Pick<RecoveryRequest, 'filedAt'>,
): boolean => account.status === 'active' && account.passwordChangedAt <= filedAt;
