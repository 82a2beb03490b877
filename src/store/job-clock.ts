import type { sqlOf } from './knex.ts';

/**
 * By so much may two moments of the database be the wrong way round before its clock was ahead: a small correction is
 * none.
 */
const MARGIN = `now() + interval '1 minute'`;
/**
 * Longest wait that is meant: between the tries of a turn that failed lie four minutes at most, and an hour after a
 * slow look at the table.
 */
const LONGEST_WAIT = `now() + interval '10 minutes'`;
const LONGEST_REST = `now() + interval '2 hours'`;

/** What the library does next when enough time has gone since then: it would wait for years. */
const CLAIMS = {
  version: ['cron_on', 'bam_on', 'flow_on', 'reindex_on'],
  queue: ['monitor_claim_on', 'monitor_on', 'maintain_on'],
} as const;

const forget = (schema: string, table: keyof typeof CLAIMS): string =>
  `update ${schema}.${table} set ${CLAIMS[table].map((column) => `${column} = case when ${column} <= ${MARGIN} then ${column} end`).join(', ')} where ${CLAIMS[table].map((column) => `${column} > ${MARGIN}`).join(' or ')} returning 1`;

/**
 * Takes back what a clock of the database that was ahead has left in times to come: turns would be handed out, dead
 * runs noticed and failed ones tried again when that time has come.
 *
 * @returns how many rows stood in the future.
 */
export async function takeBackFuture(sql: ReturnType<typeof sqlOf>, schema: string): Promise<number> {
  const statements = [
    forget(schema, 'version'),
    `update ${schema}.version set monitor_backoff_on = null where monitor_backoff_on > ${LONGEST_REST} returning 1`,
    forget(schema, 'queue'),
    `update ${schema}.queue set created_on = now() where created_on > ${MARGIN} returning 1`,
    `update ${schema}.job set start_after = least(start_after, now()), started_on = least(started_on, now()), heartbeat_on = least(heartbeat_on, now())
     where state in ('created', 'retry', 'active') and (start_after > ${LONGEST_WAIT} or started_on > ${MARGIN} or heartbeat_on > ${MARGIN}) returning 1`,
    `update ${schema}.job j set completed_on = now(), started_on = least(started_on, now()) from ${schema}.queue q where j.name = q.name and j.completed_on > ${MARGIN} returning 1`,
  ];
  let found = 0;
  for (const statement of statements) found += (await sql(statement)).rows.length;
  return found;
}
