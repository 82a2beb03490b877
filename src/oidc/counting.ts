import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * Requests of which the library tells how they end; of some it tells the errors alone, and `sso_http_request_seconds`
 * has the rest.
 */
const KINDS = [
  'authorization',
  'grant',
  'pushed_authorization_request',
  'device_authorization',
  'end_session',
  'revocation',
  'introspection',
  'userinfo',
  'registration_create',
] as const;

const GRANTS: Readonly<Record<string, string>> = {
  authorization_code: 'grant.authorization-code',
  refresh_token: 'grant.refresh-token',
  client_credentials: 'grant.client-credentials',
  'urn:ietf:params:oauth:grant-type:device_code': 'grant.device-code',
};

const kindOf = (kind: string, ctx: unknown): string => {
  if (kind !== 'grant') return kind;
  const type = (ctx as Partial<KoaContextWithOIDC>).oidc?.params?.grant_type;
  return GRANTS[String(type)] ?? 'grant.other';
};

/** Counts what comes of the requests of the protocol: by kind, and by the error code of OAuth. */
export function countProtocol(provider: Provider, count: (kind: string, outcome: string) => void): void {
  const on = provider.on.bind(provider) as (
    event: string,
    listener: (ctx: unknown, error?: { error?: unknown }) => void,
  ) => void;
  for (const kind of KINDS) {
    on(`${kind}.success`, (ctx) => {
      count(kindOf(kind, ctx), 'ok');
    });
    on(`${kind}.error`, (ctx, error) => {
      count(kindOf(kind, ctx), typeof error?.error === 'string' ? error.error : 'server_error');
    });
  }
}
