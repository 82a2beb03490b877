import { ok, refuse, type Result } from './result.ts';

declare const codeBrand: unique symbol;

/** Six digits as typed; text, because leading zeros count. */
export type OtpCode = string & { readonly [codeBrand]: true };

export type Purpose = 'activation' | 'recovery' | 'recovery-request' | 'contact';

export interface CodePolicy {
  readonly ttlSeconds: number;
  readonly triesPerCode: number;
  /** Waits before the second, third, … code; the last one repeats. */
  readonly resendSeconds: readonly number[];
}

/**
 * One code under way. It is stored as JSON, so times are ISO 8601 texts in UTC. The code itself is never in it, only a
 * hash keyed outside the database; so is the recipient.
 */
export interface Challenge {
  readonly purpose: Purpose;
  readonly recipientHash: string;
  readonly codeHash: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** Wrong tries at this code. */
  readonly tries: number;
  /** Codes sent to this recipient for this purpose, this one included. */
  readonly sends: number;
  readonly usedAt?: string;
}

export interface Issue {
  readonly purpose: Purpose;
  readonly recipientHash: string;
  readonly codeHash: string;
}

export interface Attempt {
  readonly purpose: Purpose;
  readonly recipientHash: string;
  /** Whether the keyed hash of what was typed equals `codeHash`, compared in constant time. */
  readonly matches: boolean;
}

export type Outcome = 'accepted' | 'wrong' | 'expired' | 'dead' | 'used';

export interface Checked {
  readonly outcome: Outcome;
  /** What to store instead of the challenge checked: the try is counted in it. */
  readonly challenge: Challenge;
  readonly triesLeft: number;
}

const secondsAfter = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000);

/** Reads what was typed or pasted into the code field. */
export function parseOtpCode(text: string): Result<OtpCode, 'code-form'> {
  const digits = text.normalize('NFKC').replace(/[\s\p{Pd}\p{Cf}]/gu, '');
  return /^[0-9]{6}$/.test(digits) ? ok(digits as OtpCode) : refuse('code-form');
}

const begin = (
  { purpose, recipientHash, codeHash }: Issue,
  sends: number,
  now: Date,
  { ttlSeconds }: CodePolicy,
): Challenge => ({
  purpose,
  recipientHash,
  codeHash,
  issuedAt: now.toISOString(),
  expiresAt: secondsAfter(now, ttlSeconds).toISOString(),
  tries: 0,
  sends,
});

/** The first code for a recipient: also after the number was changed, when it takes the place of the old number's. */
export const issueChallenge = (issue: Issue, now: Date, policy: CodePolicy): Challenge => begin(issue, 1, now, policy);

/** When a further code may be sent. Waits grow with the codes sent and bind dead, expired and used codes too. */
export function resendAt({ issuedAt, sends }: Challenge, { resendSeconds }: CodePolicy): Date {
  const wait = resendSeconds[Math.min(sends, resendSeconds.length) - 1] ?? 0;
  return secondsAfter(new Date(issuedAt), wait);
}

/** Whole seconds until a further code may be sent, 0 when it may. */
export const secondsUntilResend = (challenge: Challenge, now: Date, policy: CodePolicy): number =>
  Math.max(0, Math.ceil((resendAt(challenge, policy).getTime() - now.getTime()) / 1000));

/** A further code for the same recipient. It replaces the old challenge, and with it the old code dies. */
export function reissueChallenge(
  old: Challenge,
  codeHash: string,
  now: Date,
  policy: CodePolicy,
): Result<Challenge, { readonly reason: 'too-soon'; readonly resendAt: Date }> {
  const allowedAt = resendAt(old, policy);
  if (now < allowedAt) return refuse({ reason: 'too-soon', resendAt: allowedAt });
  return ok(begin({ purpose: old.purpose, recipientHash: old.recipientHash, codeHash }, old.sends + 1, now, policy));
}

/**
 * Judges one try. A code that was right after it died, expired or was used stays refused, and a code meant for another
 * purpose or recipient counts as a wrong one.
 */
export function checkCode(challenge: Challenge, attempt: Attempt, now: Date, { triesPerCode }: CodePolicy): Checked {
  const triesLeft = Math.max(0, triesPerCode - challenge.tries);
  if (challenge.usedAt !== undefined) return { outcome: 'used', challenge, triesLeft: 0 };
  if (triesLeft === 0) return { outcome: 'dead', challenge, triesLeft };
  // Asked this way round, a date that cannot be read counts as passed.
  if (!(now < new Date(challenge.expiresAt))) return { outcome: 'expired', challenge, triesLeft: 0 };
  if (attempt.matches && attempt.purpose === challenge.purpose && attempt.recipientHash === challenge.recipientHash) {
    return { outcome: 'accepted', challenge: { ...challenge, usedAt: now.toISOString() }, triesLeft };
  }
  const counted = { ...challenge, tries: challenge.tries + 1 };
  return { outcome: triesLeft > 1 ? 'wrong' : 'dead', challenge: counted, triesLeft: triesLeft - 1 };
}
