import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { Nik } from '../../domain/nik.ts';
import { issueChallenge, reissueChallenge } from '../../domain/otp.ts';
import { operatorOf, type Phone } from '../../domain/phone.ts';
import type { Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Codes, NewCode, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import { activationCode } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { SentCode } from './machine.ts';
import type { RegistrationContext } from './service.ts';

/** The codes of a registration: whether one may be sent, and sending it. */
export interface CodeSending {
  /** The right to send one code to the number; the first refusal of an hour is remembered. */
  permit(
    context: RegistrationContext,
    nik: Sensitive<Nik>,
    phone: Sensitive<Phone>,
  ): Promise<Result<Permit, SendRefusal>>;
  /** Within a turn: the first code to a number, on its way once the turn is committed. */
  first(
    tx: Transaction,
    context: RegistrationContext,
    draftId: string,
    phone: Sensitive<Phone>,
    reason: 'first' | 'number-changed',
  ): SentCode;
  /** Within a turn: a code in the place of the one under way. @returns undefined when it is too soon for another. */
  another(
    tx: Transaction,
    context: RegistrationContext,
    draftId: string,
    phone: Sensitive<Phone>,
    current: SentCode,
  ): SentCode | undefined;
}

export interface CodeSendingDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly codes: Codes;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'otp'>;
}

export function createCodeSending({
  store,
  codes,
  courier,
  audit,
  clock,
  random,
  config,
}: CodeSendingDeps): CodeSending {
  const host = new URL(config.http.issuer).hostname;
  const { ttlSeconds } = config.otp;

  /** @returns the id of the message. */
  function send(
    tx: Transaction,
    { locale, clientId }: RegistrationContext,
    phone: Sensitive<Phone>,
    { code }: NewCode,
    sends: number,
    reason: 'first' | 'again' | 'number-changed',
  ): string {
    const id = random.uuid();
    const text = activationCode({ code: code.reveal(), host, ttlSeconds, locale });
    tx.also(courier.post(tx, { ...text, id, to: phone, expiresAt: addSeconds(clock.now(), ttlSeconds) }));
    tx.also(
      audit.record(tx, 'registration.code.sent', { sends, operator: operatorOf(phone.reveal()), reason }, { clientId }),
    );
    return id;
  }

  return {
    async permit({ sender, clientId }, nik, phone) {
      const permit = await codes.permit({ nik, to: phone, phone }, sender);
      if (!permit.ok)
        await audit.recordOnce(
          store,
          [permit.refusal.reason, nik.reveal()],
          'registration.code.not-sent',
          { reason: permit.refusal.reason },
          { clientId },
        );
      return permit;
    },

    first(tx, context, draftId, phone, reason) {
      const code = codes.make('activation', draftId, phone);
      const challenge = issueChallenge(
        { purpose: 'activation', recipientHash: code.recipientHash, codeHash: code.codeHash },
        clock.now(),
        config.otp,
      );
      return { challenge, messageId: send(tx, context, phone, code, challenge.sends, reason) };
    },

    another(tx, context, draftId, phone, current) {
      const code = codes.make('activation', draftId, phone);
      const challenge = reissueChallenge(current.challenge, code.codeHash, clock.now(), config.otp);
      if (!challenge.ok) return undefined;
      return { challenge: challenge.value, messageId: send(tx, context, phone, code, challenge.value.sends, 'again') };
    },
  };
}
