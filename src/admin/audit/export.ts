import { csvLine } from '../../domain/csv.ts';
import type { AuditRow } from '../../store/audit.ts';
import type { AuditFilter, AuditMark } from '../../store/audit-search.ts';
import type { Store } from '../../store/store.ts';

export const formats = ['csv', 'jsonl'] as const;
export type Format = (typeof formats)[number];
export const fileTypes = { csv: 'text/csv', jsonl: 'application/x-ndjson' } as const satisfies Readonly<
  Record<Format, string>
>;

const BATCH = 500;

const writers: Readonly<Record<Format, { readonly head: string; readonly line: (row: AuditRow) => string }>> = {
  csv: {
    head: csvLine(['at', 'type', 'account_id', 'client_id', 'by', 'details', 'id']),
    line: ({ at, type, accountId, clientId, details: { by, ...details }, id }) =>
      csvLine([
        at.toISOString(),
        type,
        accountId,
        clientId,
        typeof by === 'string' ? by : '',
        JSON.stringify(details),
        id,
      ]),
  },
  jsonl: {
    head: '',
    line: ({ id, at, type, accountId, clientId, details }) =>
      `${JSON.stringify({ id, at: at.toISOString(), type, account_id: accountId, client_id: clientId, details })}\n`,
  },
};

/**
 * The events that the filter leaves, newest first, piece by piece: however many there are, a few hundred are held at
 * once.
 */
export async function* exportEvents(
  { auditSearch }: Pick<Store, 'auditSearch'>,
  filter: AuditFilter,
  format: Format,
): AsyncGenerator<string> {
  const { head, line } = writers[format];
  if (head !== '') yield head;
  let below: AuditMark | undefined;
  do {
    const rows = await auditSearch.page(filter, below, BATCH);
    if (rows.length > 0) yield rows.map(line).join('');
    below = rows.length === BATCH ? rows.at(-1) : undefined;
  } while (below !== undefined);
}
