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

export type ReportStore = ReturnType<typeof createReportStore>;

/** Counts over audit log and evidence; days and months are those of the zone. */
export function createReportStore(db: Knex) {
  async function count(table: 'audit_log' | 'verification_log' | 'logout_notices', format: string, kind: string, per: string, { from, to, timeZone }: Stretch, types?: readonly string[]): Promise<readonly Count[]> {
    const at = table === 'logout_notices' ? 'created_at' : 'at';
    const { rows } = await db.raw<{ rows: (Omit<Count, 'count'> & { count: string })[] }>(
      `select to_char(${at} at time zone :timeZone, :format) as period, ${kind} as kind, ${per} as per, count(*) as count
         from ${table}
        where ${at} >= cast(cast(:from as date) as timestamp) at time zone :timeZone and ${at} < cast(cast(:to as date) + 1 as timestamp) at time zone :timeZone
              ${types === undefined ? '' : 'and type = any(:types)'}
        group by 1, 2, 3 order by 1, 2, 3`,
      { from, to, timeZone, format, ...(types === undefined ? {} : { types: [...types] }) },
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }
  const DAY = 'YYYY-MM-DD';
  const MONTH = 'YYYY-MM';

  return {
    /** Registrations and sign-ins, per day and service. */
    activity: (stretch: Stretch) => count('audit_log', DAY, 'type', 'client_id', stretch, ['registration.completed', 'sign-in.succeeded']),
    /** What failed, per day and reason. */
    failures: (stretch: Stretch) =>
      count('audit_log', DAY, 'type', `coalesce(details->>'reason', details->>'trouble', details->>'limit')`, stretch, [
        'registration.identity.refused',
        'registration.identity.unavailable',
        'registration.identity.limited',
        'registration.code.refused',
        'registration.code.not-sent',
        'sign-in.refused',
        'recovery.code.refused',
        'recovery.code.not-sent',
      ]),
    /** Questions to the civil registry, per month and outcome. */
    registry: (stretch: Stretch) => count('verification_log', MONTH, 'outcome', 'response_code', stretch),
    /** Codes by SMS, per day and operator of the number. */
    messages: (stretch: Stretch) => count('audit_log', DAY, 'type', `details->>'operator'`, stretch, ['registration.code.sent']),
    /** What services were told of ended sessions, per day, outcome and service; of the last month. */
    logouts: (stretch: Stretch) => count('logout_notices', DAY, 'state', 'client_id', stretch),
  };
}
