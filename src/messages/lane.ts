import { setTimeout as delay } from 'node:timers/promises';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import { DeliveryError, type Accepted } from '../ports/delivery.ts';
import type { Random } from '../ports/random/random.ts';
import type { ClaimedMessage, MessageChannel, MessagePayload, MessageStore, Settlement } from '../store/messages.ts';
import type { CourierConfig, CourierLog } from './courier.ts';
import { afterFailure } from './outcome.ts';

export interface LaneDeps {
  readonly channel: MessageChannel;
  readonly messages: Pick<MessageStore, 'claim' | 'settle'>;
  readonly handOver: (message: ClaimedMessage, payload: MessagePayload, signal: AbortSignal) => Promise<Accepted>;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: CourierConfig;
  readonly log: CourierLog;
}

export interface Lane {
  /** Begins to send what is due, as far as there is room; resolves once nothing more can begin now. */
  pump(): Promise<void>;
  /** Sends everything that is due and waits for the end of it. */
  drain(): Promise<void>;
  /** Begins nothing more; waits so long for what is under way, then aborts it. */
  close(graceMs: number): Promise<void>;
}

/** Waits between tries to record what became of a message: one that is sent but not recorded is sent again. */
const SETTLE_WAITS_MS = [100, 500, 2000, 5000];

/**
 * The messages of one channel. SMS and mail each have a lane of their own, so that a mail server that hangs does not
 * hold up codes.
 */
export function createLane({ channel, messages, handOver, clock, random, config, log }: LaneDeps): Lane {
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  let closed = false;
  let wanted = false;
  let backlog = false;
  let active: Promise<void> | undefined;

  async function attempt(message: ClaimedMessage): Promise<Settlement> {
    if (message.expiresAt !== undefined && message.expiresAt <= clock.now()) return { state: 'expired' };
    // Ends well before the lease: nobody else may begin while this is still under way.
    const deadline = AbortSignal.timeout(config.leaseSeconds * 750);
    try {
      const { providerId } = await handOver(message, message.open().reveal(), AbortSignal.any([deadline, closing.signal]));
      return { state: 'sent', providerId };
    } catch (error) {
      const settlement = afterFailure({ error, attempts: message.attempts, now: clock.now(), expiresAt: message.expiresAt, retrySeconds: config.retrySeconds });
      tell(message, settlement, error);
      return settlement;
    }
  }

  function tell({ id, purpose, attempts }: ClaimedMessage, settlement: Settlement, error: unknown): void {
    // A driver's own words are safe; those of anything else might quote the recipient.
    const reason = error instanceof DeliveryError ? error.message : error instanceof Error ? error.name : 'unknown';
    const fields = { messageId: id, channel, purpose, attempts, reason };
    if (settlement.state === 'failed') log.error({ event: 'message.failed', ...fields }, 'message given up');
    else log.warn({ event: 'message.delayed', ...fields }, 'message not handed over, will be tried again');
  }

  async function settle(message: ClaimedMessage, settlement: Settlement): Promise<void> {
    for (const waitMs of [...SETTLE_WAITS_MS, undefined]) {
      try {
        await messages.settle(message, settlement, clock.now());
        return;
      } catch (error) {
        if (waitMs === undefined || closing.signal.aborted) throw error;
        await delay(waitMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function deliver(message: ClaimedMessage): Promise<void> {
    const { id, purpose, attempts } = message;
    try {
      const settlement = await attempt(message);
      await settle(message, settlement);
      if (settlement.state === 'sent') log.info({ event: 'message.sent', messageId: id, channel, purpose, attempts }, 'message handed over');
      if (settlement.state === 'expired') log.warn({ event: 'message.expired', messageId: id, channel, purpose, attempts }, 'message too late to be sent');
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.error({ event: 'message.unsettled', messageId: id, channel, purpose, attempts, reason }, 'outcome not recorded; the message is tried again when its lease ends');
    }
  }

  function begin(message: ClaimedMessage): void {
    const sending = deliver(message).finally(() => {
      running.delete(sending);
      // A refused claim is told by the next look at the queue.
      if (backlog) pump().catch(() => undefined);
    });
    running.add(sending);
  }

  async function run(): Promise<void> {
    while (wanted && !closed) {
      wanted = false;
      const room = config.batch - running.size;
      if (room <= 0) {
        backlog = true;
        return;
      }
      const now = clock.now();
      const claimed = await messages.claim({ channel, now, leasedUntil: addSeconds(now, config.leaseSeconds), leaseOwner: random.uuid(), limit: room });
      backlog = claimed.length === room;
      claimed.forEach(begin);
    }
  }

  function pump(): Promise<void> {
    wanted = true;
    active ??= run().finally(() => {
      active = undefined;
      // Woken in the moment between the last look and now.
      return wanted && !closed ? pump() : undefined;
    });
    return active;
  }

  async function drain(): Promise<void> {
    do {
      await pump();
      await Promise.all(running);
    } while (!closed && (backlog || running.size > 0));
  }

  async function close(graceMs: number): Promise<void> {
    closed = true;
    await active?.catch(() => undefined);
    const grace = setTimeout(() => { closing.abort(); }, graceMs);
    await Promise.all(running);
    clearTimeout(grace);
  }

  return { pump, drain, close };
}
