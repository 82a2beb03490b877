import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import type { KeyLife, KeyState } from '../domain/key-rotation.ts';

export interface SigningKeyRow extends KeyLife {
  /** The key as JWK: the private key until it is retired, its public part from then on. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

interface Row {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: KeyState;
  readonly sealed: Buffer;
  readonly published_at: Date;
  readonly promoted_at: Date | null;
  readonly retired_at: Date | null;
}

export type SigningKeyStore = ReturnType<typeof createSigningKeyStore>;

/**
 * The keys that sign tokens, sealed. What is left of a retired one is public, and sealed all the same: who can write to
 * the database must not be able to have a key of their own published.
 */
export function createSigningKeyStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  const seal = (kid: string, jwk: object): Buffer => sealer.seal('signing-key', kid, JSON.stringify(jwk));

  return {
    async list(): Promise<readonly SigningKeyRow[]> {
      const rows = await db<Row>('signing_keys').orderBy('published_at', 'desc').orderBy('kid');
      return rows.map((row) => ({
        kid: row.kid,
        algorithm: row.algorithm,
        state: row.state,
        jwk: JSON.parse(sealer.open('signing-key', row.kid, row.sealed).toString('utf8')) as Record<string, unknown>,
        publishedAt: row.published_at,
        promotedAt: row.promoted_at ?? undefined,
        retiredAt: row.retired_at ?? undefined,
      }));
    },

    async insert(
      { kid, algorithm, jwk }: Pick<SigningKeyRow, 'kid' | 'algorithm' | 'jwk'>,
      state: 'next' | 'current',
      at: Date,
    ): Promise<void> {
      await db('signing_keys').insert({
        kid,
        algorithm,
        state,
        sealed: seal(kid, jwk),
        created_at: at,
        published_at: at,
        promoted_at: state === 'current' ? at : null,
      });
    },

    async promote(kid: string, at: Date): Promise<void> {
      await db('signing_keys').where({ kid }).update({ state: 'current', promoted_at: at });
    },

    /** @param publicJwk  takes the place of the private key, of which nothing is left. */
    async retire(kid: string, publicJwk: object, at: Date): Promise<void> {
      await db('signing_keys')
        .where({ kid })
        .update({ state: 'retired', retired_at: at, sealed: seal(kid, publicJwk) });
    },

    async withdraw(kid: string): Promise<void> {
      await db('signing_keys').where({ kid }).update({ state: 'withdrawn' });
    },

    async remove(kid: string): Promise<void> {
      await db('signing_keys').where({ kid }).delete();
    },

    /** Until the transaction ends nobody else makes, promotes or removes a key; everybody may read them. */
    async lock(): Promise<void> {
      await db.raw('lock table signing_keys in exclusive mode');
    },

    /** What time it is for the database, so that no single clock decides when a key is promoted. */
    async databaseTime(): Promise<Date> {
      const { rows } = await db.raw<{ rows: { time: Date }[] }>('select clock_timestamp() as time');
      return rows[0]?.time ?? new Date(Number.NaN);
    },
  };
}
