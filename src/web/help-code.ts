import type { Random } from '../ports/random/random.ts';

/** Without 0, O, 1, I, L, U: read out over the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A short code that a person can read out and that finds the log entry: `K7Q2-M9`. */
export function makeHelpCode(random: Random): string {
  const letters = [...random.bytes(6)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? '2');
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}
