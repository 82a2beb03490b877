import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';

export interface SigningKeyRow {
  readonly kid: string;
  readonly algorithm: string;
  /** The private key as JWK. */
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

export type SigningKeyStore = ReturnType<typeof createSigningKeyStore>;

/** The private keys that sign tokens, sealed. */
export function createSigningKeyStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  return {
    async list(): Promise<readonly SigningKeyRow[]> {
      const rows = (await db('signing_keys').orderBy('created_at', 'desc').orderBy('kid')) as { kid: string; algorithm: string; sealed: Buffer; created_at: Date }[];
      return rows.map((row) => ({
        kid: row.kid,
        algorithm: row.algorithm,
        jwk: JSON.parse(sealer.open('signing-key', row.kid, row.sealed).toString('utf8')) as Record<string, unknown>,
        createdAt: row.created_at,
      }));
    },

    async insert(key: SigningKeyRow): Promise<void> {
      await db('signing_keys').insert({ kid: key.kid, algorithm: key.algorithm, sealed: sealer.seal('signing-key', key.kid, JSON.stringify(key.jwk)), created_at: key.createdAt });
    },

    /** Until the transaction ends nobody else makes keys: two instances that start at once agree on one set. */
    async lock(): Promise<void> {
      await db.raw('lock table signing_keys in exclusive mode');
    },
  };
}
