import type { Knex } from 'knex';
import { deleteBatch } from './delete-batch.ts';

/** One run of the integration check. */
export interface ClientCheck {
  readonly id: string;
  readonly clientId: string;
  readonly fingerprint: string;
  readonly startedBy: string;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly passedAt: Date | undefined;
  /** The scenario that goes on, and since when. */
  readonly scenario: string | undefined;
  readonly scenarioAt: Date | undefined;
}

/** What was seen of a service. */
export interface ClientCheckEvent {
  readonly scenario: string;
  readonly kind: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly at: Date;
}

interface Row {
  readonly id: string;
  readonly client_id: string;
  readonly fingerprint: string;
  readonly started_by: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly passed_at: Date | null;
  readonly scenario: string | null;
  readonly scenario_at: Date | null;
}

const toCheck = (row: Row): ClientCheck => ({
  id: row.id,
  clientId: row.client_id,
  fingerprint: row.fingerprint,
  startedBy: row.started_by,
  startedAt: row.started_at,
  endedAt: row.ended_at ?? undefined,
  passedAt: row.passed_at ?? undefined,
  scenario: row.scenario ?? undefined,
  scenarioAt: row.scenario_at ?? undefined,
});

/** A run has some hundred; whoever floods it hides nothing that comes after. */
const MOST_EVENTS = 1000;

export type ClientCheckStore = ReturnType<typeof createClientCheckStore>;

/** Integration checks, what was seen in them, and the personal links to their pages. */
export function createClientCheckStore(db: Knex) {
  const one = (row: Row | undefined): ClientCheck | undefined => (row === undefined ? undefined : toCheck(row));

  return {
    async insert({
      id,
      clientId,
      fingerprint,
      startedBy,
      startedAt,
    }: Pick<ClientCheck, 'id' | 'clientId' | 'fingerprint' | 'startedBy' | 'startedAt'>): Promise<void> {
      await db('client_checks').insert({
        id,
        client_id: clientId,
        fingerprint,
        started_by: startedBy,
        started_at: startedAt,
      });
    },

    find: async (id: string): Promise<ClientCheck | undefined> =>
      one(await db<Row>('client_checks').where({ id }).first()),

    /** The one that goes on, if it was started since then. */
    open: async (clientId: string, since: Date): Promise<ClientCheck | undefined> =>
      one(
        await db<Row>('client_checks')
          .where('client_id', clientId)
          .whereNull('ended_at')
          .where('started_at', '>=', since)
          .first(),
      ),

    /** Newest first, those below that place. */
    async history(
      clientId: string,
      limit: number,
      below?: { readonly at: Date; readonly id: string },
    ): Promise<readonly ClientCheck[]> {
      const query = db<Row>('client_checks')
        .where('client_id', clientId)
        .orderBy([
          { column: 'started_at', order: 'desc' },
          { column: 'id', order: 'desc' },
        ])
        .limit(limit);
      if (below !== undefined) void query.whereRaw('(started_at, id) < (?, ?::uuid)', [below.at, below.id]);
      return (await query).map(toCheck);
    },

    /** Checks that are at this scenario since then. */
    async at(scenario: string, since: Date): Promise<readonly ClientCheck[]> {
      return (
        await db<Row>('client_checks')
          .where({ scenario })
          .whereNull('ended_at')
          .where('scenario_at', '>=', since)
          .limit(100)
      ).map(toCheck);
    },

    async endOpen(clientId: string, at: Date): Promise<void> {
      await db('client_checks').where('client_id', clientId).whereNull('ended_at').update({ ended_at: at });
    },

    /** @returns false when it has passed already. */
    async pass(id: string, at: Date): Promise<boolean> {
      return (await db('client_checks').where({ id }).whereNull('passed_at').update({ passed_at: at })) === 1;
    },

    async begin(id: string, scenario: string, at: Date): Promise<void> {
      await db('client_checks').where({ id }).update({ scenario, scenario_at: at });
    },

    /** Keeps the newest of a run. */
    async record(checkId: string, { scenario, kind, details, at }: ClientCheckEvent, grant?: Buffer): Promise<void> {
      await db('client_check_events').insert({
        check_id: checkId,
        scenario,
        kind,
        grant_id: grant ?? null,
        details: JSON.stringify(details),
        at,
      });
      await db.raw(
        'delete from client_check_events where check_id = ? and id <= (select id from client_check_events where check_id = ? order by id desc offset ? limit 1)',
        [checkId, checkId, MOST_EVENTS],
      );
    },

    async events(checkId: string): Promise<readonly ClientCheckEvent[]> {
      return await db<ClientCheckEvent & { id: string }>('client_check_events')
        .select('scenario', 'kind', 'details', 'at')
        .where('check_id', checkId)
        .orderBy('id');
    },

    /** Which scenario of which check the grant was given in. */
    async ofGrant(grant: Buffer): Promise<{ readonly checkId: string; readonly scenario: string } | undefined> {
      const row = await db<{ check_id: string; scenario: string; grant_id: Buffer }>('client_check_events')
        .select('check_id', 'scenario')
        .where('grant_id', grant)
        .first();
      return row === undefined ? undefined : { checkId: row.check_id, scenario: row.scenario };
    },

    async hasPassed(clientId: string, fingerprint: string): Promise<boolean> {
      const row: object | undefined = await db<Row>('client_checks')
        .where({ client_id: clientId, fingerprint })
        .whereNotNull('passed_at')
        .first('id');
      return row !== undefined;
    },

    /** One link for each client: a new one ends the former. */
    async giveLink({
      clientId,
      token,
      madeBy,
      endsAt,
    }: {
      clientId: string;
      token: Buffer;
      madeBy: string;
      endsAt: Date;
    }): Promise<void> {
      await db('client_check_links')
        .insert({ client_id: clientId, token, made_by: madeBy, ends_at: endsAt })
        .onConflict('client_id')
        .merge();
    },

    async clientOfLink(token: Buffer, now: Date): Promise<string | undefined> {
      return (
        await db<{ client_id: string }>('client_check_links')
          .where('token', token)
          .where('ends_at', '>', now)
          .first('client_id')
      )?.client_id;
    },

    /** The link of a client that is not tried any more. */
    async removeLink(clientId: string): Promise<void> {
      await db('client_check_links').where('client_id', clientId).delete();
    },

    /** Removes what was seen in runs before that moment; that they passed stays. @returns how many rows went. */
    purgeEvents: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, 'client_check_events', 'at', before, limit),

    /**
     * Removes runs that were started before that moment and not passed, with all that was seen in them. @returns how
     * many went.
     */
    async purgeUnpassed(before: Date, limit: number): Promise<number> {
      const { rows } = await db.raw<{ rows: unknown[] }>(
        'delete from client_checks where id = any(array(select id from client_checks where passed_at is null and started_at <= ? limit ? for update skip locked)) returning 1',
        [before, limit],
      );
      return rows.length;
    },

    /** Removes links that ended before that moment. @returns how many rows went. */
    purgeLinks: (before: Date, limit: number): Promise<number> =>
      deleteBatch(db, 'client_check_links', 'ends_at', before, limit),
  };
}
