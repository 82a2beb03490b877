import type { Knex } from 'knex';
import type { BlindIndex } from '../crypto/blind-index.ts';
import type { Account, Identifier } from '../domain/account.ts';
import { emailKey } from '../domain/email.ts';
import { ownerOf } from '../domain/identifier.ts';
import type { Sensitive } from '../domain/sensitive.ts';
import type { Standing } from '../domain/session.ts';
import { prepared } from './knex.ts';

/** What a sign-in by password is judged by; nothing personal is opened for it. */
export interface Credentials extends Pick<Account, 'id' | 'status' | 'sessionsValidAfter'> {
  /** Undefined where nobody knows one: it costs what any other does, and none matches. */
  readonly passwordHash: string | undefined;
  readonly hasSecondFactor: boolean;
  /** When this device was last written down as one that signed in to the account; undefined for one that never did. */
  readonly deviceSeenAt: Date | undefined;
  /**
   * No account yet: the record of a former system whose person has proved nothing here, and which line it was made of.
   */
  readonly formerDigest: Buffer | undefined;
}

/** Hears how an account stands, by a statement that was sent at that moment (`performance.now()`). */
export type StandingRead = (
  accountId: string,
  standing: Standing & { readonly hasSecondFactor: boolean },
  since: number,
) => void;

interface Row {
  id: Account['id'];
  status: Account['status'];
  password_hash: string | null;
  sessions_valid_after: Date | null;
  enrolled: boolean;
  device_seen_at: Date | null;
  proved: boolean;
  former: boolean;
  line_digest: Buffer | null;
}

export type CredentialStore = ReturnType<typeof createCredentialStore>;

const select = (where: string): string => `
  select a.id, a.status, a.password_hash, a.sessions_valid_after, ${where === 'nik_index' ? 'true' : `a.${where.replace('_index', '_verified_at')} is not null`} as proved,
    exists (select 1 from second_factors where account_id = a.id) as enrolled, d.last_seen_at as device_seen_at, false as former, null::bytea as line_digest
  from accounts a left join known_devices d on d.account_id = a.id and d.device_hash = $2
  where a.${where} = any($1::bytea[])
  union all
  select id, 'active', password_hash, null, false, false, null, true, line_digest from former_accounts where ${where} = any($1::bytea[])
  order by former, proved desc limit 2`;

const STATEMENTS = { nik: select('nik_index'), email: select('email_index'), phone: select('phone_index') };

/**
 * All that a sign-in asks about an account, in one statement, which takes the same for an account that does not exist.
 */
export function createCredentialStore(
  db: Knex,
  { blindIndex, tell }: { readonly blindIndex: BlindIndex; readonly tell: StandingRead },
) {
  return {
    /**
     * The account that answers to the identifier, as `ownerOf` decides; a former system's record only where no account
     * claims it.
     */
    async find(identifier: Sensitive<Identifier>, deviceHash: Buffer): Promise<Credentials | undefined> {
      const { kind, value } = identifier.reveal();
      const keys = blindIndex.all(kind, kind === 'email' ? emailKey(value) : value);
      const since = performance.now();
      const rows = await prepared<Row>(db, `credentials-by-${kind}`, STATEMENTS[kind], [keys, deviceHash]);
      const row = ownerOf(
        rows.filter(({ former }) => former === (rows[0]?.former ?? false)),
        ({ proved }) => proved,
      );
      if (row === undefined) return undefined;
      const standing = {
        status: row.status,
        sessionsValidAfter: row.sessions_valid_after ?? undefined,
        hasSecondFactor: row.enrolled,
      };
      if (!row.former) tell(row.id, standing, since);
      return {
        ...standing,
        id: row.id,
        passwordHash: row.password_hash ?? undefined,
        deviceSeenAt: row.device_seen_at ?? undefined,
        formerDigest: row.line_digest ?? undefined,
      };
    },
  };
}
