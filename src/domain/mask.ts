import type { Email } from './email.ts';
import type { Nik } from './nik.ts';
import { displayPhone, type Phone } from './phone.ts';

/** `08*****2797`: always five stars, so that the mask does not tell the length. */
export function maskPhone(phone: Phone): string {
  const shown = displayPhone(phone);
  return `${shown.slice(0, 2)}*****${shown.slice(-4)}`;
}

/** `b***@contoh.test`. */
export function maskEmail(email: Email): string {
  const [first = ''] = email;
  return `${first}***${email.slice(email.lastIndexOf('@'))}`;
}

/** `************0001`: the first twelve digits would tell region and birth date. */
export const maskNik = (nik: Nik): string => `${'*'.repeat(12)}${nik.slice(-4)}`;

/** `B*** C***** S******`, the first letter of each word: for pages that somebody else may have opened. */
export function maskName(name: string): string {
  return name
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [first = '', ...rest] = word.normalize('NFC');
      return `${first}${'*'.repeat(Math.max(rest.length, 1))}`;
    })
    .join(' ');
}
