import type { Knex } from 'knex';
import type { Account, AccountId } from '../domain/account.ts';
import { emailKey, type Email } from '../domain/email.ts';
import type { Nik } from '../domain/nik.ts';
import type { Phone } from '../domain/phone.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { ACCOUNT_COLUMNS as COLUMNS, ACCOUNTS as TABLE, openAccount, type AccountRow as Row } from './account-row.ts';
import type { AccountStoreDeps } from './accounts.ts';
import { prepared, preparedChange } from './knex.ts';
import { takeTurns } from './turns.ts';

/** One of them, or both. */
export interface ProvedContact {
  readonly phone?: Sensitive<Phone>;
  readonly email?: Sensitive<Email>;
}

/** @returns whether there was what it writes. */
export type WriteAccount = (id: string, query: PromiseLike<number>) => Promise<boolean>;

/** Who has proved which number and which address: one account at a time. */
export function createAccountContacts(
  db: Knex,
  { envelope, blindIndex, changed }: AccountStoreDeps,
  write: WriteAccount,
) {
  // What is written goes under the current key, what is looked for may be under any that is known.
  const anyNik = (nik: Sensitive<Nik>): readonly Buffer[] => blindIndex.all('nik', nik.reveal());
  const anyEmail = (email: Sensitive<Email>): readonly Buffer[] => blindIndex.all('email', emailKey(email.reveal()));
  const anyPhone = (phone: Sensitive<Phone>): readonly Buffer[] => blindIndex.all('phone', phone.reveal());
  const toAccount = (row: Row | undefined): Account | undefined =>
    row === undefined ? undefined : openAccount(envelope, row);

  return {
    /**
     * Within a transaction: takes a proved number away from whoever else had proved it, and keeps others from proving
     * it until the transaction ends.
     * @param unlessHeld  where this NIK has an account, nothing is taken away: there will be no other to keep the
     *   number.
     * @returns the former account, which must be told.
     */
    async releasePhone(
      phone: Sensitive<Phone>,
      keeper: AccountId | undefined,
      at: Date,
      unlessHeld?: Sensitive<Nik>,
    ): Promise<Account | undefined> {
      const indexes = anyPhone(phone);
      const turn = takeTurns(db, indexes);
      const text = `update accounts set phone_verified_at = null, updated_at = $3
        where phone_index = any($1::bytea[]) and phone_verified_at is not null and id is distinct from $2::uuid
          and not exists (select 1 from accounts held where held.nik_index = any($4::bytea[])) returning ${COLUMNS}`;
      const released = prepared<Row>(db, 'account-release-phone', text, [
        indexes,
        keeper ?? null,
        at,
        unlessHeld === undefined ? [] : anyNik(unlessHeld),
      ]);
      const [, [row]] = await Promise.all([turn, released]);
      if (row !== undefined) changed(row.id);
      return toAccount(row);
    },

    /** As `releasePhone`, for an e-mail address. */
    async releaseEmail(email: Sensitive<Email>, keeper: AccountId | undefined, at: Date): Promise<Account | undefined> {
      await takeTurns(db, anyEmail(email));
      const query = db(TABLE).whereIn('email_index', anyEmail(email)).whereNotNull('email_verified_at');
      if (keeper !== undefined) void query.whereNot('id', keeper);
      const [row] = (await query.update({ email_verified_at: null, updated_at: at }).returning('*')) as Row[];
      if (row !== undefined) changed(row.id);
      return toAccount(row);
    },

    /** @returns false when the account's address is no longer the one that was proved. */
    async confirmEmail(id: AccountId, email: Sensitive<Email>, at: Date): Promise<boolean> {
      return write(
        id,
        db(TABLE)
          .where({ id })
          .whereIn('email_index', anyEmail(email))
          .update({ email_verified_at: at, updated_at: at }),
      );
    },

    /** The address that the account has recovers nothing until it is confirmed anew. */
    async doubtEmail(id: AccountId, at: Date): Promise<void> {
      await write(
        id,
        db(TABLE).where({ id }).whereNotNull('email_verified_at').update({ email_verified_at: null, updated_at: at }),
      );
    },

    async confirmPhone(id: AccountId, phone: Sensitive<Phone>, at: Date): Promise<boolean> {
      return write(
        id,
        preparedChange(
          db,
          'account-confirm-phone',
          'update accounts set phone_verified_at = $3, updated_at = $3 where id = $1 and phone_index = any($2::bytea[])',
          [id, anyPhone(phone), at],
        ),
      );
    },

    /**
     * Within a transaction: puts a contact that has just been proved in the place of the one that the account had.
     * Whoever else had proved it has to have been released before.
     * @returns false when there is no such account.
     */
    async replaceContact(id: AccountId, { phone, email }: ProvedContact, at: Date): Promise<boolean> {
      const row = await db<Row>(TABLE)
        .where('id', id)
        .forUpdate()
        .first('row_key', 'nik_sealed', 'email_sealed', 'phone_sealed');
      if (row === undefined) return false;
      const cipher = envelope.openRow({ table: TABLE, id }, row.row_key);
      const kept = (column: 'email' | 'phone', sealed: Buffer | null): string | undefined =>
        sealed === null ? undefined : cipher.open(column, sealed);
      const now = {
        phone: phone?.reveal() ?? (kept('phone', row.phone_sealed) as Phone | undefined),
        email: email?.reveal() ?? (kept('email', row.email_sealed) as Email | undefined),
      };
      // All indexes of a row are under the one key that the row names: while keys are replaced, each instance writes
      // them all.
      const indexes = {
        index_key: blindIndex.keyId,
        nik_index: blindIndex.of('nik', cipher.open('nik', row.nik_sealed)),
        email_index: now.email === undefined ? null : blindIndex.of('email', emailKey(now.email)),
        phone_index: now.phone === undefined ? null : blindIndex.of('phone', now.phone),
      };
      const proved = {
        ...(phone === undefined ? {} : { phone_sealed: cipher.seal('phone', phone.reveal()), phone_verified_at: at }),
        ...(email === undefined ? {} : { email_sealed: cipher.seal('email', email.reveal()), email_verified_at: at }),
      };
      return write(
        id,
        db(TABLE)
          .where({ id })
          .update({ ...indexes, ...proved, updated_at: at }),
      );
    },
  };
}
