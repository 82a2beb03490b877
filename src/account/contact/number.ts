import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { KeyedHash } from '../../crypto/keyed-hash.ts';
import type { Account, AccountId } from '../../domain/account.ts';
import { createJoin, DOUBLE_PRESS_SECONDS } from '../../domain/double-press.ts';
import {
  checkCode,
  issueChallenge,
  reissueChallenge,
  secondsUntilResend,
  type Challenge,
  type OtpCode,
} from '../../domain/otp.ts';
import { operatorOf, type Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { askedMoment, epochSeconds, honours } from '../../domain/session.ts';
import type { Codes, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import { contactCode } from '../../messages/templates.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Counters } from '../../ports/counters/counters.ts';
import type { Limits } from '../../ports/counters/limits.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { accountOf, type ContactContext } from './context.ts';
import type { AtCode, ContactDrafts } from './drafts.ts';
import type { Proof, Proving } from './proving.ts';

export type BeginRefusal = { readonly reason: 'changes-used-up'; readonly until: Date } | SendRefusal;
/** `too-old`: it was begun so long ago that the person has to sign in again. */
export type AgainRefusal =
  { readonly reason: 'wait'; readonly seconds: number } | { readonly reason: 'too-old' } | SendRefusal;
export type CodeRefusal =
  | { readonly reason: 'wrong'; readonly left: number }
  | { readonly reason: 'expired' | 'dead' }
  | { readonly reason: 'locked'; readonly until: Date };

export interface NumberService {
  /**
   * Sends a code to a number that is to be proved: the account's own again, or another. Whose it is by now is not even
   * asked.
   */
  begin(context: ContactContext, phone: Sensitive<Phone>): Promise<Result<void, BeginRefusal>>;
  sendAgain(context: ContactContext): Promise<Result<void, AgainRefusal>>;
  /** @returns undefined where no code is waited for: another press or tab was faster. */
  confirmCode(context: ContactContext, code: OtpCode): Promise<Result<Proof | undefined, CodeRefusal>>;
}

export interface NumberDeps {
  readonly store: Store;
  readonly drafts: ContactDrafts;
  readonly proving: Proving;
  readonly codes: Codes;
  readonly courier: Courier;
  readonly counters: Pick<Counters, 'take' | 'giveBack'>;
  readonly limits: Pick<Limits, 'contact'>;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'otp'>;
}

/** So long after a fresh sign-in further codes may be sent: the page may be left open on a screen that others use. */
const BEGUN_SECONDS = 900;
const DAY_SECONDS = 86_400;

export function createNumberService({
  store,
  drafts,
  proving,
  codes,
  courier,
  counters,
  limits,
  keyedHash,
  audit,
  clock,
  random,
  config,
}: NumberDeps): NumberService {
  const join = createJoin();
  const host = new URL(config.http.issuer).hostname;
  const { ttlSeconds, triesPerCode } = config.otp;
  const isAlive = ({ expiresAt, tries, usedAt }: Challenge): boolean =>
    clock.now() < new Date(expiresAt) && tries < triesPerCode && usedAt === undefined;
  const isOf = (state: { readonly step: string }, phone: Sensitive<Phone>): state is AtCode =>
    state.step === 'code' && (state as AtCode).phone.reveal() === phone.reveal();
  const isOwn = ({ phone: own }: Account, phone: Sensitive<Phone>): boolean => own?.reveal() === phone.reveal();

  async function permit(
    { sender, accountId }: ContactContext,
    { nik }: Account,
    phone: Sensitive<Phone>,
  ): Promise<Result<Permit, SendRefusal>> {
    const asked = await codes.permit({ nik, to: phone, phone }, sender);
    if (!asked.ok)
      await audit.recordOnce(
        store,
        [asked.refusal.reason, accountId],
        'contact.phone.code-not-sent',
        { reason: asked.refusal.reason },
        { accountId },
      );
    return asked;
  }

  /** Within a turn. @returns the code that is under way then; undefined when it is too soon for another. */
  function send(
    tx: Transaction,
    { accountId, locale }: ContactContext,
    draftId: string,
    phone: Sensitive<Phone>,
    { old, another }: { readonly old: Challenge | undefined; readonly another: boolean },
  ): Required<Pick<AtCode, 'challenge' | 'messageId'>> | undefined {
    const { code, codeHash, recipientHash } = codes.make('contact', draftId, phone);
    const again = old === undefined ? undefined : reissueChallenge(old, codeHash, clock.now(), config.otp);
    if (again?.ok === false) return undefined;
    const challenge =
      again?.value ?? issueChallenge({ purpose: 'contact', recipientHash, codeHash }, clock.now(), config.otp);
    const messageId = random.uuid();
    tx.also(
      courier.post(tx, {
        ...contactCode({ code: code.reveal(), host, ttlSeconds, locale }),
        id: messageId,
        to: phone,
        expiresAt: addSeconds(clock.now(), ttlSeconds),
      }),
    );
    tx.also(
      audit.record(
        tx,
        'contact.phone.code-sent',
        { sends: challenge.sends, operator: operatorOf(phone.reveal()), another },
        { accountId },
      ),
    );
    return { challenge, messageId };
  }

  /** After a turn: the code leaves; or none was sent, and nobody is charged. */
  async function settle(sent: boolean, ...permits: readonly Permit[]): Promise<void> {
    if (sent) courier.wake('sms');
    else await Promise.all(permits.map((one) => one.giveBack()));
  }

  /** Other numbers are counted: each is a stranger's peace until it is proved. */
  async function countNumber(accountId: AccountId, isNew: boolean): Promise<Result<Permit, BeginRefusal>> {
    if (!isNew) return ok({ giveBack: () => Promise.resolve() });
    const key = keyedHash.hash('counter-contact', accountId).toString('base64url');
    const reading = await counters.take(limits.contact.numbers, key);
    const giveBack = (): Promise<void> => counters.giveBack(limits.contact.numbers, key);
    if (!reading.refused) return ok({ giveBack });
    await giveBack();
    await audit.recordOnce(
      store,
      ['changes-used-up', accountId],
      'contact.phone.code-not-sent',
      { reason: 'changes-used-up' },
      { accountId },
    );
    return refuse({ reason: 'changes-used-up', until: reading.resetsAt ?? addSeconds(clock.now(), DAY_SECONDS) });
  }

  /**
   * A code to this number is good still, or it is too soon for another one: the page says so, and the person has signed
   * in just now.
   */
  const begunAgain = (account: Account, phone: Sensitive<Phone>): Promise<boolean> =>
    drafts.turn(account.id, (tx, draft) => {
      const { state } = draft;
      if (
        !isOf(state, phone) ||
        (!isAlive(state.challenge) && secondsUntilResend(state.challenge, clock.now(), config.otp) === 0)
      )
        return Promise.resolve(false);
      drafts.keep(tx, draft, { ...state, begunAt: askedMoment(account, clock.now()).toISOString() });
      return Promise.resolve(true);
    });

  async function begin(context: ContactContext, phone: Sensitive<Phone>): Promise<Result<void, BeginRefusal>> {
    const { accountId } = context;
    const account = await accountOf(store, accountId);
    const another = !isOwn(account, phone);
    const isKnown = isOf(await drafts.find(accountId), phone);
    if (isKnown && (await begunAgain(account, phone))) return ok(undefined);

    const counted = await countNumber(accountId, another && !isKnown);
    if (!counted.ok) return counted;
    const permitted = await permit(context, account, phone);
    if (!permitted.ok) {
      await counted.value.giveBack();
      return permitted;
    }
    const sent = await drafts.turn(accountId, (tx, draft) => {
      const old = isOf(draft.state, phone) ? draft.state.challenge : undefined;
      // Undefined where another tab has just sent one.
      const code = old !== undefined && isAlive(old) ? undefined : send(tx, context, draft.id, phone, { old, another });
      if (code !== undefined)
        drafts.keep(tx, draft, {
          step: 'code',
          phone,
          ...code,
          begunAt: askedMoment(account, clock.now()).toISOString(),
        });
      return Promise.resolve(code !== undefined);
    });
    await settle(sent, counted.value, permitted.value);
    return ok(undefined);
  }

  async function sendAgain(context: ContactContext): Promise<Result<void, AgainRefusal>> {
    const { accountId } = context;
    const before = await drafts.find(accountId);
    if (before.step !== 'code') return ok(undefined);
    // Whoever presses twice sees what the first press has done, not a refusal.
    if (clock.now() < addSeconds(new Date(before.challenge.issuedAt), DOUBLE_PRESS_SECONDS)) return ok(undefined);
    const account = await accountOf(store, accountId);
    // Begun too long ago, or before all sessions were ended: then it may have been somebody else's wish.
    const begunAt = new Date(before.begunAt);
    if (clock.now() > addSeconds(begunAt, BEGUN_SECONDS) || !honours(account, epochSeconds(begunAt)))
      return refuse({ reason: 'too-old' });
    const seconds = secondsUntilResend(before.challenge, clock.now(), config.otp);
    if (seconds > 0) return refuse({ reason: 'wait', seconds });
    const permitted = await permit(context, account, before.phone);
    if (!permitted.ok) return permitted;
    const sent = await drafts.turn(accountId, (tx, draft) => {
      const { state } = draft;
      // Undefined for the second press of the button: one code is enough.
      const code = isOf(state, before.phone)
        ? send(tx, context, draft.id, state.phone, { old: state.challenge, another: !isOwn(account, state.phone) })
        : undefined;
      if (code !== undefined) drafts.keep(tx, draft, { ...(state as AtCode), ...code });
      return Promise.resolve(code !== undefined);
    });
    await settle(sent, permitted.value);
    return ok(undefined);
  }

  async function confirmCode(context: ContactContext, code: OtpCode): Promise<Result<Proof | undefined, CodeRefusal>> {
    const { accountId } = context;
    const { nik } = await accountOf(store, accountId);
    const counted = await codes.countTry(nik);
    if (!counted.ok) {
      await audit.recordOnce(
        store,
        ['locked', accountId],
        'contact.phone.code-refused',
        { reason: 'locked' },
        { accountId },
      );
      return counted;
    }
    let guessed = false;
    let late: string | undefined;
    const outcome = await drafts
      .turn(accountId, async (tx, draft): Promise<Result<Proof | undefined, CodeRefusal>> => {
        guessed = false;
        late = undefined;
        const { id, state } = draft;
        if (state.step !== 'code') return ok(undefined);
        const checked = checkCode(
          state.challenge,
          codes.attempt('contact', id, state.phone, code, state.challenge.codeHash),
          clock.now(),
          config.otp,
        );
        guessed = checked.challenge.tries > state.challenge.tries;
        if (checked.outcome !== 'accepted') {
          drafts.keep(tx, draft, { ...state, challenge: checked.challenge });
          if (guessed)
            tx.also(audit.record(tx, 'contact.phone.code-refused', { reason: checked.outcome }, { accountId }));
          else late = checked.outcome;
          return refuse(
            checked.outcome === 'wrong'
              ? { reason: 'wrong', left: checked.triesLeft }
              : { reason: checked.outcome === 'expired' ? 'expired' : 'dead' },
          );
        }
        const proof = await proving.number(tx, await accountOf(tx, accountId), state.phone);
        drafts.keep(tx, draft, { step: 'rest' });
        return ok(proof);
      })
      .finally(async () => {
        // A dead or expired code cannot be guessed, and a right one was no guess: neither uses up the day.
        if (!guessed) await codes.forgiveTry(nik);
      });
    if (late !== undefined)
      await audit.recordOnce(store, [late, accountId], 'contact.phone.code-refused', { reason: late }, { accountId });
    if (outcome.ok) courier.wake();
    return outcome;
  }

  return {
    begin: (context, phone) => join(['begin', context.accountId, phone.reveal()], () => begin(context, phone)),
    sendAgain: (context) => join(['again', context.accountId], () => sendAgain(context)),
    confirmCode: (context, code) => join(['code', context.accountId, code], () => confirmCode(context, code)),
  };
}
