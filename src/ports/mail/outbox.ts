import type { Clock } from '../clock/clock.ts';
import { putIntoOutbox, type OutboxShelf } from '../outbox.ts';
import type { Mailer } from './mail.ts';

/** E-mail for development and tests: kept to be looked at, sent nowhere. */
export function createMailOutbox({
  outbox,
  clock,
  timeoutMs = 10_000,
}: {
  outbox: OutboxShelf;
  clock: Clock;
  timeoutMs?: number;
}): Mailer {
  return {
    send: ({ to, subject, text, ref, code }, signal) =>
      putIntoOutbox(
        outbox,
        { id: ref, channel: 'email', to, subject, text, code, createdAt: clock.now() },
        timeoutMs,
        signal,
      ),
    close: () => Promise.resolve(),
  };
}
