import * as oidc from 'openid-client';
import { CLIENT_ID, CLIENT_SECRET, ISSUER, PORT } from '$app/env/private';

/** The address that is registered: named here, because what a request says of its host need not be true. */
export const home = new URL(`http://localhost:${PORT}/`);

let config;

/** Fetches discovery when it is first needed, and again if that failed. */
export async function connect() {
  // Only a sign-on on this very machine may be spoken to without TLS.
  const options = new URL(ISSUER).protocol === 'http:' ? { execute: [oidc.allowInsecureRequests] } : {};
  return (config ??= await oidc.discovery(new URL(ISSUER), CLIENT_ID, { id_token_signed_response_alg: 'ES256' }, oidc.ClientSecretBasic(CLIENT_SECRET), options));
}

/** @returns where the browser goes, and what its session keeps until it comes back. */
export async function beginSignIn() {
  const begun = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(await connect(), {
    redirect_uri: new URL('callback', home).href,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(begun.verifier),
    code_challenge_method: 'S256',
    state: begun.state,
    nonce: begun.nonce,
  });
  return { url, begun };
}

/** Exchanges the code, once `state`, `iss` and the ID token are what they should be, and asks who the person is. */
export async function finishSignIn(query, { verifier, state, nonce }) {
  const server = await connect();
  const tokens = await oidc.authorizationCodeGrant(server, new URL(`callback${query}`, home), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const { sub, sid } = tokens.claims();
  // Who the person is stands in userinfo; the ID token tells only that and how they signed in.
  const { name, email } = await oidc.fetchUserInfo(server, tokens.access_token, sub);
  return { sub, sid, name, email, idToken: tokens.id_token };
}

/** Where "Keluar" leads, so that the session at SIAPkerja ends as well. */
export async function signOutUrl(idToken) {
  return oidc.buildEndSessionUrl(await connect(), {
    post_logout_redirect_uri: home.href,
    ...(idToken ? { id_token_hint: idToken } : {}),
  });
}
