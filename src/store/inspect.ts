import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { partitionStandings, type PartitionStanding } from './partitions.ts';

const directory = new URL('../../migrations/', import.meta.url);

export interface DatabaseFacts {
  /** As PostgreSQL counts: 140000 is 14.0. */
  readonly versionNumber: number;
  readonly version: string;
  readonly maxConnections: number;
  /** Those that ordinary roles do not get. */
  readonly reservedConnections: number;
  /** What is committed is on the disk. */
  readonly isDurable: boolean;
  /** Statements of this connection end after a while. */
  readonly hasTimeLimit: boolean;
  /** How far its clock is ahead of ours, to within the time of one question. */
  readonly clockAheadMs: number;
  readonly pendingMigrations: readonly string[];
  /** Those of a version newer than this one. */
  readonly unknownMigrations: readonly string[];
  readonly partitions: readonly PartitionStanding[];
}

/** Looks at the database and changes nothing. @throws when it does not answer. */
export async function inspectDatabase(knex: Knex, now: () => Date): Promise<DatabaseFacts> {
  await knex.raw('select 1'); // the connection is opened apart from what is timed
  const asked = now().getTime();
  const { rows } = await knex.raw<{
    rows: {
      number: string;
      version: string;
      time: Date;
      migrated: string | null;
      most: string;
      reserved: string;
      durable: boolean;
      limited: boolean;
    }[];
  }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version, clock_timestamp() as time,
            to_regclass('knex_migrations')::text as migrated, current_setting('max_connections') as most, current_setting('superuser_reserved_connections') as reserved,
            current_setting('statement_timeout') <> '0' as limited,
            current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on' and current_setting('synchronous_commit') <> 'off' as durable`,
  );
  const [facts] = rows;
  if (facts === undefined) throw new Error('the database answered nothing');
  const middle = (asked + now().getTime()) / 2;
  const here = readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const done = facts.migrated === null ? [] : ((await knex('knex_migrations').orderBy('id').pluck('name')) as string[]);
  return {
    versionNumber: Number(facts.number),
    version: facts.version,
    maxConnections: Number(facts.most),
    reservedConnections: Number(facts.reserved),
    isDurable: facts.durable,
    hasTimeLimit: facts.limited,
    clockAheadMs: Math.round(facts.time.getTime() - middle),
    pendingMigrations: here.filter((name) => !done.includes(name)),
    unknownMigrations: done.filter((name) => !here.includes(name)),
    partitions: await partitionStandings(knex),
  };
}
