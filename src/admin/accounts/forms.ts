import type { Config } from '../../config.ts';
import { parseEmail, type Email } from '../../domain/email.ts';
import type { Locale } from '../../domain/locale.ts';
import { parseName, type PersonName } from '../../domain/name.ts';
import { parseNik, type Nik } from '../../domain/nik.ts';
import { checkPassword } from '../../domain/password-policy.ts';
import { parsePhone, type Phone } from '../../domain/phone.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import { sensitive, type Sensitive } from '../../domain/sensitive.ts';

/** A person as an operator types them. */
export interface TypedPerson {
  readonly nik: string;
  readonly name: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly password: string;
  readonly locale: Locale;
}

export interface Person {
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly email: Sensitive<Email> | undefined;
  readonly phone: Sensitive<Phone> | undefined;
  readonly password: Sensitive<string>;
  readonly locale: Locale;
}

/** A refused field and the refusals of the domain, by name. */
export interface PersonProblem {
  readonly field: keyof TypedPerson;
  readonly refusals: readonly string[];
}

/**
 * Reads a person by the rules of registration. Only the password is not compared with their data: an operator's
 * account is for trying things out.
 * @returns every problem, not only the first.
 */
export function parsePerson(
  typed: TypedPerson,
  config: Pick<Config, 'identity' | 'password'>,
  today: Date,
): Result<Person, readonly PersonProblem[]> {
  const problems: PersonProblem[] = [];
  const take = <T>(field: keyof TypedPerson, result: Result<T, string | readonly string[]>): T | undefined => {
    if (result.ok) return result.value;
    problems.push({ field, refusals: typeof result.refusal === 'string' ? [result.refusal] : result.refusal });
    return undefined;
  };
  const parsedNik = parseNik(typed.nik, { ...config.identity, today });
  const nik = take('nik', parsedNik.ok ? parsedNik : refuse(parsedNik.refusal.reason));
  const name = take('name', parseName(typed.name));
  const email = typed.email === undefined ? undefined : take('email', parseEmail(typed.email));
  const phone = typed.phone === undefined ? undefined : take('phone', parsePhone(typed.phone));
  const password = take('password', checkPassword(typed.password, config.password));
  if (problems.length > 0 || nik === undefined || name === undefined || password === undefined) return refuse(problems);
  return ok({
    nik: sensitive(nik),
    name: sensitive(name),
    email: email === undefined ? undefined : sensitive(email),
    phone: phone === undefined ? undefined : sensitive(phone),
    password: sensitive(password),
    locale: typed.locale,
  });
}
