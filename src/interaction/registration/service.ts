import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { AccountId } from '../../domain/account.ts';
import { DOUBLE_PRESS_SECONDS } from '../../domain/double-press.ts';
import type { Email } from '../../domain/email.ts';
import { formerOf } from '../../domain/former-account.ts';
import type { Locale } from '../../domain/locale.ts';
import { checkCode, secondsUntilResend, type OtpCode } from '../../domain/otp.ts';
import { checkPassword, type PasswordRefusal } from '../../domain/password-policy.ts';
import type { Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Codes, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import type { IdentityClaim } from '../../ports/civil-registry/civil-registry.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { IdentityCheck, IdentityRefusal } from '../identity-check.ts';
import type { Activation } from './activation.ts';
import { joinDoublePresses } from './double-press.ts';
import { isUnbegun, type DraftAt, type RegistrationDraft, type RegistrationDrafts } from './drafts.ts';
import type { TypedContact } from './forms.ts';
import { isLeft, type RegistrationEvent, type RegistrationStep, type SentCode } from './machine.ts';
import type { CodeSending } from './sending.ts';

/** Who is asking, from where, on the way to which service. */
export interface RegistrationContext {
  readonly uid: string;
  readonly sender: Sender;
  readonly locale: Locale;
  readonly clientId: string | undefined;
  readonly serviceName: string | undefined;
}

export type ContactRefusal =
  { readonly reason: 'password'; readonly refusals: readonly PasswordRefusal[] } | SendRefusal;
export type CodeRefusal =
  | { readonly reason: 'wrong'; readonly left: number }
  | { readonly reason: 'expired' | 'dead' }
  | { readonly reason: 'locked'; readonly until: Date };
export type ResendRefusal = { readonly reason: 'wait'; readonly seconds: number } | SendRefusal;
export type NumberRefusal = { readonly reason: 'changes-used-up' } | SendRefusal;

/** Each begins with the draft as the request has found it, and says at which step it is in the end. */
export interface RegistrationService {
  /**
   * Step 1: the civil registry is asked. The draft moves to `contact`, or to `registered` where the NIK has an account.
   */
  proveIdentity(
    context: RegistrationContext,
    draft: DraftAt<'identity'>,
    claim: IdentityClaim,
  ): Promise<Result<RegistrationStep, IdentityRefusal>>;
  /**
   * Step 2: contact and password are taken down, the first code leaves. @throws {LaneBusy} too many passwords at once.
   */
  giveContact(
    context: RegistrationContext,
    draft: DraftAt<'contact'>,
    contact: TypedContact,
    password: string,
  ): Promise<Result<RegistrationStep, ContactRefusal>>;
  /**
   * Step 3: the right code makes the account. The draft moves to `finished`, or to `registered` where somebody was
   * faster.
   */
  confirmCode(
    context: RegistrationContext,
    draft: DraftAt<'otp'>,
    code: OtpCode,
  ): Promise<Result<RegistrationStep, CodeRefusal>>;
  sendAgain(context: RegistrationContext, draft: DraftAt<'otp'>): Promise<Result<RegistrationStep, ResendRefusal>>;
  changeNumber(
    context: RegistrationContext,
    draft: DraftAt<'otp'>,
    phone: Sensitive<Phone>,
  ): Promise<Result<RegistrationStep, NumberRefusal>>;
  changeEmail(context: RegistrationContext, email: Sensitive<Email>): Promise<RegistrationStep>;
  /** The password of a former system's record was right: from now on the draft is about its person, whoever that is. */
  recognise(uid: string, former: AccountId): Promise<RegistrationStep>;
  /** "I did not register this account." */
  reportMisuse(context: RegistrationContext): Promise<RegistrationStep>;
  /** Back to the first step, for another person. */
  restart(context: RegistrationContext): Promise<RegistrationStep>;
}

export interface RegistrationDeps {
  readonly store: Store;
  readonly drafts: RegistrationDrafts;
  readonly identityCheck: IdentityCheck;
  readonly activation: Activation;
  readonly sending: CodeSending;
  readonly codes: Codes;
  readonly courier: Courier;
  readonly passwords: PasswordHasher;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp' | 'password'>;
}

/** What came of a turn that was to send a code. */
interface Turned {
  readonly step: RegistrationStep;
  readonly sent: SentCode | undefined;
}

export function createRegistration({
  store,
  drafts,
  identityCheck,
  activation,
  sending,
  codes,
  courier,
  passwords,
  audit,
  clock,
  config,
}: RegistrationDeps): RegistrationService {
  const subject = ({ clientId }: RegistrationContext): { clientId: string | undefined } => ({ clientId });

  /** Within a turn: moves on. @returns the step that is reached. */
  const move = (tx: Transaction, draft: RegistrationDraft, event: RegistrationEvent): RegistrationStep =>
    drafts.move(tx, draft, event).state.step;

  /** After a turn: the code leaves; or none was sent, and nobody is charged. */
  async function leave({ step, sent }: Turned, permit: Permit): Promise<RegistrationStep> {
    if (sent === undefined) await permit.giveBack();
    courier.wake('sms');
    return step;
  }

  return joinDoublePresses({
    async proveIdentity(context, before, claim) {
      const asked = await identityCheck.check(claim, context);
      if (!asked.ok) return asked;
      const { outcome } = asked.value;
      const step = await drafts
        .turn(
          context.uid,
          async (tx, draft) => {
            await asked.value.keep(tx, draft.id);
            if (!outcome.ok || draft.state.step !== 'identity') return draft.state.step; // refused; or a second press of the button came first
            const identity = { nik: claim.nik, name: claim.name, reference: outcome.value.reference };
            // Asked only after proof, so that nobody can probe which NIKs have accounts.
            const [holder, claims] = await Promise.all([
              tx.accounts.findByNik(claim.nik),
              tx.formerAccounts.claimsOf(claim.nik, draft.state.former?.id),
            ]);
            if (holder === undefined)
              return move(tx, draft, {
                type: 'identity-verified',
                identity,
                former: formerOf(claims, draft.state.former, clock.now()),
              });
            tx.also(audit.record(tx, 'registration.nik-taken', {}, { ...subject(context), accountId: holder.id }));
            return move(tx, draft, { type: 'nik-taken', identity, holder: holder.id });
          },
          { begins: isUnbegun(before) },
        )
        .catch((error: unknown) => {
          // That the registry was asked is to be told also where the draft could not be written: a lock, a full disk.
          // Where the database is gone, the log has it. Nobody waits for it.
          store.transaction((tx) => asked.value.keep(tx, undefined)).catch(() => undefined);
          throw error;
        });
      return outcome.ok ? ok(step) : outcome;
    },

    async giveContact(context, { state: { identity } }, contact, password) {
      const owner = {
        nik: identity.nik.reveal(),
        name: identity.name.reveal(),
        email: contact.email.reveal(),
        phone: contact.phone.reveal(),
      };
      const checked = checkPassword(password, config.password, owner);
      if (!checked.ok) return refuse({ reason: 'password', refusals: checked.refusal });

      // The work of hashing comes before the right to send, so that a busy moment costs nobody a code of the day.
      const passwordHash = await passwords.hash(sensitive(checked.value));
      const permit = await sending.permit(context, identity.nik, contact.phone);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        // Meanwhile another window may have started over with another person.
        if (draft.state.step !== 'contact' || draft.state.identity.reference !== identity.reference)
          return { step: draft.state.step, sent: undefined };
        const sent = sending.first(tx, context, draft.id, contact.phone, 'first');
        return { step: move(tx, draft, { type: 'contact-given', contact: { ...contact, passwordHash }, sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },

    async confirmCode(context, before, code) {
      const { nik } = before.state.identity;
      const counted = await codes.countTry(nik);
      if (!counted.ok) {
        await audit.recordOnce(
          store,
          ['locked', nik.reveal()],
          'registration.code.refused',
          { reason: 'locked' },
          subject(context),
        );
        return counted;
      }

      let guessed = false;
      let late: string | undefined;
      const outcome = await drafts
        .turn(context.uid, async (tx, draft): Promise<Result<RegistrationStep, CodeRefusal>> => {
          guessed = false;
          late = undefined;
          const { id, state } = draft;
          if (state.step !== 'otp') return ok(state.step);
          const { sent, contact } = state;
          const attempt = codes.attempt('activation', id, contact.phone, code, sent.challenge.codeHash);
          const checked = checkCode(sent.challenge, attempt, clock.now(), config.otp);
          guessed = checked.challenge.tries > sent.challenge.tries;
          if (checked.outcome !== 'accepted') {
            move(tx, draft, { type: 'code-tried', challenge: checked.challenge });
            if (guessed)
              tx.also(audit.record(tx, 'registration.code.refused', { reason: checked.outcome }, subject(context)));
            else late = checked.outcome;
            return refuse(
              checked.outcome === 'wrong'
                ? { reason: 'wrong', left: checked.triesLeft }
                : { reason: checked.outcome === 'expired' ? 'expired' : 'dead' },
            );
          }

          // What was tried goes with the step that the code leads on from: nobody can try it again.
          const activated = await activation.activate(tx, state, { ...context, draftId: id });
          if (!('holder' in activated))
            return ok(move(tx, draft, { type: 'activated', ...activated, activatedAt: clock.now().toISOString() }));
          tx.also(
            audit.record(tx, 'registration.nik-taken', {}, { ...subject(context), accountId: activated.holder.id }),
          );
          return ok(move(tx, draft, { type: 'nik-taken', identity: state.identity, holder: activated.holder.id }));
        })
        .finally(async () => {
          // A dead or expired code cannot be guessed, and a right one was no guess: neither uses up the day.
          if (!guessed) await codes.forgiveTry(nik);
        });
      if (late !== undefined)
        await audit.recordOnce(
          store,
          [late, before.id],
          'registration.code.refused',
          { reason: late },
          subject(context),
        );
      if (outcome.ok) courier.wake('email');
      return outcome;
    },

    async sendAgain(context, before) {
      const { identity, contact, sent: current } = before.state;
      const seconds = secondsUntilResend(current.challenge, clock.now(), config.otp);
      // Whoever presses twice sees what the first press has done, not a refusal.
      if (clock.now() < addSeconds(new Date(current.challenge.issuedAt), DOUBLE_PRESS_SECONDS)) return ok('otp');
      if (seconds > 0) return refuse({ reason: 'wait', seconds });
      const permit = await sending.permit(context, identity.nik, contact.phone);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        const sent =
          draft.state.step === 'otp'
            ? sending.another(tx, context, draft.id, draft.state.contact.phone, draft.state.sent)
            : undefined;
        // Undefined for the second press of the button: one code is enough.
        return { step: sent === undefined ? draft.state.step : move(tx, draft, { type: 'code-sent', sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },

    async changeNumber(context, before, phone) {
      const {
        state: { identity, contact, numberChanges },
      } = before;
      if (contact.phone.reveal() === phone.reveal()) return ok('otp');
      if (numberChanges >= config.otp.numberChanges) return refuse({ reason: 'changes-used-up' });
      const permit = await sending.permit(context, identity.nik, phone);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        if (
          draft.state.step !== 'otp' ||
          draft.state.identity.reference !== identity.reference ||
          draft.state.contact.phone.reveal() === phone.reveal() ||
          draft.state.numberChanges >= config.otp.numberChanges
        )
          return { step: draft.state.step, sent: undefined };
        const sent = sending.first(tx, context, draft.id, phone, 'number-changed');
        return { step: move(tx, draft, { type: 'number-changed', phone, sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },

    changeEmail: ({ uid }, email) =>
      drafts.turn(uid, (tx, draft) =>
        draft.state.step === 'otp' ? move(tx, draft, { type: 'email-changed', email }) : draft.state.step,
      ),

    recognise: (uid, former) =>
      drafts.turn(
        uid,
        (tx, draft) => {
          if (draft.state.step === 'finished' && !isLeft(draft.state, clock.now())) return draft.state.step;
          const open = draft.state.step === 'finished' ? drafts.move(tx, draft, { type: 'restarted' }) : draft;
          return move(tx, open, {
            type: 'former-recognised',
            former: { id: former, by: 'password', at: clock.now().toISOString() },
          });
        },
        { begins: true },
      ),

    reportMisuse: (context) =>
      drafts.turn(context.uid, (tx, draft) => {
        if (draft.state.step !== 'registered' || draft.state.reported) return draft.state.step;
        tx.also(
          audit.record(tx, 'registration.misuse-reported', {}, { ...subject(context), accountId: draft.state.holder }),
        );
        return move(tx, draft, { type: 'misuse-reported' });
      }),

    restart: ({ uid }) =>
      drafts.turn(uid, (tx, draft) => {
        const { step } = draft.state;
        return step === 'contact' || step === 'otp' || step === 'registered' || isLeft(draft.state, clock.now())
          ? move(tx, draft, { type: 'restarted' })
          : step;
      }),
  });
}
