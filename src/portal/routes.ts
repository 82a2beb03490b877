import type { Context } from 'koa';
import Router from 'koa-router';
import type Provider from 'oidc-provider';
import type { Config } from '../config.ts';
import { contactCare } from '../domain/contact-care.ts';
import { logoUrlOf } from '../domain/logo/logo.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Store } from '../store/store.ts';
import { renderScreen } from '../web/render.ts';
import { seeOther } from '../web/see-other.ts';
import { SIGN_OUT, type Sessions } from '../web/session.ts';
import { helpScreen, homeScreen, privacyScreen, termsScreen } from './screens.ts';

export interface PortalDeps {
  readonly provider: Provider;
  readonly store: Pick<Store, 'accounts' | 'clients' | 'recoveryRequests'>;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly config: Pick<Config, 'help' | 'otp' | 'recoveryRequests'>;
}

/** The page of those who come without a service, and what every page links to. */
export function createPortal({ provider, store, sessions, clock, config }: PortalDeps): Router {
  async function home(ctx: Context): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    const session = await provider.Session.get(ctx);
    const account = session.accountId === undefined ? undefined : await store.accounts.findById(session.accountId);
    const isThere = account?.status === 'active';
    const asked = isThere ? await store.recoveryRequests.countOpenOf([account.id]) : undefined;
    const services = await store.clients.listed();
    await renderScreen(
      ctx,
      homeScreen({
        account: isThere
          ? {
              name: account.name.reveal(),
              care: contactCare(account, clock.now(), config.otp),
              isAskedFor: asked?.has(account.id) === true,
            }
          : undefined,
        services: services.flatMap(({ metadata, listing }) =>
          listing === undefined
            ? []
            : [
                {
                  name: metadata.client_name,
                  logo: logoUrlOf(metadata),
                  url: listing.url,
                  about: { id: listing.id, en: listing.en },
                },
              ],
        ),
        links: {
          signIn: '/portal/sign-in',
          register: '/portal/register',
          connected: '/account/services',
          security: '/account/security',
          contact: '/account/contact',
          requests: '/account/recovery-request/open',
          signOut: SIGN_OUT,
        },
      }),
    );
  }

  const router = new Router();
  router.get('/', home);
  router.get('/portal/sign-in', (ctx) => {
    sessions.toSignIn(ctx, { path: '/' });
  });
  router.get('/portal/register', (ctx) => {
    sessions.toSignIn(ctx, { path: '/', prompt: 'create' });
  });
  // What people type who know the pages below it.
  router.get('/account', (ctx) => {
    seeOther(ctx, '/');
  });
  router.get('/portal/return', (ctx) => sessions.back(ctx));
  router.get('/help', (ctx) =>
    renderScreen(ctx, helpScreen({ ...config.help, takesRequests: config.recoveryRequests.enabled })),
  );
  router.get('/terms', (ctx) => renderScreen(ctx, termsScreen(config.help)));
  router.get('/privacy', (ctx) => renderScreen(ctx, privacyScreen(config.help)));
  return router;
}
