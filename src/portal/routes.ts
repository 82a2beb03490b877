import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import { PORTAL_CLIENT_ID } from '../domain/client.ts';
import type { Random } from '../ports/random/random.ts';
import type { Store } from '../store/store.ts';
import { localeOf } from '../web/locale.ts';
import { renderScreen } from '../web/render.ts';
import { seeOther } from '../web/see-other.ts';
import { helpScreen, homeScreen, privacyScreen, termsScreen } from './screens.ts';

export interface PortalDeps {
  readonly provider: Provider;
  readonly store: Pick<Store, 'accounts' | 'clients'>;
  readonly random: Random;
  readonly config: Pick<Config, 'http' | 'help'>;
}

/** The page of those who come without a service, and what every page links to. */
export function createPortal({ provider, store, random, config }: PortalDeps): Router {
  const { issuer } = config.http;

  /**
   * The portal is a client like any other. It wants no tokens: the session that the sign-in leaves behind is enough,
   * so the verifier of the code is thrown away and the code with it.
   */
  const toSignIn = (prompt?: 'create') => (ctx: Context): void => {
    const request = new URLSearchParams({
      client_id: PORTAL_CLIENT_ID,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${issuer}/portal/return`,
      code_challenge: createHash('sha256').update(random.bytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
      state: random.bytes(16).toString('base64url'),
      ui_locales: localeOf(ctx),
      ...(prompt === undefined ? {} : { prompt }),
    });
    ctx.set('Cache-Control', 'no-store');
    seeOther(ctx, `/auth?${request.toString()}`);
  };

  async function home(ctx: Context): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    const session = await provider.Session.get(ctx);
    const account = session.accountId === undefined ? undefined : await store.accounts.findById(session.accountId);
    const services = await store.clients.listed();
    const signOut = new URLSearchParams({ client_id: PORTAL_CLIENT_ID, post_logout_redirect_uri: `${issuer}/` });
    await renderScreen(
      ctx,
      homeScreen({
        account: account?.status === 'active' ? { name: account.name.reveal() } : undefined,
        services: services.flatMap(({ metadata, listing }) => (listing === undefined ? [] : [{ name: metadata.client_name, url: listing.url, about: { id: listing.id, en: listing.en } }])),
        links: { signIn: '/portal/sign-in', register: '/portal/register', signOut: `/session/end?${signOut.toString()}` },
      }),
    );
  }

  const router = new Router();
  router.get('/', home);
  router.get('/portal/sign-in', toSignIn());
  router.get('/portal/register', toSignIn('create'));
  router.get('/portal/return', (ctx) => { seeOther(ctx, '/'); });
  router.get('/help', (ctx) => renderScreen(ctx, helpScreen(config.help)));
  router.get('/terms', (ctx) => renderScreen(ctx, termsScreen(config.help)));
  router.get('/privacy', (ctx) => renderScreen(ctx, privacyScreen(config.help)));
  return router;
}
