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
  created_at: Date;
  updated_at: Date;
}

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

    async list(): Promise<readonly Client[]> {
      return ((await db<Row>('clients').orderBy('created_at').orderBy('id'))).map(toClient);
    },

    /** What the portal shows. */
    async listed(): Promise<readonly Client[]> {
      return ((await db<Row>('clients').whereNotNull('listing').where('status', 'active').orderBy('created_at').orderBy('id'))).map(toClient);
    },

    /** @returns false when there is no such client. */
    async update(id: string, change: { metadata?: ClientMetadata; status?: ClientStatus; secret?: Sensitive<string>; listing?: Listing }, at: Date): Promise<boolean> {
      const changed = await db('clients')
        .where({ id })
        .update({
          ...(change.metadata === undefined ? {} : { metadata: JSON.stringify(change.metadata) }),
          ...(change.status === undefined ? {} : { status: change.status }),
          ...(change.secret === undefined ? {} : { secret_sealed: sealSecret(id, change.secret) }),
          ...(change.listing === undefined ? {} : { listing: JSON.stringify(change.listing) }),
          updated_at: at,
        });
      return changed === 1;
    },
  };
}
