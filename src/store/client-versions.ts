import type { Knex } from 'knex';
import type { ClientMetadata, ClientVersion, Listing, VersionState } from '../domain/client.ts';

interface Row {
  client_id: string;
  number: number;
  state: VersionState;
  base: number | null;
  edition: number;
  metadata: ClientMetadata;
  listing: Listing | null;
  widens: readonly string[];
  proposed_by: string;
  involved: readonly string[];
  reason: string | null;
  proposed_at: Date;
  decided_by: string | null;
  decision_note: string | null;
  decided_at: Date | null;
  waived_by: string | null;
  waiver_reason: string | null;
  waived_at: Date | null;
}

const toVersion = (row: Row): ClientVersion => ({
  clientId: row.client_id,
  number: row.number,
  state: row.state,
  base: row.base ?? undefined,
  edition: row.edition,
  metadata: row.metadata,
  listing: row.listing ?? undefined,
  widens: row.widens,
  proposedBy: row.proposed_by,
  involved: row.involved,
  reason: row.reason ?? undefined,
  proposedAt: row.proposed_at,
  decided:
    row.decided_by === null || row.decided_at === null
      ? undefined
      : { by: row.decided_by, note: row.decision_note ?? undefined, at: row.decided_at },
  waiver:
    row.waived_by === null || row.waiver_reason === null || row.waived_at === null
      ? undefined
      : { by: row.waived_by, reason: row.waiver_reason, at: row.waived_at },
});

const toRow = ({ clientId, listing, decided, waiver, ...version }: ClientVersion): object => ({
  client_id: clientId,
  number: version.number,
  state: version.state,
  base: version.base ?? null,
  edition: version.edition,
  metadata: JSON.stringify(version.metadata),
  listing: listing === undefined ? null : JSON.stringify(listing),
  widens: JSON.stringify(version.widens),
  proposed_by: version.proposedBy,
  involved: JSON.stringify(version.involved),
  reason: version.reason ?? null,
  proposed_at: version.proposedAt,
  decided_by: decided?.by ?? null,
  decision_note: decided?.note ?? null,
  decided_at: decided?.at ?? null,
  waived_by: waiver?.by ?? null,
  waiver_reason: waiver?.reason ?? null,
  waived_at: waiver?.at ?? null,
});

export type ClientVersionStore = ReturnType<typeof createClientVersionStore>;

/** What each client was and was meant to become. Writers hold the lock of the client: `store.clients.lock`. */
export function createClientVersionStore(db: Knex) {
  return {
    /** Numbers count up for each client, whatever became of those before. */
    async nextNumber(clientId: string): Promise<number> {
      const row = (await db('client_versions').where('client_id', clientId).max('number as last').first()) as
        { last: number | null } | undefined;
      return (row?.last ?? 0) + 1;
    },

    /**
     * How many drafts somebody has had a hand in, those of teams aside, that wait for a decision or are younger than
     * `since`. Nobody else begins one in their name until the transaction ends.
     * @param hands  as which they do: an operator, and the machine by which.
     */
    async countDrafts(hands: readonly string[], since: Date): Promise<number> {
      for (const hand of [...hands].sort())
        await db.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`drafts of ${hand}`]);
      const { rows } = await db.raw<{ rows: { drafts: number }[] }>(
        `select count(*)::int as drafts from clients
           join client_versions first on first.client_id = clients.id and first.number = 1
          where clients.status = 'draft' and jsonb_exists_any(first.involved, ?)
            and (clients.created_at > ? or exists (select 1 from client_versions where client_id = clients.id and state = 'proposed'))
            and first.proposed_by not like 'initial-token:%'`,
        [[...hands], since],
      );
      return rows[0]?.drafts ?? 0;
    },

    async insert(version: ClientVersion): Promise<void> {
      await db('client_versions').insert(toRow(version));
    },

    /** Writes it over the row of its number. */
    async replace(version: ClientVersion): Promise<void> {
      await db('client_versions').where({ client_id: version.clientId, number: version.number }).update(toRow(version));
    },

    async find(clientId: string, number: number): Promise<ClientVersion | undefined> {
      const row = await db<Row>('client_versions').where({ client_id: clientId, number }).first();
      return row === undefined ? undefined : toVersion(row);
    },

    /** The one that waits for a decision; a client has one at most. */
    async findOpen(clientId: string): Promise<ClientVersion | undefined> {
      const row = await db<Row>('client_versions').where({ client_id: clientId, state: 'proposed' }).first();
      return row === undefined ? undefined : toVersion(row);
    },

    /** Newest first. */
    async list(clientId: string, limit = 200): Promise<readonly ClientVersion[]> {
      return (await db<Row>('client_versions').where('client_id', clientId).orderBy('number', 'desc').limit(limit)).map(
        toVersion,
      );
    },

    async countOpen(): Promise<number> {
      const row = (await db('client_versions').where('state', 'proposed').count('* as n').first()) as
        { n: string } | undefined;
      return Number(row?.n ?? 0);
    },
  };
}
