import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Account } from '../../domain/account.ts';
import type { Email } from '../../domain/email.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { epochSeconds, honours } from '../../domain/session.ts';
import type { Courier } from '../../messages/courier.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Proving } from './proving.ts';

export interface ContactService {
  /** The address that the link would confirm, or has; undefined when the link is no longer good for anything. */
  look(token: string): Promise<
    | {
        readonly email: Sensitive<Email>;
        readonly confirmed: boolean;
        /** It would take the place of another one. */ readonly replacing: boolean;
      }
    | undefined
  >;
  /** Confirms the address of the link. It moves here from whoever had proved it before, and that person is told. */
  confirmEmail(
    token: string,
  ): Promise<Result<{ readonly email: Sensitive<Email>; readonly moved: boolean }, 'invalid'>>;
}

export interface ContactDeps {
  readonly store: Store;
  readonly proving: Proving;
  readonly courier: Courier;
  readonly keyedHash: KeyedHash;
  readonly clock: Clock;
}

/** Longer than any token of ours: what is longer was not made here. */
const LONGEST_TOKEN = 100;

interface Holder {
  readonly account: Account;
  readonly email: Sensitive<Email>;
  readonly used: boolean;
  readonly replacing: boolean;
}

export function createContact({ store, proving, courier, keyedHash, clock }: ContactDeps): ContactService {
  const hashOf = (token: string): Buffer => keyedHash.hash('email-token', token.slice(0, LONGEST_TOKEN));

  /**
   * The account and address that a link stands for: the account's own address as long as it has it, or one that was to
   * take its place. That counts like a sign-in of the moment in which it was asked for: whoever recovers an account
   * ends it, too.
   */
  async function holderOf(from: Pick<Store, 'confirmations' | 'accounts'>, token: string): Promise<Holder | undefined> {
    const confirmation = await from.confirmations.find(hashOf(token), clock.now());
    const account = confirmation === undefined ? undefined : await from.accounts.findById(confirmation.accountId);
    if (confirmation === undefined || account === undefined) return undefined;
    const used = confirmation.usedAt !== undefined;
    if (account.email !== undefined && from.accounts.isIndexOf(account.email, confirmation.emailIndex))
      return { account, email: account.email, used, replacing: false };
    const { replacing } = confirmation;
    if (replacing === undefined || used || !honours(account, epochSeconds(replacing.requestedAt))) return undefined;
    return { account, email: replacing.email, used, replacing: true };
  }

  return {
    async look(token) {
      const holder = await holderOf(store, token);
      if (holder === undefined) return undefined;
      const { email, used, replacing } = holder;
      const confirmed = used && holder.account.emailVerifiedAt !== undefined;
      return used && !confirmed ? undefined : { email, confirmed, replacing };
    },

    async confirmEmail(token) {
      const outcome = await store.transactionOnce(
        async (tx): Promise<Result<{ email: Sensitive<Email>; moved: boolean }, 'invalid'>> => {
          const holder = await holderOf(tx, token);
          if (holder === undefined) return refuse('invalid');
          const { account, email, used } = holder;
          // Pressed twice: what the link was for has happened.
          if (used) return account.emailVerifiedAt === undefined ? refuse('invalid') : ok({ email, moved: false });
          if (!(await tx.confirmations.use(hashOf(token), clock.now()))) return refuse('invalid');
          const { moved } = await proving.address(tx, account, email);
          return ok({ email, moved });
        },
      );
      if (outcome.ok) courier.wake();
      return outcome;
    },
  };
}
