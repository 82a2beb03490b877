import type { Config } from '../../config.ts';
import { dayIn } from '../../domain/day.ts';
import { parseEmail, suggestEmail, type Email } from '../../domain/email.ts';
import { parseName, type PersonName } from '../../domain/name.ts';
import { parseNik, type Nik } from '../../domain/nik.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import { say, type FieldError } from '../../web/screen.ts';
import type { IdentityClaim } from '../../ports/civil-registry/civil-registry.ts';

export const identityKey = (refusal: string): string => `interaction.registration.identity.refusal.${refusal}`;
export const contactKey = (refusal: string): string => `interaction.registration.contact.refusal.${refusal}`;

/** What was typed on the first page, or what is wrong with it, field by field. */
export function parseIdentity(
  typed: { nik: string; name: string; motherName: string },
  config: Config['identity'],
  now: Date,
): Result<IdentityClaim, FieldError[]> {
  const nik = parseNik(typed.nik, {
    provinces: config.provinces,
    allowTestRange: config.allowTestRange,
    minAge: config.minAge,
    today: dayIn(config.timeZone, now),
  });
  const name = parseName(typed.name);
  const motherName = parseName(typed.motherName);
  if (nik.ok && name.ok && motherName.ok) {
    return ok({
      nik: sensitive<Nik>(nik.value),
      name: sensitive<PersonName>(name.value),
      motherName: sensitive<PersonName>(motherName.value),
    });
  }

  const errors: FieldError[] = [];
  if (!nik.ok) {
    const { reason, ...params } = nik.refusal;
    errors.push({ field: 'nik', sentence: say(identityKey(reason), params) });
  }
  if (!name.ok) errors.push({ field: 'name', sentence: say(identityKey(name.refusal)) });
  if (!motherName.ok) errors.push({ field: 'mother_name', sentence: say(identityKey(`mother-${motherName.refusal}`)) });
  return refuse(errors);
}

export interface TypedContact {
  readonly email: Sensitive<Email>;
  readonly phone: Sensitive<Phone>;
}

export function parseContact(typed: { email: string; phone: string }): Result<TypedContact, FieldError[]> {
  const email = parseEmail(typed.email);
  const phone = parsePhone(typed.phone);
  if (email.ok && phone.ok) return ok({ email: sensitive(email.value), phone: sensitive(phone.value) });
  const errors: FieldError[] = [];
  if (!email.ok) errors.push({ field: 'email', sentence: say(contactKey(email.refusal)) });
  if (!phone.ok) errors.push({ field: 'phone', sentence: say(contactKey(phone.refusal)) });
  return refuse(errors);
}

/** A likely slip in an address: shown as a hint, never a refusal. */
export function emailSuggestionFor(typed: string): string | undefined {
  const email = parseEmail(typed);
  return email.ok ? suggestEmail(email.value) : undefined;
}
