/** What the SMS and the mail port share. */

export interface Accepted {
  readonly providerId: string | undefined;
  /** Under which the gateway will report what became of the message; undefined where nobody reports. */
  readonly receiptKey?: string | undefined;
}

/**
 * A message that could not be handed over. `permanent` says that another try with the same message is pointless (a
 * refused number, say). `SMS_UNANSWERED` is a text message that the gateway was given and did not answer to: it may be
 * on its way, and another try may send it twice.
 */
export class DeliveryError extends Error {
  readonly code: 'SMS_REJECTED' | 'SMS_UNAVAILABLE' | 'SMS_UNANSWERED' | 'MAIL_REJECTED' | 'MAIL_UNAVAILABLE';
  readonly permanent: boolean;

  constructor(code: DeliveryError['code'], options: { permanent: boolean; cause?: unknown; detail?: string }) {
    super(options.detail === undefined ? code : `${code}: ${options.detail}`, { cause: options.cause });
    this.code = code;
    this.permanent = options.permanent;
  }
}
