import { PORTAL_CLIENT_ID, PORTAL_CLIENT_NAME } from '../domain/client.ts';

/** The portal as the provider sees it: a public client of our own host, whose code nobody exchanges. */
export const portalClient = (issuer: string) => ({
  client_id: PORTAL_CLIENT_ID,
  client_name: PORTAL_CLIENT_NAME,
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: [`${issuer}/portal/return`],
  scope: 'openid',
});
