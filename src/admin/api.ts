import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import type { Config } from '../config.ts';
import type { AdminScope } from '../domain/admin-scope.ts';
import { readBytes } from '../web/body-bytes.ts';
import { readJson } from '../web/json-body.ts';
import { Problem, problems, type ProblemDeps } from '../web/problem.ts';
import { isFile, isRaw, type AnsweredFile, type ApiRoute, type Machine } from './api-route.ts';
import { createOpenApi } from './openapi.ts';

const API_BASE = '/api/admin/v1';

export interface ApiDeps extends ProblemDeps {
  readonly routes: readonly ApiRoute[];
  readonly findToken: (value: string) => Promise<{ readonly clientId: string; readonly scopes: ReadonlySet<string> } | undefined>;
  readonly config: Pick<Config, 'http'>;
}

function validate(place: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ field: [place, ...path.map(String)].join('.'), what: message }));
  throw new Problem(422, 'invalid', 'The request does not fit its schema.', { fields });
}

/** A parameter that is given twice is two things at once: neither counts. */
const queryOf = (ctx: Context): Record<string, unknown> => ({ ...ctx.query });

/** `/accounts/{sub}` as a pattern; what a parameter may hold its schema says. */
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

/** The API as one middleware: everything below its address is answered here, as JSON. */
export function createApi({ routes, findToken, config, ...deps }: ApiDeps): Middleware {
  // Made for the first who asks, so that no start waits for it.
  let document: object | undefined;
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  const answerProblems = problems(deps);
  const challenge = (more = ''): Record<string, string> => ({ 'WWW-Authenticate': `Bearer realm="${API_BASE}"${more}` });

  async function authenticate(ctx: Context, scope: AdminScope): Promise<Machine> {
    const value = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'))?.[1];
    if (value === undefined) throw new Problem(401, 'token-missing', 'Send an access token of a machine client as a bearer token.', { headers: challenge() });
    const token = await findToken(value);
    if (token === undefined) throw new Problem(401, 'token-invalid', 'The token is unknown, expired or of another kind.', { headers: challenge(', error="invalid_token"') });
    if (!token.scopes.has(scope)) throw new Problem(403, 'scope-missing', `The token lacks the scope ${scope}.`, { headers: challenge(`, error="insufficient_scope", scope="${scope}"`) });
    return { kind: 'client', clientId: token.clientId };
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
    return isRaw(wanted) ? readBytes(ctx, wanted) : validate('body', wanted, await readJson(ctx, config.http.bodyLimitBytes));
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
    if (found === undefined) throw new Problem(405, 'method', 'Not with this method.', { headers: { Allow: here.map(({ route }) => route.method.toUpperCase()).join(', ') } });
    const { route, groups } = found;
    const by = await authenticate(ctx, route.scope);
    const params = validate('path', route.params, decode(groups));
    const query = validate('query', route.query, queryOf(ctx));
    const body = await readBody(ctx, route.body);
    send(ctx, route, await route.handle({ params, query, body, by }));
  }

  return async (ctx: Context, next) => {
    if (ctx.path !== API_BASE && !ctx.path.startsWith(`${API_BASE}/`)) {
      await next();
      return;
    }
    await answerProblems(ctx, async () => {
      const path = ctx.path.slice(API_BASE.length);
      if (path === '/openapi.json' && ctx.method === 'GET') ctx.body = document ??= createOpenApi(routes, config.http.issuer);
      else await serve(ctx, path);
    });
  };
}
