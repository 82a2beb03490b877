import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { Account } from '../../domain/account.ts';
import { emailKey, type Email } from '../../domain/email.ts';
import { maskEmail } from '../../domain/mask.ts';
import { operatorOf, type Phone } from '../../domain/phone.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { contactReplaced, numberLost } from '../../messages/contact-replaced.ts';
import type { Courier, Post } from '../../messages/courier.ts';
import { emailMoved, emailReplaced, phoneReplaced } from '../../messages/templates.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';

/** What a proof brought about. */
export interface Proof {
  /** It took the place of another one. */
  readonly replaced: boolean;
  /** It was on another account until then. */
  readonly moved: boolean;
}

/**
 * What follows once possession is proved, within the caller's transaction: the contact leaves whoever had proved it
 * before and becomes the account's; whoever lost something by it is told. Sessions go on (ADR 45).
 */
export interface Proving {
  /** @param by  a request for the account, if it was not a code just now. */
  number(tx: Store, account: Account, phone: Sensitive<Phone>, by?: 'request'): Promise<Proof>;
  address(tx: Store, account: Account, email: Sensitive<Email>): Promise<Proof>;
}

export interface ProvingDeps {
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'identity' | 'help'>;
}

export function createProving({
  courier,
  audit,
  clock,
  config: {
    identity: { timeZone },
    help,
  },
}: ProvingDeps): Proving {
  const post = async (tx: Store, letter: Post | undefined): Promise<void> => {
    if (letter !== undefined) await courier.post(tx, letter);
  };

  async function tellLoserOfNumber(tx: Store, former: Account, phone: Sensitive<Phone>): Promise<void> {
    await audit.record(tx, 'contact.phone.lost', {}, { accountId: former.id });
    await post(tx, numberLost(former, phone, help));
  }

  async function tellLoserOfAddress(tx: Store, former: Account, email: Sensitive<Email>): Promise<void> {
    await audit.record(tx, 'contact.email.lost', {}, { accountId: former.id });
    // A number that somebody else has proved since is not theirs any more.
    if (former.phone === undefined || former.phoneVerifiedAt === undefined) return;
    await courier.post(tx, {
      ...emailMoved({ maskedEmail: maskEmail(email.reveal()), locale: former.locale }),
      to: former.phone,
    });
    await audit.record(
      tx,
      'contact.email.notice-sent',
      { operator: operatorOf(former.phone.reveal()) },
      { accountId: former.id },
    );
  }

  async function tellFormerNumber(tx: Store, { id, phone, phoneVerifiedAt, locale }: Account): Promise<void> {
    if (phone === undefined || phoneVerifiedAt === undefined) return;
    await courier.post(tx, { ...phoneReplaced({ locale }), to: phone });
    await audit.record(tx, 'contact.phone.notice-sent', { operator: operatorOf(phone.reveal()) }, { accountId: id });
  }

  /**
   * Where no letter finds the person, who may be somebody else than whoever has given the account an address: a way
   * back into it that its owner knew nothing of would outlive every recovery.
   */
  async function tellNumber(tx: Store, { id, phone, phoneVerifiedAt, locale }: Account): Promise<void> {
    if (phone === undefined || phoneVerifiedAt === undefined) return;
    await courier.post(tx, { ...emailReplaced({ locale }), to: phone });
    await audit.record(tx, 'contact.email.notice-sent', { operator: operatorOf(phone.reveal()) }, { accountId: id });
  }

  return {
    async number(tx, account, phone, by) {
      const at = clock.now();
      const replaced = account.phone?.reveal() !== phone.reveal();
      const former = await tx.accounts.releasePhone(phone, account.id, at);
      if (replaced) await tx.accounts.replaceContact(account.id, { phone }, at);
      else await tx.accounts.confirmPhone(account.id, phone, at);
      if (former !== undefined) await tellLoserOfNumber(tx, former, phone);
      if (replaced) {
        await tellFormerNumber(tx, account);
        await post(tx, contactReplaced({ account, by: { phone }, at, help, timeZone }));
      }
      const proof = { replaced, moved: former !== undefined };
      await audit.record(
        tx,
        'contact.phone.proved',
        { ...proof, operator: operatorOf(phone.reveal()), ...(by === undefined ? {} : { by }) },
        { accountId: account.id },
      );
      return proof;
    },

    async address(tx, account, email) {
      const at = clock.now();
      const replaced = account.email === undefined || emailKey(account.email.reveal()) !== emailKey(email.reveal());
      const former = await tx.accounts.releaseEmail(email, account.id, at);
      if (replaced) {
        await tx.accounts.replaceContact(account.id, { email }, at);
        await tx.confirmations.dropWaiting(account.id, at);
        await post(tx, contactReplaced({ account, by: { email }, at, help, timeZone }));
        if (account.emailVerifiedAt === undefined) await tellNumber(tx, account);
      } else await tx.accounts.confirmEmail(account.id, email, at);
      if (former !== undefined) await tellLoserOfAddress(tx, former, email);
      const moved = former !== undefined;
      await audit.record(
        tx,
        'contact.email.confirmed',
        { moved, ...(replaced ? { replaced } : {}) },
        { accountId: account.id },
      );
      return { replaced, moved };
    },
  };
}
