import { createTransport } from 'nodemailer';
import { DeliveryError } from '../delivery.ts';
import type { Mailer } from './mail.ts';

export interface SmtpSettings {
  /** `smtp://` or `smtps://`, user and password inside; options of nodemailer as query (`?requireTLS=true`). */
  readonly smtpUrl: string;
  /** Sender, `Name <address>`. */
  readonly from: string;
  /** Longest wait for a connection, a greeting, or the next answer; twice as long for all of it. */
  readonly timeoutMs?: number;
}

interface SmtpFailure {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}

/**
 * Only a word about this very message (its envelope or its content) is final. A 5xx to the greeting or the sign-in is
 * about us: somebody mends it and the message goes out after all.
 */
const isFinal = ({ code, responseCode }: SmtpFailure): boolean =>
  (code === 'EENVELOPE' || code === 'EMESSAGE') && (responseCode === undefined || responseCode >= 500);

function toDeliveryError(error: unknown): DeliveryError {
  const failure = error as SmtpFailure;
  const permanent = isFinal(failure);
  const detail = [failure.code, failure.command, failure.responseCode].filter((part) => part !== undefined).join(' ');
  // Without the cause: servers quote the recipient in their answers, and a cause ends up in a log.
  return new DeliveryError(permanent ? 'MAIL_REJECTED' : 'MAIL_UNAVAILABLE', { permanent, detail });
}

/**
 * Hands mail to an SMTP server.
 *
 * A connection for each message, not a pool: a message given up on must not wait in a queue here and leave later.
 * At least once: after a time-out in mid-dialogue the server may have it, and the next try carries the same Message-ID.
 */
export function createSmtpMailer({ smtpUrl, from, timeoutMs = 10_000 }: SmtpSettings): Mailer {
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';

  return {
    async send({ to, subject, text, html, ref }, signal) {
      const limit = AbortSignal.timeout(2 * timeoutMs);
      try {
        const { messageId } = await transport.sendMail({
          from,
          // As an object: a comma in the address must not make two recipients.
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${ref}@${domain}>`,
          // RFC 3834: no holiday notice answers this.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        });
        return { providerId: messageId };
      } catch (error) {
        throw toDeliveryError(error);
      }
    },
    close: () => {
      transport.close();
      return Promise.resolve();
    },
  };
}
