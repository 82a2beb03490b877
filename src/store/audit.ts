import type { Knex } from 'knex';
import { rememberDevice } from './devices.ts';
import { prepared } from './knex.ts';

export interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly accountId: string | undefined;
  readonly clientId: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface UnchainedRow extends AuditRow {
  /** When the database wrote it, by its own clock. */
  readonly since: Date;
}

export interface ChainedRow extends AuditRow {
  readonly position: number;
  readonly hash: Buffer;
}

/** A link as it stands. */
export interface LinkRow {
  readonly position: number;
  readonly hash: Buffer;
  /** Undefined where the event is not there, or not at the time that the link says. */
  readonly event: AuditRow | undefined;
}

interface Row {
  id: string;
  at: Date;
  type: string;
  account_id: string | null;
  client_id: string | null;
  details: Record<string, unknown>;
}

interface Link {
  position: number | string;
  hash: Buffer;
}

const APPEND =
  'insert into audit_log (id, at, type, account_id, client_id, details) values ($1, $2, $3, $4, $5, $6) on conflict do nothing';
/** In one statement: each that is written by itself waits for the disk. */
const APPEND_FROM_DEVICE = `with device as (${rememberDevice('$4', '$7', '$2')}) ${APPEND}`;

/**
 * The event of a link or of what waits. By its time as well, where that is known, since the log lies in parts by time:
 * only then is one of them asked and not each. The bounds are found out row by row (`offset 0` keeps it so), and
 * without a time they hold nothing back.
 */
const eventOf = (id: string, at: string): string =>
  `(select id, at, type, account_id, client_id, details from audit_log where id = ${id} and at between coalesce(${at}, '-infinity') and coalesce(${at}, 'infinity') offset 0)`;

const UNCHAINED = `select e.id, e.at, e.type, e.account_id, e.client_id, e.details, u.since from audit_unchained u cross join lateral ${eventOf('u.event_id', 'u.at')} e
  order by u.since, u.event_id limit $1`;

/** Links whose event is gone as well: who took them for the end would find no fault. */
const CHAINED = `select c.position, c.hash, e.id, e.at, e.type, e.account_id, e.client_id, e.details
  from (select position, hash, event_id, event_at from audit_chain where position > $1 order by position limit $2) c left join lateral ${eventOf('c.event_id', 'c.event_at')} e on true
  order by c.position`;

/** The time comes from what waits, where it is as exact as in the event. */
const LAY = `insert into audit_chain (position, event_id, hash, event_at) select laid.position, laid.event_id, laid.hash, u.at
  from unnest($1::bigint[], $2::uuid[], $3::bytea[]) as laid (position, event_id, hash) left join audit_unchained u on u.event_id = laid.event_id`;

/** Before every id that is given to an event. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

const toRow = (row: Row): AuditRow => ({
  id: row.id,
  at: row.at,
  type: row.type,
  accountId: row.account_id ?? undefined,
  clientId: row.client_id ?? undefined,
  details: row.details,
});

/** Whoever lays or cuts the chain does so alone. */
export const CHAIN_LOCK = "hashtext('audit_chain')";

export type AuditStore = ReturnType<typeof createAuditStore>;

/** The append-only audit log and the chain laid over it. */
export function createAuditStore(db: Knex) {
  return {
    /**
     * Written once, though the same event comes again because the connection was lost after the first time.
     *
     * @param device  of the account, which is remembered with it.
     */
    async append({ id, at, type, accountId, clientId, details }: AuditRow, device?: Buffer): Promise<void> {
      const values = [id, at, type, accountId ?? null, clientId ?? null, JSON.stringify(details)];
      if (device === undefined) await prepared(db, 'audit-append', APPEND, values);
      else await prepared(db, 'audit-append-device', APPEND_FROM_DEVICE, [...values, device]);
    },

    /** Until the transaction ends, nobody else lays the chain. @returns false when somebody is at it already. */
    async lockChain(): Promise<boolean> {
      const [row] = await prepared<{ locked: boolean }>(
        db,
        'audit-lock-chain',
        `select pg_try_advisory_xact_lock(${CHAIN_LOCK}) as locked`,
        [],
      );
      return row?.locked === true;
    },

    /** Until the transaction ends, nobody else asks for a check of the chain, or ends one. */
    async lockCheck(): Promise<void> {
      await prepared(db, 'audit-lock-check', `select pg_advisory_xact_lock(hashtext('audit_check'))`, []);
    },

    /** Its last link; where all are gone, what was sealed of them. */
    async chainEnd(): Promise<{ position: number; hash: Buffer } | undefined> {
      const [row] = await prepared<Link>(
        db,
        'audit-chain-end',
        `(select position, hash from audit_chain order by position desc limit 1) union all (select position, hash from audit_seals order by position desc limit 1)
         order by position desc limit 1`,
        [],
      );
      return row === undefined ? undefined : { position: Number(row.position), hash: row.hash };
    },

    /** Events that are not in the chain yet, whatever time they bear; those written first come first. */
    async unchained(limit: number): Promise<readonly UnchainedRow[]> {
      const rows = await prepared<Row & { since: Date }>(db, 'audit-unchained', UNCHAINED, [limit]);
      return rows.map((row) => ({ ...toRow(row), since: row.since }));
    },

    /**
     * Looks through a stretch of the events, by their id, for such as stand beside the chain and do not wait for it.
     *
     * @param after the id at which the stretch before ended.
     * @returns     whether there is one, and the id at which this stretch ends (undefined: there are no more).
     */
    async strays(
      after: string | undefined,
      limit: number,
    ): Promise<{ readonly found: boolean; readonly last: string | undefined }> {
      const { rows } = await db.raw<{ rows: { found: boolean | null; last: string | null }[] }>(
        `select bool_or(c.event_id is null and u.event_id is null) as found, max(e.id::text collate "C") as last
           from (select id, at from audit_log where id > ? order by id limit ?) e
           -- A link of before the seal proves nothing any more; one stands for one event, though another bear the same id at another time.
           left join audit_chain c on c.event_id = e.id and coalesce(c.event_at, e.at) = e.at and c.position > (select coalesce(max(position), 0) from audit_seals)
           left join audit_unchained u on u.event_id = e.id and coalesce(u.at, e.at) = e.at`,
        [after ?? NO_ID, limit],
      );
      return { found: rows[0]?.found === true, last: rows[0]?.last ?? undefined };
    },

    async chain(links: readonly { position: number; eventId: string; hash: Buffer }[]): Promise<void> {
      if (links.length === 0) return;
      await prepared(db, 'audit-chain', LAY, [
        links.map(({ position }) => position),
        links.map(({ eventId }) => eventId),
        links.map(({ hash }) => hash),
      ]);
    },

    /** A stretch of the chain with its events, for checking. */
    async chained(afterPosition: number, limit: number): Promise<readonly LinkRow[]> {
      const rows = await prepared<(Row | { id: null }) & Link>(db, 'audit-chained', CHAINED, [afterPosition, limit]);
      return rows.map((row) => ({
        position: Number(row.position),
        hash: row.hash,
        event: row.id === null ? undefined : toRow(row),
      }));
    },

    /** How far a walk along the chain has come, as it was noted last. */
    async progress(of: string): Promise<{ readonly note: string; readonly mac: Buffer } | undefined> {
      const [row] = await prepared<{ note: string; mac: Buffer }>(
        db,
        'audit-progress',
        'select note, mac from audit_progress where of = $1',
        [of],
      );
      return row;
    },

    async keepProgress(of: string, note: string, mac: Buffer): Promise<void> {
      await prepared(
        db,
        'audit-keep-progress',
        'insert into audit_progress (of, note, mac) values ($1, $2, $3) on conflict (of) do update set note = excluded.note, mac = excluded.mac',
        [of, note, mac],
      );
    },

    async forgetProgress(of: string): Promise<void> {
      await prepared(db, 'audit-forget-progress', 'delete from audit_progress where of = $1', [of]);
    },

    /** Whether the account has an event of these types since that moment. */
    async hasSince(accountId: string, types: readonly string[], since: Date): Promise<boolean> {
      return (
        (
          await prepared(
            db,
            'audit-has-since',
            'select 1 from audit_log where account_id = $1 and at > $2 and type = any($3::text[]) limit 1',
            [accountId, since, types],
          )
        ).length > 0
      );
    },

    async list(filter: { accountId?: string; type?: string } = {}): Promise<readonly AuditRow[]> {
      const query = db<Row>('audit_log').orderBy('at').orderBy('id');
      if (filter.accountId !== undefined) void query.where('account_id', filter.accountId);
      if (filter.type !== undefined) void query.where('type', filter.type);
      return (await query).map(toRow);
    },
  };
}
