import type { Knex } from 'knex';
import type { BlindIndex, IndexedKind } from '../crypto/blind-index.ts';
import type { Envelope } from '../crypto/envelope.ts';
import type { AccountId } from '../domain/account.ts';
import { emailKey, type Email } from '../domain/email.ts';
import type { Locale } from '../domain/locale.ts';
import type { Nik } from '../domain/nik.ts';
import type { Phone } from '../domain/phone.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import { FORMER_TABLE } from './former-accounts.ts';
import { createFormerLinesStore, type FormerLinesStore } from './former-lines.ts';
import { createTrial, TRIAL, TRIAL_PLACES } from './former-trial.ts';
import { prepared } from './knex.ts';

/** One line of a former system, read and found good. */
export interface FormerRecord {
  /** What the account of its person is going to have. */
  readonly id: AccountId;
  readonly line: number;
  readonly legacyId: string;
  readonly nik: Sensitive<Nik> | undefined;
  readonly email: Sensitive<Email> | undefined;
  readonly phone: Sensitive<Phone> | undefined;
  readonly passwordHash: string | undefined;
  readonly bcryptCost: number | undefined;
  readonly locale: Locale;
  /** Keyed hash of what the line says: whether it says the same when it comes again. */
  readonly digest: Buffer;
}

/** What holds a former id already. */
export interface Standing {
  readonly legacyId: string;
  readonly id: AccountId;
  /** Undefined for an account: its person has come, and may have changed everything. */
  readonly digest: Buffer | undefined;
  /** Somebody has typed its password here. */
  readonly isRecognised: boolean;
}

/** A NIK, address or number of a record that an account has, proved or not. */
export interface Held {
  readonly legacyId: string;
  readonly kind: IndexedKind;
  readonly accountId: AccountId;
  readonly hasLegacyId: boolean;
}

/** Another record that claims the same. */
export interface Sharing {
  readonly legacyId: string;
  readonly kind: IndexedKind;
  readonly other: { readonly legacyId: string; readonly line: number };
}

const KINDS: readonly IndexedKind[] = ['nik', 'email', 'phone'];
/** Of those who share one value: enough to look into it. */
const MOST_OTHERS = 6;

/** Where it is looked up what is here: the tables, or what they would be after a trial run. */
export interface Places {
  readonly accounts: string;
  readonly records: string;
}

const TABLES: Places = { accounts: 'accounts', records: FORMER_TABLE };

const questionsOf = ({ accounts, records }: Places) => {
  const ofEachKind = (ask: (kind: IndexedKind, at: number) => string): string =>
    KINDS.map((kind, at) => ask(kind, at + 1)).join(' union all ');
  return {
    standing: `select legacy_id, id, line_digest, recognised_at is not null as recognised from ${records} where legacy_id = any($1::text[]) union all select legacy_id, id, null, true from ${accounts} where legacy_id = any($1::text[])`,
    held: ofEachKind(
      (kind, at) =>
        `select distinct on (${kind}_index, id) '${kind}' as kind, ${kind}_index as key, id, legacy_id is not null as has_legacy from ${accounts} where ${kind}_index = any($${at}::bytea[])`,
    ),
    shared: ofEachKind(
      (kind, at) =>
        `select '${kind}' as kind, k.key, f.legacy_id, f.line from unnest($${at}::bytea[]) as k (key) cross join lateral (select legacy_id, line from ${records} where ${kind}_index = k.key limit ${MOST_OTHERS}) f`,
    ),
  };
};
const INSERT = `insert into ${FORMER_TABLE} (id, legacy_id, row_key, nik_sealed, nik_index, email_sealed, email_index, phone_sealed, phone_index, index_key, password_hash, bcrypt_cost, locale, line_digest, line, imported_at)
  select id, legacy_id, row_key, nik_sealed, nik_index, email_sealed, email_index, phone_sealed, phone_index, $14, password_hash, bcrypt_cost, locale, line_digest, line, $15
  from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], $10::text[], $11::smallint[], $12::text[], $13::bytea[], $16::bigint[])
    as t (id, legacy_id, row_key, nik_sealed, nik_index, email_sealed, email_index, phone_sealed, phone_index, password_hash, bcrypt_cost, locale, line_digest, line)
  on conflict (legacy_id) do nothing returning legacy_id`;
const LINK = `update accounts a set legacy_id = v.legacy_id from unnest($1::uuid[], $2::text[]) as v (id, legacy_id)
  where a.id = v.id and a.legacy_id is null and not exists (select 1 from accounts o where o.legacy_id = v.legacy_id) returning a.legacy_id`;

/** What `held` and `shared` answer with, each its own part. */
interface Answer {
  readonly kind: IndexedKind;
  readonly key: Buffer;
  readonly id: AccountId;
  readonly has_legacy: boolean;
  readonly legacy_id: string;
  readonly line: number;
}

/** Takes records of a former system in, many by each statement. */
export interface FormerImportStore extends FormerLinesStore {
  /** Until the transaction ends nobody else takes records in: what is said of each line is what it met. */
  lock(): Promise<void>;
  /** Which of these former ids are here already. */
  standing(legacyIds: readonly string[]): Promise<readonly Standing[]>;
  /** What of these records accounts have already. */
  heldOf(records: readonly FormerRecord[]): Promise<readonly Held[]>;
  /**
   * Takes records away that nobody has come for, before others take their place. @returns the former ids of those that
   * are gone.
   */
  remove(legacyIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Takes the records in; one whose former id is here stays out. @returns the former ids of those that are new. */
  insert(records: readonly FormerRecord[], at: Date): Promise<ReadonlySet<string>>;
  /** Which other records claim the same as these, which are in. */
  sharedBy(records: readonly FormerRecord[]): Promise<readonly Sharing[]>;
  /** Gives accounts that have none the former id of their person. @returns the former ids that were given. */
  link(links: readonly { readonly accountId: AccountId; readonly legacyId: string }[]): Promise<ReadonlySet<string>>;
  /**
   * Within a transaction that is taken back: the same, which changes nothing and keeps nobody waiting, and remembers
   * what it has been told until the end.
   */
  trial(): Promise<FormerImportStore>;
}

/** Where each NIK, address and number of a record is found. */
export type KeysOf = (record: FormerRecord, kind: IndexedKind) => readonly Buffer[];

export function createFormerImportStore(
  db: Knex,
  { envelope, blindIndex }: { readonly envelope: Envelope; readonly blindIndex: BlindIndex },
): FormerImportStore {
  const keysOf: KeysOf = (record, kind) => {
    const value = record[kind]?.reveal();
    return value === undefined ? [] : blindIndex.all(kind, kind === 'email' ? emailKey(value as Email) : value);
  };

  /** Asks about each NIK, address and number at once, and says of which record each answer is. */
  async function ask(
    name: string,
    text: string,
    records: readonly FormerRecord[],
  ): Promise<{ readonly row: Answer; readonly record: FormerRecord }[]> {
    const claimants = new Map<string, FormerRecord[]>();
    const keys = KINDS.map((kind) => {
      const wanted = new Map<string, Buffer>();
      for (const record of records) {
        for (const key of keysOf(record, kind)) {
          const mark = key.toString('hex');
          wanted.set(mark, key);
          claimants.set(`${kind} ${mark}`, [...(claimants.get(`${kind} ${mark}`) ?? []), record]);
        }
      }
      return [...wanted.values()];
    });
    const rows = await prepared<Answer>(db, name, text, keys);
    return rows.flatMap((row) =>
      (claimants.get(`${row.kind} ${row.key.toString('hex')}`) ?? []).map((record) => ({ row, record })),
    );
  }

  const looking = (name: string, places: Places): Pick<FormerImportStore, 'standing' | 'heldOf' | 'sharedBy'> => {
    const questions = questionsOf(places);
    return {
      async standing(legacyIds) {
        const rows = await prepared<{
          legacy_id: string;
          id: AccountId;
          line_digest: Buffer | null;
          recognised: boolean;
        }>(db, `${name}-standing`, questions.standing, [legacyIds]);
        return rows.map(({ legacy_id: legacyId, id, line_digest: digest, recognised: isRecognised }) => ({
          legacyId,
          id,
          digest: digest ?? undefined,
          isRecognised,
        }));
      },

      async heldOf(records) {
        const found = await ask(`${name}-held`, questions.held, records);
        return found.map(({ row, record }) => ({
          legacyId: record.legacyId,
          kind: row.kind,
          accountId: row.id,
          hasLegacyId: row.has_legacy,
        }));
      },

      async sharedBy(records) {
        const found = await ask(`${name}-shared`, questions.shared, records);
        return found.flatMap(({ row, record }) =>
          row.legacy_id === record.legacyId
            ? []
            : [{ legacyId: record.legacyId, kind: row.kind, other: { legacyId: row.legacy_id, line: row.line } }],
        );
      },
    };
  };

  const store: FormerImportStore = {
    ...looking('former', TABLES),
    ...createFormerLinesStore(db),

    async lock() {
      await prepared(db, 'former-lock', `select pg_advisory_xact_lock(hashtext('${FORMER_TABLE}'))`, []);
    },

    async remove(legacyIds) {
      const rows = await prepared<{ legacy_id: string }>(
        db,
        'former-replaced',
        `delete from ${FORMER_TABLE} where legacy_id = any($1::text[]) and recognised_at is null returning legacy_id`,
        [legacyIds],
      );
      return new Set(rows.map(({ legacy_id: legacyId }) => legacyId));
    },

    async insert(records, at) {
      const rows = records.map((record) => {
        const cipher = envelope.newRow({ table: FORMER_TABLE, id: record.id });
        const sealed = (kind: IndexedKind): Buffer | null =>
          record[kind] === undefined ? null : cipher.seal(kind, record[kind].reveal());
        const index = (kind: IndexedKind): Buffer | null => keysOf(record, kind)[0] ?? null;
        return { record, key: cipher.wrappedKey, columns: KINDS.flatMap((kind) => [sealed(kind), index(kind)]) };
      });
      const of = <Value>(read: (record: FormerRecord) => Value): Value[] => records.map(read);
      const inserted = await prepared<{ legacy_id: string }>(db, 'former-insert', INSERT, [
        of(({ id }) => id),
        of(({ legacyId }) => legacyId),
        rows.map(({ key }) => key),
        ...[0, 1, 2, 3, 4, 5].map((column) => rows.map(({ columns }) => columns[column])),
        of(({ passwordHash }) => passwordHash ?? null),
        of(({ bcryptCost }) => bcryptCost ?? null),
        of(({ locale }) => locale),
        of(({ digest }) => digest),
        blindIndex.keyId,
        at,
        of(({ line }) => line),
      ]);
      return new Set(inserted.map(({ legacy_id: legacyId }) => legacyId));
    },

    async link(links) {
      const rows = await prepared<{ legacy_id: string }>(db, 'former-link', LINK, [
        links.map(({ accountId }) => accountId),
        links.map(({ legacyId }) => legacyId),
      ]);
      return new Set(rows.map(({ legacy_id: legacyId }) => legacyId));
    },

    async trial() {
      for (const text of TRIAL) await db.raw(text);
      return { ...store, ...looking('trial', TRIAL_PLACES), ...createTrial(db, keysOf) };
    },
  };
  return store;
}
