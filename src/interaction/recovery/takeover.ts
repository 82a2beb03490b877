import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import { operatorOf } from '../../domain/phone.ts';
import { epochSeconds, nextSecond } from '../../domain/session.ts';
import type { Sender } from '../../domain/sender.ts';
import type { Courier } from '../../messages/courier.ts';
import { passwordChanged } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { SignInFailures } from '../sign-in-failures.ts';
import type { Reached } from './sending.ts';

export interface NewPassword {
  readonly passwordHash: string;
  /** When the code proved the contact. */
  readonly provedAt: Date;
  readonly sender: Sender;
  readonly clientId: string | undefined;
}

export interface Takeover {
  /**
   * Gives the account to whoever proved its contact, within the caller's transaction: new password, all sessions ended,
   * the holder and the services told.
   * @returns the moment of the new sign-in; undefined when the proof is worth nothing any more.
   */
  take(tx: Store, reached: Reached, password: NewPassword): Promise<number | undefined>;
  /**
   * After the commit: ends what failed sign-ins brought about, for the person has just proved more than a password, and
   * lets holder and services be told at once, before a new session begins that a late notice would end.
   */
  taken(reached: Reached, sender: Sender): Promise<void>;
}

export interface TakeoverDeps {
  readonly courier: Courier;
  readonly logouts: { wake(): void };
  readonly audit: Audit;
  readonly failures: SignInFailures;
  readonly clock: Clock;
  readonly config: Pick<Config, 'identity' | 'help'>;
}

/** Time enough to think of a password, and no longer: the page may be left open on a screen that others use. */
const PROOF_SECONDS = 900;
const DAY_SECONDS = 86_400;

const deviceHash = ({ device }: Sender): Buffer => Buffer.from(device, 'base64url');

export function createTakeover({ courier, logouts, audit, failures, clock, config }: TakeoverDeps): Takeover {
  /** An address that is not proved may be a stranger's, who has an account name it: there it is one letter a day. */
  async function tell(tx: Store, { account }: Reached, at: Date): Promise<void> {
    if (account.email === undefined) return;
    const isProved = account.emailVerifiedAt !== undefined;
    if (!isProved && (await tx.audit.hasSince(account.id, ['recovery.completed'], addSeconds(at, -DAY_SECONDS))))
      return;
    const name = isProved ? account.name.reveal() : undefined;
    const letter = passwordChanged({
      name,
      locale: account.locale,
      help: config.help,
      at,
      timeZone: config.identity.timeZone,
    });
    await courier.post(tx, { ...letter, to: account.email });
  }

  return {
    async take(tx, reached, { passwordHash, provedAt, sender, clientId }) {
      const { account, contact } = reached;
      const at = clock.now();
      if (at > addSeconds(provedAt, PROOF_SECONDS)) return undefined;
      const sessionsValidAfter = nextSecond(at);
      if (!(await tx.accounts.resetPassword(account.id, { passwordHash, provedAt, at, sessionsValidAfter })))
        return undefined;

      // The code has proved the contact once more: the count of days begins anew.
      if (contact.channel === 'sms') await tx.accounts.confirmPhone(account.id, contact.to, provedAt);
      else await tx.accounts.confirmEmail(account.id, contact.to, provedAt);
      await tx.devices.remember(account.id, deviceHash(sender), at);
      await tell(tx, reached, at);
      await tx.logouts.announce(account.id, 'recovery', at);
      await audit.record(
        tx,
        'recovery.completed',
        {
          channel: contact.channel,
          ...(contact.channel === 'sms' ? { operator: operatorOf(contact.to.reveal()) } : {}),
        },
        { accountId: account.id, clientId },
      );
      return epochSeconds(sessionsValidAfter);
    },

    async taken({ account }, sender) {
      courier.wake();
      logouts.wake();
      await failures.forget(account, deviceHash(sender));
    },
  };
}
