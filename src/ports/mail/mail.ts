import type { Accepted } from '../delivery.ts';

export interface MailMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Our id of the message, carried as Message-ID so that a repeated hand-over is recognised. */
  readonly ref: string;
  readonly code?: string | undefined;
}

export interface Mailer {
  /**
   * Hands one message to the mail server.
   * @throws {DeliveryError} refused or unreachable.
   */
  send(message: MailMessage, signal?: AbortSignal): Promise<Accepted>;
  close(): Promise<void>;
}
