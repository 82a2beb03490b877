import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { isFaultOfService, requestKinds, type RequestKind } from '../domain/client-error.ts';
import { hasShownError } from '../web/help-code.ts';
import { inWords, tellError, type TellErrorDeps } from '../web/told-error.ts';
import { findNotPublished } from './held-keys.ts';

interface FaultState {
  /** What services are told of this request, where they are told anything. */
  protocolFault?: {
    readonly kind?: RequestKind;
    readonly error: string;
    readonly clientId: string | undefined;
    readonly keys?: string;
    readonly sector?: string;
  };
}

/** Not why: the address may lead into a network that whoever asks should learn nothing of. */
const KEYS_MISSING = 'client authentication failed: the keys at the jwks_uri of the client could not be fetched';

/** What services are told besides the error: the code by which an operator finds it. */
function tellHelpCode(ctx: KoaContextWithOIDC, helpCode: string, lacksKeys: boolean): void {
  const body: unknown = ctx.body;
  if (typeof body === 'object' && body !== null && 'error' in body && !Buffer.isBuffer(body)) {
    ctx.body = {
      ...body,
      ...(lacksKeys && body.error === 'invalid_client' ? { error_description: KEYS_MISSING } : {}),
      help_code: helpCode,
    };
    return;
  }
  const words = inWords(helpCode);
  // The library's page of `response_mode=form_post`, whose form sends itself.
  if (typeof body === 'string')
    ctx.body = body.replace(/name="error_description" value="[^"]*/, (before) => `${before}${words}`);
  const { location } = ctx.response.headers;
  if (typeof location !== 'string') return;
  // Written behind what is there: the rest of the address stays the service's, to the letter.
  ctx.set(
    'Location',
    location.replace(/^.*[?&]error_description=[^&#]*/, (before) => `${before}${encodeURIComponent(words)}`),
  );
}

/**
 * Gives each error that a service is told its help code, those that are ours to mend included, and the log its line.
 */
export function tellFaults(provider: Provider, deps: TellErrorDeps): void {
  const on = provider.on.bind(provider) as (
    event: string,
    listener: (ctx: KoaContextWithOIDC, error: { readonly error?: unknown }) => void,
  ) => void;
  const note = (ctx: KoaContextWithOIDC, fault: Omit<NonNullable<FaultState['protocolFault']>, 'clientId'>): void => {
    (ctx.state as FaultState).protocolFault = {
      ...fault,
      clientId: (ctx as Partial<KoaContextWithOIDC>).oidc?.client?.clientId,
    };
  };
  for (const kind of requestKinds) {
    on(`${kind}.error`, (ctx, thrown) => {
      if (typeof thrown.error !== 'string' || !isFaultOfService(thrown.error)) return;
      const missing = findNotPublished(thrown);
      note(ctx, {
        kind,
        error: thrown.error,
        ...(missing === undefined ? {} : { [missing.member === 'jwks_uri' ? 'keys' : 'sector']: missing.reason }),
      });
    });
  }
  on('server_error', (ctx) => {
    note(ctx, { error: 'server_error' });
  });

  provider.use(async (ctx, next) => {
    await next();
    const fault = (ctx.state as FaultState).protocolFault;
    // A page of ours says its code itself, and has its own line in the log.
    if (fault === undefined || hasShownError(ctx)) return;
    tellHelpCode(
      ctx as KoaContextWithOIDC,
      tellError(ctx, deps, { ...fault, status: ctx.status }),
      fault.keys !== undefined,
    );
  });
}
