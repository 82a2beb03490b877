import type { Knex } from 'knex';
import type { Api, ApiScope, ApiStatus, TokenAlgorithm, TokenFormat } from '../domain/api.ts';

interface Row {
  identifier: string;
  name: string;
  scopes: readonly ApiScope[];
  token_format: TokenFormat;
  token_algorithm: TokenAlgorithm;
  token_seconds: number;
  status: ApiStatus;
  created_at: Date;
  updated_at: Date;
}

const toApi = (row: Row): Api => ({
  identifier: row.identifier,
  name: row.name,
  scopes: row.scopes,
  tokenFormat: row.token_format,
  tokenAlgorithm: row.token_algorithm,
  tokenSeconds: row.token_seconds,
  status: row.status,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toRow = ({
  name,
  scopes,
  tokenFormat,
  tokenAlgorithm,
  tokenSeconds,
  status,
  updatedAt,
}: Omit<Api, 'identifier' | 'createdAt'>): Record<string, unknown> => ({
  name,
  scopes: JSON.stringify(scopes),
  token_format: tokenFormat,
  token_algorithm: tokenAlgorithm,
  token_seconds: tokenSeconds,
  status,
  updated_at: updatedAt,
});

export type ApiStore = ReturnType<typeof createApiStore>;

/** APIs that take access tokens of ours. */
export function createApiStore(db: Knex) {
  return {
    /** @returns false when there is one of that identifier. */
    async insert(api: Api): Promise<boolean> {
      const inserted: unknown[] = await db('apis')
        .insert({ identifier: api.identifier, created_at: api.createdAt, ...toRow(api) })
        .onConflict('identifier')
        .ignore()
        .returning('identifier');
      return inserted.length === 1;
    },

    async find(identifier: string): Promise<Api | undefined> {
      const row = await db<Row>('apis').where({ identifier }).first();
      return row === undefined ? undefined : toApi(row);
    },

    /** The same, kept from other editors until the transaction ends. */
    async lock(identifier: string): Promise<Api | undefined> {
      const row = await db<Row>('apis').where({ identifier }).forUpdate().first();
      return row === undefined ? undefined : toApi(row);
    },

    /** Those of them that exist and are not stopped, in the order of the identifiers. */
    async findActive(identifiers: readonly string[]): Promise<readonly Api[]> {
      if (identifiers.length === 0) return [];
      return (
        await db<Row>('apis')
          .whereIn('identifier', [...identifiers])
          .where('status', 'active')
          .orderBy('identifier')
      ).map(toApi);
    },

    async list(): Promise<readonly Api[]> {
      return (await db<Row>('apis').orderBy('identifier')).map(toApi);
    },

    async update(api: Api): Promise<void> {
      await db('apis').where('identifier', api.identifier).update(toRow(api));
    },
  };
}
