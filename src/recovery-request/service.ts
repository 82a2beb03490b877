import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Account, AccountId } from '../domain/account.ts';
import { HELP_CODE_BYTES, toHelpCode } from '../domain/help-code.ts';
import type { Locale } from '../domain/locale.ts';
import { signatureOf, type Actor, type Reason } from '../domain/operator.ts';
import { operatorOf, type Phone } from '../domain/phone.ts';
import {
  approveRefusal,
  examineRefusal,
  isOpen,
  rejectRefusal,
  type Opinion,
  type OpinionRefusal,
  type RecoveryRequest,
} from '../domain/recovery-request.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Courier } from '../messages/courier.ts';
import { recoveryWarningMail, recoveryWarningText } from '../messages/recovery-request.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store, Transaction } from '../store/store.ts';
import { createClosing } from './closing.ts';
import { createSettling } from './settling.ts';

export interface Filing {
  /** As it is within the transaction. */
  readonly account: Account;
  /** Proved by a code just now. */
  readonly phone: Sensitive<Phone>;
  readonly passwordHash: string;
  readonly locale: Locale;
  readonly clientId: string | undefined;
}

/** Only an operator with a name gives an opinion: two people are asked for, not one with two machines. */
export type Officer = Extract<Actor, { readonly kind: 'operator' }>;

export type OfficerRefusal = OpinionRefusal | 'not-examined' | 'unknown' | 'own-account' | 'operator-account';

export interface RecoveryRequests {
  /** Within the caller's transaction: the request is there, and whoever holds the account is warned. @returns its number. */
  file(tx: Transaction, filing: Filing): Promise<string>;
  openOf(accountId: AccountId): Promise<readonly RecoveryRequest[]>;
  /**
   * The request whose warning had this token in its link: one that its holder can still object to, or has objected to.
   * Of every other, and while the account is suspended, there is nothing to see.
   */
  findByToken(token: string): Promise<RecoveryRequest | undefined>;
  /** The holder objects to one, by the link of the letter. @returns whether it was open until then. */
  cancelByToken(token: string): Promise<boolean>;
  /** The holder objects to all there are, signed in. @returns how many. */
  cancelAllOf(accountId: AccountId): Promise<number>;
  /** The first opinion, for it. */
  examine(id: string, reason: Reason, by: Officer): Promise<Result<void, OfficerRefusal>>;
  /** The second opinion, for it, by somebody else. The account is given when the wait is over. */
  approve(id: string, reason: Reason, by: Officer): Promise<Result<void, OfficerRefusal>>;
  /** An opinion against it, the first or the second, until the account is given. */
  reject(id: string, reason: Reason, by: Officer): Promise<Result<void, OfficerRefusal>>;
  /**
   * Gives the accounts whose requests are approved and have waited, and ends what nobody has decided.
   * @throws {AggregateError} after the others, where some could not be settled.
   */
  settleDue(signal?: AbortSignal): Promise<{ readonly completed: number; readonly lapsed: number }>;
  /**
   * Within the transaction that reinstates an account: what is approved and has waited is given at once. A thief who has
   * put an own address there would object a moment later.
   */
  settleOf(tx: Transaction, accountId: AccountId): Promise<void>;
}

interface Word {
  readonly event: `recovery.request.${'examined' | 'approved' | 'rejected'}`;
  readonly refusalOf: (tx: Transaction, request: RecoveryRequest) => Promise<OfficerRefusal | undefined>;
  readonly write: (tx: Transaction, request: RecoveryRequest, opinion: Opinion) => Promise<void>;
}

export interface RecoveryRequestDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly courier: Courier;
  readonly logouts: { wake(): void };
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a number that was proved the account's, within the transaction, and tells whoever loses something by it. */
  readonly giveNumber: (tx: Store, account: Account, phone: Sensitive<Phone>) => Promise<unknown>;
  readonly config: Pick<Config, 'http' | 'identity' | 'help' | 'recoveryRequests'>;
}

/** Longer than any token of ours: what is longer was not made here. */
const LONGEST_TOKEN = 100;

/** Requests for an account by people who have lost number and address at once (ADR 49). */
export function createRecoveryRequests(deps: RecoveryRequestDeps): RecoveryRequests {
  const { store, audit, courier, keyedHash, clock, random, config } = deps;
  const { help } = config;
  const closing = createClosing({ audit, courier, clock, help });
  const cancelHash = (token: string): Buffer => keyedHash.hash('recovery-request-token', token.slice(0, LONGEST_TOKEN));

  /** Whoever holds the account by now hears of it, by all ways that are proved to be theirs. */
  async function warn(
    tx: Transaction,
    account: Account,
    request: { readonly id: string; readonly number: string; readonly until: Date },
    token: string,
  ): Promise<void> {
    const { id, number, until } = request;
    const warning = { account, number, until, help, timeZone: config.identity.timeZone };
    const letter = recoveryWarningMail(warning, `${config.http.issuer}/account/recovery-request?token=${token}`);
    if (letter !== undefined) await courier.post(tx, letter);
    const message = recoveryWarningText(warning);
    if (message !== undefined) await closing.text(tx, { id, accountId: account.id }, 'warning', message);
  }

  async function cancel(tx: Transaction, id: string, way: 'letter' | 'session'): Promise<boolean> {
    const request = await tx.recoveryRequests.lock(id);
    if (request === undefined || !isOpen(request.state)) return false;
    // While an account is suspended nobody speaks for it: a thief who has put an own address there least of all.
    const account = await tx.accounts.findById(request.accountId);
    if (account?.status !== 'active') return false;
    await closing.close(tx, request, 'cancelled');
    await audit.record(tx, 'recovery.request.cancelled', { request: id, way }, { accountId: request.accountId });
    return true;
  }

  /** One officer's word about one request, which is held meanwhile; what cannot be recorded is not done. */
  const opine = (
    id: string,
    reason: Reason,
    by: Officer,
    { event, refusalOf, write }: Word,
  ): Promise<Result<void, OfficerRefusal>> =>
    store.transactionOnce(async (tx) => {
      const request = await tx.recoveryRequests.lock(id);
      if (request === undefined) return refuse('unknown');
      if (request.accountId === by.accountId) return refuse('own-account');
      const refusal = await refusalOf(tx, request);
      if (refusal !== undefined) return refuse(refusal);
      const signature = signatureOf(by);
      await write(tx, request, { by: signature, at: clock.now(), reason });
      await audit.record(tx, event, { request: id, by: signature, reason }, { accountId: request.accountId });
      return ok(undefined);
    });

  /** Operators are people who can do more than others: their accounts are given back by hand. */
  const isOperators = async (
    tx: Transaction,
    { accountId }: RecoveryRequest,
  ): Promise<'operator-account' | undefined> =>
    (await tx.operators.holdsAny(accountId)) ? 'operator-account' : undefined;

  return {
    async file(tx, { account, phone, passwordHash, locale, clientId }) {
      const now = clock.now();
      const waitsUntil = addSeconds(now, config.recoveryRequests.waitSeconds);
      const [id, token] = [random.uuid(), random.bytes(32).toString('base64url')];
      const number = toHelpCode(random.bytes(HELP_CODE_BYTES));
      await tx.recoveryRequests.insert({
        id,
        number,
        accountId: account.id,
        wanted: { phone, passwordHash: sensitive(passwordHash) },
        cancelHash: cancelHash(token),
        locale,
        clientId,
        filedAt: now,
        waitsUntil,
      });
      await warn(tx, account, { id, number, until: waitsUntil }, token);
      await audit.record(
        tx,
        'recovery.request.filed',
        { request: id, operator: operatorOf(phone.reveal()) },
        { accountId: account.id, clientId },
      );
      return number;
    },

    openOf: (accountId) => store.recoveryRequests.openOf(accountId),

    async findByToken(token) {
      const request = await store.recoveryRequests.findByCancelHash(cancelHash(token));
      if (request === undefined || (!isOpen(request.state) && request.state !== 'cancelled')) return undefined;
      const account = await store.accounts.findById(request.accountId);
      return account?.status === 'active' ? request : undefined;
    },

    async cancelByToken(token) {
      const cancelled = await store.transactionOnce(async (tx) => {
        const request = await tx.recoveryRequests.findByCancelHash(cancelHash(token));
        return request !== undefined && cancel(tx, request.id, 'letter');
      });
      if (cancelled) courier.wake('sms');
      return cancelled;
    },

    async cancelAllOf(accountId) {
      const cancelled = await store.transactionOnce(async (tx) => {
        let count = 0;
        for (const { id } of await tx.recoveryRequests.lockOpenOf(accountId))
          if (await cancel(tx, id, 'session')) count += 1;
        return count;
      });
      if (cancelled > 0) courier.wake('sms');
      return cancelled;
    },

    examine: (id, reason, by) =>
      opine(id, reason, by, {
        event: 'recovery.request.examined',
        refusalOf: async (tx, request) => examineRefusal(request) ?? (await isOperators(tx, request)),
        write: (tx, _request, opinion) => tx.recoveryRequests.examine(id, opinion),
      }),

    approve: (id, reason, by) =>
      opine(id, reason, by, {
        event: 'recovery.request.approved',
        refusalOf: async (tx, request) => approveRefusal(request, signatureOf(by)) ?? (await isOperators(tx, request)),
        write: (tx, _request, opinion) => tx.recoveryRequests.approve(id, opinion),
      }),

    async reject(id, reason, by) {
      const done = await opine(id, reason, by, {
        event: 'recovery.request.rejected',
        refusalOf: (_tx, request) => Promise.resolve(rejectRefusal(request)),
        write: (tx, request, opinion) => closing.close(tx, request, 'rejected', { opinion }),
      });
      if (done.ok) courier.wake('sms');
      return done;
    },

    ...createSettling({ ...deps, closing }),
  };
}
