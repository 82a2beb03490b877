import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AccountId } from '../domain/account.ts';
import { PORTAL_CLIENT_ID } from '../domain/client.ts';
import { renderScreen } from '../web/render.ts';
import { seeOther } from '../web/see-other.ts';
import { allowFormTargets } from '../web/security-headers.ts';
import type { Store } from '../store/store.ts';
import type { ClientDirectory } from './clients.ts';
import type { Receipt } from './logout/receipt.ts';
import { signedOutScreen, signOutScreen, type SignedOutModel } from './screens.ts';

/** Most services answer at once: a moment's patience spares the person a warning about them. */
const LOOK_AGAIN_MS = 150;
const PATIENCE = 10;

/** The question before and the page after a sign-out (OpenID Connect RP-Initiated Logout 1.0). */
export function createSignOutPages({
  clients,
  store,
  receipt,
}: {
  clients: ClientDirectory;
  store: Pick<Store, 'logouts'>;
  receipt: Receipt;
}) {
  /** What the sign-out of this browser has brought about so far. */
  async function toldServices(ctx: KoaContextWithOIDC): Promise<SignedOutModel['told']> {
    const id = receipt.read(ctx);
    const look = async () => (id === undefined ? [] : store.logouts.ofSignOut(id));
    let notices = await look();
    for (let waits = 0; waits < PATIENCE && notices.some(({ state }) => state === 'pending'); waits += 1) {
      await delay(LOOK_AGAIN_MS);
      notices = await look();
    }
    return Promise.all(
      notices.map(async ({ clientId, state }) => ({
        name: (await clients.find(clientId))?.metadata.client_name ?? clientId,
        answered: state === 'delivered',
      })),
    );
  }

  return {
    async signOut(ctx: KoaContextWithOIDC): Promise<void> {
      const { session, client } = ctx.oidc;
      const { secret, postLogoutRedirectUri, state } = (session?.state ?? {}) as {
        secret?: string;
        postLogoutRedirectUri?: string;
        state?: string;
      };
      if (postLogoutRedirectUri !== undefined)
        allowFormTargets(
          ctx,
          ['https:', new URL(postLogoutRedirectUri).origin].filter((target) => target !== 'null'),
        );
      const service =
        client === undefined || client.clientId === PORTAL_CLIENT_ID
          ? undefined
          : { name: client.clientName ?? client.clientId };
      // For the second press of the button, which finds no session that could say where to.
      const back = new URLSearchParams(
        Object.entries({ client_id: client?.clientId, post_logout_redirect_uri: postLogoutRedirectUri, state }).filter(
          (one): one is [string, string] => typeof one[1] === 'string',
        ),
      );
      const action = `${ctx.oidc.urlFor('end_session_confirm')}${postLogoutRedirectUri === undefined ? '' : `?${back.toString()}`}`;
      await renderScreen(ctx, signOutScreen({ service, action, xsrf: secret ?? '', stay: '/' }));
    },

    async signedOut(ctx: KoaContextWithOIDC): Promise<void> {
      const client = ctx.oidc.client === undefined ? undefined : await clients.find(ctx.oidc.client.clientId);
      const service =
        client === undefined ? undefined : { name: client.metadata.client_name, url: client.metadata.client_uri };
      await renderScreen(
        ctx,
        signedOutScreen({ service, told: await toldServices(ctx), again: ctx.path + ctx.search }),
      );
    },
  };
}

/**
 * Remembers each sign-out before the browser hears of it: what only follows the answer is lost when the process ends
 * there.
 *
 * @param remember  is told whose session ended and of which request; it must not throw, for the session is gone
 *   already.
 */
export function rememberSignOuts(
  provider: Provider,
  remember: (accountId: AccountId | undefined, ctx: Context) => Promise<void>,
): void {
  const completed = new WeakSet();
  provider.on('end_session.success', (ctx: KoaContextWithOIDC) => completed.add(ctx));
  provider.use(async (ctx, next) => {
    await next();
    if (completed.has(ctx))
      await remember((ctx as KoaContextWithOIDC).oidc.session?.accountId as AccountId | undefined, ctx);
  });
}

/** The audience of an ID token, unverified: it only says which service to lead back to. */
function audienceOf(idToken: unknown): string | undefined {
  if (typeof idToken !== 'string') return undefined;
  try {
    const { aud } = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      aud?: unknown;
    };
    return typeof aud === 'string' ? aud : undefined;
  } catch {
    return undefined;
  }
}

/** What a request to sign out says of its service. */
const OF_SERVICE = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'] as const;

/**
 * Signing out works wherever somebody comes from.
 *
 * Who is signed in and comes from a service that was stopped meanwhile is asked as if no service had sent them: the
 * library would refuse, and the person stay signed in at a kiosk. Where nobody is signed in the library answers with a
 * form that a script must send; there is nothing to ask, so the person goes straight back to the service, if it
 * registered the address, or sees that they are signed out.
 */
export function signOutFromAnywhere(provider: Provider): Middleware {
  const isSignedIn = async (ctx: Context): Promise<boolean> =>
    (await provider.Session.get(ctx)).accountId !== undefined;

  /**
   * Pressed twice, the button leads twice to the same end: who is signed out already is led on as if they had asked
   * anew.
   */
  async function confirm(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    if (await isSignedIn(ctx)) {
      await next();
      // Another press may have been faster after all.
      if (ctx.status < 400 || ctx.status >= 500 || (await isSignedIn(ctx))) return;
      ctx.body = null;
    }
    ctx.set('Cache-Control', 'no-store');
    seeOther(ctx, `${provider.pathFor('end_session')}${ctx.search}`);
  }

  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === provider.pathFor('end_session_confirm')) {
      await confirm(ctx, next);
      return;
    }
    if (ctx.method !== 'GET' || ctx.path !== provider.pathFor('end_session')) {
      await next();
      return;
    }
    const { client_id: clientId, id_token_hint: hint, post_logout_redirect_uri: back, state } = ctx.query;
    const id = typeof clientId === 'string' ? clientId : audienceOf(hint);
    const client = id === undefined ? undefined : await provider.Client.find(id);
    if (await isSignedIn(ctx)) {
      if (id !== undefined && client === undefined)
        ctx.query = Object.fromEntries(
          Object.entries(ctx.query).filter(([name]) => !OF_SERVICE.some((one) => one === name)),
        );
      await next();
      return;
    }

    ctx.set('Cache-Control', 'no-store');
    if (client !== undefined && typeof back === 'string' && client.postLogoutRedirectUriAllowed(back)) {
      const url = new URL(back);
      if (typeof state === 'string') url.searchParams.set('state', state);
      ctx.status = 303;
      ctx.redirect(url.href);
      return;
    }
    await renderScreen(ctx, signedOutScreen({ service: undefined, told: [], again: ctx.path }));
  };
}
