import type { Knex } from 'knex';
import type { BlindIndex } from '../crypto/blind-index.ts';
import type { Envelope } from '../crypto/envelope.ts';
import type { Account, AccountId, AccountStatus, Identifier } from '../domain/account.ts';
import { emailKey, type Email } from '../domain/email.ts';
import { ownerOf } from '../domain/identifier.ts';
import type { Locale } from '../domain/locale.ts';
import type { PersonName } from '../domain/name.ts';
import type { Nik } from '../domain/nik.ts';
import type { Phone } from '../domain/phone.ts';
import type { Standing } from '../domain/session.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { createAccountContacts, type WriteAccount } from './account-contacts.ts';
import { ACCOUNT_COLUMNS as COLUMNS, ACCOUNTS as TABLE, openAccount, type AccountRow as Row } from './account-row.ts';
import { insertRow, prepared } from './knex.ts';
import { claimOnce } from './turns.ts';

const UNIQUE_VIOLATION = '23505';

export interface NewAccount {
  readonly id: AccountId;
  readonly nik: Sensitive<Nik>;
  readonly name: Sensitive<PersonName>;
  readonly email: Sensitive<Email> | undefined;
  readonly emailVerified: boolean;
  readonly phone: Sensitive<Phone> | undefined;
  readonly phoneVerified: boolean;
  readonly passwordHash: string;
  readonly locale: Locale;
  readonly at: Date;
  /** The id by which services know the person from the former system. */
  readonly legacyId?: string | undefined;
}

export interface PasswordReset {
  readonly passwordHash: string;
  readonly provedAt: Date;
  readonly at: Date;
  readonly sessionsValidAfter: Date;
}

export type AccountStore = ReturnType<typeof createAccountStore>;

export interface AccountStoreDeps {
  readonly envelope: Envelope;
  readonly blindIndex: BlindIndex;
  /** Is told of each account that is written, so that nobody goes on with what it was. */
  readonly changed: (accountId: string) => void;
}

/** Accounts: sealed columns, found by keyed blind index. */
export function createAccountStore(db: Knex, { envelope, blindIndex, changed }: AccountStoreDeps) {
  // What is written goes under the current key, what is looked for may be under any that is known.
  const emailIndex = (email: Sensitive<Email>): Buffer => blindIndex.of('email', emailKey(email.reveal()));
  const anyNik = (nik: Sensitive<Nik>): readonly Buffer[] => blindIndex.all('nik', nik.reveal());
  const anyEmail = (email: Sensitive<Email>): readonly Buffer[] => blindIndex.all('email', emailKey(email.reveal()));

  const toAccount = (row: Row | undefined): Account | undefined =>
    row === undefined ? undefined : openAccount(envelope, row);

  const byNik = async (keys: readonly Buffer[]): Promise<Row | undefined> =>
    (
      await prepared<Row>(db, 'account-by-nik', `select ${COLUMNS} from accounts where nik_index = any($1::bytea[])`, [
        keys,
      ])
    )[0];

  async function findByContact(
    index: 'email_index' | 'phone_index',
    verified: 'email_verified_at' | 'phone_verified_at',
    keys: readonly Buffer[],
  ): Promise<Account | undefined> {
    const found = await prepared<Row>(
      db,
      `account-by-${index}`,
      `select ${COLUMNS} from accounts where ${index} = any($1::bytea[]) order by ${verified} is null limit 2`,
      [keys],
    );
    return toAccount(ownerOf(found, ({ [verified]: at }) => at !== null));
  }

  const write: WriteAccount = async (id, query) => {
    const count = await query;
    changed(id);
    return count === 1;
  };

  return {
    /**
     * Makes the account and claims its NIK. Exactly one of two simultaneous claims succeeds.
     * @returns false when the NIK has an account already; nothing is changed then.
     */
    async insert(account: NewAccount): Promise<boolean> {
      const cipher = envelope.newRow({ table: TABLE, id: account.id });
      const row = {
        id: account.id,
        row_key: cipher.wrappedKey,
        nik_sealed: cipher.seal('nik', account.nik.reveal()),
        nik_index: blindIndex.of('nik', account.nik.reveal()),
        index_key: blindIndex.keyId,
        name_sealed: cipher.seal('name', account.name.reveal()),
        email_sealed: account.email === undefined ? null : cipher.seal('email', account.email.reveal()),
        email_index: account.email === undefined ? null : emailIndex(account.email),
        email_verified_at: account.emailVerified ? account.at : null,
        phone_sealed: account.phone === undefined ? null : cipher.seal('phone', account.phone.reveal()),
        phone_index: account.phone === undefined ? null : blindIndex.of('phone', account.phone.reveal()),
        phone_verified_at: account.phoneVerified ? account.at : null,
        password_hash: account.passwordHash,
        password_changed_at: account.at,
        locale: account.locale,
        legacy_id: account.legacyId ?? null,
        created_at: account.at,
        updated_at: account.at,
      };
      return claimOnce(db, { table: TABLE, column: 'nik_index', indexes: anyNik(account.nik) }, async (on) => {
        return (await insertRow(on, TABLE, row, 'on conflict (nik_index) do nothing')) === 1;
      });
    },

    async findById(id: string): Promise<Account | undefined> {
      return toAccount(
        (await prepared<Row>(db, 'account-by-id', `select ${COLUMNS} from accounts where id = $1`, [id]))[0],
      );
    },

    async findByNik(nik: Sensitive<Nik>): Promise<Account | undefined> {
      return toAccount(await byNik(anyNik(nik)));
    },

    async findByIdentifier(identifier: Sensitive<Identifier>): Promise<Account | undefined> {
      const { kind, value } = identifier.reveal();
      switch (kind) {
        case 'nik':
          return toAccount(await byNik(blindIndex.all('nik', value)));
        case 'email':
          return findByContact('email_index', 'email_verified_at', blindIndex.all('email', emailKey(value)));
        case 'phone':
          return findByContact('phone_index', 'phone_verified_at', blindIndex.all('phone', value));
      }
    },

    /**
     * Whether and since when sign-ins count, without opening anything: the check that every use of a session pays for.
     */
    async standingOf(id: string): Promise<(Standing & { readonly hasSecondFactor: boolean }) | undefined> {
      const text =
        'select status, sessions_valid_after, exists (select 1 from second_factors where account_id = $1) as enrolled from accounts where id = $1';
      const [row] = await prepared<Pick<Row, 'status' | 'sessions_valid_after'> & { enrolled: boolean }>(
        db,
        'account-standing',
        text,
        [id],
      );
      return row === undefined
        ? undefined
        : {
            status: row.status,
            sessionsValidAfter: row.sessions_valid_after ?? undefined,
            hasSecondFactor: row.enrolled,
          };
    },

    ...createAccountContacts(db, { envelope, blindIndex, changed }, write),

    /**
     * Sets a new password on the strength of a proof given at `provedAt`, and ends every session.
     * @returns false when the password was changed after the proof: of two recoveries at once only one counts.
     */
    async resetPassword(
      id: AccountId,
      { passwordHash, provedAt, at, sessionsValidAfter }: PasswordReset,
    ): Promise<boolean> {
      return write(
        id,
        db(TABLE).where({ id, status: 'active' }).where('password_changed_at', '<=', provedAt).update({
          password_hash: passwordHash,
          password_changed_at: at,
          sessions_valid_after: sessionsValidAfter,
          updated_at: at,
        }),
      );
    },

    /** The same password under today's parameters; only if it has not been changed meanwhile. */
    async rehash(id: AccountId, from: string, to: string): Promise<void> {
      await db(TABLE).where({ id, password_hash: from }).update({ password_hash: to });
    },

    /** @returns false when there is no such account. */
    async setStatus(id: string, status: AccountStatus, at: Date): Promise<boolean> {
      return write(id, db(TABLE).where({ id }).update({ status, updated_at: at }));
    },

    emailIndex,
    /** Under every key that is known. */
    emailIndexes: anyEmail,
    /** Whether that index is the address's, under whichever key it was made. */
    isIndexOf: (email: Sensitive<Email>, index: Buffer): boolean => anyEmail(email).some((one) => one.equals(index)),
  };
}

/** Another row holds the value that a unique index guards. */
export const isUniqueViolation = (error: unknown): boolean =>
  (error as { code?: string } | undefined)?.code === UNIQUE_VIOLATION;
