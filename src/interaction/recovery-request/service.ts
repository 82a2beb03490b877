import type { Config } from '../../config.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { Locale } from '../../domain/locale.ts';
import { checkPassword, type PasswordRefusal } from '../../domain/password-policy.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sender } from '../../domain/sender.ts';
import { sensitive } from '../../domain/sensitive.ts';
import type { Courier } from '../../messages/courier.ts';
import type { IdentityClaim } from '../../ports/civil-registry/civil-registry.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { RecoveryRequests } from '../../recovery-request/service.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { IdentityCheck, IdentityRefusal } from '../identity-check.ts';
import type { Admission, NotHere, TooMany } from './admission.ts';
import { joinDoublePresses } from './double-press.ts';
import { isUnbegun, type DraftAt, type RequestDraft, type RequestDrafts } from './drafts.ts';
import { isLeft, type RequestEvent, type RequestStep } from './machine.ts';
import type { NumberProof } from './number.ts';

/** Who is asking, from where, on the way to which service. */
export interface RequestContext {
  readonly uid: string;
  readonly sender: Sender;
  readonly locale: Locale;
  readonly clientId: string | undefined;
}

/** `stale`: the proof of the number is too old, or the account is gone. */
export type FilingRefusal =
  | { readonly reason: 'password'; readonly refusals: readonly PasswordRefusal[] }
  | { readonly reason: 'stale' }
  | TooMany
  | NotHere;

/** Each begins with the draft as the request has found it, and says at which step it is in the end. */
export interface RequestService extends NumberProof {
  /** The civil registry is asked. The draft moves to `number`, or to `no-account` where the NIK has none. */
  proveIdentity(
    context: RequestContext,
    draft: DraftAt<'identity'>,
    claim: IdentityClaim,
  ): Promise<Result<RequestStep, IdentityRefusal | NotHere>>;
  /** The request is filed, and the holder warned. @throws {LaneBusy} too many passwords at once. */
  file(
    context: RequestContext,
    draft: DraftAt<'password'>,
    password: string,
  ): Promise<Result<RequestStep, FilingRefusal>>;
  /** Back to the first step, for another person. */
  restart(context: RequestContext): Promise<RequestStep>;
}

export interface RequestDeps {
  readonly store: Store;
  readonly drafts: RequestDrafts;
  readonly identityCheck: IdentityCheck;
  readonly admission: Admission;
  readonly numberProof: NumberProof;
  readonly requests: Pick<RecoveryRequests, 'file'>;
  readonly courier: Courier;
  readonly passwords: PasswordHasher;
  readonly clock: Clock;
  readonly config: Pick<Config, 'password'>;
}

/** As at a recovery: time enough to think of a password, and no longer. */
const PROOF_SECONDS = 900;

export function createRequestService({
  store,
  drafts,
  identityCheck,
  admission,
  numberProof,
  requests,
  courier,
  passwords,
  clock,
  config,
}: RequestDeps): RequestService {
  /** Within a turn: moves on. @returns the step that is reached. */
  const move = (tx: Transaction, draft: RequestDraft, event: RequestEvent): RequestStep =>
    drafts.move(tx, draft, event).state.step;

  return joinDoublePresses({
    ...numberProof,

    async proveIdentity(context, before, claim) {
      const asked = await identityCheck.check(claim, context);
      if (!asked.ok) return asked;
      const { outcome } = asked.value;
      return drafts
        .turn(
          context.uid,
          async (tx, draft): Promise<Result<RequestStep, IdentityRefusal | NotHere>> => {
            await asked.value.keep(tx, draft.id);
            if (!outcome.ok) return outcome;
            if (draft.state.step !== 'identity') return ok(draft.state.step); // a second press of the button came first
            // Asked only after the registry has confirmed the person, so that nobody can probe which NIKs have accounts.
            const account = await tx.accounts.findByNik(claim.nik);
            if (account === undefined) return ok(move(tx, draft, { type: 'account-missing' }));
            const refusal = await admission.refusalOf(tx, account, context.clientId);
            if (refusal !== undefined) return refuse(refusal);
            const identity = { nik: claim.nik, name: claim.name, reference: outcome.value.reference };
            return ok(move(tx, draft, { type: 'identity-verified', identity, accountId: account.id }));
          },
          { begins: isUnbegun(before) },
        )
        .catch((error: unknown) => {
          // As at a registration: that the registry was asked is to be told, also where the draft could not be written.
          store.transaction((tx) => asked.value.keep(tx, undefined)).catch(() => undefined);
          throw error;
        });
    },

    async file(context, { state: before }, password) {
      const { uid, locale, clientId } = context;
      const { identity, accountId, phone } = before;
      // What was typed here, and nothing of the account: a refusal would tell a stranger its number or address.
      const owner = { nik: identity.nik.reveal(), name: identity.name.reveal(), phone: phone.reveal() };
      const checked = checkPassword(password, config.password, owner);
      if (!checked.ok) return refuse({ reason: 'password', refusals: checked.refusal });

      // The work of hashing comes before the count, so that a busy moment costs nobody a request of the day.
      const passwordHash = await passwords.hash(sensitive(checked.value));
      const permit = await admission.take(accountId, clientId);
      if (!permit.ok) {
        // Another press of the button may have filed the last one.
        const now = await drafts.find(uid);
        return now === undefined || now.state.step === 'password' ? permit : ok(now.state.step);
      }

      let isFiled = false;
      const outcome = await drafts
        .turn(uid, async (tx, draft): Promise<Result<RequestStep, FilingRefusal>> => {
          isFiled = false;
          const { state } = draft;
          if (state.step !== 'password' || state.identity.reference !== identity.reference) return ok(state.step);
          const now = clock.now();
          const startOver = (refusal: FilingRefusal): Result<RequestStep, FilingRefusal> => {
            move(tx, draft, { type: 'restarted' });
            return refuse(refusal);
          };
          const account = await tx.accounts.findById(state.accountId);
          if (account === undefined || now > addSeconds(new Date(state.provedAt), PROOF_SECONDS))
            return startOver({ reason: 'stale' });
          const refusal = await admission.refusalOf(tx, account, clientId);
          if (refusal !== undefined) return startOver(refusal);

          const number = await requests.file(tx, { account, phone: state.phone, passwordHash, locale, clientId });
          tx.also(tx.verifications.assign(draft.id, account.id));
          isFiled = true;
          return ok(move(tx, draft, { type: 'filed', number, filedAt: now.toISOString() }));
        })
        .finally(async () => {
          if (!isFiled) await permit.value.giveBack();
        });
      courier.wake();
      return outcome;
    },

    restart: ({ uid }) =>
      drafts.turn(uid, (tx, draft) => {
        const { step } = draft.state;
        return step === 'identity' || (step === 'filed' && !isLeft(draft.state, clock.now()))
          ? step
          : move(tx, draft, { type: 'restarted' });
      }),
  });
}
