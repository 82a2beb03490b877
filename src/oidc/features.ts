import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';

/** What the pages of the protocol look like; `app.ts` fills this in, so that this folder draws nothing. */
export interface ProtocolPages {
  readonly error: (ctx: KoaContextWithOIDC, out: { error: string; error_description?: string | undefined }, error: Error) => Promise<void>;
  readonly signOut: (ctx: KoaContextWithOIDC) => Promise<void>;
  readonly signedOut: (ctx: KoaContextWithOIDC) => Promise<void>;
}

/** What of the protocol is on. */
export function createFeatures({ pages }: { readonly pages: ProtocolPages }): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // A service learns of its own tokens only; what others hold is no concern of its.
    introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    resourceIndicators: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: pages.signOut, postLogoutSuccessSource: pages.signedOut },
  };
}
