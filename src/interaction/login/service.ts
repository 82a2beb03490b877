import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { AccountId } from '../../domain/account.ts';
import { createJoin } from '../../domain/double-press.ts';
import { HELP_CODE_BYTES, toHelpCode } from '../../domain/help-code.ts';
import type { TypedIdentifier } from '../../domain/identifier.ts';
import { normalisePassword } from '../../domain/password-policy.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import { signInMoment } from '../../domain/session.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Count, Counters } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Credentials } from '../../store/credentials.ts';
import type { Store } from '../../store/store.ts';
import type { FailureCount, SignInFailures } from '../sign-in-failures.ts';

export type LoginRefusal =
  | { readonly reason: 'wrong' }
  | { readonly reason: 'slow'; readonly seconds: number }
  | { readonly reason: 'paused'; readonly until: Date }
  /** The code finds the event in the log: the help desk hears it from the person. */
  | { readonly reason: 'suspended'; readonly helpCode: string };

export interface LoginContext {
  readonly uid: string;
  readonly sender: Sender;
  readonly clientId: string | undefined;
}

export interface SignIn {
  readonly accountId: AccountId;
  /** What `finish` wants to know. */
  readonly at: number;
  readonly knownDevice: boolean;
  /** The device, where it is to be written down that it was seen. */
  readonly device: Buffer | undefined;
  readonly hasSecondFactor: boolean;
}

/** The password of a former system's record was right: its person has yet to prove who they are. */
export interface Recognised {
  readonly former: AccountId;
}

export interface LoginService {
  /** Signs a person in. Unknown account and wrong password are one refusal, at one price. @throws {LaneBusy} */
  signIn(
    typed: TypedIdentifier,
    password: string,
    context: LoginContext,
  ): Promise<Result<SignIn | Recognised, LoginRefusal>>;
}

export interface LoginDeps {
  readonly store: Store;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly failures: SignInFailures;
  readonly passwords: PasswordHasher;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config['limits'], 'signInPauseSeconds' | 'signInDelaySeconds'>;
}

/** How often it is written that a device still signs in. */
const DAY_SECONDS = 86_400;

export function createLogin({
  store,
  counters,
  limits,
  failures,
  passwords,
  audit,
  clock,
  random,
  config,
}: LoginDeps): LoginService {
  const join = createJoin();

  /**
   * What failures are counted on. A device that has signed in to the account before has a count of its own, so that a
   * stranger who fails on purpose cannot lock it out. For everybody else it is what was typed, known or not: the answer
   * must not depend on whether there is such an account.
   */
  const countedOn = (account: Credentials | undefined, typed: TypedIdentifier, deviceHash: Buffer): FailureCount =>
    account?.deviceSeenAt === undefined
      ? failures.byIdentifier(typed.normalised)
      : failures.byDevice(account.id, deviceHash);

  async function refused(
    refusal: Extract<LoginRefusal, { reason: 'wrong' | 'suspended' }>,
    account: Credentials | undefined,
    { clientId }: LoginContext,
  ): Promise<{ ok: false; refusal: LoginRefusal }> {
    const { reason } = refusal;
    await audit.record(
      store,
      'sign-in.refused',
      reason === 'suspended' ? { reason, helpCode: refusal.helpCode } : { reason },
      { accountId: account?.id, clientId },
    );
    return refuse(refusal);
  }

  /** Nothing was looked at. */
  async function limited(
    refusal: Extract<LoginRefusal, { reason: 'slow' | 'paused' }>,
    [limit, key]: Count,
    account: Credentials | undefined,
    { clientId }: LoginContext,
  ): Promise<{ ok: false; refusal: LoginRefusal }> {
    const { reason } = refusal;
    await audit.recordOnce(
      store,
      [reason, limit.name, key],
      'sign-in.refused',
      { reason },
      { accountId: account?.id, clientId },
    );
    return refuse(refusal);
  }

  /**
   * Hashes of a former system take another time than ours: whoever failed waits for both. Where there is no room for
   * it, nobody is kept from hearing the answer.
   */
  async function disguise(secret: Sensitive<string>, verified: string | undefined): Promise<void> {
    await passwords.disguise(secret, verified, await store.formerAccounts.bcryptCost()).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'HASHING_BUSY') throw error;
    });
  }

  const rehash = (secret: Sensitive<string>, isNeeded: boolean): Promise<string | undefined> =>
    isNeeded ? passwords.hash(secret).catch(() => undefined) : Promise.resolve(undefined);

  /** @returns whether the record still waits whose password that is. */
  async function recognise(
    { id, passwordHash = '' }: Credentials,
    digest: Buffer,
    secret: Sensitive<string>,
    needsRehash: boolean,
    { clientId }: LoginContext,
  ): Promise<boolean> {
    const rehashed = await rehash(secret, needsRehash);
    return store.transaction(async (tx) => {
      const isWaiting = await tx.formerAccounts.recognise(id, digest, passwordHash, rehashed, clock.now());
      if (isWaiting) await audit.record(tx, 'account.former-recognised', {}, { accountId: id, clientId });
      return isWaiting;
    });
  }

  async function signIn(
    typed: TypedIdentifier,
    password: string,
    context: LoginContext,
  ): Promise<Result<SignIn | Recognised, LoginRefusal>> {
    const { sender } = context;
    const now = clock.now();
    const deviceHash = Buffer.from(sender.device, 'base64url');
    const account =
      typed.identifier === undefined ? undefined : await store.credentials.find(typed.identifier, deviceHash);
    const { limit, key } = countedOn(account, typed, deviceHash);
    const knownDevice = account?.deviceSeenAt !== undefined;

    // Counted before the password is looked at, so that a hundred parallel guesses are a hundred guesses.
    const wanted: Count[] = [
      [limit, key],
      [limits.signIn.device, sender.device],
    ];
    // Behind one address of a carrier are thousands: what strangers do there must not keep people from their own
    // devices.
    if (sender.network !== undefined && !knownDevice) wanted.push([limits.signIn.network, sender.network]);
    const delay: Count = [limits.signIn.delay, key];
    const { readings, refusedBy } = await counters.takeAll(wanted, delay);
    if (refusedBy !== undefined) {
      const until = readings.at(-1)?.resetsAt ?? addSeconds(now, config.signInPauseSeconds);
      if (refusedBy === delay)
        return limited(
          { reason: 'slow', seconds: Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000)) },
          delay,
          account,
          context,
        );
      return limited({ reason: 'paused', until }, refusedBy, account, context);
    }
    const failed = readings[0]?.used ?? 0;

    const secret = sensitive(normalisePassword(password));
    let verified;
    try {
      verified = await passwords.verify(secret, account?.passwordHash);
    } catch (error) {
      await counters.giveBackAll(wanted); // too busy to look: nobody's failure
      throw error;
    }

    // Counted as any failure where another line was put in the place of the one whose password this is.
    const isRecognised =
      account?.formerDigest !== undefined &&
      verified.matches &&
      (await recognise(account, account.formerDigest, secret, verified.needsRehash, context));
    if (account === undefined || !verified.matches || (account.formerDigest !== undefined && !isRecognised)) {
      if (failed >= limit.points) await counters.hold(limit, key, config.signInPauseSeconds);
      const delays = config.signInDelaySeconds;
      const wait = delays[Math.min(failed, delays.length) - 1] ?? 0;
      if (wait > 0) await counters.hold(limits.signIn.delay, key, wait);
      await disguise(secret, account?.passwordHash);
      return refused({ reason: 'wrong' }, account, context);
    }

    await counters.giveBackAll(wanted.slice(1), wanted.slice(0, 1));
    // Said only to who knows the password.
    if (account.status !== 'active')
      return refused({ reason: 'suspended', helpCode: toHelpCode(random.bytes(HELP_CODE_BYTES)) }, account, context);

    if (isRecognised) return ok({ former: account.id });
    const rehashed = await rehash(secret, verified.needsRehash);
    if (rehashed !== undefined) await store.accounts.rehash(account.id, account.passwordHash ?? '', rehashed);
    const isSeenToday = account.deviceSeenAt !== undefined && account.deviceSeenAt >= addSeconds(now, -DAY_SECONDS);
    return ok({
      accountId: account.id,
      at: signInMoment(account, now),
      knownDevice,
      device: isSeenToday ? undefined : deviceHash,
      hasSecondFactor: account.hasSecondFactor,
    });
  }

  return {
    // A button pressed twice is one try, and its second press hears "does not match" as the first does, not that it
    // came too soon.
    signIn: (typed, password, context) =>
      join([context.uid, context.sender.device, typed.normalised.reveal(), password], () =>
        signIn(typed, password, context),
      ),
  };
}
