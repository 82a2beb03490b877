import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { Email } from '../../domain/email.ts';
import type { Locale } from '../../domain/locale.ts';
import { checkCode, secondsUntilResend, type OtpCode } from '../../domain/otp.ts';
import { checkPassword, type PasswordRefusal } from '../../domain/password-policy.ts';
import type { Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { Codes, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import type { IdentityClaim } from '../../ports/civil-registry/civil-registry.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Activation } from './activation.ts';
import { joinDoublePresses } from './double-press.ts';
import type { RegistrationDraft, RegistrationDrafts } from './drafts.ts';
import type { TypedContact } from './forms.ts';
import type { IdentityCheck, IdentityRefusal } from './identity-check.ts';
import type { Registration } from './machine.ts';
import type { CodeSending } from './sending.ts';

/** Who is asking, from where, on the way to which service. */
export interface RegistrationContext {
  readonly uid: string;
  readonly sender: Sender;
  readonly locale: Locale;
  readonly clientId: string | undefined;
  readonly serviceName: string | undefined;
}

export type ContactRefusal = { readonly reason: 'password'; readonly refusals: readonly PasswordRefusal[] } | SendRefusal;
export type CodeRefusal =
  | { readonly reason: 'wrong'; readonly left: number }
  | { readonly reason: 'expired' | 'dead' }
  | { readonly reason: 'locked'; readonly until: Date };
export type ResendRefusal = { readonly reason: 'wait'; readonly seconds: number } | SendRefusal;
export type NumberRefusal = { readonly reason: 'changes-used-up' } | SendRefusal;

export interface RegistrationService {
  /** Step 1: the civil registry is asked. The draft moves to `contact`, or to `registered` where the NIK has an account. */
  proveIdentity(context: RegistrationContext, claim: IdentityClaim): Promise<Result<void, IdentityRefusal>>;
  /** Step 2: contact and password are taken down, the first code leaves. @throws {LaneBusy} too many passwords at once. */
  giveContact(context: RegistrationContext, contact: TypedContact, password: string): Promise<Result<void, ContactRefusal>>;
  /** Step 3: the right code makes the account. The draft moves to `finished`, or to `registered` where somebody was faster. */
  confirmCode(context: RegistrationContext, code: OtpCode): Promise<Result<void, CodeRefusal>>;
  sendAgain(context: RegistrationContext): Promise<Result<void, ResendRefusal>>;
  changeNumber(context: RegistrationContext, phone: Sensitive<Phone>): Promise<Result<void, NumberRefusal>>;
  changeEmail(context: RegistrationContext, email: Sensitive<Email>): Promise<void>;
  /** "I did not register this account." */
  reportMisuse(context: RegistrationContext): Promise<void>;
  /** Back to the first step, for another person. */
  restart(context: RegistrationContext): Promise<void>;
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

/** Longer than two presses of one button are apart, shorter than anybody waits for a code. */
const DOUBLE_PRESS_SECONDS = 3;

type AtOtp = Extract<Registration, { step: 'otp' }>;

export function createRegistration({ store, drafts, identityCheck, activation, sending, codes, courier, passwords, audit, clock, config }: RegistrationDeps): RegistrationService {
  const subject = ({ clientId }: RegistrationContext): { clientId: string | undefined } => ({ clientId });

  async function atStep<Step extends Registration['step']>(uid: string, step: Step): Promise<(RegistrationDraft & { state: Extract<Registration, { step: Step }> }) | undefined> {
    const draft = await drafts.find(uid);
    return draft?.state.step === step ? (draft as RegistrationDraft & { state: Extract<Registration, { step: Step }> }) : undefined;
  }

  return joinDoublePresses({
    async proveIdentity(context, claim) {
      const { id: draftId, state } = await drafts.open(context.uid);
      if (state.step !== 'identity') return ok(undefined); // an earlier press has answered already
      const answer = await identityCheck.check(claim, { draftId, clientId: context.clientId, sender: context.sender });
      if (!answer.ok) return answer;

      const identity = { nik: claim.nik, name: claim.name, reference: answer.value.reference };
      await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step !== 'identity') return; // a second press of the button came first
        // Asked only after proof, so that nobody can probe which NIKs have accounts.
        const holder = await tx.accounts.findByNik(claim.nik);
        if (holder === undefined) {
          await drafts.move(tx, draft, { type: 'identity-verified', identity });
          return;
        }
        await drafts.move(tx, draft, { type: 'nik-taken', identity, holder: holder.id });
        await audit.record(tx, 'registration.nik-taken', {}, { ...subject(context), accountId: holder.id });
      });
      return ok(undefined);
    },

    async giveContact(context, contact, password) {
      const before = await atStep(context.uid, 'contact');
      if (before === undefined) return ok(undefined);
      const { identity } = before.state;
      const owner = { nik: identity.nik.reveal(), name: identity.name.reveal(), email: contact.email.reveal(), phone: contact.phone.reveal() };
      const checked = checkPassword(password, config.password, owner);
      if (!checked.ok) return refuse({ reason: 'password', refusals: checked.refusal });

      // The work of hashing comes before the right to send, so that a busy moment costs nobody a code of the day.
      const passwordHash = await passwords.hash(sensitive(checked.value));
      const permit = await sending.permit(context, identity.nik, contact.phone);
      if (!permit.ok) return permit;

      const sent = await drafts.turn(context.uid, async (tx, draft) => {
        // Meanwhile another window may have started over with another person.
        if (draft.state.step !== 'contact' || draft.state.identity.reference !== identity.reference) return false;
        const first = await sending.first(tx, context, draft.id, contact.phone, 'first');
        await drafts.move(tx, draft, { type: 'contact-given', contact: { ...contact, passwordHash }, sent: first });
        return true;
      });
      if (!sent) await permit.value.giveBack();
      courier.wake();
      return ok(undefined);
    },

    async confirmCode(context, code) {
      const before = await atStep(context.uid, 'otp');
      if (before === undefined) return ok(undefined);
      const { nik } = before.state.identity;
      const counted = await codes.countTry(nik);
      if (!counted.ok) {
        await audit.recordOnce(store, ['locked', nik.reveal()], 'registration.code.refused', { reason: 'locked' }, subject(context));
        return counted;
      }

      let guessed = false;
      let late: string | undefined;
      const outcome = await drafts.turn(context.uid, async (tx, draft): Promise<Result<void, CodeRefusal>> => {
        guessed = false;
        late = undefined;
        if (draft.state.step !== 'otp') return ok(undefined);
        const { sent, contact } = draft.state;
        const attempt = codes.attempt('activation', draft.id, contact.phone, code, sent.challenge.codeHash);
        const checked = checkCode(sent.challenge, attempt, clock.now(), config.otp);
        guessed = checked.challenge.tries > sent.challenge.tries;
        const tried = await drafts.move(tx, draft, { type: 'code-tried', challenge: checked.challenge });
        if (checked.outcome !== 'accepted') {
          if (guessed) await audit.record(tx, 'registration.code.refused', { reason: checked.outcome }, subject(context));
          else late = checked.outcome;
          return refuse(checked.outcome === 'wrong' ? { reason: 'wrong', left: checked.triesLeft } : { reason: checked.outcome === 'expired' ? 'expired' : 'dead' });
        }

        const activated = await activation.activate(tx, tried.state as AtOtp, { ...context, draftId: draft.id });
        if ('holder' in activated) {
          await drafts.move(tx, tried, { type: 'nik-taken', identity: draft.state.identity, holder: activated.holder.id });
          await audit.record(tx, 'registration.nik-taken', {}, { ...subject(context), accountId: activated.holder.id });
        } else {
          await drafts.move(tx, tried, { type: 'activated', ...activated, activatedAt: clock.now().toISOString() });
        }
        return ok(undefined);
      }).finally(async () => {
        // A dead or expired code cannot be guessed, and a right one was no guess: neither uses up the day.
        if (!guessed) await codes.forgiveTry(nik);
      });
      if (late !== undefined) await audit.recordOnce(store, [late, before.id], 'registration.code.refused', { reason: late }, subject(context));
      if (outcome.ok) courier.wake();
      return outcome;
    },

    async sendAgain(context) {
      const before = await atStep(context.uid, 'otp');
      if (before === undefined) return ok(undefined);
      const { identity, contact, sent: current } = before.state;
      const seconds = secondsUntilResend(current.challenge, clock.now(), config.otp);
      // Whoever presses twice sees what the first press has done, not a refusal.
      if (clock.now() < addSeconds(new Date(current.challenge.issuedAt), DOUBLE_PRESS_SECONDS)) return ok(undefined);
      if (seconds > 0) return refuse({ reason: 'wait', seconds });
      const permit = await sending.permit(context, identity.nik, contact.phone);
      if (!permit.ok) return permit;

      const again = await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step !== 'otp') return false;
        const sent = await sending.another(tx, context, draft.id, draft.state.contact.phone, draft.state.sent);
        if (sent === undefined) return false; // the second press of the button: one code is enough
        await drafts.move(tx, draft, { type: 'code-sent', sent });
        return true;
      });
      if (!again) await permit.value.giveBack();
      courier.wake();
      return ok(undefined);
    },

    async changeNumber(context, phone) {
      const before = await atStep(context.uid, 'otp');
      if (before === undefined || before.state.contact.phone.reveal() === phone.reveal()) return ok(undefined);
      if (before.state.numberChanges >= config.otp.numberChanges) return refuse({ reason: 'changes-used-up' });
      const permit = await sending.permit(context, before.state.identity.nik, phone);
      if (!permit.ok) return permit;

      const changed = await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step !== 'otp' || draft.state.contact.phone.reveal() === phone.reveal() || draft.state.numberChanges >= config.otp.numberChanges) return false;
        const sent = await sending.first(tx, context, draft.id, phone, 'number-changed');
        await drafts.move(tx, draft, { type: 'number-changed', phone, sent });
        return true;
      });
      if (!changed) await permit.value.giveBack();
      courier.wake();
      return ok(undefined);
    },

    async changeEmail(context, email) {
      await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step === 'otp') await drafts.move(tx, draft, { type: 'email-changed', email });
      });
    },

    async reportMisuse(context) {
      await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step !== 'registered' || draft.state.reported) return;
        await drafts.move(tx, draft, { type: 'misuse-reported' });
        await audit.record(tx, 'registration.misuse-reported', {}, { ...subject(context), accountId: draft.state.holder });
      });
    },

    async restart(context) {
      await drafts.turn(context.uid, async (tx, draft) => {
        if (draft.state.step === 'contact' || draft.state.step === 'registered') await drafts.move(tx, draft, { type: 'restarted' });
      });
    },
  });
}
