import { Readable } from 'node:stream';
import { z } from 'zod';
import type { ChainCheck } from '../../audit/check.ts';
import type { Audit } from '../../audit/log.ts';
import { todayIn } from '../../domain/day.ts';
import { signatureOf } from '../../domain/operator.ts';
import type { Clock } from '../../ports/clock/clock.ts';
import type { AuditFilter } from '../../store/audit-search.ts';
import type { Store } from '../../store/store.ts';
import { apiRoute, type ApiRoute } from '../api-route.ts';
import { readCursor, toCursor } from '../cursor.ts';
import { exportEvents, fileTypes, formats } from './export.ts';
import type { ChainService, ChainStanding } from './service.ts';

const MOST = 200;
const event = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  type: z.string(),
  account_id: z.uuid().optional(),
  client_id: z.string().optional(),
  details: z.record(z.string(), z.unknown()),
});
const short = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[\x20-\x7e]+$/, { error: 'must be plain characters' });
const moment = z.iso.datetime({ offset: true });

/** As at the console, with moments in place of days. */
const filters = z.strictObject({
  type: short.optional(),
  account_id: z.uuid().optional(),
  client_id: short.optional(),
  by: short.optional().describe('Who did it: operator:<account id>, client:<client id>, operator for the command line'),
  help_code: short.optional(),
  from: moment.optional(),
  until: moment.optional(),
});

function toFilter({
  type,
  account_id: accountId,
  client_id: clientId,
  by,
  help_code: helpCode,
  from,
  until,
}: z.infer<typeof filters>): AuditFilter {
  const toDate = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
  return { type, accountId, clientId, by, helpCode: helpCode?.toUpperCase(), from: toDate(from), until: toDate(until) };
}

const chainState = z.object({
  end: z.int().describe('The position of its last link.'),
  sealed: z
    .object({ position: z.int(), before: moment })
    .optional()
    .describe('Where the chain begins: events of before that were removed when their time was over.'),
  check: z
    .object({
      state: z.enum(['waiting', 'running', 'whole', 'broken']),
      asked_by: z.string(),
      asked_at: moment,
      begun_at: moment.optional(),
      reached: z.int().describe('The last link that it has looked at.'),
      ended_at: moment.optional(),
      broken_at: z.int().optional().describe('The first link that does not fit.'),
    })
    .optional()
    .describe('The check that is under way, or was the last.'),
});

function present({ end, sealed, check }: ChainStanding): z.input<typeof chainState> {
  return {
    end,
    ...(sealed === undefined ? {} : { sealed: { position: sealed.position, before: sealed.before.toISOString() } }),
    ...(check === undefined ? {} : { check: presentCheck(check) }),
  };
}

function presentCheck({
  by,
  askedAt,
  begunAt,
  reached,
  outcome,
}: ChainCheck): NonNullable<z.input<typeof chainState>['check']> {
  const stateNow = begunAt === undefined ? 'waiting' : 'running';
  return {
    state: outcome === undefined ? stateNow : outcome.brokenAt === undefined ? 'whole' : 'broken',
    asked_by: by,
    asked_at: askedAt.toISOString(),
    ...(begunAt === undefined ? {} : { begun_at: begunAt.toISOString() }),
    reached: outcome?.end ?? reached,
    ...(outcome === undefined ? {} : { ended_at: outcome.at.toISOString() }),
    ...(outcome?.brokenAt === undefined ? {} : { broken_at: outcome.brokenAt }),
  };
}

export interface AuditRoutesDeps {
  readonly store: Store;
  readonly audit: Audit;
  readonly chain: ChainService;
  readonly clock: Clock;
  readonly timeZone: string;
}

export function auditRoutes({ store, audit, chain, clock, timeZone }: AuditRoutesDeps): ApiRoute[] {
  return [
    apiRoute({
      method: 'get',
      path: '/audit/events',
      summary: 'What happened, newest first, page by page.',
      scope: 'admin:audit:read',
      query: filters.extend({
        limit: z
          .string()
          .regex(/^[1-9]\d{0,2}$/)
          .optional()
          .describe(`At most ${MOST}.`),
        cursor: z.string().max(200).optional(),
      }),
      answer: z.object({ events: z.array(event), next: z.string().optional() }),
      async handle({ query }) {
        const limit = Math.min(Number(query.limit ?? 50), MOST);
        const rows = await store.auditSearch.page(toFilter(query), readCursor(query.cursor), limit);
        const last = rows.at(-1);
        return {
          events: rows.map(({ id, at, type, accountId, clientId, details }) => ({
            id,
            at: at.toISOString(),
            type,
            account_id: accountId,
            client_id: clientId,
            details: { ...details },
          })),
          ...(rows.length === limit && last !== undefined ? { next: toCursor(last) } : {}),
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/audit/export',
      summary:
        'All that the filter leaves as one file, newest first: CSV for spreadsheets, or JSON lines. The copy is recorded.',
      scope: 'admin:audit:read',
      query: filters.extend({ format: z.enum(formats) }),
      answer: { fileTypes: Object.values(fileTypes) },
      async handle({ query: { format, ...filter }, by }) {
        // Remembered before it leaves, as at the console.
        await audit.record(store, 'audit.exported', {
          by: signatureOf(by),
          format,
          filter: new URLSearchParams(filter as Readonly<Record<string, string>>).toString(),
        });
        return {
          type: `${fileTypes[format]}; charset=utf-8`,
          name: `audit-${todayIn(timeZone, clock.now())}.${format}`,
          body: Readable.from(exportEvents(store, toFilter(filter), format)),
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/audit/chain',
      summary:
        'How long the chain of the audit log is, and what came of the last check of it, or how far one is that is under way.',
      scope: 'admin:audit:read',
      answer: chainState,
      handle: async () => present(await chain.standing()),
    }),
    apiRoute({
      method: 'post',
      path: '/audit/chain/check',
      summary:
        'Have a job check that no event was changed or removed, from the beginning of the chain; where it is being checked already, that goes on.',
      scope: 'admin:audit:read',
      answer: chainState,
      async handle({ by }) {
        await chain.ask(by);
        return present(await chain.standing());
      },
    }),
  ];
}
