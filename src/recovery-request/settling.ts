import type { EventCatalogue } from '../audit/events.ts';
import { isOpen, isStillWanted } from '../domain/recovery-request.ts';
import { operatorOf } from '../domain/phone.ts';
import { sensitive } from '../domain/sensitive.ts';
import { nextSecond } from '../domain/session.ts';
import { recoveryCompleted } from '../messages/recovery-request.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import type { Closing } from './closing.ts';
import type { RecoveryRequestDeps, RecoveryRequests } from './service.ts';

type LapseReason = EventCatalogue['recovery.request.lapsed']['reason'];

/** What one turn looks at; the next one begins a minute later. */
const MOST_A_TURN = 500;
const DAY_SECONDS = 86_400;

/** Gives the accounts whose requests are approved and have waited, and ends what nobody has decided. */
export function createSettling({
  store,
  audit,
  courier,
  logouts,
  clock,
  giveNumber,
  config,
  closing,
}: RecoveryRequestDeps & { readonly closing: Closing }): RecoveryRequests['settleDue'] {
  /** @returns undefined where there is nothing to do for it, because somebody else has just decided. */
  async function settle(id: string, lapsesBefore: Date): Promise<'completed' | 'lapsed' | undefined> {
    const settled = await store.transactionOnce(async (tx) => {
      const request = await tx.recoveryRequests.lock(id);
      if (request === undefined || !isOpen(request.state) || request.wanted === undefined) return undefined;
      const subject = { accountId: request.accountId, clientId: request.clientId };
      const lapse = async (reason: LapseReason): Promise<'lapsed'> => {
        await closing.close(tx, request, 'lapsed');
        await audit.record(tx, 'recovery.request.lapsed', { request: id, reason }, subject);
        return 'lapsed';
      };
      if (request.state !== 'approved') return request.filedAt < lapsesBefore ? lapse('undecided') : undefined;
      const now = clock.now();
      if (now < request.waitsUntil) return undefined;

      const { phone, passwordHash } = request.wanted;
      const account = await tx.accounts.findById(request.accountId);
      if (account === undefined || !isStillWanted(account, request)) return lapse('account-changed');
      // Operators are people who can do more than others: their accounts are given back by hand.
      if (await tx.operators.holdsAny(account.id)) return lapse('account-changed');
      const holder = await tx.accounts.findByIdentifier(sensitive({ kind: 'phone', value: phone.reveal() }));
      if (
        holder !== undefined &&
        holder.id !== account.id &&
        holder.phoneVerifiedAt !== undefined &&
        holder.phoneVerifiedAt > request.filedAt
      )
        return lapse('number-moved'); // whoever has proved it last has it now
      const reset = {
        passwordHash: passwordHash.reveal(),
        provedAt: request.filedAt,
        at: now,
        sessionsValidAfter: nextSecond(now),
      };
      if (!(await tx.accounts.resetPassword(account.id, reset))) return lapse('account-changed');
      await giveNumber(tx, account, phone);
      // The person has said that nothing reaches them there; by now it may be read by somebody else.
      await tx.accounts.doubtEmail(account.id, now);
      await tx.logouts.announce(account.id, 'recovery', now);
      await tx.recoveryRequests.close(id, 'completed', now);
      await closing.text(tx, request, 'completed', { ...recoveryCompleted(request), to: phone });
      await audit.record(
        tx,
        'recovery.request.completed',
        { request: id, operator: operatorOf(phone.reveal()) },
        subject,
      );
      return 'completed';
    });
    if (settled !== undefined) courier.wake();
    if (settled === 'completed') logouts.wake();
    return settled;
  }

  return async (signal) => {
    const lapsesBefore = addSeconds(clock.now(), -config.recoveryRequests.decideDays * DAY_SECONDS);
    const counts = { completed: 0, lapsed: 0 };
    const failures: unknown[] = [];
    for (const id of await store.recoveryRequests.due(clock.now(), lapsesBefore, MOST_A_TURN)) {
      if (signal?.aborted === true) break;
      try {
        const settled = await settle(id, lapsesBefore);
        if (settled !== undefined) counts[settled] += 1;
      } catch (error) {
        failures.push(error); // one that cannot be settled keeps no other waiting
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} recovery requests not settled`);
    return counts;
  };
}
