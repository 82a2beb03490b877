import { errors, type default as Provider } from 'oidc-provider';
import type { ClientMetadata } from '../domain/client.ts';

/** @returns what the protocol would refuse of the metadata; undefined when it takes them. */
export type ClientCheck = (metadata: ClientMetadata) => string | undefined;

/** A client that cannot be built from its metadata fails at its first request; better to know when it is registered. */
export function createClientCheck(provider: Provider): ClientCheck {
  // The constructor is what the protocol itself calls; the typings leave it out.
  const Client = provider.Client as unknown as new (metadata: object) => unknown;
  return (metadata) => {
    try {
      // Any secret does: the protocol asks only that there is one.
      new Client({
        ...metadata,
        client_secret: metadata.token_endpoint_auth_method === 'none' ? undefined : 'x'.repeat(43),
      });
      return undefined;
    } catch (error) {
      if (error instanceof errors.OIDCProviderError) return error.error_description ?? error.message;
      throw error;
    }
  };
}
