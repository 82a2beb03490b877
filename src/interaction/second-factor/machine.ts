import type { RecoveryCode } from '../../domain/recovery-code.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { SignedIn } from '../finish.ts';

/** A sign-in as far as it is proved; it waits here for the second factor. */
export interface Proof extends SignedIn {
  readonly provedAt: string;
  /** The uid of the session that is stepped up: outside it the proof is worth nothing. */
  readonly session?: string | undefined;
}

/** `code` asks for the app that is enrolled, `enrol` for the first code of an app that is to be. */
export type SecondFactor =
  | { readonly step: 'unproved' }
  | { readonly step: 'code'; readonly proof: Proof }
  | { readonly step: 'enrol'; readonly proof: Proof; readonly secret: Sensitive<string> }
  /**
   * `codeAt`: when the first code was right, in seconds since 1970. The page with the recovery codes may be read for
   * long.
   */
  | {
      readonly step: 'recovery-codes';
      readonly proof: Proof;
      readonly codes: readonly Sensitive<RecoveryCode>[];
      readonly codeAt: number;
    };

export type SecondFactorStep = SecondFactor['step'];

export type SecondFactorEvent =
  | { readonly type: 'first-factor-proved'; readonly proof: Proof }
  /** Each proof gets a secret of its own: what one person has seen is never another's. */
  | { readonly type: 'enrolment-begun'; readonly proof: Proof; readonly secret: Sensitive<string> }
  | { readonly type: 'enrolled'; readonly codes: readonly Sensitive<RecoveryCode>[]; readonly codeAt: number }
  | { readonly type: 'enrolled-elsewhere' }
  | { readonly type: 'proof-expired' }
  | { readonly type: 'codes-kept' };

/** A caller's bug, never a citizen's mistake. */
export class IllegalTransition extends Error {
  readonly code = 'ILLEGAL_TRANSITION';

  constructor(step: SecondFactorStep, event: SecondFactorEvent['type']) {
    super(`the second factor at ${step} knows no ${event}`);
  }
}

export const begin = (): SecondFactor => ({ step: 'unproved' });

export function advance(at: SecondFactor, event: SecondFactorEvent): SecondFactor {
  switch (event.type) {
    // Whoever proves a password anew begins anew, wherever the draft was.
    case 'first-factor-proved':
      return { step: 'code', proof: event.proof };
    case 'enrolment-begun':
      return { step: 'enrol', proof: event.proof, secret: event.secret };
    case 'enrolled':
      if (at.step === 'enrol')
        return { step: 'recovery-codes', proof: at.proof, codes: event.codes, codeAt: event.codeAt };
      break;
    case 'enrolled-elsewhere':
      if (at.step === 'enrol') return { step: 'code', proof: at.proof };
      break;
    case 'proof-expired':
      return begin();
    // What was shown once must not lie about.
    case 'codes-kept':
      if (at.step === 'recovery-codes') return begin();
      break;
  }
  throw new IllegalTransition(at.step, event.type);
}
