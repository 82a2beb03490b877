import type { Audit } from '../../audit/log.ts';
import { mostAttempts, NOTICE_OVERDUE_SECONDS, waitAfterFailure } from '../../domain/logout.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import { createPump } from '../../queue/pump.ts';
import type { ClaimedNotice, NoticeSettlement } from '../../store/logouts.ts';
import type { Store } from '../../store/store.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Deliver } from './deliver.ts';
import { createShares } from './shares.ts';

export interface LogoutSender {
  /** Sends what is due as soon as possible; returns at once. */
  wake(): void;
  /** Begins what is due. @throws when the database is away. */
  pump(): Promise<void>;
  /** Sends all that is due now and waits for it. */
  drain(): Promise<void>;
  /** Begins nothing more and lets what is under way end. */
  close(): Promise<void>;
}

export interface LogoutSenderDeps {
  readonly deliver: Deliver;
  readonly store: Store;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Whether nobody knows at the moment what time it is: then nothing is taken, and nothing judged by it. */
  readonly isTimeUncertain?: (() => boolean) | undefined;
  readonly random: Random;
  readonly log: Log;
  /** How long a stop waits for attempts under way. */
  readonly graceMs?: number;
}

/** Ours, and says nothing of the service. */
const NOT_MADE = 'token-not-made';
const MOST_AT_ONCE = 64;
const SHARE = 16;
/** Much longer than an attempt may take (`ports/outbound`): nobody else begins while it is under way. */
const LEASE_SECONDS = 60;
const GRACE_MS = 5000;
/** Each is written in the audit log, in one transaction. */
const GIVEN_UP_AT_ONCE = 100;

/**
 * Tells services that sessions have ended. At least once: a process that dies between answer and record leaves the
 * notice to whoever finds its lease over, and a session that has ended can end again.
 */
export function createLogoutSender({
  deliver,
  store,
  audit,
  clock,
  isTimeUncertain = () => false,
  random,
  log,
  graceMs = GRACE_MS,
}: LogoutSenderDeps): LogoutSender {
  const shares = createShares(SHARE);

  /** Of a service that is asked by one notice at a time the others would never come to their last attempt. */
  async function giveUpOverdue(clientId: string, error: string): Promise<void> {
    await store.transaction(async (tx) => {
      const now = clock.now();
      const overdue = await tx.logouts.giveUp(clientId, {
        dueBefore: addSeconds(now, -NOTICE_OVERDUE_SECONDS),
        mostAttempts,
        limit: GIVEN_UP_AT_ONCE,
        error,
        now,
      });
      for (const { accountId, reason, attempts } of overdue)
        await audit.record(tx, 'logout.given-up', { reason, attempts, error }, { accountId, clientId });
    });
  }

  /**
   * @returns nothing where the clock jumped meanwhile: somebody whose clock is right tries again once the lease is
   *   over.
   */
  async function attempt(notice: ClaimedNotice, signal: AbortSignal): Promise<NoticeSettlement | undefined> {
    if (isTimeUncertain()) return undefined;
    // A client that cannot be read, a key that does not sign: ours to mend, and then it may still be told.
    const delivery = await deliver(notice, signal).catch((error: unknown) => {
      log.error({ err: error, clientId: notice.clientId }, 'a logout token could not be made');
      return { error: NOT_MADE, refused: false };
    });
    if (delivery === 'delivered') shares.answered(notice.clientId);
    if (delivery === 'delivered' || delivery === 'dropped') return { state: delivery };
    if (isTimeUncertain()) return undefined;
    const { error, refused } = delivery;
    if (refused) shares.answered(notice.clientId);
    else if (error !== NOT_MADE && shares.failed(notice.clientId, clock.now()))
      await giveUpOverdue(notice.clientId, error);
    const seconds = waitAfterFailure(notice.attempts, delivery);
    return seconds === undefined
      ? { state: 'given-up', error }
      : { state: 'pending', error, nextAttemptAt: addSeconds(clock.now(), seconds) };
  }

  async function settle(notice: ClaimedNotice, settlement: NoticeSettlement): Promise<void> {
    const { accountId, clientId, reason, attempts } = notice;
    await store.transaction(async (tx) => {
      if (!(await tx.logouts.settle(notice, settlement, clock.now()))) return;
      if (settlement.state === 'given-up')
        await audit.record(
          tx,
          'logout.given-up',
          { reason, attempts, error: settlement.error },
          { accountId, clientId },
        );
    });
    if (settlement.state === 'delivered')
      log.info({ event: 'logout.delivered', clientId, reason, attempts }, 'a service was told that a session ended');
    if (settlement.state === 'pending')
      log.warn(
        { event: 'logout.delayed', clientId, reason, attempts, error: settlement.error },
        'a service did not take its logout token; it is tried again',
      );
  }

  async function work(notice: ClaimedNotice, signal: AbortSignal): Promise<void> {
    shares.take(notice.clientId);
    try {
      const settlement = await attempt(notice, signal);
      if (settlement !== undefined) await settle(notice, settlement);
    } catch (error) {
      log.error(
        { event: 'logout.unsettled', err: error, clientId: notice.clientId },
        'outcome not recorded; the service is told again when the lease ends',
      );
    } finally {
      if (shares.leave(notice.clientId)) wake();
    }
  }

  const queue = createPump<ClaimedNotice>({
    most: MOST_AT_ONCE,
    claim: (limit) => {
      if (isTimeUncertain()) return Promise.resolve([]);
      const now = clock.now();
      return store.logouts.claim({
        now,
        leaseSeconds: LEASE_SECONDS,
        leaseOwner: random.uuid(),
        limit,
        share: SHARE,
        ...shares.room(now),
      });
    },
    work,
  });

  function wake(): void {
    // What is refused here is told by the job that looks at the queue all the time.
    queue.pump().catch(() => undefined);
  }

  return {
    wake,
    pump: () => queue.pump(),
    drain: () => queue.drain(),
    close: () => queue.close(graceMs),
  };
}
