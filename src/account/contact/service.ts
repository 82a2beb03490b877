import type { Audit } from '../../audit/log.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Account } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import { maskEmail } from '../../domain/mask.ts';
import { operatorOf } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Courier } from '../../messages/courier.ts';
import { emailMoved } from '../../messages/templates.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';

export interface ContactService {
  /** The address that the link would confirm, or has; undefined when the link is no longer good for anything. */
  look(token: string): Promise<{ readonly email: Sensitive<Email>; readonly confirmed: boolean } | undefined>;
  /** Confirms the address of the link. It moves here from whoever had proved it before, and that person is told. */
  confirmEmail(token: string): Promise<Result<{ readonly email: Sensitive<Email>; readonly moved: boolean }, 'invalid'>>;
}

export interface ContactDeps {
  readonly store: Store;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
}

/** Longer than any token of ours: what is longer was not made here. */
const LONGEST_TOKEN = 100;

export function createContact({ store, courier, audit, keyedHash, clock }: ContactDeps): ContactService {
  const hashOf = (token: string): Buffer => keyedHash.hash('email-token', token.slice(0, LONGEST_TOKEN));

  /** The account and address that a link stands for, as long as the account still has that address. */
  async function holderOf(from: Pick<Store, 'confirmations' | 'accounts'>, token: string): Promise<{ account: Account; email: Sensitive<Email>; used: boolean } | undefined> {
    const confirmation = await from.confirmations.find(hashOf(token), clock.now());
    const account = confirmation === undefined ? undefined : await from.accounts.findById(confirmation.accountId);
    if (confirmation === undefined || account?.email === undefined) return undefined;
    if (!from.accounts.isIndexOf(account.email, confirmation.emailIndex)) return undefined;
    return { account, email: account.email, used: confirmation.usedAt !== undefined };
  }

  async function tellFormerHolder(tx: Store, former: Account, email: Sensitive<Email>): Promise<void> {
    await audit.record(tx, 'contact.email.lost', {}, { accountId: former.id });
    // A number that somebody else has proved since is not theirs any more.
    if (former.phone === undefined || former.phoneVerifiedAt === undefined) return;
    await courier.post(tx, { ...emailMoved({ maskedEmail: maskEmail(email.reveal()), locale: former.locale }), to: former.phone });
    await audit.record(tx, 'contact.email.notice-sent', { operator: operatorOf(former.phone.reveal()) }, { accountId: former.id });
  }

  return {
    async look(token) {
      const holder = await holderOf(store, token);
      if (holder === undefined) return undefined;
      const confirmed = holder.used && holder.account.emailVerifiedAt !== undefined;
      return holder.used && !confirmed ? undefined : { email: holder.email, confirmed };
    },

    async confirmEmail(token) {
      const outcome = await store.transactionOnce(async (tx): Promise<Result<{ email: Sensitive<Email>; moved: boolean }, 'invalid'>> => {
        const holder = await holderOf(tx, token);
        if (holder === undefined) return refuse('invalid');
        const { account, email, used } = holder;
        // Pressed twice: what the link was for has happened.
        if (used) return account.emailVerifiedAt === undefined ? refuse('invalid') : ok({ email, moved: false });
        if (!(await tx.confirmations.use(hashOf(token), clock.now()))) return refuse('invalid');
        const former = await tx.accounts.releaseEmail(email, account.id, clock.now());
        await tx.accounts.confirmEmail(account.id, email, clock.now());
        if (former !== undefined) await tellFormerHolder(tx, former, email);
        await audit.record(tx, 'contact.email.confirmed', { moved: former !== undefined }, { accountId: account.id });
        return ok({ email, moved: former !== undefined });
      });
      if (outcome.ok) courier.wake();
      return outcome;
    },
  };
}
