import type { Context, Middleware } from 'koa';
import type { Result } from '../../../domain/result.ts';
import type { Counters, Limit } from '../../../ports/counters/counters.ts';
import type { Limits } from '../../../ports/counters/limits.ts';
import type { Clock } from '../../../ports/clock/clock.ts';
import { readJson } from '../../../web/json-body.ts';
import { Problem } from '../../../web/problem.ts';
import { networkOf, senderOf } from '../../../web/sender.ts';
import type { Refusals } from '../../refusals.ts';
import { tellError, type TellErrorDeps } from '../../../web/told-error.ts';
import type { Managed, Registration, RegistrationRefusal } from './service.ts';

export interface RegistrationRoutesDeps extends TellErrorDeps {
  readonly registration: Registration;
  readonly refusals: Pick<Refusals, 'request'>;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly issuer: string;
  readonly limitBytes: number;
}

const PATH = '/reg';
/** Ids that we make. Anything else is somebody's typing. */
const MANAGED = /^\/reg\/([A-Za-z0-9._~-]{3,64})$/;
/** No token of ours is longer. */
const BEARER = /^Bearer ([A-Za-z0-9_-]{1,128})$/i;

function answer(ctx: Context, status: number, body: object): void {
  ctx.status = status;
  ctx.body = body;
  ctx.type = 'application/json';
}

/** `/reg`, where approved teams register clients, and `/reg/<client_id>`, where they look after them. */
export function createRegistrationRoutes({
  registration,
  refusals,
  counters,
  limits,
  clock,
  issuer,
  limitBytes,
  log,
  random,
}: RegistrationRoutesDeps): Middleware {
  const refuse = (ctx: Context, status: number, error: string, description: string): void => {
    const helpCode = tellError(ctx, { log, random }, { status, error, clientId: MANAGED.exec(ctx.path)?.[1] });
    answer(ctx, status, { error, error_description: description, help_code: helpCode });
  };

  function answerRefusal(ctx: Context, refusal: RegistrationRefusal): void {
    switch (refusal.reason) {
      case 'token':
        ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
        refuse(ctx, 401, 'invalid_token', 'the token is unknown, used up, expired or revoked');
        return;
      case 'forbidden':
        refuse(ctx, 403, 'access_denied', refusal.what);
        return;
      case 'proposal-open':
        refuse(
          ctx,
          409,
          'invalid_request',
          'an operator proposed another change of the same members, which waits to be reviewed: send this again when it is decided',
        );
        return;
      case 'metadata': {
        const aboutAddresses = refusal.problems.every(({ field }) => field.startsWith('redirect_uris'));
        refuse(
          ctx,
          400,
          aboutAddresses ? 'invalid_redirect_uri' : 'invalid_client_metadata',
          refusal.problems.map(({ field, what }) => `${field} ${what}`).join('; '),
        );
      }
    }
  }

  const present = ({ client, metadata, waits, newSecret, warnings }: Managed, token: string): object => ({
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    ...(newSecret === undefined ? {} : { client_secret: newSecret.reveal(), client_secret_expires_at: 0 }),
    registration_access_token: token,
    registration_client_uri: `${issuer}${PATH}/${encodeURIComponent(client.id)}`,
    ...metadata,
    type: client.type,
    status: client.status,
    awaiting_review: waits,
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(({ field, what }) => `${field} ${what}`) }),
  });

  const turnAway = (ctx: Context, reason: string, by?: string): Promise<void> =>
    refusals.request({
      reason,
      address: `${ctx.method} ${ctx.path === PATH ? PATH : `${PATH}/{client_id}`}`,
      by,
      network: networkOf(ctx.ip),
    });

  async function refused(ctx: Context, refusal: RegistrationRefusal): Promise<void> {
    if (refusal.reason === 'token')
      await turnAway(ctx, refusal.by === undefined ? 'token-unknown' : 'token-ended', refusal.by);
    answerRefusal(ctx, refusal);
  }

  async function manage(ctx: Context, result: Result<Managed, RegistrationRefusal>, token: string): Promise<void> {
    if (result.ok) answer(ctx, 200, present(result.value, token));
    else await refused(ctx, result.refusal);
  }

  /** @returns false where it was refused already. */
  async function within(ctx: Context, limit: Limit, key: string): Promise<boolean> {
    const { refused: over, resetsAt } = await counters.take(limit, key);
    if (!over) return true;
    ctx.set('Retry-After', String(Math.max(1, Math.ceil(((resetsAt?.getTime() ?? 0) - clock.now().getTime()) / 1000))));
    refuse(ctx, 429, 'slow_down', 'too many requests to register');
    return false;
  }
  const withinNetwork = async (ctx: Context): Promise<boolean> => {
    const { network } = senderOf(ctx);
    return network === undefined || within(ctx, limits.registration.network, network);
  };

  /** The document; undefined where it was refused already. */
  async function read(ctx: Context): Promise<{ readonly document: unknown } | undefined> {
    try {
      return { document: await readJson(ctx, limitBytes) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // Before anybody looked at the token: whose it is, is not known.
      await turnAway(ctx, error.code);
      refuse(ctx, error.status === 413 ? 413 : 400, 'invalid_client_metadata', error.message);
      return undefined;
    }
  }

  return async (ctx, next) => {
    const clientId = MANAGED.exec(ctx.path)?.[1];
    const methods = ctx.path === PATH ? ['POST'] : clientId === undefined ? [] : ['GET', 'PUT', 'DELETE'];
    if (methods.length === 0) {
      await next();
      return;
    }
    ctx.set('Cache-Control', 'no-store');
    if (!methods.includes(ctx.method)) {
      ctx.set('Allow', methods.join(', '));
      refuse(ctx, 405, 'invalid_request', `use ${methods.join(', ')}`);
      return;
    }
    if (!(await withinNetwork(ctx))) return;
    const token = BEARER.exec(ctx.get('authorization'))?.[1];
    if (token === undefined) {
      answerRefusal(ctx, { reason: 'token' });
      return;
    }

    if (clientId === undefined) {
      const body = await read(ctx);
      if (body === undefined) return;
      const made = await registration.register(token, body.document);
      if (made.ok) answer(ctx, 201, present(made.value, made.value.token.reveal()));
      else await refused(ctx, made.refusal);
    } else if (ctx.method === 'GET') {
      await manage(ctx, await registration.read(clientId, token), token);
    } else if (ctx.method === 'PUT') {
      const body = await read(ctx);
      if (body === undefined) return;
      // Counted on the client only for its team: anybody knows the id.
      const known = await registration.read(clientId, token);
      if (!known.ok) {
        await refused(ctx, known.refusal);
        return;
      }
      if (await within(ctx, limits.registration.client, clientId))
        await manage(ctx, await registration.update(clientId, token, body.document), token);
    } else {
      const removed = await registration.remove(clientId, token);
      if (removed.ok) ctx.status = 204;
      else await refused(ctx, removed.refusal);
    }
  };
}
