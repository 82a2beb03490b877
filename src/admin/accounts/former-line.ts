import type { Config } from '../../config.ts';
import { emailKey, parseEmail, type Email } from '../../domain/email.ts';
import { objectionTo, readFormerScheme } from '../../domain/former-password.ts';
import { DEFAULT_LOCALE, LOCALES, type Locale } from '../../domain/locale.ts';
import { parseNik, type Nik } from '../../domain/nik.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import type { FormerRecord } from '../../store/former-import.ts';

/** What one line says, before it has a place in the database. */
export type FormerLine = Omit<FormerRecord, 'id' | 'digest'> & {
  /** The same for two lines that say the same. */
  readonly canonical: Sensitive<string>;
  /** What does not keep the record out. */
  readonly notes: readonly string[];
};

export interface LineRefusal {
  /** Undefined where it could not be read, or is itself a datum of a person. */
  readonly legacyId: string | undefined;
  readonly reasons: readonly string[];
}

/** As the former interface gave it out. */
export const LEGACY_ID = /^[\x21-\x7e]{1,64}$/;
/** A NIK, an address, a number: an id is written to reports and logs, and these may not be. */
const PERSONAL_ID = /(?<!\d)\d{16}(?!\d)|@|^(?:\+?62|0)8\d{7,11}$/;

const MEMBERS: ReadonlySet<string> = new Set(['id', 'nik', 'name', 'email', 'phone', 'password', 'status', 'locale']);
const PASSWORD_BYTES = 512;

function readId(value: unknown): Result<string, string> {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (text === undefined || text === null || text === '') return refuse('id-missing');
  if (typeof text !== 'string' || !LEGACY_ID.test(text)) return refuse('id-form');
  return PERSONAL_ID.test(text) ? refuse('id-personal') : ok(text);
}

/**
 * Reads a line of the file that a former system was written to. Nothing of what it says goes into a refusal but the
 * former id.
 *
 * @returns every reason, not only the first.
 */
export function parseFormerLine(
  { number, text }: { readonly number: number; readonly text: string },
  config: Pick<Config, 'identity'>,
  today: Date,
): Result<FormerLine, LineRefusal> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refuse({ legacyId: undefined, reasons: ['not-json'] });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return refuse({ legacyId: undefined, reasons: ['not-an-object'] });
  const members = document as Readonly<Record<string, unknown>>;
  const reasons: string[] = [];
  const notes: string[] = [];

  /** A text, or nothing; anything else is no text: a NIK as a number has lost its last digits. */
  function read<Value>(name: string, parse: (typed: string) => Result<Value, string>): Value | undefined {
    const value = members[name];
    if (value === undefined || value === null || value === '') return undefined;
    const parsed = typeof value === 'string' ? parse(value) : refuse(`${name}-no-text`);
    if (parsed.ok) return parsed.value;
    reasons.push(parsed.refusal);
    return undefined;
  }

  const id = readId(members.id);
  if (!id.ok) reasons.push(id.refusal);
  if (Object.keys(members).some((name) => !MEMBERS.has(name))) reasons.push('unknown-member');
  // Whether the test range is let in is the setting's matter; age was the former system's.
  const nik = read<Nik>('nik', (typed) => {
    const parsed = parseNik(typed, {
      provinces: config.identity.provinces,
      allowTestRange: config.identity.allowTestRange,
      minAge: 0,
      today,
    });
    return parsed.ok ? parsed : refuse(parsed.refusal.reason);
  });
  const email = read<Email>('email', parseEmail);
  const phone = read<Phone>('phone', parsePhone);
  const locale = read<Locale>('locale', (typed) =>
    LOCALES.includes(typed as Locale) ? ok(typed as Locale) : refuse('locale'),
  );
  // The person proves the name: it is let be in the file, and not kept.
  read('name', (typed) => ok(typed));
  read('status', (typed) => (typed === 'active' ? ok(typed) : refuse('not-active')));
  const passwordHash = read('password', (typed) => {
    const objection = typed.length > PASSWORD_BYTES ? 'password-unknown' : objectionTo(typed);
    if (objection !== undefined) notes.push(objection);
    return ok(objection === undefined ? typed : undefined);
  });

  if (reasons.length === 0 && nik === undefined && passwordHash === undefined) reasons.push('no-way-in');
  if (!id.ok || reasons.length > 0) return refuse({ legacyId: id.ok ? id.value : undefined, reasons });
  const scheme = passwordHash === undefined ? undefined : readFormerScheme(passwordHash);
  const hidden = <Value>(value: Value | undefined): Sensitive<Value> | undefined =>
    value === undefined ? undefined : sensitive(value);
  return ok({
    line: number,
    legacyId: id.value,
    nik: hidden(nik),
    email: hidden(email),
    phone: hidden(phone),
    passwordHash,
    bcryptCost: scheme?.kind === 'bcrypt' ? scheme.cost : undefined,
    locale: locale ?? DEFAULT_LOCALE,
    canonical: sensitive(
      JSON.stringify([nik, email === undefined ? undefined : emailKey(email), phone, passwordHash, locale]),
    ),
    notes,
  });
}
