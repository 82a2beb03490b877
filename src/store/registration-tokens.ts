import type { Knex } from 'knex';

/** An approved team may register so many clients by it, until then. */
export interface InitialToken {
  readonly id: string;
  readonly team: string;
  readonly most: number;
  /** The account of the operator who hands it to the team, where that was said. */
  readonly handedBy: string | undefined;
  readonly used: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
}

interface Row {
  id: string;
  hash: Buffer;
  team: string;
  most: number;
  handed_by: string | null;
  used: number;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

const toToken = (row: Row): InitialToken => ({
  id: row.id,
  team: row.team,
  most: row.most,
  handedBy: row.handed_by ?? undefined,
  used: row.used,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at ?? undefined,
});

export type RegistrationTokenStore = ReturnType<typeof createRegistrationTokenStore>;

/** Tokens of dynamic registration (RFC 7591, RFC 7592), found by their keyed hashes. */
export function createRegistrationTokenStore(db: Knex) {
  return {
    /** @returns false when there is one of that id. */
    async insertInitial(
      {
        id,
        team,
        most,
        handedBy,
        createdAt,
        expiresAt,
      }: Pick<InitialToken, 'id' | 'team' | 'most' | 'handedBy' | 'createdAt' | 'expiresAt'>,
      hash: Buffer,
    ): Promise<boolean> {
      const inserted: unknown[] = await db('initial_tokens')
        .insert({ id, hash, team, most, handed_by: handedBy ?? null, created_at: createdAt, expires_at: expiresAt })
        .onConflict('id')
        .ignore()
        .returning('id');
      return inserted.length === 1;
    },

    /**
     * Uses it once, in one statement: of two at the last use one gets it. @returns undefined where it is good for
     * nothing.
     */
    async useInitial(hash: Buffer, now: Date): Promise<InitialToken | undefined> {
      const rows = await db<Row>('initial_tokens')
        .where('hash', hash)
        .whereNull('revoked_at')
        .where('expires_at', '>', now)
        .whereRaw('used < most')
        .update({ used: db.raw('used + 1') as unknown as number })
        .returning('*');
      return rows[0] === undefined ? undefined : toToken(rows[0]);
    },

    /** Whose it is, be it good for anything or not. */
    async idOfInitial(hash: Buffer): Promise<string | undefined> {
      return (await db<Row>('initial_tokens').where({ hash }).first('id'))?.id;
    },

    /** What was refused costs no use. */
    async giveBackInitial(id: string): Promise<void> {
      await db('initial_tokens').where({ id }).where('used', '>', 0).decrement('used', 1);
    },

    /** @returns undefined where there is none, or none that was not revoked already. */
    async revokeInitial(id: string, now: Date): Promise<InitialToken | undefined> {
      const rows = await db<Row>('initial_tokens')
        .where({ id })
        .whereNull('revoked_at')
        .update({ revoked_at: now })
        .returning('*');
      return rows[0] === undefined ? undefined : toToken(rows[0]);
    },

    async listInitial(): Promise<readonly InitialToken[]> {
      return (await db<Row>('initial_tokens').orderBy('created_at').orderBy('id')).map(toToken);
    },

    /** The teams that they were made for. */
    async teamsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
      if (ids.length === 0) return new Map();
      return new Map(
        (
          await db<Row>('initial_tokens')
            .whereIn('id', [...ids])
            .select('id', 'team')
        ).map(({ id, team }) => [id, team]),
      );
    },

    async insert(clientId: string, hash: Buffer, initialId: string, now: Date): Promise<void> {
      await db('registration_tokens').insert({ client_id: clientId, hash, initial_id: initialId, created_at: now });
    },

    /** @returns by which initial token the client came, be it revoked or not; undefined where the token is not its. */
    async findInitialOf(
      clientId: string,
      hash: Buffer,
    ): Promise<Pick<InitialToken, 'id' | 'handedBy' | 'revokedAt'> | undefined> {
      const row = await db('registration_tokens as r')
        .join('initial_tokens as i', 'i.id', 'r.initial_id')
        .where({ 'r.client_id': clientId, 'r.hash': hash })
        .first<Pick<Row, 'id' | 'handed_by' | 'revoked_at'> | undefined>('i.id', 'i.handed_by', 'i.revoked_at');
      return row === undefined
        ? undefined
        : { id: row.id, handedBy: row.handed_by ?? undefined, revokedAt: row.revoked_at ?? undefined };
    },

    /** Takes a draft away, with its versions and its token. @returns false when it is no draft. */
    async removeDraft(clientId: string): Promise<boolean> {
      return (await db('clients').where({ id: clientId, status: 'draft' }).delete()) === 1;
    },
  };
}
