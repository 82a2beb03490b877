import { z } from 'zod';
import type { Audit } from '../../audit/log.ts';
import type { AuditMark } from '../../store/audit-search.ts';
import type { Store } from '../../store/store.ts';
import { Problem } from '../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../api-route.ts';
import { parseCursor, toCursor } from './cursor.ts';

const MOST = 200;
const event = z.object({ id: z.uuid(), at: z.iso.datetime(), type: z.string(), account_id: z.uuid().optional(), client_id: z.string().optional(), details: z.record(z.string(), z.unknown()) });
const short = z.string().min(1).max(100).regex(/^[\x20-\x7e]+$/, { error: 'must be plain characters' });
const moment = z.iso.datetime({ offset: true });

function readCursor(text: string): AuditMark {
  const mark = parseCursor(text);
  if (mark === undefined) throw new Problem(422, 'invalid', 'The cursor is none of ours.', { fields: [{ field: 'query.cursor', what: 'unknown' }] });
  return mark;
}

export function auditRoutes({ store, audit }: { store: Store; audit: Audit }): ApiRoute[] {
  return [
    apiRoute({
      method: 'get',
      path: '/audit/events',
      summary: 'What happened, newest first, page by page.',
      scope: 'admin:audit:read',
      query: z.strictObject({
        type: short.optional(),
        account_id: z.uuid().optional(),
        client_id: short.optional(),
        by: short.optional().describe('Who did it: operator:<account id>, client:<client id>, operator for the command line'),
        help_code: short.optional(),
        from: moment.optional(),
        until: moment.optional(),
        limit: z.string().regex(/^[1-9]\d{0,2}$/).optional().describe(`At most ${MOST}.`),
        cursor: z.string().max(200).optional(),
      }),
      answer: z.object({ events: z.array(event), next: z.string().optional() }),
      async handle({ query }) {
        const limit = Math.min(Number(query.limit ?? 50), MOST);
        const toDate = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
        const filter = { type: query.type, accountId: query.account_id, clientId: query.client_id, by: query.by, helpCode: query.help_code, from: toDate(query.from), until: toDate(query.until) };
        const rows = await store.auditSearch.page(filter, query.cursor === undefined ? undefined : readCursor(query.cursor), limit);
        const last = rows.at(-1);
        return {
          events: rows.map(({ id, at, type, accountId, clientId, details }) => ({ id, at: at.toISOString(), type, account_id: accountId, client_id: clientId, details: { ...details } })),
          ...(rows.length === limit && last !== undefined ? { next: toCursor(last) } : {}),
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/audit/chain',
      summary: 'Whether no event was changed or removed; reads the whole chain.',
      scope: 'admin:audit:read',
      answer: z.object({ whole: z.boolean(), broken_at: z.int().optional() }),
      async handle() {
        const brokenAt = await audit.verify(store);
        return { whole: brokenAt === undefined, ...(brokenAt === undefined ? {} : { broken_at: brokenAt }) };
      },
    }),
  ];
}
