import { ok, refuse, type Result } from './result.ts';

declare const nikBrand: unique symbol;

/**
 * Nomor Induk Kependudukan: sixteen digits in the right form, `PPKKCC DDMMYY SSSS`. Whether it was issued, the registry
 * knows.
 */
export type Nik = string & { readonly [nikBrand]: true };

export type NikRefusal =
  | { readonly reason: 'nik-empty' }
  | { readonly reason: 'nik-length'; readonly digits: number }
  | { readonly reason: 'nik-form' }
  | { readonly reason: 'too-young'; readonly minAge: number };

export interface NikRules {
  /** Codes and ranges of codes: `11-19`, `21`. */
  readonly provinces: readonly string[];
  readonly allowTestRange: boolean;
  readonly minAge: number;
  /** Its UTC day counts. */
  readonly today: Date;
}

const LENGTH = 16;
const TEST_PROVINCE = '99';
const WOMENS_DAYS = 40;
/** 19YY is always old enough; without a bound on what is plausible no child would ever be told from a centenarian. */
const OLDEST_AGE = 110;

const FULL_WIDTH_ZERO = 0xff10;
const toAsciiDigit = (digit: string): string => String(digit.charCodeAt(0) - FULL_WIDTH_ZERO);

/** What people put between the digits, and the invisible characters that messengers add when text is copied. */
const SEPARATORS = /[\s.．\p{Pd}\u2212\p{Cf}]/gu;

const normalise = (text: string): string => text.replace(/[０-９]/g, toAsciiDigit).replace(SEPARATORS, '');

/** The birth date inside, with each century in which it is a day of the calendar, the later first. */
function readingsOf(nik: string): Date[] {
  const digits = Number(nik.slice(6, 8));
  const day = digits > WOMENS_DAYS ? digits - WOMENS_DAYS : digits;
  const month = Number(nik.slice(8, 10));
  const year = Number(nik.slice(10, 12));
  return (
    [2000 + year, 1900 + year]
      .map((fullYear) => new Date(Date.UTC(fullYear, month - 1, day)))
      // Date.UTC rolls 31 February over into March and month 13 into January.
      .filter((date) => date.getUTCDate() === day && date.getUTCMonth() === month - 1)
  );
}

function ageOn(today: Date, birth: Date): number {
  const years = today.getUTCFullYear() - birth.getUTCFullYear();
  const birthdayIsAhead =
    today.getUTCMonth() < birth.getUTCMonth() ||
    (today.getUTCMonth() === birth.getUTCMonth() && today.getUTCDate() < birth.getUTCDate());
  return birthdayIsAhead ? years - 1 : years;
}

function isInRanges(code: string, ranges: readonly string[]): boolean {
  return ranges.some((range) => {
    const [from = '', to = from] = range.split('-').map((end) => end.trim());
    return code >= from && code <= to;
  });
}

function hasForm(nik: string, rules: NikRules): boolean {
  const province = nik.slice(0, 2);
  const provinceIsKnown = province === TEST_PROVINCE ? rules.allowTestRange : isInRanges(province, rules.provinces);
  // No look-up of regency and district: codes since split or merged stay valid for those who were born there.
  return (
    provinceIsKnown &&
    nik.slice(2, 4) !== '00' &&
    nik.slice(4, 6) !== '00' &&
    readingsOf(nik).length > 0 &&
    nik.slice(12) !== '0000'
  );
}

function isTooYoung(nik: string, { today, minAge }: NikRules): boolean {
  const ages = readingsOf(nik).map((birth) => ageOn(today, birth));
  const plausible = ages.filter((age) => age >= 0 && age <= OLDEST_AGE);
  return plausible.length > 0 && plausible.every((age) => age < minAge);
}

/** Reads a NIK as people type and paste it: with spaces, dots, dashes or full-width digits. */
export function parseNik(text: string, rules: NikRules): Result<Nik, NikRefusal> {
  const typed = normalise(text);
  if (typed === '') return refuse({ reason: 'nik-empty' });
  const digits = typed.replace(/[^0-9]/g, '').length;
  if (digits !== LENGTH) return refuse({ reason: 'nik-length', digits });
  if (typed.length !== LENGTH || !hasForm(typed, rules)) return refuse({ reason: 'nik-form' });
  if (isTooYoung(typed, rules)) return refuse({ reason: 'too-young', minAge: rules.minAge });
  return ok(typed as Nik);
}

/**
 * The birth date as the NIK tells it, midnight UTC: in this century unless that lies in the future.
 * A hint, never the official date: a birth date corrected later does not change the NIK.
 */
export function birthDateHint(nik: Nik, today: Date): Date | undefined {
  return readingsOf(nik).find((date) => date <= today);
}

/** The sex as the NIK tells it: women’s days begin at 41. */
export const isWomans = (nik: Nik): boolean => Number(nik.slice(6, 8)) > WOMENS_DAYS;

/** On which limits count questions about a NIK: nobody without the keyring can tell whose it is. */
export const identityMark = (
  { hash }: { readonly hash: (purpose: string, ...parts: readonly string[]) => Buffer },
  nik: Nik,
): string => hash('counter-identity', nik).toString('base64url');
