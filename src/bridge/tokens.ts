import type { Context, Middleware } from 'koa';
import { isOver } from '../domain/bridge.ts';
import type { Client } from '../domain/client.ts';
import { form, type FormState } from '../web/form.ts';
import { readJson } from '../web/json-body.ts';
import type { BridgeDeps } from './routes.ts';
import type { Answers } from './answers.ts';

type Fields = Readonly<Record<string, string>>;

/** What each grant takes along; the rest, `scope` first of all, means nothing to the protocol or another thing. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  authorization_code: ['code', 'redirect_uri'],
  refresh_token: ['refresh_token'],
  client_credentials: [],
};

/** A body of either kind, its fields as text; anything else is refused. */
async function readFields(ctx: Context, limitBytes: number): Promise<Fields | undefined> {
  try {
    if (ctx.is('application/json') === false) {
      await form({ limitBytes })(ctx, () => Promise.resolve());
      return Object.fromEntries((ctx.state as FormState).form);
    }
    const document = await readJson(ctx, limitBytes);
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
    return Object.values(document).every((value) => typeof value === 'string') ? { ...document } : undefined;
  } catch (error) {
    if (typeof (error as { status?: unknown }).status === 'number') return undefined;
    throw error;
  }
}

/** Puts the form there as if it had just come in: the protocol reads its requests itself. */
function replaceBody(ctx: Context, fields: Fields): () => void {
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const { headers } = ctx.req;
  headers['content-type'] = 'application/x-www-form-urlencoded';
  headers['content-length'] = String(body.length);
  delete headers['transfer-encoding'];
  const pretended = { readable: true, iterator: () => [body].values() };
  for (const [name, value] of Object.entries(pretended)) Object.defineProperty(ctx.req, name, { value, configurable: true });
  return () => {
    for (const name of Object.keys(pretended)) Reflect.deleteProperty(ctx.req, name);
  };
}

/** The client proves itself in the body, as clients of the former interface do, whatever way it is registered for. */
function withCredentials(ctx: Context, { id, metadata }: Client, secret: string, fields: Fields): Fields {
  delete ctx.req.headers.authorization;
  if (metadata.token_endpoint_auth_method === 'client_secret_post') return { ...fields, client_id: id, client_secret: secret };
  ctx.req.headers.authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  return fields;
}

/** `POST /api/v1/tokens`: the token endpoint behind another address, JSON or form, its answer inside `data` and beside it. */
export const createTokens =
  ({ clients, uses, today, limitBytes, answers, path }: Pick<BridgeDeps, 'clients' | 'uses' | 'today' | 'limitBytes'> & { readonly answers: Answers; readonly path: string }): Middleware =>
  async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    const fields = await readFields(ctx, limitBytes);
    if (fields === undefined) { answers.refuse(ctx, 400, 'invalid_request', `Send a JSON object of texts, or a form, of at most ${limitBytes} bytes.`); return; }
    const { client_id: id = '', client_secret: secret = '', grant_type: grant = '' } = fields;
    const client = await clients.find(id);
    if (client?.status !== 'active' || secret === '') { answers.refuse(ctx, 401, 'invalid_client', 'client_id or client_secret is not right.'); return; }
    const { bridge } = client.metadata;
    if (bridge === undefined) { answers.refuse(ctx, 400, 'unauthorized_client', `This client is not registered for the former interface; use ${path}.`); return; }
    if (isOver(bridge, today())) { answers.ended(ctx, 400, client); return; }
    const takes = GRANTS[grant];
    if (!Object.hasOwn(GRANTS, grant) || takes === undefined) { answers.refuse(ctx, 400, 'unsupported_grant_type', 'grant_type is authorization_code, refresh_token or client_credentials.'); return; }
    await uses.count(client.id, today(), 'tokens');

    const wanted = Object.fromEntries(takes.map((name) => [name, fields[name] ?? '']));
    const restore = replaceBody(ctx, withCredentials(ctx, client, secret, { grant_type: grant, ...wanted }));
    ctx.path = path;
    try {
      await next();
    } finally {
      restore();
    }
    answers.reshape(ctx, ({ access_token, token_type, expires_in, refresh_token }) => {
      const tokens = { access_token, token_type, expires_in, ...(refresh_token === undefined ? {} : { refresh_token }) };
      return { data: tokens, ...tokens };
    });
  };
