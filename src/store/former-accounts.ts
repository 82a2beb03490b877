import type { Knex } from 'knex';
import type { BlindIndex } from '../crypto/blind-index.ts';
import type { Envelope } from '../crypto/envelope.ts';
import type { AccountId, Identifier } from '../domain/account.ts';
import { emailKey, type Email } from '../domain/email.ts';
import type { FormerClaim } from '../domain/former-account.ts';
import { ownerOf } from '../domain/identifier.ts';
import type { Locale } from '../domain/locale.ts';
import type { Nik } from '../domain/nik.ts';
import type { Phone } from '../domain/phone.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import { deleteBatch } from './delete-batch.ts';
import { prepared, preparedChange } from './knex.ts';

export const FORMER_TABLE = 'former_accounts';

/** A record of the former system whose person has proved nothing yet. */
export interface FormerAccount {
  readonly id: AccountId;
  readonly legacyId: string;
  readonly nik: Sensitive<Nik> | undefined;
  readonly email: Sensitive<Email> | undefined;
  readonly phone: Sensitive<Phone> | undefined;
  readonly hasPassword: boolean;
  readonly locale: Locale;
  readonly importedAt: Date;
  /** When somebody has typed its password here. */
  readonly recognisedAt: Date | undefined;
}

interface Row {
  id: AccountId;
  legacy_id: string;
  row_key: Buffer;
  nik_sealed: Buffer | null;
  email_sealed: Buffer | null;
  phone_sealed: Buffer | null;
  has_password: boolean;
  locale: Locale;
  imported_at: Date;
  recognised_at: Date | null;
}

const COLUMNS =
  'id, legacy_id, row_key, nik_sealed, email_sealed, phone_sealed, password_hash is not null as has_password, locale, imported_at, recognised_at';

interface ClaimRow {
  id: AccountId;
  is_of_nik: boolean | null;
}

export interface HeldClaim extends FormerClaim {
  readonly legacyId: string | undefined;
}

const toClaim = ({ id, is_of_nik: isOfNik }: ClaimRow): FormerClaim => ({ id, isOfNik: isOfNik ?? undefined });

/** The record whose password was known, and of those of the NIK as many as tell whether there are several. */
const CLAIMS = 'where nik_index = any($1::bytea[]) or id = $2 order by id = $2 desc nulls last limit 3';

export type FormerAccountStore = ReturnType<typeof createFormerAccountStore>;

export interface FormerAccountStoreDeps {
  readonly envelope: Envelope;
  readonly blindIndex: BlindIndex;
}

/** What was taken over from a former system and waits for its people: nobody is one of them before it is proved. */
export function createFormerAccountStore(db: Knex, { envelope, blindIndex }: FormerAccountStoreDeps) {
  function toFormer(row: Row | undefined): FormerAccount | undefined {
    if (row === undefined) return undefined;
    const cipher = envelope.openRow({ table: FORMER_TABLE, id: row.id }, row.row_key);
    const open = <Value>(column: string, sealed: Buffer | null): Sensitive<Value> | undefined =>
      sealed === null ? undefined : sensitive(cipher.open(column, sealed) as Value);
    return {
      id: row.id,
      legacyId: row.legacy_id,
      nik: open<Nik>('nik', row.nik_sealed),
      email: open<Email>('email', row.email_sealed),
      phone: open<Phone>('phone', row.phone_sealed),
      hasPassword: row.has_password,
      locale: row.locale,
      importedAt: row.imported_at,
      recognisedAt: row.recognised_at ?? undefined,
    };
  }

  return {
    async findById(id: string): Promise<FormerAccount | undefined> {
      return toFormer(
        (await prepared<Row>(db, 'former-by-id', `select ${COLUMNS} from former_accounts where id = $1`, [id]))[0],
      );
    },

    async findByLegacyId(legacyId: string): Promise<FormerAccount | undefined> {
      return toFormer(
        (
          await prepared<Row>(
            db,
            'former-by-legacy-id',
            `select ${COLUMNS} from former_accounts where legacy_id = $1`,
            [legacyId],
          )
        )[0],
      );
    },

    /** The only one that claims it; where several do, nobody. */
    async findByIdentifier(identifier: Sensitive<Identifier>): Promise<FormerAccount | undefined> {
      const { kind, value } = identifier.reveal();
      const keys = blindIndex.all(kind, kind === 'email' ? emailKey(value) : value);
      return toFormer(
        ownerOf(
          await prepared<Row>(
            db,
            `former-by-${kind}`,
            `select ${COLUMNS} from former_accounts where ${kind}_index = any($1::bytea[]) limit 2`,
            [keys],
          ),
          () => false,
        ),
      );
    },

    /** What claims the NIK that was just proved, and the record whose password was known before. */
    async claimsOf(nik: Sensitive<Nik>, known: AccountId | undefined): Promise<readonly FormerClaim[]> {
      const text = `select id, nik_index = any($1::bytea[]) as is_of_nik from former_accounts ${CLAIMS}`;
      return (
        await prepared<ClaimRow>(db, 'former-claims', text, [blindIndex.all('nik', nik.reveal()), known ?? null])
      ).map(toClaim);
    },

    /**
     * The same within the transaction that makes the account, and keeps those records from everybody else.
     * @returns also the former id that each brings along: none where another account has it.
     */
    async hold(nik: Sensitive<Nik>, known: AccountId): Promise<readonly HeldClaim[]> {
      const text = `select id, nik_index = any($1::bytea[]) as is_of_nik, case when not exists (select 1 from accounts a where a.legacy_id = f.legacy_id) then legacy_id end as legacy_id
        from former_accounts f where id in (select id from former_accounts ${CLAIMS}) order by id for update`;
      const rows = await prepared<ClaimRow & { legacy_id: string | null }>(db, 'former-hold', text, [
        blindIndex.all('nik', nik.reveal()),
        known,
      ]);
      return rows.map((row) => ({ ...toClaim(row), legacyId: row.legacy_id ?? undefined }));
    },

    /** Its person has an account now. */
    async remove(id: AccountId): Promise<void> {
      await preparedChange(db, 'former-remove', 'delete from former_accounts where id = $1', [id]);
    },

    /**
     * Somebody has typed its password.
     * @param digest  of the line whose password that is: another may stand in its place by now.
     * @param hash    the same password as we keep it, in the place of `from`.
     * @returns       whether that record still waits.
     */
    async recognise(id: AccountId, digest: Buffer, from: string, hash: string | undefined, at: Date): Promise<boolean> {
      const isStill = '$5::text is not null and password_hash = $4';
      const text = `update former_accounts set recognised_at = coalesce(recognised_at, $3), password_hash = case when ${isStill} then $5 else password_hash end, bcrypt_cost = case when ${isStill} then null else bcrypt_cost end
        where id = $1 and line_digest = $2`;
      return (await preparedChange(db, 'former-recognise', text, [id, digest, at, from, hash ?? null])) > 0;
    },

    /**
     * Whether anybody is waited for. By an index: `exists` would read the table from its beginning, and that is empty
     * where nearly everybody has come.
     */
    async isAnyWaiting(): Promise<boolean> {
      return (
        (await prepared(db, 'former-any', 'select imported_at from former_accounts order by imported_at limit 1', []))
          .length > 0
      );
    },

    /** What the costliest bcrypt hash that waits here was made with; undefined where there is none. */
    async bcryptCost(): Promise<number | undefined> {
      const [row] = await prepared<{ cost: number | null }>(
        db,
        'former-bcrypt-cost',
        'select max(bcrypt_cost) as cost from former_accounts',
        [],
      );
      return row?.cost ?? undefined;
    },

    purge: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, FORMER_TABLE, 'imported_at', before, limit),
  };
}
