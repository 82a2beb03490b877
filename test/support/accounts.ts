import type { AccountId, AccountStatus } from '../../src/domain/account.ts';
import { parseEmail } from '../../src/domain/email.ts';
import type { Locale } from '../../src/domain/locale.ts';
import { parseName } from '../../src/domain/name.ts';
import { parseNik } from '../../src/domain/nik.ts';
import { parsePhone } from '../../src/domain/phone.ts';
import type { Result } from '../../src/domain/result.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { TestApp } from './app.ts';
import type { Citizen } from './citizens.ts';

export interface AccountChanges {
  readonly status?: AccountStatus;
  readonly emailVerified?: boolean;
  readonly phoneVerified?: boolean;
  /** In place of a hash of the citizen's password under today's parameters. */
  readonly passwordHash?: string;
  readonly locale?: Locale;
}

function good<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`a citizen of the tests is not acceptable: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

/** An account that is there already, without the registration journey, for tests of something else. */
export async function addAccount(
  app: { readonly container: Pick<TestApp['container'], 'store' | 'passwords' | 'random' | 'clock' | 'config'> },
  citizen: Citizen,
  { status = 'active', emailVerified = true, phoneVerified = true, passwordHash, locale = 'id' }: AccountChanges = {},
): Promise<AccountId> {
  const { store, passwords, random, clock, config } = app.container;
  const id = random.uuid() as AccountId;
  const at = clock.now();
  const inserted = await store.accounts.insert({
    id,
    nik: sensitive(good(parseNik(citizen.nik, { ...config.identity, allowTestRange: true, minAge: 0, today: at }))),
    name: sensitive(good(parseName(citizen.name))),
    email: sensitive(good(parseEmail(citizen.email))),
    emailVerified,
    phone: sensitive(good(parsePhone(citizen.phone))),
    phoneVerified,
    passwordHash: passwordHash ?? (await passwords.hash(sensitive(citizen.password))),
    locale,
    at,
  });
  if (!inserted) throw new Error(`${citizen.nik} has an account already`);
  if (status !== 'active') await store.accounts.setStatus(id, status, at);
  return id;
}
