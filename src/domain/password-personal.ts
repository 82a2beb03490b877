import { emailLocalPart, type Email } from './email.ts';
import type { PersonName } from './name.ts';
import type { Nik } from './nik.ts';
import { fold, leetReadings } from './password-disguise.ts';
import type { Phone } from './phone.ts';

/** What a guesser who knows the person would try. */
export interface PasswordOwner {
  readonly nik?: Nik | undefined;
  readonly name?: PersonName | undefined;
  readonly email?: Email | undefined;
  readonly phone?: Phone | undefined;
}

/** Shorter words stand in other words by chance. */
const SHORTEST_WORD = 4;
/** Every spelling of a phone number (08…, 628…) ends in these; eight digits in a row are no chance in a NIK either. */
const TELLING_DIGITS = 8;

const lettersAndDigits = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '');

function wordsOf({ name, email }: PasswordOwner): string[] {
  // An apostrophe stands inside a word: Nur'aini is one, and people leave it out.
  const names = fold(name ?? '').split(/[\s.,/-]+/);
  const local = email === undefined ? '' : fold(emailLocalPart(email));
  const withoutTag = local.split('+', 1)[0] ?? '';
  return [...names, local, withoutTag].map(lettersAndDigits).filter((word) => word.length >= SHORTEST_WORD);
}

function numbersOf({ nik, phone }: PasswordOwner): string[] {
  const pieces = Array.from(
    { length: nik === undefined ? 0 : nik.length - TELLING_DIGITS + 1 },
    (_, start) => nik?.slice(start, start + TELLING_DIGITS) ?? '',
  );
  return phone === undefined ? pieces : [...pieces, phone.slice(-TELLING_DIGITS)];
}

/**
 * Whether a password holds the name, e-mail, phone number or NIK of its owner, in capitals, l33t or with separators.
 */
export function isPersonal(password: string, owner: PasswordOwner): boolean {
  const folded = fold(password);
  const texts = [folded, ...leetReadings(folded)].map(lettersAndDigits).concat(leetReadings(lettersAndDigits(folded)));
  const digits = folded.replace(/[^0-9]/g, '');
  return (
    wordsOf(owner).some((word) => texts.some((text) => text.includes(word))) ||
    numbersOf(owner).some((number) => digits.includes(number))
  );
}
