import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { Account, AccountId, Identifier } from '../../domain/account.ts';
import { HELP_CODE_BYTES, toHelpCode } from '../../domain/help-code.ts';
import type { TypedIdentifier } from '../../domain/identifier.ts';
import { normalisePassword } from '../../domain/password-policy.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import { signInMoment } from '../../domain/session.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Counters, Limit } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';
import type { FailureCount, SignInFailures } from '../sign-in-failures.ts';

export type LoginRefusal =
  | { readonly reason: 'wrong' }
  | { readonly reason: 'slow'; readonly seconds: number }
  | { readonly reason: 'paused'; readonly until: Date }
  /** The code finds the event in the log: the help desk hears it from the person. */
  | { readonly reason: 'suspended'; readonly helpCode: string };

export interface LoginContext {
  readonly sender: Sender;
  readonly clientId: string | undefined;
}

export interface SignIn {
  readonly accountId: AccountId;
  /** What `finish` wants to know. */
  readonly at: number;
  readonly knownDevice: boolean;
}

export interface LoginService {
  /** Signs a person in. Unknown account and wrong password are one refusal, at one price. @throws {LaneBusy} */
  signIn(typed: TypedIdentifier, password: string, context: LoginContext): Promise<Result<SignIn, LoginRefusal>>;
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

const NOBODY = '00000000-0000-0000-0000-000000000000' as AccountId;

export function createLogin({ store, counters, limits, failures, passwords, audit, clock, random, config }: LoginDeps): LoginService {
  /**
   * What failures are counted on. A device that has signed in to the account before has a count of its own, so that a
   * stranger who fails on purpose cannot lock it out. For everybody else it is what was typed, known or not: the answer
   * must not depend on whether there is such an account.
   */
  async function countedOn(account: Account | undefined, typed: TypedIdentifier, deviceHash: Buffer): Promise<FailureCount & { knownDevice: boolean }> {
    // Asked for nobody too: an answer that comes a query sooner tells as much as one that says so.
    const known = await store.accounts.knowsDevice(account?.id ?? NOBODY, deviceHash);
    return known && account !== undefined ? { ...failures.byDevice(account.id, deviceHash), knownDevice: true } : { ...failures.byIdentifier(typed.normalised), knownDevice: false };
  }

  async function refused(refusal: Extract<LoginRefusal, { reason: 'wrong' | 'suspended' }>, account: Account | undefined, { clientId }: LoginContext): Promise<{ ok: false; refusal: LoginRefusal }> {
    const { reason } = refusal;
    await audit.record(store, 'sign-in.refused', reason === 'suspended' ? { reason, helpCode: refusal.helpCode } : { reason }, { accountId: account?.id, clientId });
    return refuse(refusal);
  }

  /** Nothing was looked at. */
  async function limited(refusal: Extract<LoginRefusal, { reason: 'slow' | 'paused' }>, [limit, key]: readonly [Limit, string], account: Account | undefined, { clientId }: LoginContext): Promise<{ ok: false; refusal: LoginRefusal }> {
    const { reason } = refusal;
    await audit.recordOnce(store, [reason, limit.name, key], 'sign-in.refused', { reason }, { accountId: account?.id, clientId });
    return refuse(refusal);
  }

  return {
    async signIn(typed, password, context) {
      const { sender } = context;
      const now = clock.now();
      const deviceHash = Buffer.from(sender.device, 'base64url');
      const identifier: Sensitive<Identifier> | undefined = typed.identifier;
      const account = identifier === undefined ? undefined : await store.accounts.findByIdentifier(identifier);
      const { limit, key, knownDevice } = await countedOn(account, typed, deviceHash);

      const delay = await counters.read(limits.signIn.delay, key);
      if (delay.exhausted && delay.resetsAt !== undefined) {
        const seconds = Math.max(1, Math.ceil((delay.resetsAt.getTime() - now.getTime()) / 1000));
        return limited({ reason: 'slow', seconds }, [limits.signIn.delay, key], account, context);
      }

      // Counted before the password is looked at, so that a hundred parallel guesses are a hundred guesses.
      const wanted: [Limit, string][] = [[limit, key], [limits.signIn.device, sender.device]];
      // Behind one address of a carrier are thousands: what strangers do there must not keep people from their own devices.
      if (sender.network !== undefined && !knownDevice) wanted.push([limits.signIn.network, sender.network]);
      const readings = await Promise.all(wanted.map(async (one) => ({ one, reading: await counters.take(...one) })));
      const giveBack = async (except?: readonly [Limit, string]): Promise<void> => {
        await Promise.all(wanted.filter((one) => one !== except).map((one) => counters.giveBack(...one)));
      };
      const refusing = readings.find(({ reading }) => reading.refused);
      if (refusing !== undefined) {
        // What was taken from the others was for nothing.
        await giveBack(refusing.one);
        const until = refusing.reading.resetsAt ?? addSeconds(now, config.signInPauseSeconds);
        return limited({ reason: 'paused', until }, refusing.one, account, context);
      }
      const failed = readings[0]?.reading.used ?? 0;

      const secret = sensitive(normalisePassword(password));
      let verified;
      try {
        verified = await passwords.verify(secret, account?.passwordHash);
      } catch (error) {
        await giveBack(); // too busy to look: nobody's failure
        throw error;
      }

      if (account === undefined || !verified.matches) {
        if (failed >= limit.points) await counters.hold(limit, key, config.signInPauseSeconds);
        const delays = config.signInDelaySeconds;
        const wait = delays[Math.min(failed, delays.length) - 1] ?? 0;
        if (wait > 0) await counters.hold(limits.signIn.delay, key, wait);
        return refused({ reason: 'wrong' }, account, context);
      }

      await Promise.all([giveBack(wanted[0]), counters.clear(limit, key)]);
      // Said only to who knows the password.
      if (account.status !== 'active') return refused({ reason: 'suspended', helpCode: toHelpCode(random.bytes(HELP_CODE_BYTES)) }, account, context);

      const rehashed = verified.needsRehash ? await passwords.hash(secret).catch(() => undefined) : undefined;
      if (rehashed !== undefined) await store.accounts.rehash(account.id, account.passwordHash, rehashed);
      await store.accounts.rememberDevice(account.id, deviceHash, now);
      return ok({ accountId: account.id, at: signInMoment(account, now), knownDevice });
    },
  };
}
