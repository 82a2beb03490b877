import type { Clock } from '../clock/clock.ts';
import { putIntoOutbox, type OutboxShelf } from '../outbox.ts';
import type { SmsGateway } from './sms.ts';

/** Text messages for development and tests: kept to be looked at, sent nowhere. */
export function createSmsOutbox({
  outbox,
  clock,
  timeoutMs = 10_000,
}: {
  outbox: OutboxShelf;
  clock: Clock;
  timeoutMs?: number;
}): SmsGateway {
  return {
    send: ({ to, text, ref, code }, signal) =>
      putIntoOutbox(
        outbox,
        { id: ref, channel: 'sms', to, subject: undefined, text, code, createdAt: clock.now() },
        timeoutMs,
        signal,
      ),
    close: () => Promise.resolve(),
  };
}
