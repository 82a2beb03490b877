import type { Context, Middleware } from 'koa';
import { isOver } from '../domain/bridge.ts';
import type { Client } from '../domain/client.ts';
import { form, type FormState } from '../web/form.ts';
import { readJson } from '../web/json-body.ts';
import { senderOf } from '../web/sender.ts';
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
  for (const [name, value] of Object.entries(pretended))
    Object.defineProperty(ctx.req, name, { value, configurable: true });
  return () => {
    for (const name of Object.keys(pretended)) Reflect.deleteProperty(ctx.req, name);
  };
}

/** The client proves itself in the body, as clients of the former interface do, whatever way it is registered for. */
function withCredentials(ctx: Context, { id, metadata }: Client, secret: string, fields: Fields): Fields {
  delete ctx.req.headers.authorization;
  if (metadata.token_endpoint_auth_method === 'client_secret_post')
    return { ...fields, client_id: id, client_secret: secret };
  ctx.req.headers.authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  return fields;
}

/**
 * `POST /api/v1/tokens`: the token endpoint behind another address, JSON or form, its answer inside `data` and beside
 * it.
 */
export const createTokens = ({
  clients,
  uses,
  today,
  now,
  counters,
  limits,
  limitBytes,
  answers,
  path,
}: Pick<BridgeDeps, 'clients' | 'uses' | 'today' | 'now' | 'counters' | 'limits' | 'limitBytes'> & {
  readonly answers: Answers;
  readonly path: string;
}): Middleware => {
  /**
   * What is asked of the protocol, once it is a call that the former interface knew; undefined where it was refused.
   */
  function judge(ctx: Context, client: Client, fields: Fields): Fields | undefined {
    const { client_secret: secret = '', grant_type: grant = '' } = fields;
    const takes = GRANTS[grant];
    if (secret === '')
      answers.refuse(
        ctx,
        { status: 401, error: 'invalid_client', clientId: client.id },
        'client_id or client_secret is not right.',
      );
    else if (client.metadata.bridge !== undefined && isOver(client.metadata.bridge, today()))
      answers.ended(ctx, 400, client);
    else if (!Object.hasOwn(GRANTS, grant) || takes === undefined)
      answers.refuse(
        ctx,
        { status: 400, error: 'unsupported_grant_type', clientId: client.id },
        'grant_type is authorization_code, refresh_token or client_credentials.',
      );
    else return { grant_type: grant, ...Object.fromEntries(takes.map((name) => [name, fields[name] ?? ''])) };
    return undefined;
  }

  async function forward(
    ctx: Context,
    next: () => Promise<unknown>,
    client: Client,
    secret: string,
    wanted: Fields,
  ): Promise<void> {
    const restore = replaceBody(ctx, withCredentials(ctx, client, secret, wanted));
    ctx.path = path;
    try {
      await next();
    } finally {
      restore();
    }
    answers.reshape(ctx, ({ access_token, token_type, expires_in, refresh_token }) => {
      const tokens = {
        access_token,
        token_type,
        expires_in,
        ...(refresh_token === undefined ? {} : { refresh_token }),
      };
      return { data: tokens, ...tokens };
    });
  }

  return async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    const fields = await readFields(ctx, limitBytes);
    if (fields === undefined) {
      answers.refuse(
        ctx,
        { status: 400, error: 'invalid_request' },
        `Send a JSON object of texts, or a form, of at most ${limitBytes} bytes.`,
      );
      return;
    }
    const { client_id: id = '', client_secret: secret = '' } = fields;
    const client = await clients.find(id);
    if (client?.status !== 'active' || (client.metadata.bridge === undefined && secret === '')) {
      answers.refuse(
        ctx,
        { status: 401, error: 'invalid_client', clientId: client?.id },
        'client_id or client_secret is not right.',
      );
      return;
    }
    if (client.metadata.bridge === undefined) {
      answers.refuse(
        ctx,
        { status: 400, error: 'unauthorized_client', clientId: client.id },
        `This client is not registered for the former interface; use ${path}.`,
      );
      return;
    }

    const { network } = senderOf(ctx);
    const key = network === undefined ? undefined : `${network} ${client.id}`;
    const tries = key === undefined ? undefined : await counters.read(limits.bridge.secrets, key);
    // Not counted as a use either: whoever floods it writes nothing more.
    if (tries?.exhausted === true) {
      ctx.set(
        'Retry-After',
        String(Math.max(1, Math.ceil(((tries.resetsAt?.getTime() ?? 0) - now().getTime()) / 1000))),
      );
      answers.refuse(
        ctx,
        { status: 429, error: 'slow_down', clientId: client.id },
        'Too many requests with a wrong client_secret.',
      );
      return;
    }
    const wanted = judge(ctx, client, fields);
    if (wanted !== undefined) await forward(ctx, next, client, secret, wanted);
    if (ctx.status === 401 && key !== undefined) await counters.take(limits.bridge.secrets, key);
    await uses.count(client.id, today(), ctx.status === 200 ? 'tokens' : 'refused');
  };
};
