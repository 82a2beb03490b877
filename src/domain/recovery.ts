import type { Account, Identifier } from './account.ts';
import type { Email } from './email.ts';
import type { Phone } from './phone.ts';
import type { Sensitive } from './sensitive.ts';

export type RecoveryChannel = 'sms' | 'email';

/** Where a recovery code goes. */
export type RecoveryContact =
  | { readonly channel: 'sms'; readonly to: Sensitive<Phone> }
  | { readonly channel: 'email'; readonly to: Sensitive<Email> };

const DAY_MS = 86_400_000;

/**
 * The proved contact through which an account may be recovered: the one that was asked for, failing that the other. A
 * number that was not proved again for long may be somebody else's by now (numbers are sold again) and does not do.
 *
 * @param asked what the person typed: whoever gives a NIK or a number expects a text message.
 */
export function recoveryContact(
  account: Account,
  asked: Identifier['kind'],
  now: Date,
  { phoneProofDays }: { readonly phoneProofDays: number },
): RecoveryContact | undefined {
  const { phone, phoneVerifiedAt, email, emailVerifiedAt } = account;
  const byPhone: RecoveryContact | undefined =
    phone !== undefined &&
    phoneVerifiedAt !== undefined &&
    now.getTime() - phoneVerifiedAt.getTime() <= phoneProofDays * DAY_MS
      ? { channel: 'sms', to: phone }
      : undefined;
  const byEmail: RecoveryContact | undefined =
    email !== undefined && emailVerifiedAt !== undefined ? { channel: 'email', to: email } : undefined;
  return asked === 'email' ? (byEmail ?? byPhone) : (byPhone ?? byEmail);
}

/** Whether a contact is still the account's own: it may have moved to somebody who proved it meanwhile. */
export function isContactOf(account: Account, { channel, to }: RecoveryContact): boolean {
  const [own, provedAt] =
    channel === 'sms' ? [account.phone, account.phoneVerifiedAt] : [account.email, account.emailVerifiedAt];
  return provedAt !== undefined && own?.reveal() === to.reveal();
}
