import type { Knex } from 'knex';

/** What waits to be done, and since when the oldest of it. */
export interface Backlog {
  readonly queue: 'sms' | 'email' | 'logout';
  readonly waiting: number;
  readonly oldestSeconds: number;
}

export type BacklogStore = ReturnType<typeof createBacklogStore>;

/** How far the queues are behind; both counts run on the partial indexes of what is not done yet. */
export function createBacklogStore(db: Knex) {
  return {
    async queues(now: Date): Promise<readonly Backlog[]> {
      const { rows } = await db.raw<{
        rows: { queue: Backlog['queue']; waiting: number | string; oldest: Date | null }[];
      }>(
        `select channel as queue, count(*) as waiting, min(created_at) as oldest from messages where state in ('queued', 'sending') group by channel
         union all
         select 'logout', count(*), min(created_at) from logout_notices where state = 'pending'`,
      );
      const found = new Map(
        rows.map(({ queue, waiting, oldest }) => [
          queue,
          {
            waiting: Number(waiting),
            oldestSeconds: oldest === null ? 0 : Math.max(0, (now.getTime() - oldest.getTime()) / 1000),
          },
        ]),
      );
      return (['sms', 'email', 'logout'] as const).map((queue) => ({
        queue,
        ...(found.get(queue) ?? { waiting: 0, oldestSeconds: 0 }),
      }));
    },

    /**
     * For how long the oldest event has waited for the chain of the audit log, in seconds by the clock of the database.
     */
    async auditChainLag(): Promise<number> {
      const { rows } = await db.raw<{ rows: { lag: number | null }[] }>(
        'select extract(epoch from clock_timestamp() - min(since))::float8 as lag from audit_unchained',
      );
      return Math.max(0, rows[0]?.lag ?? 0);
    },
  };
}
