import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { LoggedEvent } from '../domain/log-event.ts';
import { isOperatorFailing, speaksAgainstNumber } from '../domain/receipt.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Counters } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Accepted } from '../ports/delivery.ts';
import type { Receipt } from '../ports/sms/receipt.ts';
import type { ClaimedMessage } from '../store/messages.ts';
import type { Outcome, ReceiptStore } from '../store/receipts.ts';
import { recipientMark } from './recipient-mark.ts';

export interface ReceiptsDeps {
  readonly store: { readonly receipts: Pick<ReceiptStore, 'settle' | 'take' | 'recordOf' | 'forgetRecipient'> };
  readonly counters: Pick<Counters, 'take' | 'read' | 'clear' | 'giveBack'>;
  readonly limits: Pick<Limits, 'code'>;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly log: { info(fields: LoggedEvent, text: string): void; warn(fields: LoggedEvent, text: string): void };
}

/** What gateways report of text messages: kept, counted once for each message, and told to the figures. */
export interface Receipts {
  /** Records that a message was handed over to a gateway that will report of it. */
  handedOver(
    message: ClaimedMessage,
    about: {
      readonly accepted: Accepted & { readonly receiptKey: string };
      readonly operator: string;
      readonly to: Sensitive<string>;
    },
  ): Promise<void>;
  /**
   * Keeps a receipt, whenever and wherever it comes: before the message is recorded as sent, twice, out of order, or
   * for a message that nobody knows.
   * @throws when it could not be kept: the gateway should report again.
   */
  take(receipt: Receipt): Promise<void>;
}

/** Older reports say nothing of how an operator is doing. */
const JUDGED_SECONDS = 1800;

export function createReceipts({ store, counters, limits, keyedHash, clock, log }: ReceiptsDeps): Receipts {
  /** A number that refuses one code after the other gets no more for a while; one that takes them begins anew. */
  async function count({ messageId, operator, state, recipientHash }: Outcome): Promise<void> {
    if (recipientHash === undefined) return;
    const { undelivered, number } = limits.code;
    if (state === 'delivered') {
      if ((await counters.read(undelivered, recipientHash)).used > 0) await counters.clear(undelivered, recipientHash);
    } else if (speaksAgainstNumber(state)) {
      if (isOperatorFailing(await store.receipts.recordOf(operator, addSeconds(clock.now(), -JUDGED_SECONDS)))) {
        // Nor is it the person's fault: the code that never came was none of the day's few.
        await counters.giveBack(number, recipientHash);
        log.info(
          { event: 'message.uncounted', messageId, operator, reason: 'operator-failing' },
          'an operator delivers next to nothing: what it reports does not count against numbers',
        );
      } else await counters.take(undelivered, recipientHash);
    }
  }

  async function tell(outcome: Outcome, code?: string): Promise<void> {
    const { messageId, purpose, operator, state, sentAt } = outcome;
    // The clocks of two instances may be a little apart.
    const waitedMs = Math.max(0, clock.now().getTime() - sentAt.getTime());
    const fields = { messageId, channel: 'sms', purpose, operator, state, waitedMs, reason: code };
    if (state === 'delivered')
      log.info({ event: 'message.delivered', ...fields }, 'message delivered, says the gateway');
    else log.warn({ event: 'message.undelivered', ...fields }, 'message not delivered, says the gateway');
    try {
      await count(outcome);
    } catch (error) {
      // What was reported is kept; the count alone is missed.
      log.warn(
        { event: 'message.uncounted', messageId, reason: error instanceof Error ? error.name : 'unknown' },
        'what became of a message was not counted on its number',
      );
    }
  }

  return {
    async handedOver(message, { accepted: { receiptKey: key, providerId }, operator, to }) {
      const outcome = await store.receipts.settle(
        message,
        { key, providerId, operator, recipientHash: recipientMark(keyedHash, to) },
        clock.now(),
      );
      if (outcome !== undefined) await tell(outcome);
    },

    async take({ key, state, code }) {
      const outcome = await store.receipts.take(key, state, clock.now());
      if (outcome === undefined) return;
      await tell(outcome, code);
      await store.receipts.forgetRecipient(key);
    },
  };
}
