import type { Config } from '../../config.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { AccountId } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import type { Locale } from '../../domain/locale.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Courier } from '../../messages/courier.ts';
import { confirmEmail } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store } from '../../store/store.ts';

export interface ActivationMail {
  /** Queues a fresh link in the caller's transaction; earlier ones stay good until they run out. */
  post(tx: Store, to: { readonly id: AccountId; readonly email: Sensitive<Email>; readonly locale: Locale }): Promise<void>;
  /** After the commit. */
  sent(): void;
}

export interface ActivationMailDeps {
  readonly courier: Courier;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'otp' | 'identity' | 'help'>;
}

/** The link that confirms an address, as registration sends it, without a service to go back to. */
export function createActivationMail({ courier, keyedHash, clock, random, config }: ActivationMailDeps): ActivationMail {
  return {
    async post(tx, { id, email, locale }) {
      const token = random.bytes(32).toString('base64url');
      const expiresAt = addSeconds(clock.now(), config.otp.emailLinkSeconds);
      await tx.confirmations.insert({ tokenHash: keyedHash.hash('email-token', token), accountId: id, emailIndex: tx.accounts.emailIndex(email), expiresAt });
      const link = `${config.http.issuer}/account/contact/email?token=${token}`;
      await courier.post(tx, { ...confirmEmail({ locale, help: config.help, link, expiresAt, timeZone: config.identity.timeZone, serviceName: undefined }), to: email });
    },
    sent: () => { courier.wake(); },
  };
}
