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

const IPV4 = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i;
const IPV6 = /^[0-9a-f:]+(?:%.*)?$/i;
const IPV6_GROUPS = 8;
/** A /48 is what a provider gives one customer at most; the rest would name the household and the device. */
const IPV6_GROUPS_SHOWN = 3;

/** `203.0.113.*`, `2001:db8:0:*`: near enough to recognise one's own provider. */
export function maskIp(ip: string): string {
  const v4 = IPV4.exec(ip);
  if (v4?.[1] !== undefined) return `${v4[1]}.*`;
  if (!IPV6.test(ip)) return '*';
  const [head = '', tail] = ip.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(IPV6_GROUPS - before.length - after.length, 0) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, IPV6_GROUPS_SHOWN).join(':')}:*`;
}
