import { setTimeout as delay } from 'node:timers/promises';
import { operatorOf, type Operator, type Phone } from '../domain/phone.ts';
import { sensitive } from '../domain/sensitive.ts';
import { UNANSWERED } from '../domain/unanswered.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import { createDeadline } from '../ports/deadline.ts';
import { DeliveryError, type Accepted } from '../ports/delivery.ts';
import type { Random } from '../ports/random/random.ts';
import { createPump, type Pump } from '../queue/pump.ts';
import type { ClaimedMessage, MessageChannel, MessagePayload, MessageStore, Settlement } from '../store/messages.ts';
import type { CourierConfig, CourierLog } from './courier.ts';
import { afterFailure } from './outcome.ts';
import type { Receipts } from './receipts.ts';

export interface LaneDeps {
  readonly channel: MessageChannel;
  readonly messages: Pick<MessageStore, 'claim' | 'settle'>;
  /** Where receipts of handed over messages belong; undefined where nobody reports. */
  readonly receipts?: Pick<Receipts, 'handedOver'> | undefined;
  /** Counts a message that is handed over for the second time, and may be sent and paid for twice. */
  readonly countAgain?: (() => Promise<unknown>) | undefined;
  readonly handOver: (message: ClaimedMessage, payload: MessagePayload, signal: AbortSignal) => Promise<Accepted>;
  /** Whether the gateway takes nothing from this process. */
  readonly isShutOut?: (() => boolean) | undefined;
  /** Whether it takes nothing from anybody for a moment: what is not taken from the queue uses up no try. */
  readonly isPaused?: (() => boolean) | undefined;
  /** Whether nobody knows at the moment what time it is: then nothing is taken, and nothing judged by it. */
  readonly isTimeUncertain?: (() => boolean) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: CourierConfig;
  readonly log: CourierLog;
}

/** Waits between tries to record what became of a message: one that is sent but not recorded is sent again. */
const SETTLE_WAITS_MS = [100, 500, 2000, 5000];

/** So long who is shut out leaves a message to others; then it fails here, and whoever waits for it comes to know. */
const LEFT_TO_OTHERS_SECONDS = 20;

/**
 * The messages of one channel. SMS and mail each have a lane of their own, so that a mail server that hangs does not
 * hold up codes.
 */
export function createLane({
  channel,
  messages,
  receipts,
  countAgain,
  handOver,
  isShutOut = () => false,
  isPaused = () => false,
  isTimeUncertain = () => false,
  clock,
  random,
  config,
  log,
}: LaneDeps): Pump {
  /**
   * Whose customers wait for their codes is told by the beginning of the number, and the beginning tells nobody's name.
   */
  const operatorOfRecipient = (message: ClaimedMessage): { operator?: Operator } => {
    if (channel !== 'sms') return {};
    try {
      return { operator: operatorOf(message.open().reveal().to as Phone) };
    } catch {
      return {}; // what cannot be opened is told of by the attempt
    }
  };

  const about = (message: ClaimedMessage): object => ({
    messageId: message.id,
    channel,
    purpose: message.purpose,
    attempts: message.attempts,
    ...operatorOfRecipient(message),
  });

  /** Missed rather than waited for: a code is more urgent than a figure. */
  function countSecond(message: ClaimedMessage): void {
    if (message.wasUnanswered) countAgain?.().catch(() => undefined);
  }

  /**
   * @returns nothing where the clock jumped meanwhile: whether it is too late, and when to try again, is for somebody
   *   whose clock is right, once the lease is over.
   */
  async function attempt(message: ClaimedMessage, closing: AbortSignal): Promise<Settlement | undefined> {
    if (isTimeUncertain()) return undefined;
    if (message.expiresAt !== undefined && message.expiresAt <= clock.now()) return { state: 'expired' };
    // Ends well before the lease: nobody else may begin while this is still under way.
    const deadline = createDeadline(config.leaseSeconds * 750, closing);
    try {
      const { providerId, receiptKey } = await handOver(message, message.open().reveal(), deadline.signal);
      countSecond(message);
      return { state: 'sent', providerId, receiptKey };
    } catch (error) {
      if (error instanceof DeliveryError && error.code === UNANSWERED) countSecond(message);
      if (isTimeUncertain()) return undefined;
      const settlement = afterFailure({
        error,
        attempts: message.attempts,
        wasUnanswered: message.wasUnanswered,
        now: clock.now(),
        expiresAt: message.expiresAt,
        retrySeconds: config.retrySeconds,
      });
      tell(message, settlement, error);
      return settlement;
    } finally {
      deadline.clear();
    }
  }

  function tell(message: ClaimedMessage, settlement: Settlement, error: unknown): void {
    // A driver's own words are safe; those of anything else might quote the recipient.
    const reason = error instanceof DeliveryError ? error.message : error instanceof Error ? error.name : 'unknown';
    const fields = { ...about(message), reason };
    if (settlement.state === 'failed') log.error({ event: 'message.failed', ...fields }, 'message given up');
    else log.warn({ event: 'message.delayed', ...fields }, 'message not handed over, will be tried again');
  }

  async function record(message: ClaimedMessage, settlement: Settlement): Promise<void> {
    if (receipts === undefined || settlement.state !== 'sent' || settlement.receiptKey === undefined) {
      await messages.settle(message, settlement, clock.now());
      return;
    }
    const { providerId, receiptKey } = settlement;
    const { operator = 'other' } = operatorOfRecipient(message);
    await receipts.handedOver(message, {
      accepted: { providerId, receiptKey },
      operator,
      to: sensitive(message.open().reveal().to),
    });
  }

  async function settle(message: ClaimedMessage, settlement: Settlement, closing: AbortSignal): Promise<void> {
    for (const waitMs of [...SETTLE_WAITS_MS, undefined]) {
      try {
        await record(message, settlement);
        return;
      } catch (error) {
        if (waitMs === undefined || closing.aborted) throw error;
        await delay(waitMs, undefined, { signal: closing }).catch(() => undefined);
      }
    }
  }

  async function deliver(message: ClaimedMessage, closing: AbortSignal): Promise<void> {
    try {
      const settlement = await attempt(message, closing);
      if (settlement === undefined) return;
      await settle(message, settlement, closing);
      if (settlement.state === 'sent') log.info({ event: 'message.sent', ...about(message) }, 'message handed over');
      if (settlement.state === 'expired')
        log.warn({ event: 'message.expired', ...about(message) }, 'message too late to be sent');
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.error(
        { event: 'message.unsettled', ...about(message), reason },
        'outcome not recorded; the message is tried again when its lease ends',
      );
    }
  }

  return createPump({
    most: config.batch,
    claim: (limit) => {
      if (isPaused() || isTimeUncertain()) return Promise.resolve([]);
      const now = clock.now();
      return messages.claim({
        channel,
        now: isShutOut() ? addSeconds(now, -LEFT_TO_OTHERS_SECONDS) : now,
        leaseSeconds: config.leaseSeconds,
        leaseOwner: random.uuid(),
        limit,
      });
    },
    work: deliver,
  });
}
