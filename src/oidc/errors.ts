import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { BUSY_SECONDS, type ShowError } from '../web/error-page.ts';
import { say, type Sentence } from '../web/screen.ts';
import { seeOther } from '../web/see-other.ts';

/**
 * RFC 6749, 4.1.2.1 has the word; services know from it, and from the status, that the same request may succeed later.
 */
const AWAY = 'temporarily_unavailable';

/** What the person is told; the developer of the service gets the OAuth error beside it. */
function sentenceFor(error: string, service: string | undefined): Sentence {
  switch (error) {
    case 'invalid_client':
    case 'unauthorized_client':
      return say('errors.oidc.client');
    case 'invalid_redirect_uri':
      return service === undefined ? say('errors.oidc.client') : say('errors.oidc.redirect', { service });
    case 'server_error':
    case 'temporarily_unavailable':
      return say('errors.internal');
    default:
      return say('errors.oidc.request');
  }
}

/**
 * Errors that the service cannot be told, because there is nobody to tell or no trusted way. A sign-in whose state is
 * gone leads back to its own page, which explains and knows the way on.
 */
export function createProtocolErrors(
  showError: ShowError,
  isDatabaseAway: (error: unknown) => boolean,
  interactions = '/interaction',
) {
  return async (
    ctx: KoaContextWithOIDC,
    out: { error: string; error_description?: string | undefined },
    error: Error,
  ): Promise<void> => {
    const uid = /^\/auth\/([\w-]{8,64})$/.exec(ctx.path)?.[1];
    if (error.name === 'SessionNotFound' && uid !== undefined) {
      seeOther(ctx, `${interactions}/${uid}`);
      return;
    }
    if (isDatabaseAway(error)) {
      // The address carries the request of the service, so the way on is to ask the same again; the one that was asked
      // for, before anything of ours put it into other words.
      const options = ctx.method === 'GET' ? { back: { url: ctx.originalUrl, label: say('errors.reload') } } : {};
      await showError(
        ctx,
        {
          status: 503,
          text: say('errors.busy', { seconds: BUSY_SECONDS }),
          detail: { error: AWAY, description: undefined },
        },
        options,
      );
      return;
    }
    const { client } = ctx.oidc;
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    await showError(ctx, {
      status,
      text: sentenceFor(out.error, client?.clientName),
      detail: { error: out.error, description: out.error_description },
    });
  };
}

/**
 * To the protocol library every failure of its storage is a `server_error` with status 500. Where the database is only
 * away, services hear instead that they may come back, and when.
 */
export function comeBackLater(provider: Provider, isDatabaseAway: (error: unknown) => boolean): void {
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    if (!isDatabaseAway(error)) return;
    ctx.set('Retry-After', String(BUSY_SECONDS));
    // Where a page is the answer, it is drawn before this or after it.
    if ((ctx.body as { error?: unknown } | undefined)?.error !== 'server_error') return;
    ctx.set('Cache-Control', 'no-store');
    ctx.status = 503;
    ctx.body = { error: AWAY };
  });
}
