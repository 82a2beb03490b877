import type { Knex } from 'knex';

/** A table that only grows, in parts of a month by the time of its rows. */
export interface Partitioned {
  readonly table: string;
  /** What it was before, now its first part: up to a day on which no release writes to it by its own name any more. */
  readonly first: string;
  /** Nothing in it is ever changed: each part says so itself, since a statement may name the part. */
  readonly appendOnly: boolean;
}

export const PARTITIONED: readonly Partitioned[] = [
  { table: 'audit_log', first: 'audit_events', appendOnly: true },
  { table: 'verification_log', first: 'verifications', appendOnly: false },
];

/** Parts are there so many months before they are needed: whoever watches has time to see why they are not. */
const MONTHS_AHEAD = 3;
/** Rows of the instances' own time, which may be wrong: what fits no part lies here. */
export const restOf = (table: string): string => `${table}_rest`;
/** Whoever makes a part waits this long for a reader to end, and tries again at the next turn. */
export const LOCK_TIMEOUT = '2s';
/** Whoever makes or removes parts does so alone. */
export const PARTITIONS_LOCK = "hashtext('partitions')";

export const monthAfter = (at: Date, months: number): Date =>
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1));
const nameOf = (table: string, month: Date): string => `${table}_${month.toISOString().slice(0, 7).replace('-', '_')}`;

/** The migration that made them: the first part has no beginning, and was that long when it was cut off. */
const MADE_BY = '20261128002000_partitions.ts';

export interface Part {
  readonly name: string;
  /** Its first month, or the day of the migration for the part of everything before. */
  readonly from: Date;
  readonly until: Date;
}

export interface PartitionStanding {
  readonly table: string;
  readonly parts: readonly Part[];
  /** Up to where its parts reach, without a gap at the end. */
  readonly until: Date;
  /** Rows whose time fits no part: the clock of an instance was wrong. */
  readonly hasRest: boolean;
}

/** Up to where the parts reach: to before that moment. */
export async function partitionsUntil(db: Knex, table: string): Promise<Date | undefined> {
  const { rows } = await db.raw<{ rows: { until: Date | null }[] }>(
    `select max((substring(pg_get_expr(c.relpartbound, c.oid) from $re$TO \\('([^']+)'\\)$re$))::timestamptz) as until
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass(?)`,
    [table],
  );
  return rows[0]?.until ?? undefined;
}

/** Who migrated with a clock that was ahead has the day of the migration wrong as well: that is no later than now. */
async function partsOf(db: Knex, table: string): Promise<readonly Part[]> {
  const { rows } = await db.raw<{ rows: Part[] }>(
    `select name, coalesce(substring(bound from $re$FROM \\('([^']+)'\\)$re$)::timestamptz, least((select min(migration_time) from knex_migrations where name = :madeBy), now())) as from,
            substring(bound from $re$TO \\('([^']+)'\\)$re$)::timestamptz as until
       from (select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass(:table)) parts
      where bound like '% TO (''%' order by until`,
    { table, madeBy: MADE_BY },
  );
  return rows;
}

/** Parts all of whose rows are of before that, oldest first. */
export const partsBefore = async (db: Knex, table: string, before: Date): Promise<readonly Part[]> =>
  (await partsOf(db, table)).filter(({ until }) => until <= before);

/** One part: a table apart, made ready and then attached, so that nobody who writes waits for more than a moment. */
async function makePart(db: Knex, { table, appendOnly }: Partitioned, from: Date): Promise<void> {
  const part = nameOf(table, from);
  const to = monthAfter(from, 1);
  const rest = restOf(table);
  await db.transaction(async (trx) => {
    await trx.raw(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await trx.raw(`select pg_advisory_xact_lock(${PARTITIONS_LOCK})`);
    const { rows } = await trx.raw<{ rows: { isThere: boolean }[] }>('select to_regclass(?) is not null as "isThere"', [
      part,
    ]);
    if (rows[0]?.isThere === true) return; // somebody else was first
    await trx.raw('create table ?? (like ?? including defaults including constraints)', [part, table]);
    // What came with a time of this month before there was a part for it moves in; nothing of it changes.
    await trx.raw('lock table ?? in access exclusive mode', [rest]);
    const found: unknown = await trx(rest).where('at', '>=', from).where('at', '<', to).first('id');
    if (found !== undefined) {
      if (appendOnly) await trx.raw('alter table ?? disable trigger ??', [rest, `${rest}_append_only`]);
      await trx.raw(
        'with moved as (delete from ?? where at >= ? and at < ? returning *) insert into ?? select * from moved',
        [rest, from, to, part],
      );
      if (appendOnly) await trx.raw('alter table ?? enable trigger ??', [rest, `${rest}_append_only`]);
    }
    if (appendOnly) await refuseChanges(trx, part);
    await trx.raw(
      `alter table ?? attach partition ?? for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
      [table, part],
    );
  });
}

/** A part of an append-only table, which refuses what the table itself refuses. */
export async function refuseChanges(db: Knex, part: string): Promise<void> {
  await db.raw(
    'create trigger ?? before update or delete or truncate on ?? for each statement execute function refuse_change()',
    [`${part}_append_only`, part],
  );
}

/**
 * Makes the parts of the coming months that are not there yet. Safe to run at once on many instances. @returns how
 * many.
 */
export async function makeComingPartitions(db: Knex, now: Date): Promise<number> {
  let made = 0;
  for (const partitioned of PARTITIONED) {
    const wanted = monthAfter(now, MONTHS_AHEAD + 1);
    for (
      let until = await partitionsUntil(db, partitioned.table);
      until !== undefined && until < wanted;
      until = monthAfter(until, 1)
    ) {
      await makePart(db, partitioned, until);
      made += 1;
    }
  }
  return made;
}

/** How the partitioned tables stand, for whoever looks after them. */
export async function partitionStandings(db: Knex): Promise<readonly PartitionStanding[]> {
  const found: PartitionStanding[] = [];
  for (const { table } of PARTITIONED) {
    const until = await partitionsUntil(db, table);
    if (until !== undefined)
      found.push({
        table,
        until,
        parts: await partsOf(db, table),
        hasRest: (await db(restOf(table)).first('id')) !== undefined,
      });
  }
  return found;
}
