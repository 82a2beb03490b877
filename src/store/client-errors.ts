import type { Knex } from 'knex';
import { HELP_CODES_KEPT, type ClientError, type Fault, type RequestKind } from '../domain/client-error.ts';
import { deleteBatch } from './delete-batch.ts';

interface Row {
  client_id: string;
  kind: RequestKind;
  error: string;
  fault: Fault;
  count: string;
  first_at: Date;
  last_at: Date;
  help_codes: string[];
  address: string | null;
}

const toError = (row: Row): ClientError => ({
  clientId: row.client_id,
  kind: row.kind,
  error: row.error,
  fault: row.fault,
  count: Number(row.count),
  firstAt: row.first_at,
  lastAt: row.last_at,
  helpCodes: row.help_codes,
  address: row.address ?? undefined,
});

/** Errors of one day, by the calendar of UTC. */
export interface ErrorsOfDay extends ClientError {
  /** `2026-01-31` */
  readonly day: string;
}

export type ClientErrorStore = ReturnType<typeof createClientErrorStore>;

/** The recent errors of client applications. */
export function createClientErrorStore(db: Knex) {
  const newest = () =>
    db<Row>('client_errors')
      .select('client_id', 'kind', 'error', 'fault', 'count', 'first_at', 'last_at', 'help_codes', 'address')
      .orderBy('last_at', 'desc');

  return {
    /** Adds what was counted, in one statement; a client that is not registered is left out. */
    async add(counted: readonly ErrorsOfDay[]): Promise<void> {
      if (counted.length === 0) return;
      // In one order, so that two instances never wait for one another.
      const rows = [...counted].sort((a, b) =>
        a.clientId + a.day + a.kind + a.error + a.fault < b.clientId + b.day + b.kind + b.error + b.fault ? -1 : 1,
      );
      await db.raw(
        `insert into client_errors as kept (client_id, day, kind, error, fault, count, first_at, last_at, help_codes, address)
         select one.client_id, one.day, one.kind, one.error, one.fault, one.count, one.first_at, one.last_at, one.help_codes, one.address
           from jsonb_to_recordset(?::jsonb) as one (client_id text, day date, kind text, error text, fault text, count bigint, first_at timestamptz, last_at timestamptz, help_codes text[], address text)
           join clients on clients.id = one.client_id
         on conflict (client_id, day, kind, error, fault) do update
           set count = kept.count + excluded.count,
               first_at = least(kept.first_at, excluded.first_at),
               last_at = greatest(kept.last_at, excluded.last_at),
               help_codes = (excluded.help_codes || kept.help_codes)[1:?],
               address = coalesce(excluded.address, kept.address)`,
        [
          JSON.stringify(
            rows.map(({ clientId, firstAt, lastAt, helpCodes, address, ...one }) => ({
              ...one,
              client_id: clientId,
              first_at: firstAt,
              last_at: lastAt,
              help_codes: helpCodes,
              address: address ?? null,
            })),
          ),
          HELP_CODES_KEPT,
        ],
      );
    },

    /** Of one client, day by day, the newest first. */
    async of(clientId: string, limit = 1000): Promise<readonly ClientError[]> {
      return (await newest().where('client_id', clientId).limit(limit)).map(toError);
    },

    /** What carries that help code. */
    async byHelpCode(helpCode: string): Promise<readonly ClientError[]> {
      return (await newest().whereRaw('help_codes @> array[?]', [helpCode]).limit(20)).map(toError);
    },

    /** Removes what last happened before that moment. @returns how many rows went. */
    async purge(before: Date, limit: number): Promise<number> {
      return deleteBatch(db, 'client_errors', 'last_at', before, limit);
    },
  };
}
