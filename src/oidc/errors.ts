import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ShowError } from '../web/error-page.ts';
import { say, type Sentence } from '../web/screen.ts';
import { seeOther } from '../web/see-other.ts';

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
export function createProtocolErrors(showError: ShowError) {
  return async (ctx: KoaContextWithOIDC, out: { error: string; error_description?: string | undefined }, error: Error): Promise<void> => {
    const uid = /^\/auth\/([\w-]{8,64})$/.exec(ctx.path)?.[1];
    if (error.name === 'SessionNotFound' && uid !== undefined) {
      seeOther(ctx, `/interaction/${uid}`);
      return;
    }
    const { client } = ctx.oidc;
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    await showError(ctx, { status, text: sentenceFor(out.error, client?.clientName), detail: { error: out.error, description: out.error_description } });
  };
}
