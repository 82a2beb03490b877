import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Account } from '../../domain/account.ts';
import { createJoin, DOUBLE_PRESS_SECONDS } from '../../domain/double-press.ts';
import { emailKey, type Email } from '../../domain/email.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { askedMoment, epochSeconds, honours } from '../../domain/session.ts';
import type { Courier } from '../../messages/courier.ts';
import type { EmailLinks } from '../../messages/email-link.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Count, Counters } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Store } from '../../store/store.ts';
import { accountOf, type ContactContext } from './context.ts';
import type { ContactDrafts } from './drafts.ts';

/** `same`: it is the account's, and proved. */
export type AddressRefusal =
  | { readonly reason: 'same' }
  | { readonly reason: 'wait'; readonly seconds: number }
  | { readonly reason: 'letter-limit' | 'send-budget'; readonly until: Date };

export interface AddressService {
  /**
   * Sends the link that makes the address the account's. Nothing else happens until it is opened, and whose it is by
   * now is not even asked.
   */
  ask(context: ContactContext, email: Sensitive<Email>): Promise<Result<void, AddressRefusal>>;
  /** The link again: to the address that waits for it, or to the account's own that was never proved. */
  sendAgain(context: ContactContext): Promise<Result<void, AddressRefusal>>;
  /** Where `sendAgain` would send it. */
  waiting(account: Account): Promise<Sensitive<Email> | undefined>;
}

export interface AddressDeps {
  readonly store: Store;
  readonly drafts: ContactDrafts;
  readonly emailLinks: EmailLinks;
  readonly courier: Courier;
  readonly counters: Pick<Counters, 'takeAll' | 'giveBackAll'>;
  readonly limits: Pick<Limits, 'contact'>;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp'>;
}

const DAY_SECONDS = 86_400;

export function createAddressService({
  store,
  drafts,
  emailLinks,
  courier,
  counters,
  limits,
  keyedHash,
  audit,
  clock,
  config,
}: AddressDeps): AddressService {
  const join = createJoin();
  const [waitSeconds = 0] = config.otp.resendSeconds;
  const mark = (kind: string, value: string): string =>
    keyedHash.hash(`counter-contact-${kind}`, value).toString('base64url');
  const isOwn = ({ email: own }: Account, email: Sensitive<Email>): boolean =>
    own !== undefined && emailKey(own.reveal()) === emailKey(email.reveal());

  /**
   * Seconds since a link last went to this address for this account; a stranger who typed it for another account is not
   * seen.
   */
  async function secondsSince(
    from: Pick<Store, 'accounts' | 'confirmations'>,
    account: Account,
    email: Sensitive<Email>,
  ): Promise<number> {
    const last = await from.confirmations.lastSentAt(account.id, from.accounts.emailIndexes(email));
    return last === undefined ? Infinity : (clock.now().getTime() - last.getTime()) / 1000;
  }

  async function count(
    { accountId, sender }: ContactContext,
    email: Sensitive<Email>,
  ): Promise<Result<readonly Count[], AddressRefusal>> {
    const wanted: Count[] = [
      [limits.contact.letters, mark('account', accountId)],
      [limits.contact.address, mark('address', emailKey(email.reveal()))],
    ];
    if (sender.network !== undefined) wanted.push([limits.contact.network, sender.network]);
    const { readings, refusedBy } = await counters.takeAll(wanted);
    if (refusedBy === undefined) return ok(wanted);
    const reason = refusedBy[0] === limits.contact.network ? 'send-budget' : 'letter-limit';
    await audit.recordOnce(
      store,
      [refusedBy[0].name, accountId],
      'contact.email.link-not-sent',
      { reason },
      { accountId },
    );
    return refuse({ reason, until: readings.at(-1)?.resetsAt ?? addSeconds(clock.now(), DAY_SECONDS) });
  }

  async function send(
    context: ContactContext,
    account: Account,
    email: Sensitive<Email>,
  ): Promise<Result<void, AddressRefusal>> {
    const before = await secondsSince(store, account, email);
    // Whoever presses twice sees what the first press has done, not a refusal.
    if (before < DOUBLE_PRESS_SECONDS) return ok(undefined);
    if (before < waitSeconds) return refuse({ reason: 'wait', seconds: Math.ceil(waitSeconds - before) });
    const counted = await count(context, email);
    if (!counted.ok) return counted;

    const another = !isOwn(account, email);
    const sent = await drafts.turn(account.id, async (tx) => {
      if ((await secondsSince(tx, account, email)) < waitSeconds) return false; // another press or tab was faster
      const waiting = another ? await tx.confirmations.waitingFor(account.id, clock.now()) : undefined;
      // One address at a time: the link to the one before is worth nothing any more.
      if (waiting !== undefined && emailKey(waiting.email.reveal()) !== emailKey(email.reveal()))
        await tx.confirmations.dropWaiting(account.id, clock.now());
      await emailLinks.post(tx, {
        accountId: account.id,
        email,
        locale: context.locale,
        askedAt: askedMoment(account, clock.now()),
        occasion: { kind: another ? 'change' : 'registration' },
      });
      await audit.record(tx, 'contact.email.link-sent', { another }, { accountId: account.id });
      return true;
    });
    if (sent) courier.wake('email');
    else await counters.giveBackAll(counted.value);
    return ok(undefined);
  }

  async function ask(context: ContactContext, email: Sensitive<Email>): Promise<Result<void, AddressRefusal>> {
    const account = await accountOf(store, context.accountId);
    return isOwn(account, email) && account.emailVerifiedAt !== undefined
      ? refuse({ reason: 'same' })
      : send(context, account, email);
  }

  async function waiting(account: Account): Promise<Sensitive<Email> | undefined> {
    const found = await store.confirmations.waitingFor(account.id, clock.now());
    // What was asked for before all sessions were ended may have been somebody else's wish.
    if (found !== undefined && honours(account, epochSeconds(found.requestedAt))) return found.email;
    return account.emailVerifiedAt === undefined ? account.email : undefined;
  }

  async function sendAgain(context: ContactContext): Promise<Result<void, AddressRefusal>> {
    const account = await accountOf(store, context.accountId);
    const email = await waiting(account);
    return email === undefined ? ok(undefined) : send(context, account, email);
  }

  return {
    ask: (context, email) => join(['ask', context.accountId, email.reveal()], () => ask(context, email)),
    sendAgain: (context) => join(['again', context.accountId], () => sendAgain(context)),
    waiting,
  };
}
