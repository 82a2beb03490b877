import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Client, ClientMetadata, ClientStatus, ClientType, Listing } from '../domain/client.ts';

interface Row {
  id: string;
  status: ClientStatus;
  type: ClientType;
  metadata: ClientMetadata;
  secret_sealed: Buffer | null;
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

/** Where a page of the list ended. */
export interface ClientMark {
  readonly name: string;
  readonly id: string;
}

const NAME = `lower(metadata->>'client_name')`;
const WAITS = `exists (select 1 from client_versions where client_id = clients.id and state = 'proposed')`;

export type ClientStore = ReturnType<typeof createClientStore>;

/** Client applications; the secret is sealed, because the protocol compares it in clear. */
export function createClientStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  const sealSecret = (id: string, secret: Sensitive<string> | undefined): Buffer | null => (secret === undefined ? null : sealer.seal('client-secret', id, secret.reveal()));
  const toClient = (row: Row): Client => ({
    id: row.id,
    status: row.status,
    type: row.type,
    metadata: row.metadata,
    secret: row.secret_sealed === null ? undefined : sensitive(sealer.open('client-secret', row.id, row.secret_sealed).toString('utf8')),
    listing: row.listing ?? undefined,
    tokensValidAfter: row.tokens_valid_after ?? undefined,
    version: row.version ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });

  return {
    /** @returns false when the id is taken. */
    async insert(client: Client): Promise<boolean> {
      const inserted: unknown[] = await db('clients')
        .insert({
          id: client.id,
          status: client.status,
          type: client.type,
          metadata: JSON.stringify(client.metadata),
          secret_sealed: sealSecret(client.id, client.secret),
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
      const row = await db<Row>('clients').where('id', id).first();
      return row === undefined ? undefined : toClient(row);
    },

    /** The same, kept from everybody else until the transaction ends: of two editors the second sees what the first wrote. */
    async lock(id: string): Promise<Client | undefined> {
      const row = await db<Row>('clients').where('id', id).forUpdate().first();
      return row === undefined ? undefined : toClient(row);
    },

    /** By name, page by page. @param words part of a name or id; nothing in it stands for something else. */
    async page({ words, status, waits }: { words?: string | undefined; status?: ClientStatus | undefined; waits?: boolean | undefined }, after: ClientMark | undefined, limit: number): Promise<readonly ClientSummary[]> {
      const query = db('clients').select('id', 'type', 'status', 'updated_at', db.raw(`metadata->>'client_name' as name`), db.raw(`${WAITS} as waits`)).orderByRaw(`${NAME}, id`).limit(limit);
      if (words !== undefined) void query.whereRaw(`(strpos(${NAME}, lower(?)) > 0 or strpos(lower(id), lower(?)) > 0)`, [words, words]);
      if (status !== undefined) void query.where('status', status);
      if (waits === true) void query.whereRaw(WAITS);
      if (after !== undefined) void query.whereRaw(`(${NAME}, id) > (lower(?), ?)`, [after.name, after.id]);
      const rows = (await query) as (Pick<Row, 'id' | 'type' | 'status' | 'updated_at'> & { name: string; waits: boolean })[];
      return rows.map(({ updated_at, ...row }) => ({ ...row, updatedAt: updated_at }));
    },

    /** The logos of those that have one, by client. */
    async logos(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await db('clients').select<{ id: string; logo: string }[]>('id', db.raw(`metadata->>'logo' as logo`)).whereIn('id', [...ids]).whereRaw(`metadata->>'logo' is not null`);
      return new Map(rows.map(({ id, logo }) => [id, logo]));
    },

    async list(): Promise<readonly Client[]> {
      return ((await db<Row>('clients').orderBy('created_at').orderBy('id'))).map(toClient);
    },

    /** What the portal shows. */
    async listed(): Promise<readonly Client[]> {
      return ((await db<Row>('clients').whereNotNull('listing').where('status', 'active').orderBy('created_at').orderBy('id'))).map(toClient);
    },

    /** @returns false when there is no such client. */
    async update(id: string, change: { metadata?: ClientMetadata; status?: ClientStatus; secret?: Sensitive<string>; listing?: Listing | null; version?: number; endTokens?: boolean }, at: Date): Promise<boolean> {
      const changed = await db('clients')
        .where({ id })
        .update({
          ...(change.metadata === undefined ? {} : { metadata: JSON.stringify(change.metadata) }),
          ...(change.status === undefined ? {} : { status: change.status }),
          ...(change.secret === undefined ? {} : { secret_sealed: sealSecret(id, change.secret) }),
          ...(change.listing === undefined ? {} : { listing: change.listing === null ? null : JSON.stringify(change.listing) }),
          ...(change.version === undefined ? {} : { version: change.version }),
          // By the clock by which all protocol state expires; a little later, for instances that have not heard of it yet.
          ...(change.endTokens === true ? { tokens_valid_after: db.raw(`now() + interval '2 seconds'`) } : {}),
          updated_at: at,
        });
      return changed === 1;
    },
  };
}
