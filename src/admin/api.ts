import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import type { Config } from '../config.ts';
import { signatureOf } from '../domain/operator.ts';
import type { Result } from '../domain/result.ts';
import { readBytes } from '../web/body-bytes.ts';
import { readJson } from '../web/json-body.ts';
import { isLetInStill, lookAgain } from '../web/let-in.ts';
import { networkOf } from '../web/sender.ts';
import { Problem, problems, type ProblemDeps } from '../web/problem.ts';
import { isFile, isRaw, type AnsweredFile, type ApiRoute, type Machine } from './api-route.ts';
import { createOpenApi } from './openapi.ts';
import type { Refusals } from './refusals.ts';

const API_BASE = '/api/admin/v1';
/** Remembered where it is found out (`authenticate`). */
const SCOPE_MISSING = 'scope-missing';

export interface ApiDeps extends ProblemDeps {
  readonly routes: readonly ApiRoute[];
  readonly findToken: (
    value: string,
  ) => Promise<
    Result<
      { readonly clientId: string; readonly scopes: ReadonlySet<string> },
      { readonly reason: string; readonly clientId?: string }
    >
  >;
  readonly refusals: Pick<Refusals, 'request'>;
  readonly config: Pick<Config, 'http'>;
}

function validate(place: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({
    field: [place, ...path.map(String)].join('.'),
    what: message,
  }));
  throw new Problem(422, 'invalid', 'The request does not fit its schema.', { fields });
}

/** A parameter that is given twice is two things at once: neither counts. */
const queryOf = (ctx: Context): Record<string, unknown> => ({ ...ctx.query });

/** `/accounts/{sub}` as a pattern; what a parameter may hold its schema says. */
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

const addressOf = ({ method, path }: Pick<ApiRoute, 'method' | 'path'>): string =>
  `${method.toUpperCase()} ${API_BASE}${path}`;

/**
 * Whether it is remembered as refused at the door: a right that is missing, or a change that could not be read. What
 * was read and is against a rule, whoever knows the rule remembers; to ask amiss for what may be read is nothing.
 */
const isTurnedAway = ({ status, code }: Problem, { method }: ApiRoute, isRead: boolean): boolean =>
  status === 403 ? code !== 'proposal-own' && code !== SCOPE_MISSING : !isRead && method !== 'get';

/** The API as one middleware: everything below its address is answered here, as JSON. */
export function createApi({ routes, findToken, refusals, config, ...deps }: ApiDeps): Middleware {
  // Made for the first who asks, so that no start waits for it.
  let document: object | undefined;
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  const answerProblems = problems(deps);
  const challenge = (more = ''): Record<string, string> => ({
    'WWW-Authenticate': `Bearer realm="${API_BASE}"${more}`,
  });

  async function authenticate(ctx: Context, { scope, ...route }: ApiRoute): Promise<Machine> {
    const value = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'))?.[1];
    // Whoever shows none has tried nothing, and any crawler does so.
    if (value === undefined)
      throw new Problem(401, 'token-missing', 'Send an access token of a machine client as a bearer token.', {
        headers: challenge(),
      });
    const token = await findToken(value);
    if (!token.ok) {
      const { reason, clientId } = token.refusal;
      await refusals.request({
        reason,
        address: addressOf(route),
        by: clientId === undefined ? undefined : signatureOf({ kind: 'client', clientId }),
        network: networkOf(ctx.ip),
        clientId,
      });
      throw new Problem(401, 'token-invalid', 'The token is unknown, expired or of another kind.', {
        headers: challenge(', error="invalid_token"'),
      });
    }
    const { clientId, scopes } = token.value;
    if (scopes.has(scope)) return { kind: 'client', clientId };
    await refusals.request({
      reason: 'scope-missing',
      address: addressOf(route),
      by: signatureOf({ kind: 'client', clientId }),
      clientId,
    });
    throw new Problem(403, SCOPE_MISSING, `The token lacks the scope ${scope}.`, {
      headers: challenge(`, error="insufficient_scope", scope="${scope}"`),
    });
  }

  function decode(groups: Readonly<Record<string, string>> | undefined): Record<string, string> {
    try {
      return Object.fromEntries(Object.entries(groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]));
    } catch (cause) {
      throw new Problem(400, 'bad-encoding', 'The address is no UTF-8.', { cause });
    }
  }

  async function readBody(ctx: Context, wanted: ApiRoute['body']): Promise<unknown> {
    if (wanted === undefined) return undefined;
    return isRaw(wanted)
      ? readBytes(ctx, wanted)
      : validate('body', wanted, await readJson(ctx, config.http.bodyLimitBytes));
  }

  function send(ctx: Context, { answer }: ApiRoute, what: unknown): void {
    if (!isFile(answer)) {
      // What does not fit the document does not leave: it would be our mistake.
      ctx.body = answer.parse(what);
      return;
    }
    const { type, name, body } = what as AnsweredFile;
    ctx.attachment(name);
    ctx.type = type;
    ctx.body = body;
  }

  async function serve(ctx: Context, path: string): Promise<void> {
    const here = table.flatMap(({ route, pattern }) => {
      const match = pattern.exec(path);
      return match === null ? [] : [{ route, groups: match.groups }];
    });
    if (here.length === 0) throw new Problem(404, 'not-found', 'There is no such resource.');
    const found = here.find(({ route }) => route.method.toUpperCase() === ctx.method);
    if (found === undefined)
      throw new Problem(405, 'method', 'Not with this method.', {
        headers: { Allow: here.map(({ route }) => route.method.toUpperCase()).join(', ') },
      });
    const { route, groups } = found;
    await lookAgain(ctx, async () => {
      await authenticate(ctx, route);
      return true;
    });
    const by = await authenticate(ctx, route);
    let isRead = false;
    try {
      const params = validate('path', route.params, decode(groups));
      const query = validate('query', route.query, queryOf(ctx));
      const body = await readBody(ctx, route.body);
      isRead = true;
      await isLetInStill(ctx);
      send(ctx, route, await route.handle({ params, query, body, by }));
    } catch (error) {
      if (error instanceof Problem && isTurnedAway(error, route, isRead))
        await refusals.request({
          reason: error.code,
          address: addressOf(route),
          by: signatureOf(by),
          clientId: by.clientId,
          faults: error.fields,
        });
      throw error;
    }
  }

  return async (ctx: Context, next) => {
    if (ctx.path !== API_BASE && !ctx.path.startsWith(`${API_BASE}/`)) {
      await next();
      return;
    }
    await answerProblems(ctx, async () => {
      const path = ctx.path.slice(API_BASE.length);
      if (path === '/openapi.json' && ctx.method === 'GET')
        ctx.body = document ??= createOpenApi(routes, config.http.issuer);
      else await serve(ctx, path);
    });
  };
}
