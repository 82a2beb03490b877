import type { Config } from '../../config.ts';
import type { Identifier } from '../../domain/account.ts';
import { emailKey, parseEmail } from '../../domain/email.ts';
import { parseNik } from '../../domain/nik.ts';
import { parsePhone } from '../../domain/phone.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';

export interface TypedIdentifier {
  /** What was typed, recognised; undefined where it is neither a NIK nor an address nor a number, which no account has. */
  readonly identifier: Sensitive<Identifier> | undefined;
  /** One spelling for one meaning, also for what was not recognised: failures are counted on it. */
  readonly normalised: Sensitive<string>;
}

/** Reads "e-mail, mobile number or NIK" by its shape. */
export function parseIdentifier(text: string, config: Pick<Config['identity'], 'provinces'>, today: Date): TypedIdentifier {
  const found = recognise(text, config, today);
  const normalised = found === undefined ? `?${text.normalize('NFKC').trim().toLowerCase().slice(0, 320)}` : `${found.kind}:${found.kind === 'email' ? emailKey(found.value) : found.value}`;
  return { identifier: found === undefined ? undefined : sensitive(found), normalised: sensitive(normalised) };
}

function recognise(text: string, { provinces }: Pick<Config['identity'], 'provinces'>, today: Date): Identifier | undefined {
  if (text.includes('@')) {
    const email = parseEmail(text);
    return email.ok ? { kind: 'email', value: email.value } : undefined;
  }
  // Sixteen digits are no phone number. Age and test range were judged at registration; here they are no concern.
  const nik = parseNik(text, { provinces, allowTestRange: true, minAge: 0, today });
  if (nik.ok) return { kind: 'nik', value: nik.value };
  const phone = parsePhone(text);
  return phone.ok ? { kind: 'phone', value: phone.value } : undefined;
}
