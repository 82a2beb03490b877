import type { EventType } from '../audit/events.ts';
import type { Audit } from '../audit/log.ts';
import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Totp } from '../crypto/totp.ts';
import type { Account, AccountId } from '../domain/account.ts';
import { maskEmail, maskPhone } from '../domain/mask.ts';
import type { OtpCode } from '../domain/otp.ts';
import { RECOVERY_CODE_BYTES, RECOVERY_CODES, toRecoveryCode, type RecoveryCode } from '../domain/recovery-code.ts';
import { ok, refuse, type Result } from '../domain/result.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Courier } from '../messages/courier.ts';
import { secondFactorChanged, type SecondFactorChange } from '../messages/second-factor.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Count, Counters, Limit, Reading } from '../ports/counters/counters.ts';
import type { Limits } from '../ports/counters/limits.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';

/** Whose factor, on the way to which service. */
export interface Who {
  readonly accountId: AccountId;
  readonly clientId?: string | undefined;
}

/** So often is enough for a day. */
export interface TooOften {
  readonly reason: 'limited';
  readonly until: Date;
}

/** A wrong code and one used before read alike; the audit log keeps the difference. */
export type CodeRefusal = { readonly reason: 'wrong' } | TooOften;

export interface Standing {
  readonly enrolledAt: Date;
  readonly lastUsedAt: Date;
  readonly recoveryCodesLeft: number;
}

/** Who removed it: the person, or an operator on their behalf, for a reason that stays. */
export type Removal = { readonly by: 'person' } | { readonly by: string; readonly reason?: string };

export type RecoveryCodes = readonly Sensitive<RecoveryCode>[];

/** The second factor of an account: an authenticator app, and recovery codes for whoever has lost it. */
export interface SecondFactors {
  isEnrolled(accountId: string): Promise<boolean>;
  standingOf(accountId: AccountId): Promise<Standing | undefined>;
  newSecret(): Sensitive<string>;
  /** What the QR code of an enrolment says; it names the account by a mask alone. */
  uriOf(secret: Sensitive<string>, account: Account | undefined): string;
  /** Asked outside the transaction that enrols. What did not come to an enrolment is given back. */
  mayEnrol(who: Who): Promise<Result<{ readonly giveBack: () => Promise<void> }, TooOften>>;
  /**
   * Enrols the app that shows this code, within the caller's transaction. `taken`: another enrolment was faster, and
   * that one counts.
   * @returns the recovery codes, which nobody can see again.
   */
  enrol(
    tx: Store,
    who: Who,
    secret: Sensitive<string>,
    code: OtpCode,
  ): Promise<Result<RecoveryCodes, 'wrong' | 'taken'>>;
  /** Each code is taken once, whoever is faster. */
  use(who: Who, code: OtpCode): Promise<Result<void, CodeRefusal>>;
  /** @returns how many are left. */
  useRecoveryCode(who: Who, code: RecoveryCode): Promise<Result<number, CodeRefusal>>;
  /** Makes all recovery codes anew; the old ones count no longer. @returns undefined when there is no second factor. */
  renewRecoveryCodes(who: Who): Promise<Result<RecoveryCodes | undefined, TooOften>>;
  /** Within the caller's transaction. @returns false when there was none. */
  remove(tx: Store, accountId: AccountId, removal: Removal): Promise<boolean>;
}

const DAY = 86_400;
/** What the person is told of by a letter. */
const TOLD: readonly EventType[] = [
  'second-factor.enrolled',
  'second-factor.recovery-code-used',
  'second-factor.recovery-codes-renewed',
  'second-factor.removed',
];

export interface SecondFactorDeps {
  readonly store: Store;
  readonly totp: Totp;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly keyedHash: KeyedHash;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'identity' | 'help'>;
}

export function createSecondFactors({
  store,
  totp,
  counters,
  limits,
  keyedHash,
  courier,
  audit,
  clock,
  random,
  config,
}: SecondFactorDeps): SecondFactors {
  const hashOf = (accountId: AccountId, code: RecoveryCode): Buffer => keyedHash.hash('recovery-code', accountId, code);
  const counterKey = (accountId: AccountId): string =>
    keyedHash.hash('counter-second-factor', accountId).toString('base64url');

  /**
   * The person hears of each change, before it is recorded. An address that is not proved may be a stranger's: there it
   * is a letter without a name, and one a day for all that the person does.
   */
  async function tell(tx: Store, accountId: AccountId, change: SecondFactorChange): Promise<void> {
    const account = await tx.accounts.findById(accountId);
    if (account?.email === undefined) return;
    const isProved = account.emailVerifiedAt !== undefined;
    if (!isProved && change !== 'reset' && (await tx.audit.hasSince(accountId, TOLD, addSeconds(clock.now(), -DAY))))
      return;
    const name = isProved ? account.name.reveal() : undefined;
    const letter = secondFactorChanged({
      change,
      name,
      locale: account.locale,
      help: config.help,
      at: clock.now(),
      timeZone: config.identity.timeZone,
    });
    await courier.post(tx, { ...letter, to: account.email });
  }

  async function giveRecoveryCodes(tx: Store, accountId: AccountId, at: Date): Promise<RecoveryCodes> {
    const codes = Array.from({ length: RECOVERY_CODES }, () => toRecoveryCode(random.bytes(RECOVERY_CODE_BYTES)));
    await tx.secondFactors.replaceRecoveryCodes(
      accountId,
      codes.map((code) => hashOf(accountId, code)),
      at,
    );
    return codes.map((code) => sensitive(code));
  }

  async function tooOften(
    { accountId, clientId }: Who,
    [limit]: Count,
    readings: readonly Reading[],
  ): Promise<Result<never, TooOften>> {
    await audit.recordOnce(
      store,
      ['second-factor', limit.name, accountId],
      'second-factor.refused',
      { reason: 'limited' },
      { accountId, clientId },
    );
    return refuse({
      reason: 'limited',
      until: readings.at(-1)?.resetsAt ?? addSeconds(clock.now(), limit.windowSeconds),
    });
  }

  /** One change of so many a day. */
  async function oneOf(limit: Limit, who: Who): Promise<Result<{ readonly giveBack: () => Promise<void> }, TooOften>> {
    const counted: readonly Count[] = [[limit, counterKey(who.accountId)]];
    const { readings, refusedBy } = await counters.takeAll(counted);
    return refusedBy === undefined
      ? ok({ giveBack: () => counters.giveBackAll(counted) })
      : tooOften(who, refusedBy, readings);
  }

  /**
   * One try at an account, counted before it is looked at, so that a hundred parallel guesses are a hundred guesses.
   * The day has a limit of its own: five tries every quarter of an hour would find a code within months.
   */
  async function tried<T>(
    { accountId, clientId }: Who,
    attempt: (now: Date) => Promise<Result<T, 'wrong' | 'used'>>,
  ): Promise<Result<T, CodeRefusal>> {
    const key = counterKey(accountId);
    const counted: readonly Count[] = [
      [limits.secondFactor.account, key],
      [limits.secondFactor.day, key],
    ];
    const { readings, refusedBy } = await counters.takeAll(counted);
    if (refusedBy !== undefined) {
      return tooOften({ accountId, clientId }, refusedBy, readings);
    }
    const outcome = await attempt(clock.now());
    if (!outcome.ok) {
      await audit.record(store, 'second-factor.refused', { reason: outcome.refusal }, { accountId, clientId });
      return refuse({ reason: 'wrong' });
    }
    await counters.giveBackAll(counted);
    return outcome;
  }

  return {
    isEnrolled: (accountId) => store.secondFactors.isEnrolled(accountId),

    async standingOf(accountId) {
      const found = await store.secondFactors.find(accountId);
      return found === undefined
        ? undefined
        : {
            enrolledAt: found.enrolledAt,
            lastUsedAt: found.lastUsedAt,
            recoveryCodesLeft: await store.secondFactors.recoveryCodesLeft(accountId),
          };
    },

    newSecret: () => totp.newSecret(),

    uriOf(secret, account) {
      const { email, phone } = account ?? {};
      return totp.uri(
        secret,
        email !== undefined ? maskEmail(email.reveal()) : phone !== undefined ? maskPhone(phone.reveal()) : 'akun',
      );
    },

    mayEnrol: (who) => oneOf(limits.secondFactor.enrolments, who),

    async enrol(tx, { accountId, clientId }, secret, code) {
      const at = clock.now();
      const step = totp.stepOf(secret, code, at);
      // Not counted: the secret is on the page, so there is nothing to guess.
      if (step === undefined) return refuse('wrong');
      if (!(await tx.secondFactors.insert({ accountId, secret, step, at }))) return refuse('taken');
      const codes = await giveRecoveryCodes(tx, accountId, at);
      await tell(tx, accountId, 'enrolled');
      await audit.record(tx, 'second-factor.enrolled', {}, { accountId, clientId });
      return ok(codes);
    },

    use: (who, code) =>
      tried(who, async (now) => {
        const { accountId, clientId } = who;
        const factor = await store.secondFactors.find(accountId);
        const step = factor === undefined ? undefined : totp.stepOf(factor.secret, code, now);
        if (step === undefined) return refuse('wrong');
        // Once: done a second time, because the answer was lost, it would refuse its own code.
        return store.transactionOnce(async (tx) => {
          if (!(await tx.secondFactors.use(accountId, step, now))) return refuse('used');
          await audit.record(tx, 'second-factor.used', {}, { accountId, clientId });
          return ok(undefined);
        });
      }),

    useRecoveryCode: (who, code) =>
      tried(who, (now) =>
        store.transactionOnce(async (tx) => {
          const { accountId, clientId } = who;
          if (!(await tx.secondFactors.useRecoveryCode(accountId, hashOf(accountId, code), now)))
            return refuse('wrong');
          const left = await tx.secondFactors.recoveryCodesLeft(accountId);
          await tell(tx, accountId, 'recovery-code-used');
          await audit.record(tx, 'second-factor.recovery-code-used', { left }, { accountId, clientId });
          return ok(left);
        }),
      ),

    async renewRecoveryCodes(who) {
      const { accountId, clientId } = who;
      const one = await oneOf(limits.secondFactor.renewals, who);
      if (!one.ok) return one;
      const made = await store.transactionOnce(async (tx) => {
        if (!(await tx.secondFactors.isEnrolled(accountId))) return undefined;
        const codes = await giveRecoveryCodes(tx, accountId, clock.now());
        await tell(tx, accountId, 'recovery-codes-renewed');
        await audit.record(tx, 'second-factor.recovery-codes-renewed', {}, { accountId, clientId });
        return codes;
      });
      if (made === undefined) await one.value.giveBack();
      return ok(made);
    },

    async remove(tx, accountId, removal) {
      if (!(await tx.secondFactors.remove(accountId))) return false;
      await tell(tx, accountId, removal.by === 'person' ? 'removed' : 'reset');
      await audit.record(tx, 'second-factor.removed', { ...removal }, { accountId });
      return true;
    },
  };
}
