import type { EventCatalogue } from '../audit/events.ts';
import type { Account, AccountId } from '../domain/account.ts';
import { operatorOf, type Phone } from '../domain/phone.ts';
import { isStillWanted, type RecoveryRequest } from '../domain/recovery-request.ts';
import { sensitive } from '../domain/sensitive.ts';
import { nextSecond } from '../domain/session.ts';
import { recoveryCompleted } from '../messages/recovery-request.ts';
import { addSeconds } from '../ports/clock/clock.ts';
import type { Transaction } from '../store/store.ts';
import type { Closing } from './closing.ts';
import type { RecoveryRequestDeps, RecoveryRequests } from './service.ts';

type Settled = 'completed' | 'lapsed';
type LapseReason = EventCatalogue['recovery.request.lapsed']['reason'];

/** An earlier end never replaces a later one: a clock that is behind would bring sessions back. */
const endOf = ({ sessionsValidAfter }: Pick<Account, 'sessionsValidAfter'>, now: Date): Date => {
  const end = nextSecond(now);
  return sessionsValidAfter !== undefined && sessionsValidAfter > end ? sessionsValidAfter : end;
};

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
}: RecoveryRequestDeps & { readonly closing: Closing }): Pick<RecoveryRequests, 'settleDue' | 'settleOf'> {
  const lapsesBeforeNow = (): Date => addSeconds(clock.now(), -config.recoveryRequests.decideDays * DAY_SECONDS);

  /**
   * Within a transaction. @returns undefined where there is nothing to do for it: somebody else has just decided, or the
   * account is suspended.
   */
  async function settleOne(tx: Transaction, id: string, lapsesBefore: Date): Promise<Settled | undefined> {
    const seen = await tx.recoveryRequests.find(id);
    // With its others, in one order for all: they end together.
    const open = seen === undefined ? [] : await tx.recoveryRequests.lockOpenOf(seen.accountId);
    const request = open.find((one) => one.id === id);
    if (request?.wanted === undefined) return undefined;
    const subject = { accountId: request.accountId, clientId: request.clientId };
    const lapse = async (reason: LapseReason): Promise<Settled> => {
      await closing.close(tx, request, 'lapsed');
      await audit.record(tx, 'recovery.request.lapsed', { request: id, reason }, subject);
      return 'lapsed';
    };
    if (request.state !== 'approved') return request.filedAt < lapsesBefore ? lapse('undecided') : undefined;
    const now = clock.now();
    if (now < request.waitsUntil) return undefined;

    const { phone, passwordHash } = request.wanted;
    const account = await tx.accounts.findById(request.accountId);
    // Officers suspend an account to keep a thief from objecting: it is given the moment it is reinstated.
    if (account?.status === 'suspended' && request.filedAt >= lapsesBefore) return undefined;
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
      sessionsValidAfter: endOf(account, now),
    };
    if (!(await tx.accounts.resetPassword(account.id, reset))) return lapse('account-changed');
    await giveNumber(tx, account, phone);
    // Proved when it was filed: whoever has proved it after that has it, also by another request.
    await tx.accounts.confirmPhone(account.id, phone, request.filedAt);
    // The person has said that nothing reaches them there; by now it may be read by somebody else.
    await tx.accounts.doubtEmail(account.id, now);
    await tx.confirmations.dropAll(account.id, now);
    await tx.logouts.announce(account.id, 'recovery', now);
    await tx.recoveryRequests.close(id, 'completed', now);
    await closing.text(tx, request, 'completed', { ...recoveryCompleted(request), to: phone });
    await audit.record(
      tx,
      'recovery.request.completed',
      { request: id, operator: operatorOf(phone.reveal()) },
      subject,
    );
    for (const other of open) if (other.id !== id) await supersede(tx, other, phone.reveal());
    return 'completed';
  }

  /** It asks for an account that has just been given. Whoever has got it is told no more of it. */
  async function supersede(tx: Transaction, other: RecoveryRequest, given: Phone): Promise<void> {
    const isTold = other.wanted?.phone.reveal() !== given;
    await closing.close(tx, other, 'lapsed', { isTold });
    const { id: request, accountId, clientId } = other;
    await audit.record(tx, 'recovery.request.lapsed', { request, reason: 'account-changed' }, { accountId, clientId });
  }

  async function settle(id: string, lapsesBefore: Date): Promise<Settled | undefined> {
    const settled = await store.transactionOnce((tx) => settleOne(tx, id, lapsesBefore));
    if (settled !== undefined) courier.wake();
    if (settled === 'completed') logouts.wake();
    return settled;
  }

  async function settleDue(signal?: AbortSignal): Promise<Record<Settled, number>> {
    const lapsesBefore = lapsesBeforeNow();
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
  }

  async function settleOf(tx: Transaction, accountId: AccountId): Promise<void> {
    const lapsesBefore = lapsesBeforeNow();
    for (const { id, state } of await tx.recoveryRequests.lockOpenOf(accountId))
      if (state === 'approved') await settleOne(tx, id, lapsesBefore);
  }

  return { settleDue, settleOf };
}
