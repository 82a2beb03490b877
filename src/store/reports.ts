import type { Knex } from 'knex';

export interface Stretch {
  /** First day, as `2026-01-31`. */
  readonly from: string;
  /** Last day, itself included. */
  readonly to: string;
  /** Where a day begins and ends. */
  readonly timeZone: string;
}

export interface Count {
  readonly period: string;
  readonly kind: string;
  readonly per: string | null;
  readonly count: number;
}

interface Counted {
  readonly table: 'audit_log' | 'verification_log' | 'logout_notices';
  readonly at?: string;
  /** How a period is written. */
  readonly format: string;
  readonly kind: string;
  readonly per: string;
  readonly where?: string;
  readonly bindings?: Readonly<Record<string, string | string[]>>;
}

export type ReportStore = ReturnType<typeof createReportStore>;

const DAY = 'YYYY-MM-DD';
const MONTH = 'YYYY-MM';

/** Counts over audit log and evidence; days and months are those of the zone. */
export function createReportStore(db: Knex) {
  async function count({ table, at = 'at', format, kind, per, where = 'true', bindings = {} }: Counted, { from, to, timeZone }: Stretch): Promise<readonly Count[]> {
    const { rows } = await db.raw<{ rows: (Omit<Count, 'count'> & { count: string })[] }>(
      `select to_char(${at} at time zone :timeZone, :format) as period, ${kind} as kind, ${per} as per, count(*) as count
         from ${table}
        where ${at} >= cast(cast(:from as date) as timestamp) at time zone :timeZone and ${at} < cast(cast(:to as date) + 1 as timestamp) at time zone :timeZone
              and ${where}
        group by 1, 2, 3 order by 1, 2, 3`,
      { from, to, timeZone, format, ...bindings },
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }

  return {
    /** Registrations and sign-ins, per day and service. */
    activity: (stretch: Stretch) =>
      count({ table: 'audit_log', format: DAY, kind: 'type', per: 'client_id', where: 'type = any(:types)', bindings: { types: ['registration.completed', 'sign-in.succeeded'] } }, stretch),
    /** What failed, per day and reason. @param reasons the events, and the detail of each that says why, if any. */
    failures: (stretch: Stretch, reasons: Readonly<Record<string, string | null>>) =>
      count(
        {
          table: 'audit_log',
          format: DAY,
          kind: 'type',
          per: 'details->>(cast(:reasons as jsonb)->>type)',
          where: 'type = any(:types)',
          bindings: { types: Object.keys(reasons), reasons: JSON.stringify(reasons) },
        },
        stretch,
      ),
    /** Questions to the civil registry, per month and outcome. */
    registry: (stretch: Stretch) => count({ table: 'verification_log', format: MONTH, kind: 'outcome', per: 'response_code' }, stretch),
    /** SMS, per day and operator of the number. @param types the events that stand for one, where they name an operator. */
    messages: (stretch: Stretch, types: readonly string[]) =>
      count(
        {
          table: 'audit_log',
          format: DAY,
          kind: 'type',
          per: `details->>'operator'`,
          // Recovery codes of before have no operator, but say that they went by SMS.
          where: `type = any(:types) and (jsonb_exists(details, 'operator') or details->>'channel' = 'sms')`,
          bindings: { types: [...types] },
        },
        stretch,
      ),
    /** What services were told of ended sessions, per day, outcome and service; of the last month. */
    logouts: (stretch: Stretch) => count({ table: 'logout_notices', at: 'created_at', format: DAY, kind: 'state', per: 'client_id' }, stretch),
  };
}
