import type { Knex } from 'knex';
import type { AuditRow } from './audit.ts';

export interface AuditFilter {
  readonly type?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  /** Who did it: see `signatureOf`. */
  readonly by?: string | undefined;
  readonly helpCode?: string | undefined;
  /** From this moment on. */
  readonly from?: Date | undefined;
  /** Before this moment. */
  readonly until?: Date | undefined;
}

/** Where a page ended: the next begins right below. */
export interface AuditMark {
  readonly at: Date;
  readonly id: string;
}

export type AuditSearchStore = ReturnType<typeof createAuditSearchStore>;

/** The audit log as operators read it: newest first, page by page. */
export function createAuditSearchStore(db: Knex) {
  return {
    async page(
      { type, accountId, clientId, by, helpCode, from, until }: AuditFilter,
      below: AuditMark | undefined,
      limit: number,
    ): Promise<readonly AuditRow[]> {
      const query = db('audit_log')
        .orderBy([
          { column: 'at', order: 'desc' },
          { column: 'id', order: 'desc' },
        ])
        .limit(limit);
      if (type !== undefined) void query.where('type', type);
      if (accountId !== undefined) void query.where('account_id', accountId);
      if (clientId !== undefined) void query.where('client_id', clientId);
      if (by !== undefined) void query.whereRaw(`details \\? 'by' and details->>'by' = ?`, [by]);
      if (helpCode !== undefined)
        void query.whereRaw(`details \\? 'helpCode' and details->>'helpCode' = ?`, [helpCode]);
      if (from !== undefined) void query.where('at', '>=', from);
      if (until !== undefined) void query.where('at', '<', until);
      if (below !== undefined) void query.whereRaw('(at, id) < (?, ?::uuid)', [below.at, below.id]);
      const rows = (await query.select('*')) as {
        id: string;
        at: Date;
        type: string;
        account_id: string | null;
        client_id: string | null;
        details: Record<string, unknown>;
      }[];
      return rows.map((row) => ({
        id: row.id,
        at: row.at,
        type: row.type,
        accountId: row.account_id ?? undefined,
        clientId: row.client_id ?? undefined,
        details: row.details,
      }));
    },
  };
}
