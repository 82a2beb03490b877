import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import { createJoin, DOUBLE_PRESS_SECONDS } from '../../domain/double-press.ts';
import { HELP_CODE_BYTES, toHelpCode } from '../../domain/help-code.ts';
import type { TypedIdentifier } from '../../domain/identifier.ts';
import type { Locale } from '../../domain/locale.ts';
import { checkCode, secondsUntilResend, type OtpCode } from '../../domain/otp.ts';
import { checkPassword, type PasswordRefusal } from '../../domain/password-policy.ts';
import { recoveryContact } from '../../domain/recovery.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Codes } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { Asking, AskingPermit, AskingRefusal, Locked, Wait } from './asking.ts';
import type { RecoveryDraft, RecoveryDrafts } from './drafts.ts';
import { isLeft, type Recovery, type RecoveryStep } from './machine.ts';
import { countedOn, type Reached, type Sending } from './sending.ts';
import type { Takeover } from './takeover.ts';

/** Who is asking, from where, on the way to which service. */
export interface RecoveryContext {
  readonly uid: string;
  readonly sender: Sender;
  readonly locale: Locale;
  readonly clientId: string | undefined;
}

/** Said only to whom the code has proved to be the holder. */
interface Suspended {
  readonly reason: 'suspended';
  readonly helpCode: string;
}

export type AskRefusal = Wait | AskingRefusal;
export type RecoveryCodeRefusal =
  { readonly reason: 'wrong'; readonly left: number } | { readonly reason: 'expired' | 'dead' } | Locked | Suspended;
/** `stale`: the proof is too old, or something more recent has taken its place. */
export type NewPasswordRefusal =
  | { readonly reason: 'password'; readonly refusals: readonly PasswordRefusal[] }
  | { readonly reason: 'stale' }
  | Suspended;

export interface RecoveryService {
  /** Sends a code if the data fit; nobody can tell whether they do. The draft moves to `code` either way. */
  ask(context: RecoveryContext, typed: TypedIdentifier): Promise<Result<void, AskRefusal>>;
  sendAgain(context: RecoveryContext): Promise<Result<void, AskRefusal>>;
  /** The right code proves the contact: the draft moves to `password`. */
  confirmCode(context: RecoveryContext, code: OtpCode): Promise<Result<void, RecoveryCodeRefusal>>;
  /** Sets the password and ends every session; the draft moves to `finished`. @throws {LaneBusy} */
  setPassword(context: RecoveryContext, password: string): Promise<Result<void, NewPasswordRefusal>>;
  /** Back to the first step, with other data. */
  restart(context: RecoveryContext): Promise<void>;
}

export interface RecoveryDeps {
  readonly store: Store;
  readonly drafts: RecoveryDrafts;
  readonly asking: Asking;
  readonly sending: Sending;
  readonly takeover: Takeover;
  readonly codes: Codes;
  readonly courier: Courier;
  readonly passwords: PasswordHasher;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Pick<Config, 'otp' | 'password'>;
}

type At<Step extends RecoveryStep> = RecoveryDraft & { readonly state: Extract<Recovery, { step: Step }> };

export function createRecovery({
  store,
  drafts,
  asking,
  sending,
  takeover,
  codes,
  courier,
  passwords,
  audit,
  clock,
  random,
  config,
}: RecoveryDeps): RecoveryService {
  const join = createJoin();

  async function atStep<Step extends RecoveryStep>(uid: string, step: Step): Promise<At<Step> | undefined> {
    const draft = await drafts.find(uid);
    return draft?.state.step === step ? (draft as At<Step>) : undefined;
  }

  /** Within a turn: tells a holder whose account may not be used, and starts over. */
  async function refuseSuspended(
    tx: Transaction,
    draft: RecoveryDraft,
    { account }: Reached,
    { clientId }: RecoveryContext,
  ): Promise<{ ok: false; refusal: Suspended }> {
    const helpCode = toHelpCode(random.bytes(HELP_CODE_BYTES));
    drafts.move(tx, draft, { type: 'restarted' });
    await audit.record(
      tx,
      'recovery.code.refused',
      { reason: 'suspended', helpCode },
      { accountId: account.id, clientId },
    );
    return refuse({ reason: 'suspended', helpCode });
  }

  /** After a turn: the next code has to wait; or nothing came of it, and nobody is charged. */
  async function settle(
    sent: boolean,
    identifier: Sensitive<string>,
    asked: AskingPermit,
    permit: Awaited<ReturnType<Sending['permit']>>,
  ): Promise<void> {
    if (sent) await asking.pace(identifier, asked.asks);
    else await Promise.all([asked.giveBack(), permit.ok ? permit.value.giveBack() : undefined]);
    courier.wake();
  }

  async function ask(context: RecoveryContext, typed: TypedIdentifier): Promise<Result<void, AskRefusal>> {
    const { uid, sender, locale, clientId } = context;
    const identifier = typed.normalised;
    const seconds = await asking.secondsToWait(identifier);
    const asked =
      seconds > 0
        ? refuse<AskRefusal>({ reason: 'wait', seconds })
        : await asking.permit(identifier, sender, { anew: true });
    if (!asked.ok) return (await atStep(uid, 'code')) === undefined ? asked : ok(undefined); // another process took the other press of the button

    const kind = typed.identifier?.reveal().kind;
    const account =
      typed.identifier === undefined ? undefined : await store.accounts.findByIdentifier(typed.identifier);
    const contact =
      account === undefined || kind === undefined ? undefined : recoveryContact(account, kind, clock.now(), config.otp);
    const reached = account === undefined || contact === undefined ? undefined : { account, contact };
    const permit = await sending.permit(store, reached, identifier, sender);

    const begun = await drafts.turn(uid, async (tx, draft) => {
      if (draft.state.step !== 'ask') return false;
      const letter = {
        draftId: draft.id,
        identifier,
        expected: kind === 'email' ? 'email' : 'sms',
        reached,
        permit,
        locale,
        clientId,
      } as const;
      const challenge = await sending.send(tx, letter);
      if (challenge === undefined) return false;
      const holder = reached === undefined ? undefined : { accountId: reached.account.id, contact: reached.contact };
      drafts.move(tx, draft, { type: 'code-asked', identifier, holder, challenge });
      return true;
    });
    await settle(begun, identifier, asked.value, permit);
    return ok(undefined);
  }

  async function sendAgain(context: RecoveryContext): Promise<Result<void, AskRefusal>> {
    const { uid, sender, locale, clientId } = context;
    const before = await atStep(uid, 'code');
    if (before === undefined) return ok(undefined);
    const { identifier, challenge: old } = before.state;
    // Whoever presses twice sees what the first press has done, not a refusal.
    if (clock.now() < addSeconds(new Date(old.issuedAt), DOUBLE_PRESS_SECONDS)) return ok(undefined);
    const seconds = secondsUntilResend(old, clock.now(), config.otp);
    if (seconds > 0) return refuse({ reason: 'wait', seconds });
    const asked = await asking.permit(identifier, sender);
    if (!asked.ok) return asked;

    const reached = await sending.reached(store, before.state.holder);
    const permit = await sending.permit(store, reached, identifier, sender);
    const sent = await drafts.turn(uid, async (tx, draft) => {
      // Meanwhile another window may have started over with other data.
      if (draft.state.step !== 'code' || draft.state.identifier.reveal() !== identifier.reveal()) return false;
      const expected = identifier.reveal().startsWith('email:') ? 'email' : 'sms';
      const challenge = await sending.send(
        tx,
        { draftId: draft.id, identifier, expected, reached, permit, locale, clientId },
        draft.state.challenge,
      );
      if (challenge === undefined) return false; // the second press of the button: one code is enough
      drafts.move(tx, draft, { type: 'code-sent', challenge });
      return true;
    });
    await settle(sent, identifier, asked.value, permit);
    return ok(undefined);
  }

  async function confirmCode(context: RecoveryContext, code: OtpCode): Promise<Result<void, RecoveryCodeRefusal>> {
    const { uid, clientId } = context;
    const before = await atStep(uid, 'code');
    if (before === undefined) return ok(undefined);
    const { identifier } = before.state;
    const allowed = await asking.countTry(identifier);
    if (!allowed.ok) {
      await audit.recordOnce(
        store,
        ['locked', identifier.reveal()],
        'recovery.code.refused',
        { reason: 'locked' },
        { accountId: before.state.holder?.accountId, clientId },
      );
      return allowed;
    }
    // The person's own count is told to nobody but who has the right code: it would tell that there is such a person.
    const person = countedOn(await sending.reached(store, before.state.holder), identifier);
    const counted = await codes.countTry(person);

    let seen: { readonly guessed: boolean; readonly outcome: string } | undefined;
    return drafts
      .turn(uid, async (tx, draft): Promise<Result<void, RecoveryCodeRefusal>> => {
        seen = undefined;
        if (draft.state.step !== 'code' || draft.state.identifier.reveal() !== identifier.reveal())
          return ok(undefined);
        const { challenge, holder } = draft.state;
        const reached = await sending.reached(tx, holder);
        const attempt = codes.attempt(
          'recovery',
          draft.id,
          reached?.contact.to ?? identifier,
          code,
          challenge.codeHash,
        );
        // Nobody can hit the code that was never sent.
        const checked = checkCode(
          challenge,
          { ...attempt, matches: attempt.matches && reached !== undefined },
          clock.now(),
          config.otp,
        );
        seen = { guessed: checked.challenge.tries > challenge.tries, outcome: checked.outcome };
        const tried = drafts.move(tx, draft, { type: 'code-tried', challenge: checked.challenge });
        const subject = { accountId: holder?.accountId, clientId };
        if (checked.outcome !== 'accepted' || reached === undefined || holder === undefined) {
          if (seen.guessed) await audit.record(tx, 'recovery.code.refused', { reason: checked.outcome }, subject);
          return refuse(
            checked.outcome === 'wrong'
              ? { reason: 'wrong', left: checked.triesLeft }
              : { reason: checked.outcome === 'expired' ? 'expired' : 'dead' },
          );
        }
        if (!counted.ok) {
          await audit.record(tx, 'recovery.code.refused', { reason: 'locked' }, subject);
          return counted;
        }
        if (reached.account.status !== 'active') return refuseSuspended(tx, tried, reached, context);
        drafts.move(tx, tried, { type: 'contact-proved', holder, provedAt: clock.now().toISOString() });
        return ok(undefined);
      })
      .finally(async () => {
        // A dead or expired code cannot be guessed, and a right one was no guess: neither uses up the day.
        if (seen?.guessed === true) return;
        await asking.forgiveTry(identifier);
        if (counted.ok) await codes.forgiveTry(person);
        if (seen === undefined || seen.outcome === 'accepted') return;
        await audit.recordOnce(
          store,
          [seen.outcome, before.id],
          'recovery.code.refused',
          { reason: seen.outcome },
          { accountId: before.state.holder?.accountId, clientId },
        );
      });
  }

  async function setPassword(context: RecoveryContext, password: string): Promise<Result<void, NewPasswordRefusal>> {
    const { uid } = context;
    const before = await atStep(uid, 'password');
    if (before === undefined) return ok(undefined);
    const owner = await sending.reached(store, before.state.holder);
    if (owner === undefined) {
      await restart(uid);
      return refuse({ reason: 'stale' });
    }
    const { nik, name, email, phone } = owner.account;
    const checked = checkPassword(password, config.password, {
      nik: nik.reveal(),
      name: name.reveal(),
      email: email?.reveal(),
      phone: phone?.reveal(),
    });
    if (!checked.ok) return refuse({ reason: 'password', refusals: checked.refusal });
    const passwordHash = await passwords.hash(sensitive(checked.value));

    const outcome = await drafts.turn(uid, async (tx, draft): Promise<Result<void, NewPasswordRefusal>> => {
      if (draft.state.step !== 'password') return ok(undefined);
      const reached = await sending.reached(tx, draft.state.holder);
      if (reached !== undefined && reached.account.status !== 'active')
        return refuseSuspended(tx, draft, reached, context);
      const signedInAt =
        reached === undefined
          ? undefined
          : await takeover.take(tx, reached, { ...context, passwordHash, provedAt: new Date(draft.state.provedAt) });
      if (signedInAt === undefined) {
        drafts.move(tx, draft, { type: 'restarted' });
        return refuse({ reason: 'stale' });
      }
      drafts.move(tx, draft, { type: 'password-set', signedInAt });
      return ok(undefined);
    });
    if (outcome.ok) await takeover.taken(owner, context.sender);
    return outcome;
  }

  async function restart(uid: string): Promise<void> {
    await drafts.turn(uid, (tx, draft) => {
      if (draft.state.step === 'code' || draft.state.step === 'password' || isLeft(draft.state, clock.now()))
        drafts.move(tx, draft, { type: 'restarted' });
    });
  }

  return {
    ask: (context, typed) => join(['ask', context.uid, typed.normalised.reveal()], () => ask(context, typed)),
    sendAgain: (context) => join(['again', context.uid], () => sendAgain(context)),
    confirmCode: (context, code) => join(['code', context.uid, code], () => confirmCode(context, code)),
    setPassword: (context, password) => join(['password', context.uid, password], () => setPassword(context, password)),
    restart: ({ uid }) => restart(uid),
  };
}
