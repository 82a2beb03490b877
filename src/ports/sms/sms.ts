import type { Accepted } from '../delivery.ts';

/** A text message for one mobile number. */
export interface TextMessage {
  /** E.164, `+628…`. */
  readonly to: string;
  /** GSM-7, one segment (160 septets at most). */
  readonly text: string;
  /** Our id of the message: the same at every retry, so that a gateway with idempotency sends it once. */
  readonly ref: string;
  /** Seconds after which delivery is pointless. */
  readonly ttlSeconds: number;
  /** The one-time code inside, for the development outbox alone. */
  readonly code?: string | undefined;
}

export interface SmsGateway {
  /**
   * Hands one message to the gateway.
   * @throws {DeliveryError} refused or unreachable.
   */
  send(message: TextMessage, signal?: AbortSignal): Promise<Accepted>;
  close(): Promise<void>;
}
