/** How far a message has come, as its gateway reports it. */
export const receiptStates = [
  'accepted',
  'sent',
  'delivered',
  'undelivered',
  'expired',
  'rejected',
  'unknown',
] as const;

export type ReceiptState = (typeof receiptStates)[number];

/** After one of these nothing more comes: the first of them stands. */
export type FinalState = Extract<ReceiptState, 'delivered' | 'undelivered' | 'expired' | 'rejected'>;

/**
 * How far along a state is. What is not further than what is known already changes nothing: receipts come twice and out
 * of order.
 */
export const progressOf: Readonly<Record<ReceiptState, number>> = {
  accepted: 0,
  sent: 1,
  unknown: 2,
  delivered: 3,
  undelivered: 3,
  expired: 3,
  rejected: 3,
};

export const isFinal = (state: ReceiptState): state is FinalState => progressOf[state] === progressOf.delivered;

/**
 * Whether it says something of the number itself. A telephone that was off for the five minutes of a code is no number
 * that takes no messages; and what is rejected is our sender id or our text, which would shut out every customer of the
 * operator for a day after it was mended.
 */
export const speaksAgainstNumber = (state: FinalState): boolean => state === 'undelivered';

/** What was reported last of codes to one operator's numbers. */
export interface OperatorRecord {
  readonly delivered: number;
  readonly undelivered: number;
}

/**
 * With fewer reports nothing is said of an operator: at night a handful of numbers that are out of service would be
 * most of them.
 */
const FEWEST_REPORTS = 20;

/**
 * Whether it is the operator that delivers nothing: then its word speaks against no number, or one bad hour would keep
 * all its customers from codes for a day.
 */
export const isOperatorFailing = ({ delivered, undelivered }: OperatorRecord): boolean =>
  delivered + undelivered >= FEWEST_REPORTS && undelivered > delivered;
