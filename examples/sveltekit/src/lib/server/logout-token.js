import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { CLIENT_ID } from '$app/env/private';
import { connect } from './siapkerja.js';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

let keys;

/**
 * openid-client does not read these (OpenID Connect Back-Channel Logout 1.0, 2.6).
 *
 * @returns whose sessions end, or nothing where it is no logout token of SIAPkerja for this service.
 * @throws where SIAPkerja cannot be reached: whoever sends the token tries again then.
 */
export async function readLogoutToken(token) {
  const { issuer, jwks_uri } = (await connect()).serverMetadata();
  keys ??= createRemoteJWKSet(new URL(jwks_uri));
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: CLIENT_ID,
      algorithms: ['ES256'],
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      maxTokenAge: 300,
      clockTolerance: 30,
    });
    const { events, nonce, sub, sid } = payload;
    const isNotice = typeof events?.[LOGOUT_EVENT] === 'object' && nonce === undefined && (sub ?? sid) !== undefined;
    return isNotice ? { sub, sid } : undefined;
  } catch (problem) {
    if (!(problem instanceof errors.JOSEError) || problem instanceof errors.JWKSTimeout) throw problem;
    return undefined;
  }
}
