import type { Audit } from '../../audit/log.ts';
import type { Account, AccountStatus } from '../../domain/account.ts';
import { signatureOf, type Actor, type Reason } from '../../domain/operator.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Courier } from '../../messages/courier.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Counters } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { SecondFactors } from '../../second-factor/service.ts';
import type { RecoveryRequests } from '../../recovery-request/service.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ActivationMail } from './activation-mail.ts';
import { createOperatorLimits, objectionTo } from '../restraint.ts';
import type { AccountKey, AccountService } from './service.ts';

/** What can be shown in full, one at a time. */
export const data = ['nik', 'name', 'email', 'phone'] as const;
export type Datum = (typeof data)[number];

export type SupportRefusal = 'own-account' | 'operator-account' | 'limit' | 'nothing-there' | 'nothing-to-confirm';

export interface Support {
  /** Whether the account has a second factor, and since when; the help desk says no more of it. */
  secondFactorOf(account: Account): ReturnType<SecondFactors['standingOf']>;
  /** Exactly one account or none, whoever asks; each search is counted and remembered, without what was typed. */
  search(key: AccountKey, by: Actor): Promise<Result<Account | undefined, 'limit'>>;
  /** One datum in full, for a reason that stays. For people only: no machine needs to read a citizen's data here. */
  reveal(
    account: Account,
    datum: Datum,
    reason: Reason,
    by: Extract<Actor, { kind: 'operator' }>,
  ): Promise<Result<Sensitive<string>, SupportRefusal>>;
  /** A suspension ends all sessions, here and at the services, so that none comes back to life when it is lifted. */
  setStatus(
    account: Account,
    status: AccountStatus,
    reason: Reason,
    by: Actor,
  ): Promise<Result<undefined, SupportRefusal>>;
  endSessions(account: Account, reason: Reason, by: Actor): Promise<Result<undefined, SupportRefusal>>;
  /**
   * For whoever has lost app and recovery codes, after a check of who they are; all sessions end, for the telephone may
   * be in other hands.
   */
  removeSecondFactor(account: Account, reason: Reason, by: Actor): Promise<Result<undefined, SupportRefusal>>;
  /** Sends the link that confirms the e-mail address again. */
  resendActivation(account: Account, reason: Reason, by: Actor): Promise<Result<undefined, SupportRefusal>>;
}

export interface SupportDeps {
  readonly store: Store;
  readonly accounts: Pick<AccountService, 'find'>;
  readonly secondFactors: Pick<SecondFactors, 'remove' | 'standingOf'>;
  readonly activationMail: ActivationMail;
  readonly recoveries: Pick<RecoveryRequests, 'settleOf'>;
  readonly courier: Pick<Courier, 'wake'>;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** What the help desk does for citizens. */
export function createSupport({
  store,
  accounts,
  secondFactors,
  activationMail,
  recoveries,
  courier,
  audit,
  counters,
  limits,
  clock,
}: SupportDeps): Support {
  const isBeyond = createOperatorLimits({ store, audit, counters });

  const change = (
    account: Account,
    by: Actor,
    work: (tx: Transaction) => Promise<SupportRefusal | undefined>,
  ): Promise<Result<undefined, SupportRefusal>> =>
    store.transactionOnce(async (tx) => {
      const refusal = (await objectionTo(tx, account, by)) ?? (await work(tx));
      return refusal === undefined ? ok(undefined) : refuse(refusal);
    });

  return {
    secondFactorOf: ({ id }) => secondFactors.standingOf(id),

    async search(key, by) {
      if (await isBeyond(limits.operator.search, by)) return refuse('limit');
      const found = await accounts.find(key);
      const kind = 'sub' in key ? 'sub' : key.identifier.reveal().kind;
      await audit.record(
        store,
        'account.searched',
        { by: signatureOf(by), kind, found: found !== undefined },
        found === undefined ? {} : { accountId: found.id },
      );
      return ok(found);
    },

    async reveal(account, datum, reason, by) {
      const refusal = await objectionTo(store, account, by);
      if (refusal !== undefined) return refuse(refusal);
      const value: Sensitive<string> | undefined = account[datum];
      if (value === undefined) return refuse('nothing-there');
      if (await isBeyond(limits.operator.reveal, by)) return refuse('limit');
      // Remembered before it is shown: what cannot be recorded is not revealed.
      await audit.record(store, 'account.revealed', { by: signatureOf(by), datum, reason }, { accountId: account.id });
      return ok(value);
    },

    async setStatus(account, status, reason, by) {
      const done = await change(account, by, async (tx) => {
        if (!(await tx.sessionEnds.changeStatus(account.id, status, clock.now()))) return undefined;
        if (status === 'suspended') await tx.sessionEnds.endAll(account.id, 'suspended', clock.now());
        await audit.record(
          tx,
          status === 'suspended' ? 'account.suspended' : 'account.reinstated',
          { by: signatureOf(by), reason },
          { accountId: account.id },
        );
        if (status === 'active') await recoveries.settleOf(tx, account.id);
        return undefined;
      });
      if (done.ok && status === 'active') courier.wake();
      return done;
    },

    endSessions: (account, reason, by) =>
      change(account, by, async (tx) => {
        await tx.sessionEnds.endAll(account.id, 'ended-by-operator', clock.now());
        await audit.record(tx, 'account.sessions-ended', { by: signatureOf(by), reason }, { accountId: account.id });
        return undefined;
      }),

    removeSecondFactor: (account, reason, by) =>
      change(account, by, async (tx) => {
        if (!(await secondFactors.remove(tx, account.id, { by: signatureOf(by), reason }))) return 'nothing-there';
        await tx.sessionEnds.endAll(account.id, 'ended-by-operator', clock.now());
        return undefined;
      }),

    async resendActivation(account, reason, by) {
      const { email } = account;
      if (email === undefined || account.emailVerifiedAt !== undefined) return refuse('nothing-to-confirm');
      const done = await change(account, by, async (tx) => {
        await activationMail.post(tx, { id: account.id, email, locale: account.locale });
        await audit.record(tx, 'account.activation-resent', { by: signatureOf(by), reason }, { accountId: account.id });
        return undefined;
      });
      if (done.ok) activationMail.sent();
      return done;
    },
  };
}
