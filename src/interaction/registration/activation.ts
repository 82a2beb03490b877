import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import { formerOf } from '../../domain/former-account.ts';
import type { Locale } from '../../domain/locale.ts';
import { operatorOf } from '../../domain/phone.ts';
import type { Sender } from '../../domain/sender.ts';
import { numberLost } from '../../messages/contact-replaced.ts';
import type { Courier } from '../../messages/courier.ts';
import type { EmailLinks } from '../../messages/email-link.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Transaction } from '../../store/store.ts';
import type { Registration } from './machine.ts';

type AtOtp = Extract<Registration, { step: 'otp' }>;

export interface ActivationContext {
  readonly draftId: string;
  readonly locale: Locale;
  readonly sender: Sender;
  readonly clientId: string | undefined;
  readonly serviceName: string | undefined;
}

export type Activated =
  | {
      readonly accountId: AccountId;
      readonly phoneMoved: boolean;
      /** It has the former id of its person. */ readonly joined?: boolean;
    }
  | { readonly holder: Account };

export interface Activation {
  /**
   * Makes the account within the caller's transaction and claims its NIK. The code has just proved the number: it moves
   * here from whoever had proved it before, and that person is told.
   * @returns the new account; or the account that holds the NIK already.
   */
  activate(tx: Transaction, at: AtOtp, context: ActivationContext): Promise<Activated>;
}

/**
 * The NIK was taken between two statements of ours, when the number had left its holder already: all of it is taken
 * back, and tried again.
 */
class Overtaken extends Error {
  /** As PostgreSQL calls it: `withReconnect` tries again. */
  readonly code = '40001';
}

export interface ActivationDeps {
  readonly courier: Courier;
  readonly emailLinks: EmailLinks;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'help'>;
}

export function createActivation({ courier, emailLinks, audit, clock, random, config }: ActivationDeps): Activation {
  function tellFormerHolder(tx: Transaction, former: Account, at: AtOtp): void {
    tx.also(audit.record(tx, 'contact.phone.lost', {}, { accountId: former.id }));
    const letter = numberLost(former, at.contact.phone, config.help);
    if (letter !== undefined) tx.also(courier.post(tx, letter));
  }

  return {
    async activate(tx, at, context) {
      const now = clock.now();
      // The record gives the account its id. Decided again, since an import may have mended or doubled it: gone, or
      // another's now, and this is an account like any other.
      const claims = at.former === undefined ? [] : await tx.formerAccounts.hold(at.identity.nik, at.former.id);
      const joining = at.former === undefined ? undefined : formerOf(claims, at.former, new Date(at.former.at));
      const record = claims.find(({ id }) => id === joining?.id);
      const accountId = record?.id ?? (random.uuid() as AccountId);
      // Side by side: the NIK decides whether there is an account at all, and only then may the number leave the one
      // who had it.
      const released = tx.accounts.releasePhone(at.contact.phone, accountId, now, at.identity.nik);
      const inserted = tx.accounts.insert({
        id: accountId,
        nik: at.identity.nik,
        name: at.identity.name,
        email: at.contact.email,
        emailVerified: false,
        phone: at.contact.phone,
        phoneVerified: true,
        passwordHash: at.contact.passwordHash,
        locale: context.locale,
        legacyId: record?.legacyId,
        at: now,
      });
      const [former, claimed] = await Promise.all([released, inserted]);
      if (!claimed) {
        if (former !== undefined) throw new Overtaken();
        const holder = await tx.accounts.findByNik(at.identity.nik);
        if (holder === undefined) throw new Error('a NIK is taken and nobody holds it');
        return { holder };
      }

      if (record !== undefined && joining !== undefined) {
        tx.also(tx.formerAccounts.remove(record.id));
        if (record.legacyId !== undefined)
          tx.also(
            audit.record(tx, 'account.former-joined', { proof: joining.by }, { accountId, clientId: context.clientId }),
          );
      }
      if (former !== undefined) tellFormerHolder(tx, former, at);
      tx.also(
        emailLinks.post(tx, {
          accountId,
          email: at.contact.email,
          locale: context.locale,
          occasion: { kind: 'registration', serviceName: context.serviceName },
        }),
      );
      tx.also(tx.verifications.assign(context.draftId, accountId));
      tx.also(tx.devices.remember(accountId, Buffer.from(context.sender.device, 'base64url'), now));
      tx.also(
        audit.record(
          tx,
          'registration.completed',
          { phoneMoved: former !== undefined, operator: operatorOf(at.contact.phone.reveal()) },
          { accountId, clientId: context.clientId },
        ),
      );
      return {
        accountId,
        phoneMoved: former !== undefined,
        ...(record?.legacyId === undefined ? {} : { joined: true }),
      };
    },
  };
}
