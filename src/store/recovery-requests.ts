import type { Knex } from 'knex';
import type { Sealer } from '../crypto/seal.ts';
import type { AccountId } from '../domain/account.ts';
import type { Locale } from '../domain/locale.ts';
import type {
  ClosedState,
  Opinion,
  RecoveryRequest,
  RecoveryRequestState,
  Wanted,
} from '../domain/recovery-request.ts';
import { deleteBatch } from './delete-batch.ts';
import { parseSensitive, stringifySensitive } from './sensitive-json.ts';

const TABLE = 'recovery_requests';
const PURPOSE = 'recovery-request';

interface Row {
  id: string;
  number: string;
  account_id: AccountId;
  state: RecoveryRequestState;
  sealed: Buffer | null;
  locale: Locale;
  client_id: string | null;
  filed_at: Date;
  waits_until: Date;
  examined_by: string | null;
  examined_at: Date | null;
  examined_reason: string | null;
  decided_by: string | null;
  decided_at: Date | null;
  decided_reason: string | null;
  closed_at: Date | null;
}

export interface NewRecoveryRequest {
  readonly id: string;
  readonly number: string;
  readonly accountId: AccountId;
  readonly wanted: Wanted;
  /** Of the token in the letter to the holder, by which they can object. */
  readonly cancelHash: Buffer;
  readonly locale: Locale;
  readonly clientId: string | undefined;
  readonly filedAt: Date;
  readonly waitsUntil: Date;
}

/** Where a list goes on. */
export interface RequestPosition {
  readonly at: Date;
  readonly id: string;
}

export type RecoveryRequestStore = ReturnType<typeof createRecoveryRequestStore>;

const opinionOf = (by: string | null, at: Date | null, reason: string | null): Opinion | undefined =>
  by === null || at === null || reason === null ? undefined : { by, at, reason };

/** Requests for an account that two officers decide. Small: most people have a number or an address. */
export function createRecoveryRequestStore(db: Knex, { sealer }: { readonly sealer: Sealer }) {
  const toRequest = (row: Row): RecoveryRequest => ({
    id: row.id,
    number: row.number,
    accountId: row.account_id,
    state: row.state,
    wanted:
      row.sealed === null
        ? undefined
        : (parseSensitive(sealer.open(PURPOSE, row.id, row.sealed).toString('utf8')) as Wanted),
    locale: row.locale,
    clientId: row.client_id ?? undefined,
    filedAt: row.filed_at,
    waitsUntil: row.waits_until,
    examined: opinionOf(row.examined_by, row.examined_at, row.examined_reason),
    decided: opinionOf(row.decided_by, row.decided_at, row.decided_reason),
    closedAt: row.closed_at ?? undefined,
  });
  const one = async (query: Knex.QueryBuilder): Promise<RecoveryRequest | undefined> => {
    const row = (await query.first()) as Row | undefined;
    return row === undefined ? undefined : toRequest(row);
  };

  return {
    async insert(request: NewRecoveryRequest): Promise<void> {
      await db(TABLE).insert({
        id: request.id,
        number: request.number,
        account_id: request.accountId,
        state: 'filed',
        sealed: sealer.seal(PURPOSE, request.id, stringifySensitive(request.wanted)),
        cancel_hash: request.cancelHash,
        locale: request.locale,
        client_id: request.clientId ?? null,
        filed_at: request.filedAt,
        waits_until: request.waitsUntil,
      });
    },

    find: (id: string): Promise<RecoveryRequest | undefined> => one(db(TABLE).where({ id })),

    /** Within a transaction: holds the row, so that two who decide take turns. */
    lock: (id: string): Promise<RecoveryRequest | undefined> => one(db(TABLE).where({ id }).forUpdate()),

    findByNumber: (number: string): Promise<RecoveryRequest | undefined> => one(db(TABLE).where({ number })),

    findByCancelHash: (hash: Buffer): Promise<RecoveryRequest | undefined> => one(db(TABLE).where('cancel_hash', hash)),

    async openOf(accountId: AccountId): Promise<readonly RecoveryRequest[]> {
      const rows = (await db(TABLE)
        .where('account_id', accountId)
        .whereNull('closed_at')
        .orderBy(['filed_at', 'id'])) as Row[];
      return rows.map(toRequest);
    },

    /** Within a transaction: holds all that are open for an account, in one order, so that nobody waits in a circle. */
    async lockOpenOf(accountId: AccountId): Promise<readonly RecoveryRequest[]> {
      const rows = (await db(TABLE)
        .where('account_id', accountId)
        .whereNull('closed_at')
        .orderBy(['filed_at', 'id'])
        .forUpdate()) as Row[];
      return rows.map(toRequest);
    },

    /** How many are open for each of these accounts; those without any are left out. */
    async countOpenOf(accountIds: readonly AccountId[]): Promise<ReadonlyMap<AccountId, number>> {
      const rows = await db(TABLE)
        .whereIn('account_id', accountIds)
        .whereNull('closed_at')
        .groupBy('account_id')
        .select<{ account_id: AccountId; count: number }[]>('account_id', db.raw('count(*)::int as count'));
      return new Map(rows.map(({ account_id: id, count }) => [id, count]));
    },

    /** Those that wait, the longest first. @param after the last one of the page before. */
    async listOpen(limit: number, after?: RequestPosition): Promise<readonly RecoveryRequest[]> {
      const query = db(TABLE).whereNull('closed_at').orderBy(['filed_at', 'id']).limit(limit);
      if (after !== undefined) void query.whereRaw('(filed_at, id) > (?, ?::uuid)', [after.at, after.id]);
      return ((await query) as Row[]).map(toRequest);
    },

    /** What is done with, the latest first. */
    async listClosed(limit: number, after?: RequestPosition): Promise<readonly RecoveryRequest[]> {
      const query = db(TABLE)
        .whereNotNull('closed_at')
        .orderBy([
          { column: 'closed_at', order: 'desc' },
          { column: 'id', order: 'desc' },
        ])
        .limit(limit);
      if (after !== undefined) void query.whereRaw('(closed_at, id) < (?, ?::uuid)', [after.at, after.id]);
      return ((await query) as Row[]).map(toRequest);
    },

    async examine(id: string, { by, at, reason }: Opinion): Promise<void> {
      await db(TABLE)
        .where({ id })
        .update({ state: 'examined', examined_by: by, examined_at: at, examined_reason: reason });
    },

    async approve(id: string, { by, at, reason }: Opinion): Promise<void> {
      await db(TABLE)
        .where({ id })
        .update({ state: 'approved', decided_by: by, decided_at: at, decided_reason: reason });
    },

    /** Nobody needs what it wanted any more: that is wiped. */
    async close(id: string, state: ClosedState, at: Date, opinion?: Opinion): Promise<void> {
      await db(TABLE)
        .where({ id })
        .update({
          state,
          sealed: null,
          closed_at: at,
          ...(opinion === undefined
            ? {}
            : { decided_by: opinion.by, decided_at: opinion.at, decided_reason: opinion.reason }),
        });
    },

    /** Approved ones whose wait is over, unless the account is suspended, and open ones from before `lapsedBefore`. */
    async due(now: Date, lapsedBefore: Date, limit: number): Promise<readonly string[]> {
      return db(TABLE)
        .whereNull('closed_at')
        .where((either) => {
          void either
            .where((approved) => {
              void approved
                .where('state', 'approved')
                .where('waits_until', '<=', now)
                // Not as a join, for which the accounts would be read whole.
                .whereRaw("(select status from accounts where accounts.id = recovery_requests.account_id) = 'active'");
            })
            .orWhere('filed_at', '<', lapsedBefore);
        })
        .orderBy(['filed_at', 'id'])
        .limit(limit)
        .pluck<string[]>('id');
    },

    /** For monitoring: how many wait in each state, and since when the oldest. */
    async waiting(): Promise<
      readonly { readonly state: RecoveryRequestState; readonly count: number; readonly since: Date }[]
    > {
      return db(TABLE)
        .whereNull('closed_at')
        .groupBy('state')
        .select<{ state: RecoveryRequestState; count: number; since: Date }[]>(
          'state',
          db.raw('count(*)::int as count'),
          db.raw('min(filed_at) as since'),
        );
    },

    purge: (closedBefore: Date, limit: number): Promise<number> =>
      deleteBatch(db, TABLE, 'closed_at', closedBefore, limit),
  };
}
