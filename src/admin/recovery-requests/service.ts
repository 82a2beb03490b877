import type { Audit } from '../../audit/log.ts';
import type { Account } from '../../domain/account.ts';
import { signatureOf, type Reason } from '../../domain/operator.ts';
import type { Phone } from '../../domain/phone.ts';
import type { RecoveryRequest } from '../../domain/recovery-request.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Counters } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Officer } from '../../recovery-request/service.ts';
import type { SecondFactors } from '../../second-factor/service.ts';
import type { RequestPosition } from '../../store/recovery-requests.ts';
import type { Store } from '../../store/store.ts';
import { createOperatorLimits, objectionTo } from '../restraint.ts';

/** A request in a list. */
export interface Listed {
  readonly request: RecoveryRequest;
  readonly account: Account;
  /** How many other requests are open for the same account. */
  readonly others: number;
}

/** One request with all that its officers look at. */
export interface Seen {
  readonly request: RecoveryRequest;
  readonly account: Account;
  readonly hasSecondFactor: boolean;
  readonly isOperators: boolean;
  /** Whether somebody has signed in since the request was filed: the account is in somebody's hands. */
  readonly isInUse: boolean;
  /** Open ones of the same account. */
  readonly others: readonly RecoveryRequest[];
}

export type RevealRefusal = 'own-account' | 'operator-account' | 'closed' | 'limit';

export interface RequestReading {
  /** @param after  the last one of the page before. @returns one more than `limit`, where there are more. */
  list(which: 'open' | 'closed', limit: number, after?: RequestPosition): Promise<readonly Listed[]>;
  find(id: string): Promise<Seen | undefined>;
  /** By the number that the person reads out. @returns its id. */
  findByNumber(number: string): Promise<string | undefined>;
  /** How many wait for an opinion. */
  countWaiting(): Promise<number>;
  /** The number that the account would get, in full, for a reason that stays. */
  reveal(request: RecoveryRequest, reason: Reason, by: Officer): Promise<Result<Sensitive<Phone>, RevealRefusal>>;
}

export interface RequestReadingDeps {
  readonly store: Store;
  readonly secondFactors: Pick<SecondFactors, 'isEnrolled'>;
  readonly audit: Audit;
  readonly counters: Counters;
  readonly limits: Limits;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What officers see of requests for an account; what they say of one is for `recovery-request/service.ts`. */
export function createRequestReading({
  store,
  secondFactors,
  audit,
  counters,
  limits,
}: RequestReadingDeps): RequestReading {
  const isBeyond = createOperatorLimits({ store, audit, counters });

  return {
    async list(which, limit, after) {
      const { recoveryRequests, accounts } = store;
      const requests = await (which === 'open'
        ? recoveryRequests.listOpen(limit + 1, after)
        : recoveryRequests.listClosed(limit + 1, after));
      const ids = [...new Set(requests.map(({ accountId }) => accountId))];
      const [open, found] = await Promise.all([
        recoveryRequests.countOpenOf(ids),
        Promise.all(ids.map((id) => accounts.findById(id))),
      ]);
      const byId = new Map(found.flatMap((account) => (account === undefined ? [] : [[account.id, account]])));
      return requests.flatMap((request) => {
        const account = byId.get(request.accountId);
        const own = request.closedAt === undefined ? 1 : 0;
        return account === undefined
          ? []
          : [{ request, account, others: Math.max(0, (open.get(account.id) ?? 0) - own) }];
      });
    },

    async find(id) {
      const request = UUID.test(id) ? await store.recoveryRequests.find(id) : undefined;
      const account = request === undefined ? undefined : await store.accounts.findById(request.accountId);
      if (request === undefined || account === undefined) return undefined;
      const [hasSecondFactor, isOperators, isInUse, open] = await Promise.all([
        secondFactors.isEnrolled(account.id),
        store.operators.holdsAny(account.id),
        store.audit.hasSince(account.id, ['sign-in.succeeded'], request.filedAt),
        store.recoveryRequests.openOf(account.id),
      ]);
      return {
        request,
        account,
        hasSecondFactor,
        isOperators,
        isInUse,
        others: open.filter((one) => one.id !== request.id),
      };
    },

    findByNumber: async (number) => (await store.recoveryRequests.findByNumber(number))?.id,

    async countWaiting() {
      const standing = await store.recoveryRequests.waiting();
      return standing.filter(({ state }) => state !== 'approved').reduce((sum, { count }) => sum + count, 0);
    },

    async reveal(request, reason, by) {
      const refusal = await objectionTo(store, { id: request.accountId }, by);
      if (refusal !== undefined) return refuse(refusal);
      if (request.wanted === undefined) return refuse('closed');
      if (await isBeyond(limits.operator.reveal, by)) return refuse('limit');
      // Remembered before it is shown: what cannot be recorded is not revealed.
      await audit.record(
        store,
        'account.revealed',
        { by: signatureOf(by), datum: 'requested-phone', reason },
        { accountId: request.accountId },
      );
      return ok(request.wanted.phone);
    },
  };
}
