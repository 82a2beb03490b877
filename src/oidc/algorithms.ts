import type { Configuration } from 'oidc-provider';

/** What signs and encrypts; nothing symmetric, so that a client's secret is never a key. */
export const algorithms: NonNullable<Configuration['enabledJWA']> = {
  idTokenSigningAlgValues: ['ES256', 'RS256'],
  userinfoSigningAlgValues: ['ES256', 'RS256'],
  introspectionSigningAlgValues: ['ES256', 'RS256'],
};
