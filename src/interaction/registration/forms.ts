import { parseEmail, suggestEmail, type Email } from '../../domain/email.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';
import { say, type FieldError } from '../../web/screen.ts';

export const contactKey = (refusal: string): string => `interaction.registration.contact.refusal.${refusal}`;

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
