import type { ClientMetadata } from 'oidc-provider';
import { MACHINE, SERVICE } from '../setups/seed.ts';

/** The same as the product's, as the configuration of the library wants them. */
export const yardstickClients: ClientMetadata[] = [
  {
    client_id: SERVICE.id,
    client_secret: SERVICE.secret,
    redirect_uris: [SERVICE.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'openid profile',
  },
  {
    client_id: MACHINE.id,
    client_secret: MACHINE.secret,
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
  },
];
