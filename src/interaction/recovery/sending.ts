import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import type { Locale } from '../../domain/locale.ts';
import { issueChallenge, reissueChallenge, type Challenge } from '../../domain/otp.ts';
import { operatorOf } from '../../domain/phone.ts';
import { isContactOf, type RecoveryChannel, type RecoveryContact } from '../../domain/recovery.ts';
import type { Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Codes, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier, Post } from '../../messages/courier.ts';
import { recoveryCode, recoveryCodeMail } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Holder } from './machine.ts';

/** An account that a code can reach. */
export interface Reached {
  readonly account: Account;
  readonly contact: RecoveryContact;
}

/** What stands where there is nobody. */
const NOBODY = '00000000-0000-0000-0000-000000000000' as AccountId;

export interface Sending {
  /** The account behind a draft, if the contact is still its own. Asked for nobody too: a query tells by its time. */
  reached(from: Pick<Store, 'accounts' | 'devices'>, holder: Holder | undefined): Promise<Reached | undefined>;
  /** The right to send, which no page shows: a code that may not leave is made all the same. */
  permit(
    from: Pick<Store, 'accounts' | 'devices'>,
    reached: Reached | undefined,
    identifier: Sensitive<string>,
    sender: Sender,
  ): Promise<Result<Permit, SendRefusal>>;
  /**
   * Within a turn: makes a code and sends it; or, where there is nobody or no right to send, does the same work for
   * nothing.
   * @param old  the challenge whose place the new one takes.
   * @returns    undefined when it is too soon for another.
   */
  send(tx: Store, letter: RecoveryLetter, old?: Challenge): Promise<Challenge | undefined>;
}

export interface RecoveryLetter {
  readonly draftId: string;
  readonly identifier: Sensitive<string>;
  /** How the person expects the code, for the look of it. */
  readonly expected: RecoveryChannel;
  readonly reached: Reached | undefined;
  readonly permit: Result<Permit, SendRefusal>;
  readonly locale: Locale;
  readonly clientId: string | undefined;
}

export interface SendingDeps {
  readonly codes: Codes;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'http' | 'otp' | 'help'>;
}

/** To whom and on whose account a code is counted: for nobody on what was typed, which is nobody's number. */
export const countedOn = (reached: Reached | undefined, identifier: Sensitive<string>): Sensitive<string> =>
  reached?.account.nik ?? identifier;

export function createSending({ codes, courier, audit, clock, config }: SendingDeps): Sending {
  const host = new URL(config.http.issuer).hostname;
  const { ttlSeconds } = config.otp;

  function write({ expected, reached, locale, identifier }: RecoveryLetter, code: string): Post {
    const channel = reached?.contact.channel ?? expected;
    const words =
      channel === 'sms'
        ? recoveryCode({ code, host, ttlSeconds, locale })
        : recoveryCodeMail({ name: reached?.account.name.reveal() ?? '', locale, help: config.help, code, ttlSeconds });
    return { ...words, to: reached?.contact.to ?? identifier, expiresAt: addSeconds(clock.now(), ttlSeconds) };
  }

  return {
    async reached(from, holder) {
      const account = await from.accounts.findById(holder?.accountId ?? NOBODY);
      return account !== undefined && holder !== undefined && isContactOf(account, holder.contact)
        ? { account, contact: holder.contact }
        : undefined;
    },

    async permit(from, reached, identifier, { device }) {
      const to = reached?.contact.to ?? identifier;
      // Asked for nobody too, as above.
      const known = await from.devices.isKnown(reached?.account.id ?? NOBODY, Buffer.from(device, 'base64url'));
      const knownDevice = known && reached !== undefined ? `${reached.account.id} ${device}` : undefined;
      // The network was counted where everybody is counted alike.
      return codes.permit(
        {
          nik: countedOn(reached, identifier),
          to,
          phone: reached?.contact.channel === 'sms' ? reached.contact.to : undefined,
          knownDevice,
          silent: true,
        },
        { device, network: undefined },
      );
    },

    async send(tx, letter, old) {
      const { draftId, identifier, reached, permit, clientId } = letter;
      const now = clock.now();
      const made = codes.make('recovery', draftId, reached?.contact.to ?? identifier);
      const again = old === undefined ? undefined : reissueChallenge(old, made.codeHash, now, config.otp);
      if (again?.ok === false) return undefined;
      const challenge =
        again?.value ??
        issueChallenge(
          { purpose: 'recovery', recipientHash: made.recipientHash, codeHash: made.codeHash },
          now,
          config.otp,
        );

      const message = write(letter, made.code.reveal());
      const subject = { accountId: reached?.account.id, clientId };
      if (reached !== undefined && permit.ok) {
        await courier.post(tx, message);
        const { contact } = reached;
        const operator = contact.channel === 'sms' ? { operator: operatorOf(contact.to.reveal()) } : {};
        await audit.record(
          tx,
          'recovery.code.sent',
          { channel: contact.channel, sends: challenge.sends, ...operator },
          subject,
        );
      } else {
        await courier.pretend(tx, message);
        await audit.record(
          tx,
          'recovery.code.not-sent',
          { reason: permit.ok ? 'nobody' : permit.refusal.reason },
          subject,
        );
      }
      return challenge;
    },
  };
}
