import { z } from 'zod';
import type { Config } from '../../config.ts';
import type { Finding, Standing } from '../../domain/check-judge.ts';
import type { Client } from '../../domain/client.ts';
import type { Checks } from '../../sandbox/checks.ts';
import { findTrial } from '../../sandbox/trial.ts';
import type { ClientCheck } from '../../store/client-checks.ts';
import type { Store } from '../../store/store.ts';
import { Problem } from '../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../api-route.ts';
import { inBothLanguages, words } from '../api-words.ts';
import { readCursor, toCursor } from '../cursor.ts';

const standings: readonly [Standing, ...Standing[]] = ['open', 'passed', 'failed', 'ask', 'not-applicable'];

const params = z.strictObject({ client_id: z.string().regex(/^[\x21-\x7e]{1,255}$/) });
const run = z.object({
  id: z.uuid(),
  started_by: z.string(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().optional(),
  passed_at: z.iso.datetime().optional(),
  open: z.boolean().describe('Whether it goes on.'),
  current: z
    .boolean()
    .describe('Whether it tries what is registered, or proposed, now: a pass of anything else counts for nothing.'),
});
const finding = z.object({
  scenario: z.string(),
  title: words,
  state: z.enum(standings).describe('`ask` needs the eye of a person.'),
  optional: z.boolean().describe('A pass does not hang on it.'),
  fault: z.string().optional(),
  remedy: words.optional(),
  detail: z.string().optional().describe('The OAuth error or status behind it.'),
});

const presentFinding = ({ scenario, state, optional, fault, detail }: Finding): z.infer<typeof finding> => ({
  scenario,
  title: inBothLanguages(`sandbox.scenario.${scenario}.title`),
  state,
  optional,
  ...(fault === undefined ? {} : { fault, remedy: inBothLanguages(`sandbox.fault.${fault}`) }),
  ...(detail === undefined ? {} : { detail }),
});

export interface CheckRoutesDeps {
  readonly checks: Pick<Checks, 'runs' | 'isOpen' | 'isOf' | 'findings' | 'hasPassed'>;
  readonly store: Pick<Store, 'clients' | 'clientVersions'>;
  readonly config: Pick<Config, 'sandbox'>;
}

/** The integration checks of client applications, for machines to read. Whoever runs one sits at a browser. */
export function checkRoutes({ checks, store, config }: CheckRoutesDeps): ApiRoute[] {
  async function getTrial(id: string): Promise<Client> {
    const found = config.sandbox.enabled ? await findTrial(store, id) : undefined;
    if (found === undefined)
      throw new Problem(404, 'client-unknown', 'There is no such client, or the sandbox does not try it.');
    return found;
  }
  const present = (check: ClientCheck, client: Client): z.infer<typeof run> => ({
    id: check.id,
    started_by: check.startedBy,
    started_at: check.startedAt.toISOString(),
    ...(check.endedAt === undefined ? {} : { ended_at: check.endedAt.toISOString() }),
    ...(check.passedAt === undefined ? {} : { passed_at: check.passedAt.toISOString() }),
    open: checks.isOpen(check),
    current: checks.isOf(check, client.metadata),
  });

  return [
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/checks',
      summary:
        'The integration checks of a client, newest first, page by page, and whether what is registered or proposed now has passed.',
      scope: 'admin:clients:read',
      params,
      query: z.strictObject({
        cursor: z.string().max(200).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      answer: z.object({ passed: z.boolean(), checks: z.array(run), next_cursor: z.string().optional() }),
      async handle({ params: { client_id: id }, query: { cursor, limit } }) {
        const below = readCursor(cursor);
        const client = await getTrial(id);
        const found = await checks.runs(id, limit + 1, below);
        const page = found.slice(0, limit);
        const last = page.at(-1);
        return {
          passed: await checks.hasPassed(id, client.metadata),
          checks: page.map((one) => present(one, client)),
          ...(found.length > limit && last !== undefined
            ? { next_cursor: toCursor({ at: last.startedAt, id: last.id }) }
            : {}),
        };
      },
    }),
    apiRoute({
      method: 'get',
      path: '/clients/{client_id}/checks/{check_id}',
      summary:
        'One integration check, point by point, by the registration of today. Of one that passed long ago the points are gone.',
      scope: 'admin:clients:read',
      params: params.extend({ check_id: z.uuid() }),
      answer: run.extend({ findings: z.array(finding).optional() }),
      async handle({ params: { client_id: id, check_id: checkId } }) {
        const client = await getTrial(id);
        const found = await checks.findings(client, checkId);
        if (found === undefined) throw new Problem(404, 'check-unknown', 'There is no such check of this client.');
        return {
          ...present(found.check, client),
          ...(found.findings === undefined ? {} : { findings: found.findings.map(presentFinding) }),
        };
      },
    }),
  ];
}
