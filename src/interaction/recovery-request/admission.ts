import type { Audit } from '../../audit/log.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import { HELP_CODE_BYTES, toHelpCode } from '../../domain/help-code.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Counters, Reading } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store, Transaction } from '../../store/store.ts';

/** Too many requests for the account today, whoever has filed them. */
export interface TooMany {
  readonly reason: 'too-many';
  readonly until: Date;
}

/** Not for this account: why is said to the help desk alone, which finds it by the code. */
export interface NotHere {
  readonly reason: 'not-here';
  readonly helpCode: string;
}

/** What may be filed, and how often: each request writes to the holder of the account. */
export interface Admission {
  /**
   * Within a turn: whether this account may be asked for here. A suspended one and an operator's get one answer, so that
   * nobody who knows the data of a person learns which of them it is.
   */
  refusalOf(tx: Transaction, account: Account, clientId: string | undefined): Promise<NotHere | undefined>;
  /** Whether there were too many today, before a code is sent for nothing. */
  tooMany(accountId: AccountId, clientId: string | undefined): Promise<TooMany | undefined>;
  /** Counts a request before it is filed. Give it back where none was. */
  take(accountId: AccountId, clientId: string | undefined): Promise<Result<{ giveBack(): Promise<void> }, TooMany>>;
}

export interface AdmissionDeps {
  readonly store: Store;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
}

export function createAdmission({
  store,
  counters,
  limits: {
    recovery: { requests },
  },
  keyedHash,
  audit,
  clock,
  random,
}: AdmissionDeps): Admission {
  const keyOf = (accountId: AccountId): string =>
    keyedHash.hash('counter-recovery-request', accountId).toString('base64url');

  async function refusal(accountId: AccountId, clientId: string | undefined, { resetsAt }: Reading): Promise<TooMany> {
    await audit.recordOnce(
      store,
      [requests.name, accountId],
      'recovery.request.limited',
      { reason: requests.name },
      { accountId, clientId },
    );
    return { reason: 'too-many', until: resetsAt ?? addSeconds(clock.now(), requests.windowSeconds) };
  }

  return {
    async refusalOf(tx, account, clientId) {
      // Asked for every account, so that the answer takes as long.
      const isOperators = await tx.operators.holdsAny(account.id);
      if (account.status === 'active' && !isOperators) return undefined;
      const helpCode = toHelpCode(random.bytes(HELP_CODE_BYTES));
      const reason = isOperators ? 'operator' : 'suspended';
      tx.also(audit.record(tx, 'recovery.request.refused', { reason, helpCode }, { accountId: account.id, clientId }));
      return { reason: 'not-here', helpCode };
    },

    async tooMany(accountId, clientId) {
      const reading = await counters.read(requests, keyOf(accountId));
      return reading.exhausted ? refusal(accountId, clientId, reading) : undefined;
    },

    async take(accountId, clientId) {
      const key = keyOf(accountId);
      const reading = await counters.take(requests, key);
      const giveBack = (): Promise<void> => counters.giveBack(requests, key);
      if (!reading.refused) return ok({ giveBack });
      await giveBack();
      return refuse(await refusal(accountId, clientId, reading));
    },
  };
}
