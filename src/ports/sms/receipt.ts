import type { Config } from '../../config.ts';
import type { ReceiptState } from '../../domain/receipt.ts';

/** What a gateway reports of one message that it took. */
export interface Receipt {
  /** The `receiptKey` that the message was handed over with, if it was one of ours. */
  readonly key: string;
  readonly state: ReceiptState;
  /** The gateway's own reason, for whoever asks it: letters and digits, too short to be a number of somebody. */
  readonly code?: string | undefined;
}

const CODE = /^[A-Za-z0-9._-]{1,8}$/;

/** What may stand in the log of a gateway's reason. */
export const codeIn = (value: unknown): string | undefined => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && CODE.test(text) ? text : undefined;
};

const LONGEST_ID = 200;

/**
 * Whether it can be the name of a message: what the database would not even keep is none, and must not come again and
 * again.
 */
export const isId = (id: string): boolean => id !== '' && !/\p{Cc}/u.test(id);

/** Whether anybody will say what became of a message that was sent. */
export const areReceiptsExpected = ({ driver, receipts }: Config['sms']): boolean =>
  driver === 'smpp' || (driver === 'http' && receipts.secret !== undefined);

/**
 * Whether settings say how a gateway reports over HTTP, and messages go another way: nobody will ever be heard there.
 */
export const isReportAddressIdle = ({ driver, receipts }: Config['sms']): boolean =>
  driver !== 'http' && receipts.secret !== undefined;

/** Keys of receipts by the gateway's id of the message, and by our reference: one cannot be taken for the other. */
export const receiptKey = {
  ofId: (id: string): string => `id:${id.slice(0, LONGEST_ID)}`,
  ofRef: (ref: string): string => `ref:${ref.slice(0, LONGEST_ID)}`,
};
