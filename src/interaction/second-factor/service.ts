import { acr, acrDemandOf, satisfies, wantsSecondFactor } from '../../domain/assurance.ts';
import { PORTAL_CLIENT_ID } from '../../domain/client.ts';
import { createJoin } from '../../domain/double-press.ts';
import type { OtpCode } from '../../domain/otp.ts';
import type { RecoveryCode } from '../../domain/recovery-code.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import { epochSeconds, honours } from '../../domain/session.ts';
import { addSeconds, type Clock } from '../../ports/clock/clock.ts';
import type { CodeRefusal, SecondFactors } from '../../second-factor/service.ts';
import type { Store } from '../../store/store.ts';
import type { SignedIn } from '../finish.ts';
import type { SecondFactorDrafts } from './drafts.ts';
import type { Proof, SecondFactor } from './machine.ts';

/** One sign-in, and what the service asked of it. */
export interface SecondFactorContext {
  readonly uid: string;
  readonly clientId: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The session that is to be stepped up. */
export interface PresentSession extends SignedIn {
  readonly uid: string;
}

export interface SecondFactorJourney {
  /**
   * Keeps a sign-in back that has to go on to a second factor: because the account has one, or because the service asks
   * for it.
   * @param isOurs  asked before it is written down that it is kept back; where it says no, nothing is.
   * @returns       false when it may end as it is.
   */
  hold(context: SecondFactorContext, who: SignedIn, isOurs: () => Promise<boolean>): Promise<boolean>;
  /** Lets a session stand in for the password. @returns false when it does not do: to enrol, it must be fresh. */
  stepUp(context: SecondFactorContext, session: PresentSession): Promise<boolean>;
  /**
   * The step that the sign-in is at, while its proof counts: in this session, not for long, and no longer than the
   * account honours it.
   */
  at(uid: string, sessionUid: string | undefined): Promise<Exclude<SecondFactor, { step: 'unproved' }> | undefined>;
  uriOf(secret: Sensitive<string>, proof: Proof): Promise<string>;
  confirm(context: SecondFactorContext, proof: Proof, code: OtpCode): Promise<Result<SignedIn, CodeRefusal>>;
  useRecoveryCode(
    context: SecondFactorContext,
    proof: Proof,
    code: RecoveryCode,
  ): Promise<Result<SignedIn, CodeRefusal>>;
  /**
   * The first right code enrols the app; the draft moves to `recovery-codes`, or to `code` where another was faster.
   */
  enrol(context: SecondFactorContext, proof: Proof, code: OtpCode): Promise<Result<void, CodeRefusal>>;
  /** Forgets the recovery codes, once the person has gone on. */
  codesKept(uid: string): Promise<void>;
  /**
   * Whether the person may go on without: only where the service merely wishes, and never past a factor that is
   * enrolled.
   */
  mayDecline(context: SecondFactorContext, proof: Proof): Promise<boolean>;
}

export interface SecondFactorJourneyDeps {
  readonly secondFactors: SecondFactors;
  readonly drafts: SecondFactorDrafts;
  readonly store: Pick<Store, 'accounts'>;
  readonly clock: Clock;
}

/**
 * Time enough to find the telephone and set up an app, and no longer: the page may stand on a screen that others use.
 */
const PROOF_SECONDS = 900;
/** How fresh a session must be to enrol without the password: whoever finds a browser open must not make it theirs. */
const FRESH_SECONDS = 300;

/**
 * What was proved, with the second factor on top (RFC 8176). The sign-in stays the password's (`auth_time`), but is
 * complete by the code; not so where the code came on top of a session: its password was proved by whoever sat there
 * once.
 *
 * @param codeAt  when the code was right, in seconds since 1970.
 */
export const withSecondFactor = ({ accountId, amr, remember, at, provedAt }: Proof, codeAt: number): SignedIn => ({
  accountId,
  acr: acr.twoFactor,
  amr: [...new Set([...amr, 'otp', 'mfa'])],
  remember,
  at,
  completedAt: epochSeconds(new Date(provedAt)) - at <= PROOF_SECONDS ? codeAt : at,
});

export function createSecondFactorJourney({
  secondFactors,
  drafts,
  store,
  clock,
}: SecondFactorJourneyDeps): SecondFactorJourney {
  const join = createJoin();

  /** Not of an account suspended meanwhile, nor after its password was replaced or its sessions ended. */
  async function isHonoured(from: Pick<Store, 'accounts'>, { accountId, at }: Proof): Promise<boolean> {
    const standing = await from.accounts.standingOf(accountId);
    return standing !== undefined && honours(standing, at);
  }

  async function begin(uid: string, who: SignedIn, enrolled: boolean, session?: string): Promise<void> {
    const { accountId, acr: level, amr, remember, at } = who;
    const proof: Proof = { accountId, acr: level, amr, remember, at, provedAt: clock.now().toISOString(), session };
    await drafts.turn(uid, (tx, draft) =>
      drafts.move(
        tx,
        draft,
        enrolled
          ? { type: 'first-factor-proved', proof }
          : { type: 'enrolment-begun', proof, secret: secondFactors.newSecret() },
      ),
    );
  }

  async function enrol(
    { uid, clientId }: SecondFactorContext,
    { accountId }: Proof,
    code: OtpCode,
  ): Promise<Result<void, CodeRefusal>> {
    const one = await secondFactors.mayEnrol({ accountId, clientId });
    if (!one.ok) return one;
    let isEnrolled: boolean | undefined;
    const outcome = await drafts.turn(uid, async (tx, draft): Promise<Result<void, CodeRefusal>> => {
      isEnrolled = false;
      if (draft.state.step !== 'enrol') return ok(undefined);
      const { proof, secret } = draft.state;
      // Asked within the transaction: a password that was replaced meanwhile must not be outlived by an app of the
      // thief's.
      if (!(await isHonoured(tx, proof))) return ok(undefined);
      const outcome = await secondFactors.enrol(tx, { accountId: proof.accountId, clientId }, secret, code);
      if (!outcome.ok && outcome.refusal === 'wrong') return refuse({ reason: 'wrong' });
      isEnrolled = outcome.ok;
      drafts.move(
        tx,
        draft,
        outcome.ok
          ? { type: 'enrolled', codes: outcome.value, codeAt: epochSeconds(clock.now()) }
          : { type: 'enrolled-elsewhere' },
      );
      return ok(undefined);
    });
    if (isEnrolled !== true) await one.value.giveBack();
    return outcome;
  }

  return {
    async hold({ uid, params }, who, isOurs) {
      if (satisfies(who.acr, acr.twoFactor)) return false;
      const enrolled = who.hasSecondFactor ?? (await secondFactors.isEnrolled(who.accountId));
      if (!enrolled && !wantsSecondFactor(who.acr, acrDemandOf(params))) return false;
      if (await isOurs()) await begin(uid, who, enrolled);
      return true;
    },

    async stepUp({ uid }, { uid: sessionUid, ...who }) {
      const enrolled = await secondFactors.isEnrolled(who.accountId);
      if (!enrolled && epochSeconds(clock.now()) - who.at > FRESH_SECONDS) return false;
      await begin(uid, who, enrolled, sessionUid);
      return true;
    },

    async at(uid, sessionUid) {
      const state = (await drafts.find(uid))?.state;
      if (state === undefined || state.step === 'unproved') return undefined;
      const { provedAt, session } = state.proof;
      const inTime =
        clock.now() <= addSeconds(new Date(provedAt), PROOF_SECONDS) &&
        (session === undefined || session === sessionUid);
      if (inTime && (await isHonoured(store, state.proof))) return state;
      await drafts.turn(uid, (tx, draft) => drafts.move(tx, draft, { type: 'proof-expired' }));
      return undefined;
    },

    uriOf: async (secret, { accountId }) => secondFactors.uriOf(secret, await store.accounts.findById(accountId)),

    // Pressed twice, the button is pressed once: the second press of a right code would find it used.
    confirm: ({ uid, clientId }, proof, code) =>
      join(['code', uid, code], async () => {
        const outcome = await secondFactors.use({ accountId: proof.accountId, clientId }, code);
        return outcome.ok ? ok(withSecondFactor(proof, epochSeconds(clock.now()))) : outcome;
      }),

    useRecoveryCode: ({ uid, clientId }, proof, code) =>
      join(['recovery-code', uid, code], async () => {
        const outcome = await secondFactors.useRecoveryCode({ accountId: proof.accountId, clientId }, code);
        return outcome.ok ? ok(withSecondFactor(proof, epochSeconds(clock.now()))) : outcome;
      }),

    enrol: (context, proof, code) => join(['enrol', context.uid, code], () => enrol(context, proof, code)),

    codesKept: (uid) =>
      drafts.turn(uid, (tx, draft) => {
        if (draft.state.step === 'recovery-codes') drafts.move(tx, draft, { type: 'codes-kept' });
      }),

    async mayDecline({ clientId, params }, { accountId }) {
      // Our own pages ask only where they need it, and would turn the person away.
      if (clientId === PORTAL_CLIENT_ID || acrDemandOf(params)?.essential !== false) return false;
      return !(await secondFactors.isEnrolled(accountId));
    },
  };
}
