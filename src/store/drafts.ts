import type { Knex } from 'knex';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sealer } from '../crypto/seal.ts';
import { parseSensitive, stringifySensitive } from './sensitive-json.ts';
import { TIMELINE, type TransactionMark } from './fate.ts';
import { deleteBatch } from './delete-batch.ts';
import { insertRow, prepared } from './knex.ts';

export type Journey = 'registration' | 'recovery' | 'second-factor' | 'contact' | 'recovery-request';

export interface Draft<State> {
  readonly id: string;
  readonly uid: string;
  readonly state: State;
  readonly createdAt: Date;
}

interface Row {
  id: string;
  sealed: Buffer;
  created_at: Date;
}

interface LockedRow extends Row {
  xact_id: string;
  timeline: string;
}

export type DraftStore = ReturnType<typeof createDraftStore>;

export interface DraftStoreDeps {
  /**
   * Told by what the transaction is known again in which a draft is held: it comes along with the draft, at the cost of
   * no statement.
   */
  readonly marked?: ((mark: TransactionMark) => void) | undefined;
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
}

/**
 * Unfinished journeys, sealed, keyed by a hash of the interaction's uid (a change of contacts: of the account's id) and
 * gone with their time.
 */
export function createDraftStore(db: Knex, { sealer, keyedHash, marked }: DraftStoreDeps) {
  const uidHash = (uid: string): Buffer => keyedHash.hash('draft', uid);
  const seal = (id: string, state: object): Buffer => sealer.seal('draft', id, stringifySensitive(state));

  return {
    /**
     * Makes the draft unless there is one already; one whose time is over counts no more, purged or not. @returns
     * whether it was made.
     */
    async insert(draft: {
      journey: Journey;
      uid: string;
      id: string;
      state: object;
      now: Date;
      expiresAt: Date;
    }): Promise<boolean> {
      const row = {
        uid_hash: uidHash(draft.uid),
        journey: draft.journey,
        id: draft.id,
        sealed: seal(draft.id, draft.state),
        created_at: draft.now,
        updated_at: draft.now,
        expires_at: draft.expiresAt,
      };
      const made = await insertRow(
        db,
        'drafts',
        row,
        `on conflict (uid_hash, journey) do update set id = excluded.id, sealed = excluded.sealed,
        created_at = excluded.created_at, updated_at = excluded.updated_at, expires_at = excluded.expires_at where drafts.expires_at <= excluded.created_at`,
      );
      return made === 1;
    },

    /**
     * @param lock  holds the row until the transaction ends, so that two requests for one draft take turns.
     */
    async find<State>(
      journey: Journey,
      uid: string,
      now: Date,
      { lock = false } = {},
    ): Promise<Draft<State> | undefined> {
      const [columns, where, values] = [
        'id, sealed, created_at',
        'from drafts where uid_hash = $1 and journey = $2 and expires_at > $3',
        [uidHash(uid), journey, now],
      ];
      const [locked] = lock
        ? await prepared<LockedRow>(
            db,
            'draft-lock',
            `select ${columns}, pg_current_xact_id()::text as xact_id, ${TIMELINE} as timeline ${where} for update`,
            values,
          )
        : [];
      const [row] = lock ? [locked] : await prepared<Row>(db, 'draft-find', `select ${columns} ${where}`, values);
      if (row === undefined) return undefined;
      if (locked !== undefined) marked?.({ id: locked.xact_id, timeline: locked.timeline });
      const state = parseSensitive(sealer.open('draft', row.id, row.sealed).toString('utf8')) as State;
      return { id: row.id, uid, state, createdAt: row.created_at };
    },

    async save(draft: Draft<object>, now: Date): Promise<void> {
      await prepared(db, 'draft-save', 'update drafts set sealed = $2, updated_at = $3 where id = $1', [
        draft.id,
        seal(draft.id, draft.state),
        now,
      ]);
    },

    /** A journey that begins anew in the draft of one before has as long as any. */
    async extend(id: string, expiresAt: Date): Promise<void> {
      await db('drafts').where({ id }).update({ expires_at: expiresAt });
    },

    /** Hands an unfinished journey to the interaction that took the expired one's place. */
    async adopt(journey: Journey, from: string, to: string): Promise<boolean> {
      const free = db('drafts').where({ uid_hash: uidHash(to), journey });
      const moved = await db('drafts')
        .where({ uid_hash: uidHash(from), journey })
        .whereNotExists(free.select(db.raw('1')))
        .update({ uid_hash: uidHash(to) });
      return moved === 1;
    },

    purge: (now: Date, limit: number): Promise<number> => deleteBatch(db, 'drafts', 'expires_at', now, limit),
  };
}
