import type { Account, Identifier } from './account.ts';
import { emailKey, parseEmail } from './email.ts';
import { parseNik } from './nik.ts';
import { parsePhone } from './phone.ts';
import { sensitive, type Sensitive } from './sensitive.ts';

export interface TypedIdentifier {
  /**
   * What was typed, recognised; undefined where it is neither a NIK nor an address nor a number, which no account has.
   */
  readonly identifier: Sensitive<Identifier> | undefined;
  /** One spelling for one meaning, also for what was not recognised: failures are counted on it. */
  readonly normalised: Sensitive<string>;
}

interface Provinces {
  readonly provinces: readonly string[];
}

const LONGEST = 320;

/** In the spelling that is counted on. */
export const normaliseIdentifier = ({ kind, value }: Identifier): string =>
  `${kind}:${kind === 'email' ? emailKey(value) : value}`;

/** Reads "e-mail, mobile number or NIK" by its shape. */
export function parseIdentifier(text: string, config: Provinces, today: Date): TypedIdentifier {
  const found = recognise(text, config, today);
  const normalised =
    found === undefined
      ? `?${text.normalize('NFKC').trim().toLowerCase().slice(0, LONGEST)}`
      : normaliseIdentifier(found);
  return { identifier: found === undefined ? undefined : sensitive(found), normalised: sensitive(normalised) };
}

/**
 * Whose a contact is: the account that has proved it; failing that, the only one that claims it. Where several claim an
 * unproved one, nobody owns it.
 * @param claims  at most two are needed, whoever has proved it first.
 */
export const ownerOf = <Claim>(claims: readonly Claim[], isProved: (claim: Claim) => boolean): Claim | undefined => {
  const [first, second] = claims;
  return first !== undefined && (isProved(first) || second === undefined) ? first : undefined;
};

/** Everything that an account claims to be called by, proved or not. */
export function identifiersOf({
  nik,
  email,
  phone,
}: Pick<Account, 'nik' | 'email' | 'phone'>): Sensitive<Identifier>[] {
  const all: Identifier[] = [{ kind: 'nik', value: nik.reveal() }];
  if (email !== undefined) all.push({ kind: 'email', value: email.reveal() });
  if (phone !== undefined) all.push({ kind: 'phone', value: phone.reveal() });
  return all.map((identifier) => sensitive(identifier));
}

function recognise(text: string, { provinces }: Provinces, today: Date): Identifier | undefined {
  if (text.includes('@')) {
    const email = parseEmail(text);
    return email.ok ? { kind: 'email', value: email.value } : undefined;
  }
  // Sixteen digits are no phone number. Age and test range were judged at registration; here they are no concern.
  const nik = parseNik(text, { provinces, allowTestRange: true, minAge: 0, today });
  if (nik.ok) return { kind: 'nik', value: nik.value };
  const phone = parsePhone(text);
  return phone.ok ? { kind: 'phone', value: phone.value } : undefined;
}
