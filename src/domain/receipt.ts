/** How far a message has come, as its gateway reports it. */
export const receiptStates = ['accepted', 'sent', 'delivered', 'undelivered', 'expired', 'rejected', 'unknown'] as const;

export type ReceiptState = (typeof receiptStates)[number];

/** After one of these nothing more comes: the first of them stands. */
export type FinalState = Extract<ReceiptState, 'delivered' | 'undelivered' | 'expired' | 'rejected'>;

/** How far along a state is. What is not further than what is known already changes nothing: receipts come twice and out of order. */
export const progressOf: Readonly<Record<ReceiptState, number>> = { accepted: 0, sent: 1, unknown: 2, delivered: 3, undelivered: 3, expired: 3, rejected: 3 };

export const isFinal = (state: ReceiptState): state is FinalState => progressOf[state] === progressOf.delivered;

/**
 * Whether it says something of the number itself. A telephone that was off for the five minutes of a code is no number that
 * takes no messages; and what is rejected is our sender id or our text, which would shut out every customer of the operator
 * for a day after it was mended.
 */
export const speaksAgainstNumber = (state: FinalState): boolean => state === 'undelivered';
