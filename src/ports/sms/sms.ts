import type { Accepted } from '../delivery.ts';
import type { Receipt } from './receipt.ts';

/** A text message for one mobile number. */
export interface TextMessage {
  /** E.164, `+628…`. */
  readonly to: string;
  /** GSM-7, one segment (160 septets at most). */
  readonly text: string;
  /** Our id of the message: the same at every retry, so that a gateway with idempotency sends it once. */
  readonly ref: string;
  /** A hand-over of it got no answer in time: this one waits twice as long for its own. */
  readonly patient?: boolean | undefined;
  /** Seconds after which delivery is pointless. */
  readonly ttlSeconds: number;
  /** The one-time code inside, for the development outbox alone. */
  readonly code?: string | undefined;
}

export interface SmsGateway {
  /**
   * Hands one message to the gateway.
   * @throws {DeliveryError} refused, unreachable, or given and not answered (`SMS_UNANSWERED`).
   */
  send(message: TextMessage, signal?: AbortSignal): Promise<Accepted>;
  /**
   * Begins to hear what the gateway reports by the line on which messages go out. A gateway that reports by HTTP has no
   * such line.
   * @param take  keeps a receipt; when it fails, the gateway is told to report again.
   */
  listen?(take: (receipt: Receipt) => Promise<void>): void;
  /** Whether messages given to this process would fail for a while, where those given to another might not. */
  isShutOut?(): boolean;
  /**
   * Whether there is a line on which messages can go out now. A gateway that is asked anew for each message has none.
   */
  isBound?(): boolean;
  /** Whether it takes nothing for a moment, from whomever: messages stay in the queue. */
  isPaused?(): boolean;
  /** How often it has said so since the process began. */
  throttled?(): number;
  close(): Promise<void>;
}
