import { isEasyToGuess } from './password-guess.ts';
import { isPersonal, type PasswordOwner } from './password-personal.ts';
import { ok, refuse, type Result } from './result.ts';

export type PasswordProfile = 'kemnaker' | 'modern';
export type PasswordRule = 'length' | 'lower' | 'upper' | 'digit' | 'symbol';

export interface PasswordPolicy {
  readonly profile: PasswordProfile;
  /** Whether a long passphrase satisfies the kemnaker profile too. */
  readonly passphrase: boolean;
}

export type PasswordRefusal =
  | 'password-empty'
  | `password-${PasswordRule}`
  | 'password-long'
  | 'password-chars'
  | 'password-common'
  | 'password-personal';

/** In characters as people count them: Unicode code points after NFC. */
const PASSWORD_MAX_LENGTH = 128;
export const PASSWORD_MIN_LENGTH: Readonly<Record<PasswordProfile, number>> = { kemnaker: 8, modern: 15 };
const PASSPHRASE_LENGTH = 20;

/** The order of the official guide, in which the page lists them. */
const RULES: Readonly<Record<PasswordProfile, readonly PasswordRule[]>> = {
  kemnaker: ['length', 'lower', 'upper', 'digit', 'symbol'],
  modern: ['length'],
};

/** Tests by kind of character; the page shows their state with the same patterns. */
const PASSWORD_PATTERNS: Readonly<Record<Exclude<PasswordRule, 'length'>, RegExp>> = {
  lower: /\p{Ll}/u,
  upper: /\p{Lu}/u,
  digit: /[0-9]/,
  symbol: /[!@#$%^&*]/,
};

/** Nobody types these, and a lone half of a character would be hashed as if it were any other. */
const UNTYPABLE = /[\p{Cc}\p{Cs}]/u;

const countCharacters = (text: string): number => Array.from(text).length;

/** The form that is hashed, at registration and sign-in alike: the same letters from any keyboard, nothing cut off. */
export const normalisePassword = (text: string): string => text.normalize('NFC');

export const passwordRules = (profile: PasswordProfile): readonly PasswordRule[] => RULES[profile];

/** The rules not met yet, in the order of the list. */
export function unmetRules(text: string, { profile, passphrase }: PasswordPolicy): PasswordRule[] {
  const password = normalisePassword(text);
  const length = countCharacters(password);
  if (passphrase && length >= PASSPHRASE_LENGTH) return [];
  return RULES[profile].filter((rule) =>
    rule === 'length' ? length < PASSWORD_MIN_LENGTH[profile] : !PASSWORD_PATTERNS[rule].test(password),
  );
}

/**
 * Judges a new password and gives it in the form that is hashed.
 *
 * @param owner what the person has told of themselves. Without it personal data are not looked for, which is meant for
 *   an operator who makes an account by hand.
 */
export function checkPassword(
  text: string,
  policy: PasswordPolicy,
  owner?: PasswordOwner,
): Result<string, PasswordRefusal[]> {
  if (text === '') return refuse<PasswordRefusal[]>(['password-empty']);
  const password = normalisePassword(text);
  // Looked at before anything whose work grows with the length.
  if (countCharacters(password) > PASSWORD_MAX_LENGTH) return refuse<PasswordRefusal[]>(['password-long']);
  const refusals: PasswordRefusal[] = unmetRules(password, policy).map((rule): PasswordRefusal => `password-${rule}`);
  if (UNTYPABLE.test(password)) refusals.push('password-chars');
  // Of a password that is still too short nobody needs to hear that it is easy to guess as well.
  if (!refusals.includes('password-length') && isEasyToGuess(password)) refusals.push('password-common');
  if (owner !== undefined && isPersonal(password, owner)) refusals.push('password-personal');
  return refusals.length === 0 ? ok(password) : refuse(refusals);
}
