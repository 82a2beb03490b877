import type { Audit } from '../../audit/log.ts';
import type { PasswordHasher } from '../../crypto/password-hash.ts';
import type { Account, AccountId, AccountStatus, Identifier } from '../../domain/account.ts';
import type { Reason } from '../../domain/operator.ts';
import { ok, refuse, type Result } from '../../domain/result.ts';
import type { Sensitive } from '../../domain/sensitive.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { Random } from '../../ports/random/random.ts';
import { isUniqueViolation } from '../../store/accounts.ts';
import type { Store } from '../../store/store.ts';
import type { Person } from './forms.ts';

export type CreateAccountRefusal = 'nik-taken' | 'email-taken' | 'phone-taken';
export type AccountRefusal = 'account-unknown';

/** Who is meant: the subject identifier, or what the person signs in with. */
export type AccountKey = { readonly sub: string } | { readonly identifier: Sensitive<Identifier> };

export interface AccountService {
  /**
   * Makes an account without the registration journey; e-mail and number count as proved, and are taken from nobody.
   * For development and tests: nobody has asked the civil registry.
   * @throws {LaneBusy} see `crypto/lane.ts`.
   */
  create(person: Person, by: 'operator' | 'seed'): Promise<Result<Account, CreateAccountRefusal>>;
  find(key: AccountKey): Promise<Account | undefined>;
  /**
   * Doing it twice changes nothing. A suspended person cannot sign in, and all their sessions end, for good: services
   * are told, and a reinstated person signs in again.
   */
  setStatus(key: AccountKey, status: AccountStatus): Promise<Result<Account, AccountRefusal>>;
  /** Ends all sessions of the account with their tokens, and tells each service the person has signed in to. */
  endSessions(key: AccountKey, reason: Reason): Promise<Result<Account, AccountRefusal>>;
}

export interface AccountServiceDeps {
  readonly store: Store;
  readonly passwords: Pick<PasswordHasher, 'hash'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly random: Random;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The unique indexes of migrations/20261123000100_accounts.ts. */
const takenBy: Readonly<Record<string, CreateAccountRefusal>> = {
  accounts_email_proved: 'email-taken',
  accounts_phone_proved: 'phone-taken',
};

/** People's accounts as operators see them. */
export function createAccountService({ store, passwords, audit, clock, random }: AccountServiceDeps): AccountService {
  async function findIn(tx: Pick<Store, 'accounts'>, key: AccountKey): Promise<Account | undefined> {
    if ('identifier' in key) return tx.accounts.findByIdentifier(key.identifier);
    // Anything else would be an error of the database, which compares it with a uuid.
    return UUID.test(key.sub) ? tx.accounts.findById(key.sub) : undefined;
  }

  return {
    async create({ nik, name, email, phone, password, locale }, by) {
      const passwordHash = await passwords.hash(password);
      const id = random.uuid() as AccountId;
      try {
        return await store.transactionOnce(async (tx) => {
          const claimed = await tx.accounts.insert({
            id,
            nik,
            name,
            email,
            emailVerified: email !== undefined,
            phone,
            phoneVerified: phone !== undefined,
            passwordHash,
            locale,
            at: clock.now(),
          });
          if (!claimed) return refuse('nik-taken');
          await audit.record(tx, 'account.created', { by }, { accountId: id });
          const account = await tx.accounts.findById(id);
          if (account === undefined) throw new Error('an account just made is not there');
          return ok(account);
        });
      } catch (error) {
        const refusal = isUniqueViolation(error)
          ? takenBy[String((error as { constraint?: string }).constraint)]
          : undefined;
        if (refusal === undefined) throw error;
        return refuse(refusal);
      }
    },

    find: (key) => findIn(store, key),

    setStatus: (key, status) =>
      store.transactionOnce(async (tx) => {
        const account = await findIn(tx, key);
        if (account === undefined) return refuse('account-unknown');
        if (!(await tx.sessionEnds.changeStatus(account.id, status, clock.now()))) return ok(account);
        if (status === 'suspended') await tx.sessionEnds.endAll(account.id, 'suspended', clock.now());
        await audit.record(
          tx,
          status === 'suspended' ? 'account.suspended' : 'account.reinstated',
          { by: 'operator' },
          { accountId: account.id },
        );
        return ok({ ...account, status });
      }),

    endSessions: (key, reason) =>
      store.transactionOnce(async (tx) => {
        const account = await findIn(tx, key);
        if (account === undefined) return refuse('account-unknown');
        await tx.sessionEnds.endAll(account.id, 'ended-by-operator', clock.now());
        await audit.record(tx, 'account.sessions-ended', { by: 'operator', reason }, { accountId: account.id });
        return ok(account);
      }),
  };
}
