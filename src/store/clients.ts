import type { Knex } from 'knex';
import type { Client, ClientMetadata, ClientSecret, ClientStatus, ClientType, Listing } from '../domain/client.ts';

/** As JSON carries it. */
interface SecretRow {
  number: number;
  hash: string;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

interface Row {
  id: string;
  status: ClientStatus;
  type: ClientType;
  metadata: ClientMetadata;
  secrets: SecretRow[] | null;
  listing: Listing | null;
  tokens_valid_after: Date | null;
  version: number | null;
  created_at: Date;
  updated_at: Date;
}

/** A client in a list: what tells it from others. */
export interface ClientSummary {
  readonly id: string;
  readonly name: string;
  readonly type: ClientType;
  readonly status: ClientStatus;
  /** Something of it waits for a decision. */
  readonly waits: boolean;
  readonly updatedAt: Date;
}

/** A client that has to do with an API. */
export interface ApiUser extends Pick<ClientSummary, 'id' | 'name' | 'status'> {
  /** What it may ask for; undefined where it may ask for no token. */
  readonly scopes: readonly string[] | undefined;
  /** It asks here whether a token of the API is good. */
  readonly introspects: boolean;
}

/** Where a page of the list ended. */
export interface ClientMark {
  readonly name: string;
  readonly id: string;
}

const WAITS = `exists (select 1 from client_versions where client_id = clients.id and state = 'proposed')`;

export type ClientStore = ReturnType<typeof createClientStore>;

/** A client with its secrets, in one round trip. */
const WHOLE = `clients.*, (select json_agg(json_build_object('number', number, 'hash', encode(hash, 'base64'), 'created_by', created_by,
  'created_at', created_at, 'expires_at', expires_at, 'last_used_at', last_used_at) order by number) from client_secrets where client_id = clients.id) as secrets`;

const toDate = (text: string | null): Date | undefined => (text === null ? undefined : new Date(text));
const toSecret = (row: SecretRow): ClientSecret => ({
  number: row.number,
  hash: Buffer.from(row.hash, 'base64'),
  createdBy: row.created_by,
  createdAt: new Date(row.created_at),
  expiresAt: toDate(row.expires_at),
  lastUsedAt: toDate(row.last_used_at),
});

/** Client applications. Their secrets are written by `client-secrets.ts`. */
export function createClientStore(db: Knex) {
  const whole = () => db<Row>('clients').select(db.raw<Row[]>(WHOLE));
  const toClient = (row: Row): Client => ({
    id: row.id,
    status: row.status,
    type: row.type,
    metadata: row.metadata,
    secrets: (row.secrets ?? []).map(toSecret),
    listing: row.listing ?? undefined,
    tokensValidAfter: row.tokens_valid_after ?? undefined,
    version: row.version ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });

  return {
    /** @returns false when the id is taken. */
    async insert(client: Omit<Client, 'secrets'>): Promise<boolean> {
      const inserted: unknown[] = await db('clients')
        .insert({
          id: client.id,
          status: client.status,
          type: client.type,
          metadata: JSON.stringify(client.metadata),
          listing: client.listing === undefined ? null : JSON.stringify(client.listing),
          version: client.version ?? null,
          created_at: client.createdAt,
          updated_at: client.updatedAt,
        })
        .onConflict('id')
        .ignore()
        .returning('id');
      return inserted.length === 1;
    },

    async find(id: string): Promise<Client | undefined> {
      const row = (await whole().where('id', id).first()) as Row | undefined;
      return row === undefined ? undefined : toClient(row);
    },

    /**
     * The same, kept from everybody else until the transaction ends: of two editors the second sees what the first
     * wrote.
     */
    async lock(id: string): Promise<Client | undefined> {
      const row = (await whole().where('id', id).forUpdate('clients').first()) as Row | undefined;
      return row === undefined ? undefined : toClient(row);
    },

    /** By name, page by page. @param words part of a name or id; nothing in it stands for something else. */
    async page(
      {
        words,
        status,
        waits,
      }: { words?: string | undefined; status?: ClientStatus | undefined; waits?: boolean | undefined },
      after: ClientMark | undefined,
      limit: number,
    ): Promise<readonly ClientSummary[]> {
      // By what the index `clients_names` holds; only those found are read.
      const found = db('clients').select('id').orderBy(['name_key', 'id']).limit(limit);
      if (words !== undefined)
        void found.whereRaw('(strpos(name_key, lower(?)) > 0 or strpos(lower(id), lower(?)) > 0)', [words, words]);
      if (status !== undefined) void found.where('status', status);
      if (waits === true) void found.whereRaw(WAITS);
      if (after !== undefined) void found.whereRaw('(name_key, id) > (lower(?), ?)', [after.name, after.id]);
      const rows = (await db('clients')
        .select(
          'id',
          'type',
          'status',
          'updated_at',
          db.raw(`metadata->>'client_name' as name`),
          db.raw(`${WAITS} as waits`),
        )
        .whereIn('id', found)
        .orderBy(['name_key', 'id'])) as (Pick<Row, 'id' | 'type' | 'status' | 'updated_at'> & {
        name: string;
        waits: boolean;
      })[];
      return rows.map(({ updated_at, ...row }) => ({ ...row, updatedAt: updated_at }));
    },

    /** What registrations in effect, and those of drafts, say of an API; by name. */
    async usersOfApi(identifier: string): Promise<readonly ApiUser[]> {
      const rows = await db('clients')
        .select<(Pick<ApiUser, 'id' | 'name' | 'status' | 'introspects'> & { scopes: string[] | null })[]>(
          'id',
          'status',
          db.raw(`metadata->>'client_name' as name`),
          db.raw(`metadata->'resources'->? as scopes`, [identifier]),
          db.raw(`coalesce(metadata->'may_introspect' @> to_jsonb(?::text), false) as introspects`, [identifier]),
        )
        .whereRaw(`jsonb_exists(metadata->'resources', ?) or metadata->'may_introspect' @> to_jsonb(?::text)`, [
          identifier,
          identifier,
        ])
        .orderBy(['name_key', 'id']);
      return rows.map(({ scopes, ...row }) => ({ ...row, scopes: scopes ?? undefined }));
    },

    /** What people call them, by id. */
    async namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db('clients')
        .select<{ id: string; name: string }[]>('id', db.raw(`metadata->>'client_name' as name`))
        .whereIn('id', [...ids]);
      return new Map(rows.map(({ id, name }) => [id, name]));
    },

    /** The logos of those that have one, by client. */
    async logos(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db('clients')
        .select<{ id: string; logo: string }[]>('id', db.raw(`metadata->>'logo' as logo`))
        .whereIn('id', [...ids])
        .whereRaw(`metadata->>'logo' is not null`);
      return new Map(rows.map(({ id, logo }) => [id, logo]));
    },

    async list(): Promise<readonly Client[]> {
      return ((await whole().orderBy('created_at').orderBy('id')) as unknown as Row[]).map(toClient);
    },

    /** What the portal shows. */
    async listed(): Promise<readonly Client[]> {
      return (
        (await whole()
          .whereNotNull('listing')
          .where('status', 'active')
          .orderBy('created_at')
          .orderBy('id')) as unknown as Row[]
      ).map(toClient);
    },

    /** @returns false when there is no such client. */
    async update(
      id: string,
      change: {
        metadata?: ClientMetadata;
        status?: ClientStatus;
        listing?: Listing | null;
        version?: number;
        endTokens?: boolean;
      },
      at: Date,
    ): Promise<boolean> {
      const changed = await db('clients')
        .where({ id })
        .update({
          ...(change.metadata === undefined ? {} : { metadata: JSON.stringify(change.metadata) }),
          ...(change.status === undefined ? {} : { status: change.status }),
          ...(change.listing === undefined
            ? {}
            : { listing: change.listing === null ? null : JSON.stringify(change.listing) }),
          ...(change.version === undefined ? {} : { version: change.version }),
          // By the clock by which all protocol state expires; a little later, for instances that have not heard of it
          // yet.
          ...(change.endTokens === true ? { tokens_valid_after: db.raw(`now() + interval '2 seconds'`) } : {}),
          updated_at: at,
        });
      return changed === 1;
    },
  };
}
