import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { AccountId } from '../../domain/account.ts';
import type { Locale } from '../../domain/locale.ts';
import type { Nik } from '../../domain/nik.ts';
import { issueChallenge, reissueChallenge } from '../../domain/otp.ts';
import { operatorOf, type Phone } from '../../domain/phone.ts';
import type { Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Codes, NewCode, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import { recoveryRequestCode } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { SentCode } from './machine.ts';

/**
 * On whose account the codes of a request are counted: the person's, but apart from the codes that the holder of the
 * account asks for. Who only knows the data of somebody must not use up the codes by which that somebody gets in.
 */
export const countedOn = (nik: Sensitive<Nik>): Sensitive<string> => sensitive(`recovery-request:${nik.reveal()}`);

export interface RequestCode {
  readonly draftId: string;
  readonly accountId: AccountId;
  readonly phone: Sensitive<Phone>;
  readonly locale: Locale;
  readonly clientId: string | undefined;
}

/** The codes that prove the number of a request: whether one may be sent, and sending it. */
export interface RequestSending {
  /** The right to send one code to the number; the first refusal of an hour is remembered. */
  permit(
    nik: Sensitive<Nik>,
    code: Pick<RequestCode, 'accountId' | 'phone' | 'clientId'>,
    sender: Sender,
  ): Promise<Result<Permit, SendRefusal>>;
  /** Within a turn: the first code to a number, on its way once the turn is committed. */
  first(tx: Transaction, code: RequestCode): SentCode;
  /** Within a turn: a code in the place of the one under way. @returns undefined when it is too soon for another. */
  another(tx: Transaction, code: RequestCode, current: SentCode): SentCode | undefined;
}

export interface RequestSendingDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly codes: Codes;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'otp'>;
}

export function createRequestSending({
  store,
  codes,
  courier,
  audit,
  clock,
  random,
  config,
}: RequestSendingDeps): RequestSending {
  const host = new URL(config.http.issuer).hostname;
  const { ttlSeconds } = config.otp;
  const make = ({ draftId, phone }: RequestCode): NewCode => codes.make('recovery-request', draftId, phone);

  /** @returns the id of the message. */
  function send(
    tx: Transaction,
    { accountId, phone, locale, clientId }: RequestCode,
    { code }: NewCode,
    sends: number,
  ): string {
    const id = random.uuid();
    const text = recoveryRequestCode({ code: code.reveal(), host, ttlSeconds, locale });
    tx.also(courier.post(tx, { ...text, id, to: phone, expiresAt: addSeconds(clock.now(), ttlSeconds) }));
    tx.also(
      audit.record(
        tx,
        'recovery.request.code-sent',
        { sends, operator: operatorOf(phone.reveal()) },
        { accountId, clientId },
      ),
    );
    return id;
  }

  return {
    async permit(nik, { accountId, phone, clientId }, sender) {
      const permit = await codes.permit({ nik: countedOn(nik), to: phone, phone }, sender);
      if (!permit.ok)
        await audit.recordOnce(
          store,
          [permit.refusal.reason, accountId],
          'recovery.request.code-not-sent',
          { reason: permit.refusal.reason },
          { accountId, clientId },
        );
      return permit;
    },

    first(tx, request) {
      const code = make(request);
      const challenge = issueChallenge(
        { purpose: 'recovery-request', recipientHash: code.recipientHash, codeHash: code.codeHash },
        clock.now(),
        config.otp,
      );
      return { challenge, messageId: send(tx, request, code, challenge.sends) };
    },

    another(tx, request, current) {
      const code = make(request);
      const challenge = reissueChallenge(current.challenge, code.codeHash, clock.now(), config.otp);
      if (!challenge.ok) return undefined;
      return { challenge: challenge.value, messageId: send(tx, request, code, challenge.value.sends) };
    },
  };
}
