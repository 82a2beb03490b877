import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { KeyedHash } from '../crypto/keyed-hash.ts';
import { isFapi2 } from './client-rules.ts';
import { assertRequestObject } from './fapi.ts';
import { createIntrospectionPolicy, createResourceIndicators, type ApiDirectory } from './resources.ts';

/** What the pages of the protocol look like; `app.ts` fills this in, so that this folder draws nothing. */
export interface ProtocolPages {
  readonly error: (
    ctx: KoaContextWithOIDC,
    out: { error: string; error_description?: string | undefined },
    error: Error,
  ) => Promise<void>;
  readonly signOut: (ctx: KoaContextWithOIDC) => Promise<void>;
  readonly signedOut: (ctx: KoaContextWithOIDC) => Promise<void>;
  /** Asks for the code of a device, and tells what was wrong with the last one. */
  readonly deviceCode: (
    ctx: KoaContextWithOIDC,
    out?: { error: string; error_description?: string | undefined },
    error?: Error,
  ) => Promise<void>;
  readonly deviceConfirm: (ctx: KoaContextWithOIDC, client: Client, userCode: string) => Promise<void>;
  readonly deviceLinked: (ctx: KoaContextWithOIDC) => Promise<void>;
}

/** What of the protocol is on; docs/protocol.md gives the reason of each. */
export function createFeatures({
  pages,
  keyedHash,
  apis,
}: {
  readonly pages: ProtocolPages;
  readonly keyedHash: KeyedHash;
  readonly apis: ApiDirectory;
}): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // For `acr` alone: what else it names is not granted, and so not answered.
    claimsParameter: { enabled: true },
    introspection: { enabled: true, allowedPolicy: createIntrospectionPolicy(apis) },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    jwtUserinfo: { enabled: true },
    jwtIntrospection: { enabled: true },
    encryption: { enabled: true },
    // Not outside at all: keys that change while the provider stays, and that sign in the calling thread
    // (key-slots.ts).
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    requestObjects: { enabled: true, assertJwtClaimsAndHeader: assertRequestObject },
    // The nonce carries our time: a proof made in advance is worth nothing, and the client's clock does not matter.
    // One secret for all instances, so that any of them takes the nonce of another.
    dPoP: { enabled: true, nonceSecret: keyedHash.hash('dpop-nonce'), requireNonce: () => true },
    fapi: { enabled: true, profile: (_ctx, client) => (isFapi2(client) ? '2.0' : undefined) },
    resourceIndicators: createResourceIndicators(apis),
    backchannelLogout: { enabled: true },
    // Kiosks and programs without a browser; the code is for a person to copy: no vowels, so no words and no 0 or O.
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',
      userCodeInputSource: (ctx, _form, out, error) => pages.deviceCode(ctx, out, error),
      userCodeConfirmSource: (ctx, _form, client, _deviceInfo, userCode) => pages.deviceConfirm(ctx, client, userCode),
      successSource: pages.deviceLinked,
    },
    rpInitiatedLogout: { enabled: true, logoutSource: pages.signOut, postLogoutSuccessSource: pages.signedOut },
  };
}
