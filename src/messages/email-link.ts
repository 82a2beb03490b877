import type { Config } from '../config.ts';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { AccountId } from '../domain/account.ts';
import type { Email } from '../domain/email.ts';
import type { Locale } from '../domain/locale.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { addSeconds, type Clock } from '../ports/clock/clock.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';
import type { Courier } from './courier.ts';
import { confirmEmail, type ConfirmationOccasion } from './templates.ts';

export interface LinkedAddress {
  readonly accountId: AccountId;
  readonly email: Sensitive<Email>;
  readonly locale: Locale;
  /** Now, unless it says another moment. */
  readonly askedAt?: Date;
  /** `change`: the address takes the place of the account's once the link is opened. */
  readonly occasion: ConfirmationOccasion;
}

export interface EmailLinks {
  /**
   * Queues a fresh link in the caller's transaction; earlier ones to the same address stay good until they run out.
   * Both writes are put to the database before it waits, so it may be left to `tx.also`.
   */
  post(tx: Store, address: LinkedAddress): Promise<void>;
}

export interface EmailLinkDeps {
  readonly courier: Courier;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'otp' | 'identity' | 'help'>;
}

/** The links that confirm an address, whoever has them sent. */
export function createEmailLinks({ courier, keyedHash, clock, random, config }: EmailLinkDeps): EmailLinks {
  return {
    async post(tx, { accountId, email, locale, occasion, askedAt = clock.now() }) {
      const token = random.bytes(32).toString('base64url');
      const expiresAt = addSeconds(clock.now(), config.otp.emailLinkSeconds);
      const replacing = occasion.kind === 'change' ? email : undefined;
      const link = `${config.http.issuer}/account/contact/email?token=${token}`;
      await Promise.all([
        tx.confirmations.insert({
          tokenHash: keyedHash.hash('email-token', token),
          accountId,
          emailIndex: tx.accounts.emailIndex(email),
          at: askedAt,
          expiresAt,
          replacing,
        }),
        courier.post(tx, {
          ...confirmEmail({ locale, help: config.help, link, expiresAt, timeZone: config.identity.timeZone, occasion }),
          to: email,
        }),
      ]);
    },
  };
}
