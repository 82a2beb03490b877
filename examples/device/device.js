import * as oidc from 'openid-client';

const { ISSUER = 'http://localhost:3000', CLIENT_ID } = process.env;

// Only a sign-on on this very machine may be spoken to without TLS.
const options = new URL(ISSUER).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {};
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, { id_token_signed_response_alg: 'ES256' }, oidc.None(), options);

const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
console.log(`Buka ${device.verification_uri} di ponsel Anda, lalu isi kode ${device.user_code}`);

try {
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, device);
  const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  console.log(`Halo, ${person.name}`);
  // Whoever comes next must not find the person before.
  await oidc.tokenRevocation(config, tokens.access_token);
} catch (error) {
  console.error(error.error === 'access_denied' ? 'Dibatalkan di ponsel.' : 'Tidak ada yang masuk dalam sepuluh menit. Mulai lagi.');
  process.exitCode = 1;
}
