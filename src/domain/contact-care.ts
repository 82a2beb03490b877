import type { Account } from './account.ts';

/** What a person should see to, so that nobody ends without a way back into the account. */
export interface ContactCare {
  /** `old`: soon it cannot recover the account any more, or it cannot already. */
  readonly phone: 'unproved' | 'old' | undefined;
  readonly email: 'unproved' | undefined;
}

const DAY_MS = 86_400_000;
/** So long before a number stops to recover the account people are asked to prove it. */
const AHEAD_DAYS = 30;

/**
 * @param config.phoneProofDays  after which a number that was not proved again recovers nothing. Where it is short,
 *   people are asked half way.
 */
export function contactCare(
  {
    phone,
    phoneVerifiedAt,
    email,
    emailVerifiedAt,
  }: Pick<Account, 'phone' | 'phoneVerifiedAt' | 'email' | 'emailVerifiedAt'>,
  now: Date,
  { phoneProofDays }: { readonly phoneProofDays: number },
): ContactCare {
  const days = Math.max(phoneProofDays - AHEAD_DAYS, phoneProofDays / 2);
  const isOld = phoneVerifiedAt !== undefined && now.getTime() - phoneVerifiedAt.getTime() > days * DAY_MS;
  return {
    phone: phone === undefined || phoneVerifiedAt === undefined ? 'unproved' : isOld ? 'old' : undefined,
    email: email === undefined || emailVerifiedAt === undefined ? 'unproved' : undefined,
  };
}
