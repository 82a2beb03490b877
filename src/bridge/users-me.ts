import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { isOver, toFormerPerson, type BridgeClaims } from '../domain/bridge.ts';
import type { Answers } from './answers.ts';
import type { BridgeDeps } from './routes.ts';

/** Clients read it and do nothing with it; it says nothing of our machines or of theirs. */
const META = { version: '1', hostname: 'sso', client_ip: '0.0.0.0' };

/** `GET /api/v1/users/me`: userinfo behind another address, in the shape of before. */
export const createUsersMe =
  ({
    clients,
    uses,
    today,
    now,
    legacyIdOf,
    answers,
    path,
  }: Pick<BridgeDeps, 'clients' | 'uses' | 'today' | 'now' | 'legacyIdOf'> & {
    readonly answers: Answers;
    readonly path: string;
  }): Middleware =>
  async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store');
    if (!/^Bearer /i.test(ctx.get('authorization'))) {
      answers.refuse(
        ctx,
        { status: 401, error: 'unauthenticated' },
        'Send Authorization: Bearer and the access token.',
      );
      return;
    }
    // The token stands in the header and nowhere else.
    ctx.querystring = '';
    ctx.path = path;
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    const client = oidc?.client === undefined ? undefined : await clients.find(oidc.client.clientId);
    if (client?.metadata.bridge !== undefined && (ctx.status !== 200 || isOver(client.metadata.bridge, today())))
      await uses.count(client.id, today(), 'refused');
    if (ctx.status !== 200) {
      answers.reshape(ctx, (body) => body);
      if (ctx.status === 400) ctx.status = 401;
      return;
    }
    if (client?.metadata.bridge === undefined) {
      answers.refuse(
        ctx,
        { status: 404, error: 'not_found', clientId: client?.id },
        'This client is not registered for the former interface.',
      );
      return;
    }
    if (isOver(client.metadata.bridge, today())) {
      answers.ended(ctx, 401, client);
      return;
    }
    await uses.count(client.id, today(), 'users-me');
    const { sub, ...claims } = ctx.body as BridgeClaims & { readonly sub: string };
    const legacyId = await legacyIdOf(oidc?.account?.accountId ?? '');
    answers.reshape(ctx, () => ({ data: toFormerPerson(legacyId ?? sub, claims, now()), meta: META }));
  };
