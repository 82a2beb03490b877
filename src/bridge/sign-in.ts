import type { Middleware } from 'koa';
import { isOver, scopesInstead } from '../domain/bridge.ts';
import type { BridgedState } from '../oidc/bridged.ts';
import { Refused } from '../web/refused.ts';
import { seeOther } from '../web/see-other.ts';
import { inWords, tellError, type TellErrorDeps } from '../web/told-error.ts';
import type { BridgeDeps } from './routes.ts';

const only = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/**
 * `GET /auth` of the former interface: no `openid`, no PKCE. It is put into the words of the protocol before the
 * protocol sees it, and goes the way of any other sign-in: exact redirect URI, consent, audit.
 */
export const createSignIn =
  ({
    clients,
    uses,
    today,
    path,
    telling,
  }: Pick<BridgeDeps, 'clients' | 'uses' | 'today'> & {
    readonly path: string;
    readonly telling: TellErrorDeps;
  }): Middleware =>
  async (ctx, next) => {
    const { client_id: id, scope, request, request_uri: pushed, redirect_uri: uri, state } = ctx.query;
    const isOld =
      ctx.method === 'GET' &&
      ctx.path === path &&
      typeof id === 'string' &&
      request === undefined &&
      pushed === undefined &&
      only(scope)?.split(' ').includes('openid') !== true;
    const client = isOld ? await clients.find(id) : undefined;
    if (client?.status !== 'active' || client.metadata.bridge === undefined) {
      await next();
      return;
    }
    const { bridge, client_name: service, redirect_uris: uris = [] } = client.metadata;
    if (isOver(bridge, today())) {
      await uses.count(client.id, today(), 'refused');
      throw new Refused(400, 'errors.bridge-ended', { params: { service } });
    }
    const back = only(uri);
    if (bridge.state_required === true && (only(state) ?? '') === '' && back !== undefined && uris.includes(back)) {
      await uses.count(client.id, today(), 'refused');
      const home = new URL(back);
      home.searchParams.set('error', 'invalid_request');
      home.searchParams.set(
        'error_description',
        `state is required${inWords(tellError(ctx, telling, { status: 303, error: 'invalid_request', clientId: client.id }))}`,
      );
      ctx.set('Cache-Control', 'no-store');
      seeOther(ctx, home.href);
      return;
    }
    await uses.count(client.id, today(), 'sign-in');
    ctx.query = { ...ctx.query, scope: scopesInstead(client.metadata) };
    (ctx.state as BridgedState).bridged = true;
    await next();
  };
