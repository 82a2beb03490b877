import { ok, refuse, type Result } from './result.ts';

declare const recoveryCodeBrand: unique symbol;

/** Ten letters of Crockford's base 32 (50 bits), without the dash that is shown. */
export type RecoveryCode = string & { readonly [recoveryCodeBrand]: true };

export const RECOVERY_CODES = 10;
export const RECOVERY_CODE_BYTES = 10;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const FORM = new RegExp(`^[${ALPHABET}]{${RECOVERY_CODE_BYTES}}$`);

/** One letter of each byte: 32 divides 256, so that no letter comes more often than another. */
export const toRecoveryCode = (bytes: Uint8Array): RecoveryCode =>
  [...bytes.subarray(0, RECOVERY_CODE_BYTES)]
    .map((byte) => ALPHABET.charAt(byte % ALPHABET.length))
    .join('') as RecoveryCode;

/** `7K2QM-9XTRB`: two halves are read and typed more easily than ten letters. */
export const showRecoveryCode = (code: RecoveryCode): string =>
  `${code.slice(0, RECOVERY_CODE_BYTES / 2)}-${code.slice(RECOVERY_CODE_BYTES / 2)}`;

/** Reads what was typed from paper: case, dashes and spaces do not matter, nor letters that look like digits. */
export function parseRecoveryCode(text: string): Result<RecoveryCode, 'recovery-code-form'> {
  const letters = text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\p{Pd}\p{Cf}]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  return FORM.test(letters) ? ok(letters as RecoveryCode) : refuse('recovery-code-form');
}
