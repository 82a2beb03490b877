/**
 * Where messages stay instead of leaving, in development and tests. It plays the gateway: one message per reference,
 * and some recipients make it fail, so that failure is as easy to try as success.
 */
import { DeliveryError, type Accepted } from './delivery.ts';

export interface OutboxMessage {
  readonly id: string;
  readonly channel: 'sms' | 'email';
  readonly to: string;
  readonly subject: string | undefined;
  readonly text: string;
  readonly code: string | undefined;
  readonly createdAt: Date;
}

/** Keeps what was sent; a second message with the same id changes nothing. */
export interface OutboxShelf {
  add(message: OutboxMessage): Promise<void>;
}

export type OutboxFault = 'refused' | 'unavailable' | 'hanging';

/** Recipients that fail on request. Listed at `/dev/registry`. */
export const outboxFaults: readonly {
  readonly channel: 'sms' | 'email';
  readonly ending: string;
  readonly fault: OutboxFault;
}[] = [
  { channel: 'sms', ending: '90001', fault: 'refused' },
  { channel: 'sms', ending: '90002', fault: 'unavailable' },
  { channel: 'sms', ending: '90003', fault: 'hanging' },
  { channel: 'email', ending: '@ditolak.test', fault: 'refused' },
  { channel: 'email', ending: '@sibuk.test', fault: 'unavailable' },
  { channel: 'email', ending: '@diam.test', fault: 'hanging' },
];

const CODES = {
  sms: { rejected: 'SMS_REJECTED', unavailable: 'SMS_UNAVAILABLE', unanswered: 'SMS_UNANSWERED' },
  email: { rejected: 'MAIL_REJECTED', unavailable: 'MAIL_UNAVAILABLE', unanswered: 'MAIL_UNAVAILABLE' },
} as const;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });

/**
 * Puts a message on the shelf, or fails as its recipient demands.
 * @param timeoutMs  how long a hanging recipient hangs.
 * @throws {DeliveryError} for the recipients of {@link outboxFaults}, and when aborted.
 */
export async function putIntoOutbox(
  shelf: OutboxShelf,
  message: OutboxMessage,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Accepted> {
  const { rejected, unavailable, unanswered } = CODES[message.channel];
  if (signal?.aborted === true) throw new DeliveryError(unavailable, { permanent: false, detail: 'aborted' });
  const fault = outboxFaults.find(
    ({ channel, ending }) => channel === message.channel && message.to.endsWith(ending),
  )?.fault;
  if (fault === 'refused') throw new DeliveryError(rejected, { permanent: true, detail: 'refused on request' });
  if (fault === 'unavailable')
    throw new DeliveryError(unavailable, { permanent: false, detail: 'unavailable on request' });
  if (fault === 'hanging') {
    const limit = AbortSignal.timeout(timeoutMs);
    await aborted(signal === undefined ? limit : AbortSignal.any([signal, limit]));
    throw new DeliveryError(unanswered, { permanent: false, detail: 'time-out on request' });
  }
  await shelf.add(message);
  return { providerId: `outbox-${message.id}` };
}
