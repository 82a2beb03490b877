// The only vendor library of the domain: numbering metadata are data, and pure. `max`, because the smaller
// sets take fixed lines for mobiles.
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { ok, refuse, type Result } from './result.ts';

declare const phoneBrand: unique symbol;

/** An Indonesian mobile number, E.164: `+628…`. It proves possession now, never identity: numbers are sold again. */
export type Phone = string & { readonly [phoneBrand]: true };

export type PhoneRefusal = 'phone-empty' | 'phone-form' | 'phone-fixed';

export const operators = ['telkomsel', 'indosat', 'tri', 'xl', 'axis', 'smartfren', 'other'] as const;

export type Operator = (typeof operators)[number];

/** `0062`, a needless `0` and twelve digits, with room to be wrong in. */
const LONGEST = 20;
const SEPARATORS = /[()[\].\p{Pd}\u2212]/gu;

/**
 * The text as `+62…`, or undefined where it is no Indonesian number at all. A letter is refused, not dropped: what is
 * left after `08123S567890` would be the number of somebody else.
 */
function toInternational(text: string): string | undefined {
  const dialled = text.replace(SEPARATORS, '');
  if (dialled.length > LONGEST || !/^\+?[0-9]+$/.test(dialled)) return undefined;
  // The library does not know 00 as the way out of Indonesia (that is 001, 007, 008, 009), yet people write it.
  const national =
    /^(?:\+62|0062|62)0?([1-9][0-9]*)$/.exec(dialled) ??
    /^0([1-9][0-9]*)$/.exec(dialled) ??
    /^(8[0-9]*)$/.exec(dialled);
  return national?.[1] === undefined ? undefined : `+62${national[1]}`;
}

/** Reads a mobile number in any of the ways Indonesians write one. */
export function parsePhone(text: string): Result<Phone, PhoneRefusal> {
  const typed = text.normalize('NFKC').replace(/[\s\p{Cf}]/gu, '');
  if (typed === '') return refuse('phone-empty');
  const international = toInternational(typed);
  const number = international === undefined ? undefined : parsePhoneNumberFromString(international);
  if (number?.country !== 'ID' || !number.isValid() || number.ext !== undefined) return refuse('phone-form');
  if (number.getType() !== 'MOBILE') return refuse('phone-fixed');
  return ok(number.number as Phone);
}

/** As people in Indonesia write it: `081234567890`. */
export const displayPhone = (phone: Phone): string => `0${phone.slice('+62'.length)}`;

/** What numbers of one block share: everything but the last four digits. Limits against SMS pumping count by it. */
export const phonePrefix = (phone: Phone): string => phone.slice(0, -4);

const OPERATORS: readonly (readonly [RegExp, Operator])[] = [
  [/^\+628(?:1[123]|2[123]|5[123])/, 'telkomsel'],
  [/^\+628(?:1[456]|5[5678])/, 'indosat'],
  [/^\+628(?:1[789]|59|7[789])/, 'xl'],
  [/^\+628(?:3[1238])/, 'axis'],
  [/^\+628(?:9[4-9])/, 'tri'],
  [/^\+628(?:8[1-9])/, 'smartfren'],
];

/** The brand a number belongs to, for statistics of delivery only. Indonesia has no number portability. */
export const operatorOf = (phone: Phone): Operator => OPERATORS.find(([prefix]) => prefix.test(phone))?.[1] ?? 'other';
