import type { Knex } from 'knex';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import type { Sealer } from '../crypto/seal.ts';
import { parseSensitive, stringifySensitive } from './sensitive-json.ts';
import { deleteBatch } from './delete-batch.ts';

export type Journey = 'registration' | 'recovery' | 'second-factor';

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

export type DraftStore = ReturnType<typeof createDraftStore>;

export interface DraftStoreDeps {
  readonly sealer: Sealer;
  readonly keyedHash: KeyedHash;
}

/** Unfinished journeys, sealed, keyed by a hash of the interaction's uid and gone with their time. */
export function createDraftStore(db: Knex, { sealer, keyedHash }: DraftStoreDeps) {
  const uidHash = (uid: string): Buffer => keyedHash.hash('draft', uid);
  const seal = (id: string, state: object): Buffer => sealer.seal('draft', id, stringifySensitive(state));

  return {
    /** Makes the draft unless there is one already; one whose time is over counts no more, purged or not. */
    async insert(draft: { journey: Journey; uid: string; id: string; state: object; now: Date; expiresAt: Date }): Promise<void> {
      await db('drafts')
        .insert({
          uid_hash: uidHash(draft.uid),
          journey: draft.journey,
          id: draft.id,
          sealed: seal(draft.id, draft.state),
          created_at: draft.now,
          updated_at: draft.now,
          expires_at: draft.expiresAt,
        })
        .onConflict(['uid_hash', 'journey'])
        .merge()
        .where('drafts.expires_at', '<=', draft.now);
    },

    /**
     * @param lock  holds the row until the transaction ends, so that two requests for one draft take turns.
     */
    async find<State>(journey: Journey, uid: string, now: Date, { lock = false } = {}): Promise<Draft<State> | undefined> {
      const query = db('drafts').where({ uid_hash: uidHash(uid), journey }).where('expires_at', '>', now).first('id', 'sealed', 'created_at');
      const row = (await (lock ? query.forUpdate() : query)) as Row | undefined;
      if (row === undefined) return undefined;
      const state = parseSensitive(sealer.open('draft', row.id, row.sealed).toString('utf8')) as State;
      return { id: row.id, uid, state, createdAt: row.created_at };
    },

    async save(draft: Draft<object>, now: Date): Promise<void> {
      await db('drafts').where('id', draft.id).update({ sealed: seal(draft.id, draft.state), updated_at: now });
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
