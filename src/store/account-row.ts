import type { Envelope } from '../crypto/envelope.ts';
import type { Account, AccountId, AccountStatus } from '../domain/account.ts';
import type { Email } from '../domain/email.ts';
import type { Locale } from '../domain/locale.ts';
import type { PersonName } from '../domain/name.ts';
import type { Nik } from '../domain/nik.ts';
import type { Phone } from '../domain/phone.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';

export const ACCOUNTS = 'accounts';

export interface AccountRow {
  id: AccountId;
  status: AccountStatus;
  row_key: Buffer;
  nik_sealed: Buffer;
  name_sealed: Buffer;
  email_sealed: Buffer | null;
  email_verified_at: Date | null;
  phone_sealed: Buffer | null;
  phone_verified_at: Date | null;
  password_hash: string;
  password_changed_at: Date;
  sessions_valid_after: Date | null;
  locale: Locale;
  created_at: Date;
  updated_at: Date;
}

/**
 * By name, as in every prepared statement: one that asks for all of them fails on each connection that has it once a
 * newer version adds a column.
 */
export const ACCOUNT_COLUMNS = `id, status, row_key, nik_sealed, name_sealed, email_sealed, email_verified_at, phone_sealed, phone_verified_at, password_hash, password_changed_at,
  sessions_valid_after, locale, created_at, updated_at`;

export function openAccount(envelope: Envelope, row: AccountRow): Account {
  const cipher = envelope.openRow({ table: ACCOUNTS, id: row.id }, row.row_key);
  const open = (column: string, sealed: Buffer): Sensitive<string> => sensitive(cipher.open(column, sealed));
  return {
    id: row.id,
    status: row.status,
    nik: open('nik', row.nik_sealed) as Sensitive<Nik>,
    name: open('name', row.name_sealed) as Sensitive<PersonName>,
    email: row.email_sealed === null ? undefined : (open('email', row.email_sealed) as Sensitive<Email>),
    emailVerifiedAt: row.email_verified_at ?? undefined,
    phone: row.phone_sealed === null ? undefined : (open('phone', row.phone_sealed) as Sensitive<Phone>),
    phoneVerifiedAt: row.phone_verified_at ?? undefined,
    passwordHash: row.password_hash,
    passwordChangedAt: row.password_changed_at,
    sessionsValidAfter: row.sessions_valid_after ?? undefined,
    locale: row.locale,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
