import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { NOTICE_KEPT_SECONDS } from '../domain/logout.ts';

/** What a report asks. */
export type Question =
  /**
   * Registrations and sign-ins, per service; questions to the civil registry, per outcome; what services were told of
   * ended sessions, per outcome and service.
   */
  | { readonly report: 'activity' | 'registry' | 'logouts' }
  /** What failed, per reason. `reasons`: the events, and the detail of each that says why, if any. */
  | { readonly report: 'failures'; readonly reasons: Readonly<Record<string, string | null>> }
  /** SMS, per operator of the number. `types`: the events that stand for one, where they name an operator. */
  | { readonly report: 'messages'; readonly types: readonly string[] };

export interface Counted {
  readonly table: 'audit_log' | 'verification_log' | 'logout_notices';
  /** The column that says on which day it is. */
  readonly at: string;
  readonly kind: string;
  readonly per: string;
  readonly where: string;
  readonly bindings: Readonly<Record<string, string | string[]>>;
}

const sorted = (texts: readonly string[]): string[] => texts.toSorted();

/**
 * What is counted, as SQL. Whatever changes here, be it the way it is written, is another counting: see `countingOf`.
 */
export function countedBy(question: Question): Counted {
  switch (question.report) {
    case 'activity':
      return {
        table: 'audit_log',
        at: 'at',
        kind: 'type',
        per: 'client_id',
        where: 'type = any(:types)',
        bindings: { types: ['registration.completed', 'sign-in.succeeded'] },
      };
    case 'failures': {
      const types = sorted(Object.keys(question.reasons));
      return {
        table: 'audit_log',
        at: 'at',
        kind: 'type',
        per: 'details->>(cast(:reasons as jsonb)->>type)',
        where: 'type = any(:types)',
        bindings: {
          types,
          reasons: JSON.stringify(Object.fromEntries(types.map((type) => [type, question.reasons[type]]))),
        },
      };
    }
    case 'registry':
      return {
        table: 'verification_log',
        at: 'at',
        kind: 'outcome',
        per: 'response_code',
        where: 'true',
        bindings: {},
      };
    case 'messages':
      return {
        table: 'audit_log',
        at: 'at',
        kind: 'type',
        per: `details->>'operator'`,
        // Recovery codes of before have no operator, but say that they went by SMS.
        where: `type = any(:types) and (jsonb_exists(details, 'operator') or details->>'channel' = 'sms')`,
        bindings: { types: sorted(question.types) },
      };
    case 'logouts':
      return {
        table: 'logout_notices',
        at: 'created_at',
        kind: 'state',
        per: 'client_id',
        where: 'true',
        bindings: {},
      };
  }
}

/**
 * Names a way of counting: by the zone of its days and all that is counted. Figures of two such names are never those
 * of one report.
 */
export const countingOf = (question: Question, timeZone: string): string =>
  createHash('sha256')
    .update(JSON.stringify([timeZone, countedBy(question)]))
    .digest('hex')
    .slice(0, 16);

/** A day begins in the zone. @param day SQL of a date. */
export const beginning = (day: string): string => `cast(${day} as timestamp) at time zone :timeZone`;

const LOWEST = `'FROM \\(''([^'']+)''\\)'`;

/**
 * From which day on all is there that was written: of the audit log and the evidence as many months as were kept, of
 * logout notices as many days.
 *
 * @returns undefined where nothing was ever removed.
 */
export async function reachOf(db: Knex, { table }: Counted, timeZone: string): Promise<string | undefined> {
  const since =
    table === 'logout_notices'
      ? `select now() - ${NOTICE_KEPT_SECONDS} * interval '1 second' as at`
      : `select case when bool_or(bound like '%FROM (MINVALUE)%') then null else min(cast(substring(bound from ${LOWEST}) as timestamptz)) end as at
           from (select pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass(:table)) parts`;
  const { rows } = await db.raw<{ rows: { day: string | null }[] }>(
    `select to_char(date_trunc('day', (at at time zone :timeZone) + interval '1 day' - interval '1 microsecond'), 'YYYY-MM-DD') as day from (${since}) kept`,
    { table, timeZone },
  );
  return rows[0]?.day ?? undefined;
}
