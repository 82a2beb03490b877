import type { Knex } from 'knex';
import { prepared } from './knex.ts';

/** One artefact of the protocol. Ids are keyed hashes, the payload is sealed: this table understands neither. */
export interface ProtocolRow {
  readonly payload: Buffer;
  readonly consumedAt: Date | undefined;
}

/** What a token leads to, as keyed hashes: the uid of its session and the id of its grant. */
export interface Leads {
  readonly session: Buffer | undefined;
  readonly grant: Buffer | undefined;
}

/**
 * One of the grants in a session: eight bytes for its client, which tell nothing of it and are others in each session,
 * and the keyed hash of the grant's id.
 */
export interface Granted {
  readonly client: Buffer;
  readonly grant: Buffer;
}

/** A session, and the grant of a client in it where the row says which; one that has ended is undefined. */
export interface GrantingRow {
  readonly row: ProtocolRow;
  readonly granted: { readonly grant: ProtocolRow | undefined } | undefined;
}

/** A row, and what it leads to where the row says so; what has ended is undefined. */
export interface LeadingRow {
  readonly model: string;
  readonly row: ProtocolRow;
  readonly leads: { readonly session: ProtocolRow | undefined; readonly grant: ProtocolRow | undefined } | undefined;
}

export interface ProtocolWrite {
  readonly model: string;
  readonly id: Buffer;
  readonly payload: Buffer;
  readonly grantId: Buffer | undefined;
  readonly uid: Buffer | undefined;
  readonly userCode: Buffer | undefined;
  /** Whose grant it is: account and service together. */
  readonly holder: Buffer | undefined;
  /** For `findLeading`; a store without it has no use for them. */
  readonly leads?: Leads | undefined;
  /** Of a session, for `findSession`: what its clients were granted. */
  readonly granted?: readonly Granted[] | undefined;
  readonly ttlSeconds: number;
}

/** What is written of a row that no index leads to. */
export type ProtocolRewrite = Pick<ProtocolWrite, 'model' | 'id' | 'payload' | 'grantId' | 'ttlSeconds'>;

/**
 * Whether it was written. A store that cannot look and move in one step may have moved it while another was writing
 * under the former id: what that has written is gone from there, and is to be written with the rest in the place of
 * what stands under the new id now.
 */
export type Renewed = boolean | { readonly overtook: Buffer };

/** The seam behind which another store (Redis) takes over the protocol state: every operation is one statement. */
export interface ProtocolStateStore {
  upsert(write: ProtocolWrite): Promise<void>;
  /**
   * Writes what stands under the id anew, unless it has ended meanwhile. For what is never used up, and no index leads
   * to.
   * @param read  the payload as it was read: where another has been written since, nothing is.
   * @returns false when it has ended, or is not what was read.
   */
  replace(write: ProtocolRewrite, read?: Buffer): Promise<boolean>;
  /**
   * The same of what is found by its uid: what stands under `former` is written anew under the id, which may be
   * another, and is found by its uid there. In one step, so that whoever ends it meanwhile ends it, whichever comes
   * first.
   * @param read  the payload as it was read: where another has been written since, nothing is.
   * @returns false when it has ended, stands under another id by now, or is not what was read.
   */
  renew(write: ProtocolWrite, former: Buffer, read?: Buffer): Promise<Renewed>;
  find(model: string, id: Buffer): Promise<ProtocolRow | undefined>;
  /**
   * The first of these that is there, with its session and its grant: one step where there would be three or more. Only
   * where a store can.
   */
  findLeading?(candidates: readonly Pick<ProtocolWrite, 'model' | 'id'>[]): Promise<LeadingRow | undefined>;
  /** A session with the grant of a client: one step where there would be two. Only where a store can. */
  findSession?(id: Buffer, client: Granted['client']): Promise<GrantingRow | undefined>;
  findByUid(model: string, uid: Buffer): Promise<ProtocolRow | undefined>;
  findByUserCode(model: string, userCode: Buffer): Promise<ProtocolRow | undefined>;
  /**
   * Uses a row, as `consume` does, and writes what was made for it, in one step; nothing is written where the use was
   * not the first. Only where a store can, and of rows that nothing else leads to.
   */
  useAndWrite?(used: Pick<ProtocolWrite, 'model' | 'id'>, writes: readonly ProtocolWrite[]): Promise<boolean>;
  /** @returns false when it had been used already, or is gone: of two simultaneous uses exactly one is true. */
  consume(model: string, id: Buffer): Promise<boolean>;
  destroy(model: string, id: Buffer): Promise<void>;
  /**
   * Ends what is found by the uid, whatever id it has got meanwhile. @param id the one by which it was known, for a
   * store whose index may be lost.
   */
  end(model: string, id: Buffer, uid: Buffer): Promise<void>;
  /** Ends all that was issued under a grant. */
  revokeByGrantId(grantId: Buffer): Promise<void>;
  /** Ends every grant of the holder, and all that was issued under them. */
  revokeByHolder(holder: Buffer): Promise<void>;
  /** Removes what has expired, at most `limit` rows. @returns how many. */
  purge(limit: number): Promise<number>;
}

/** What Redis can carry in its place; it removes by itself what has expired. */
export type ProtocolState = Omit<ProtocolStateStore, 'purge'>;

interface Row {
  readonly payload: Buffer;
  readonly consumed_at: Date | null;
}

const toRow = ([row]: readonly Row[]): ProtocolRow | undefined =>
  row === undefined ? undefined : { payload: row.payload, consumedAt: row.consumed_at ?? undefined };

/** Expiry is judged by the database's clock, the only one that all instances share. */
export function createProtocolStateStore(db: Knex): ProtocolStateStore {
  return {
    async upsert({ model, id, payload, grantId, uid, userCode, holder, ttlSeconds }) {
      await prepared(
        db,
        'protocol-upsert',
        `insert into protocol_state (model, id, payload, grant_id, uid, user_code, holder, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))
         on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
           uid = excluded.uid, user_code = excluded.user_code, holder = excluded.holder, expires_at = excluded.expires_at`,
        [model, id, payload, grantId ?? null, uid ?? null, userCode ?? null, holder ?? null, ttlSeconds],
      );
    },

    async replace({ model, id, payload, grantId, ttlSeconds }, read) {
      const rows = await prepared(
        db,
        'protocol-replace',
        `update protocol_state set payload = $3, grant_id = $4, expires_at = now() + make_interval(secs => $5)
         where model = $1 and id = $2 and expires_at > now() and ($6::bytea is null or payload = $6) returning 1`,
        [model, id, payload, grantId ?? null, ttlSeconds, read ?? null],
      );
      return rows.length === 1;
    },

    async renew({ model, id, payload, grantId, ttlSeconds }, former, read) {
      const rows = await prepared(
        db,
        'protocol-renew',
        `update protocol_state set id = $3, payload = $4, grant_id = $5, expires_at = now() + make_interval(secs => $6)
         where model = $1 and id = $2 and expires_at > now() and ($7::bytea is null or payload = $7) returning 1`,
        [model, former, id, payload, grantId ?? null, ttlSeconds, read ?? null],
      );
      return rows.length === 1;
    },

    async find(model, id) {
      return toRow(
        await prepared<Row>(
          db,
          'protocol-find',
          'select payload, consumed_at from protocol_state where model = $1 and id = $2 and expires_at > now()',
          [model, id],
        ),
      );
    },

    async findByUid(model, uid) {
      return toRow(
        await prepared<Row>(
          db,
          'protocol-find-uid',
          'select payload, consumed_at from protocol_state where uid = $2 and model = $1 and expires_at > now()',
          [model, uid],
        ),
      );
    },

    async findByUserCode(model, userCode) {
      return toRow(
        await prepared<Row>(
          db,
          'protocol-find-code',
          'select payload, consumed_at from protocol_state where user_code = $2 and model = $1 and expires_at > now()',
          [model, userCode],
        ),
      );
    },

    async consume(model, id) {
      const rows = await prepared(
        db,
        'protocol-consume',
        'update protocol_state set consumed_at = now() where model = $1 and id = $2 and consumed_at is null and expires_at > now() returning 1',
        [model, id],
      );
      return rows.length === 1;
    },

    async destroy(model, id) {
      await prepared(db, 'protocol-destroy', 'delete from protocol_state where model = $1 and id = $2', [model, id]);
    },

    async end(model, _id, uid) {
      // A row that gets another id meanwhile is waited for here, and has the same uid.
      await prepared(db, 'protocol-end', 'delete from protocol_state where uid = $2 and model = $1', [model, uid]);
    },

    async revokeByGrantId(grantId) {
      await prepared(db, 'protocol-revoke', 'delete from protocol_state where grant_id = $1', [grantId]);
    },

    async revokeByHolder(holder) {
      await prepared(
        db,
        'protocol-revoke-holder',
        'delete from protocol_state where grant_id in (select grant_id from protocol_state where holder = $1)',
        [holder],
      );
    },

    async purge(limit) {
      const rows = await prepared(
        db,
        'protocol-purge',
        `delete from protocol_state where ctid = any(array(
           select ctid from protocol_state where expires_at <= now() order by expires_at limit $1 for update skip locked)) returning 1`,
        [limit],
      );
      return rows.length;
    },
  };
}
