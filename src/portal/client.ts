import { PORTAL_CLIENT_ID } from '../domain/client.ts';

/** The portal as the provider sees it: a public client of our own host, whose code nobody exchanges. */
export const portalClient = (issuer: string) => ({
  client_id: PORTAL_CLIENT_ID,
  client_name: 'SIAPkerja ID',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: [`${issuer}/portal/return`],
  scope: 'openid',
});
