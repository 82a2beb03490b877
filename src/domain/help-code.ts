/** Without 0, O, 1, I, L, U: read out over the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** How many unpredictable bytes a code is made of. */
export const HELP_CODE_BYTES = 6;

/** A short code that a person can read out and that finds the log entry: `K7Q2-M9`. */
export function toHelpCode(bytes: Uint8Array): string {
  const letters = [...bytes.subarray(0, HELP_CODE_BYTES)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? '2');
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}

const LETTERS = new RegExp(`^[${ALPHABET}]{${HELP_CODE_BYTES}}$`);

/** A code as somebody wrote it down; undefined where it cannot be one. */
export function parseHelpCode(text: string): string | undefined {
  const letters = text.toUpperCase().replaceAll(/[\s-]/g, '');
  return LETTERS.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : undefined;
}
