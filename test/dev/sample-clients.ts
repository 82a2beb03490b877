import type { SampleClient } from '../../src/dev/sample-service/clients.ts';
import type { SampleService } from '../../src/dev/sample-service/server.ts';

export const scope = 'openid profile email phone';
export const karirhub = {
  client_id: 'karirhub',
  client_secret: 'rahasia contoh/1',
  name: 'Karirhub (contoh)',
  base: '/',
  scope,
} satisfies SampleClient;
export const skillhub = {
  client_id: 'skillhub',
  client_secret: 'rahasia:contoh+2',
  name: 'Skillhub (contoh)',
  base: '/skillhub',
  scope,
} satisfies SampleClient;

/** The same two services as the sign-on registers them. */
export const registered = (service: SampleService) =>
  [karirhub, skillhub].map(({ client_id, client_secret, base }) => {
    const home = `${service.url}${base}`;
    const below = home.replace(/\/$/, '');
    return {
      client_id,
      client_secret,
      redirect_uris: [`${below}/callback`],
      post_logout_redirect_uris: [home],
      backchannel_logout_uri: `${below}/backchannel-logout`,
      backchannel_logout_session_required: true,
      scope,
    };
  });
