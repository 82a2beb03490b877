import type { Audit } from '../../audit/log.ts';
import type { Config } from '../../config.ts';
import { DOUBLE_PRESS_SECONDS } from '../../domain/double-press.ts';
import { checkCode, secondsUntilResend, type OtpCode } from '../../domain/otp.ts';
import type { Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Codes, Permit, SendRefusal } from '../../messages/codes.ts';
import type { Courier } from '../../messages/courier.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { Admission, TooMany } from './admission.ts';
import type { DraftAt, RequestDraft, RequestDrafts } from './drafts.ts';
import type { RequestEvent, RequestStep, SentCode } from './machine.ts';
import { countedOn, type RequestCode, type RequestSending } from './sending.ts';
import type { RequestContext } from './service.ts';

export type NumberRefusal = SendRefusal | TooMany | { readonly reason: 'changes-used-up' };
export type CodeRefusal =
  | { readonly reason: 'wrong'; readonly left: number }
  | { readonly reason: 'expired' | 'dead' }
  | { readonly reason: 'locked'; readonly until: Date };
export type ResendRefusal = { readonly reason: 'wait'; readonly seconds: number } | SendRefusal;

/** The number at which the person can be reached: given, and proved by a code. */
export interface NumberProof {
  /** The number is taken down, the first code leaves. */
  giveNumber(
    context: RequestContext,
    draft: DraftAt<'number'>,
    phone: Sensitive<Phone>,
  ): Promise<Result<RequestStep, NumberRefusal>>;
  /** The right code proves the number: the draft moves to `password`. */
  confirmCode(
    context: RequestContext,
    draft: DraftAt<'code'>,
    code: OtpCode,
  ): Promise<Result<RequestStep, CodeRefusal>>;
  sendAgain(context: RequestContext, draft: DraftAt<'code'>): Promise<Result<RequestStep, ResendRefusal>>;
  changeNumber(
    context: RequestContext,
    draft: DraftAt<'code'>,
    phone: Sensitive<Phone>,
  ): Promise<Result<RequestStep, NumberRefusal>>;
}

export interface NumberProofDeps {
  readonly store: Pick<Store, 'audit'>;
  readonly drafts: RequestDrafts;
  readonly admission: Pick<Admission, 'tooMany'>;
  readonly sending: RequestSending;
  readonly codes: Pick<Codes, 'attempt' | 'countTry' | 'forgiveTry'>;
  readonly courier: Courier;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly config: Pick<Config, 'otp'>;
}

/** What came of a turn that was to send a code. */
interface Turned {
  readonly step: RequestStep;
  readonly sent: SentCode | undefined;
}

type Asking = DraftAt<'number' | 'code'>['state'];

export function createNumberProof({
  store,
  drafts,
  admission,
  sending,
  codes,
  courier,
  audit,
  clock,
  config,
}: NumberProofDeps): NumberProof {
  /** Within a turn: moves on. @returns the step that is reached. */
  const move = (tx: Transaction, draft: RequestDraft, event: RequestEvent): RequestStep =>
    drafts.move(tx, draft, event).state.step;

  /** Meanwhile another window may have started over with another person. */
  const isSame = (now: Asking, before: Asking): boolean => now.identity.reference === before.identity.reference;

  const codeTo = (
    { locale, clientId }: RequestContext,
    draftId: string,
    { accountId }: Asking,
    phone: Sensitive<Phone>,
  ): RequestCode => ({ draftId, accountId, phone, locale, clientId });

  /** After a turn: the code leaves; or none was sent, and nobody is charged. */
  async function leave({ step, sent }: Turned, permit: Permit): Promise<RequestStep> {
    if (sent === undefined) await permit.giveBack();
    courier.wake('sms');
    return step;
  }

  return {
    async giveNumber(context, { id, state: before }, phone) {
      const tooMany = await admission.tooMany(before.accountId, context.clientId);
      if (tooMany !== undefined) return refuse(tooMany);
      const permit = await sending.permit(before.identity.nik, codeTo(context, id, before, phone), context.sender);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        const { state } = draft;
        if (state.step !== 'number' || !isSame(state, before)) return { step: state.step, sent: undefined };
        const sent = sending.first(tx, codeTo(context, draft.id, state, phone));
        return { step: move(tx, draft, { type: 'number-given', phone, sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },

    async confirmCode(context, before, code) {
      const { identity, accountId } = before.state;
      const { clientId } = context;
      const person = countedOn(identity.nik);
      const refusedOnce = (reason: string, per: string): Promise<void> =>
        audit.recordOnce(store, [reason, per], 'recovery.request.code-refused', { reason }, { accountId, clientId });
      const counted = await codes.countTry(person);
      if (!counted.ok) {
        await refusedOnce('locked', accountId);
        return counted;
      }

      let guessed = false;
      let late: string | undefined;
      const outcome = await drafts
        .turn(context.uid, (tx, draft): Result<RequestStep, CodeRefusal> => {
          guessed = false;
          late = undefined;
          const { id, state } = draft;
          if (state.step !== 'code' || !isSame(state, before.state)) return ok(state.step);
          const { sent, phone } = state;
          const attempt = codes.attempt('recovery-request', id, phone, code, sent.challenge.codeHash);
          const checked = checkCode(sent.challenge, attempt, clock.now(), config.otp);
          guessed = checked.challenge.tries > sent.challenge.tries;
          // The code goes with the step that it leads on from: nobody can enter it again.
          if (checked.outcome === 'accepted')
            return ok(move(tx, draft, { type: 'number-proved', provedAt: clock.now().toISOString() }));
          move(tx, draft, { type: 'code-tried', challenge: checked.challenge });
          if (guessed)
            tx.also(
              audit.record(
                tx,
                'recovery.request.code-refused',
                { reason: checked.outcome },
                { accountId: state.accountId, clientId },
              ),
            );
          else late = checked.outcome;
          return refuse(
            checked.outcome === 'wrong'
              ? { reason: 'wrong', left: checked.triesLeft }
              : { reason: checked.outcome === 'expired' ? 'expired' : 'dead' },
          );
        })
        .finally(async () => {
          // A dead or expired code cannot be guessed, and a right one was no guess: neither uses up the day.
          if (!guessed) await codes.forgiveTry(person);
        });
      if (late !== undefined) await refusedOnce(late, before.id);
      return outcome;
    },

    async sendAgain(context, { id, state: before }) {
      const { challenge } = before.sent;
      // Whoever presses twice sees what the first press has done, not a refusal.
      if (clock.now() < addSeconds(new Date(challenge.issuedAt), DOUBLE_PRESS_SECONDS)) return ok('code');
      const seconds = secondsUntilResend(challenge, clock.now(), config.otp);
      if (seconds > 0) return refuse({ reason: 'wait', seconds });
      const code = codeTo(context, id, before, before.phone);
      const permit = await sending.permit(before.identity.nik, code, context.sender);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        const { state } = draft;
        // Another number than the one that was counted has had its code already.
        const sent =
          state.step === 'code' && isSame(state, before) && state.phone.reveal() === before.phone.reveal()
            ? sending.another(tx, code, state.sent)
            : undefined;
        // Undefined for the second press of the button: one code is enough.
        return { step: sent === undefined ? state.step : move(tx, draft, { type: 'code-sent', sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },

    async changeNumber(context, { id, state: before }, phone) {
      if (before.phone.reveal() === phone.reveal()) return ok('code');
      if (before.numberChanges >= config.otp.numberChanges) return refuse({ reason: 'changes-used-up' });
      const permit = await sending.permit(before.identity.nik, codeTo(context, id, before, phone), context.sender);
      if (!permit.ok) return permit;

      const turned = await drafts.turn(context.uid, (tx, draft): Turned => {
        const { state } = draft;
        if (
          state.step !== 'code' ||
          !isSame(state, before) ||
          state.phone.reveal() === phone.reveal() ||
          state.numberChanges >= config.otp.numberChanges
        )
          return { step: state.step, sent: undefined };
        const sent = sending.first(tx, codeTo(context, draft.id, state, phone));
        return { step: move(tx, draft, { type: 'number-changed', phone, sent }), sent };
      });
      return ok(await leave(turned, permit.value));
    },
  };
}
