import * as client from 'openid-client';
import type { TestApp } from './app.ts';
import type { Browser, Page } from './browser.ts';

/** One request to the sign-on and what its answer is judged by. */
export interface SignInRequest {
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A service: a certified library plays the client, nobody listens at its addresses. */
export interface RelyingParty {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly origin: string;
  begin(parameters?: Readonly<Record<string, string>>): Promise<SignInRequest>;
  /** Exchanges the code that the browser brought home and fetches the claims. @throws when the library refuses. */
  receive(
    home: Pick<Page, 'url'>,
    request: SignInRequest,
  ): Promise<{ readonly claims: Record<string, unknown>; readonly idToken: string; readonly accessToken: string }>;
  signOutUrl(idToken?: string, state?: string): Promise<string>;
}

let count = 0;

/** Registers a service with the sign-on and makes the library that talks for it. */
export async function createRelyingParty(
  app: Pick<TestApp, 'url' | 'addClient'>,
  {
    name = 'Karirhub (contoh)',
    scope = 'openid profile email phone',
    further = {},
  }: { name?: string; scope?: string; further?: Readonly<Record<string, unknown>> } = {},
): Promise<RelyingParty> {
  count += 1;
  const id = `rp-${count}`;
  const secret = `rahasia-${count}-hanya-untuk-pengujian`;
  const origin = `https://${id}.test`;
  await app.addClient({
    metadata: {
      client_id: id,
      client_name: name,
      redirect_uris: [`${origin}/cb`],
      post_logout_redirect_uris: [`${origin}/bye`],
      scope,
      client_uri: origin,
      token_endpoint_auth_method: 'client_secret_basic',
      ...further,
    },
    secret,
  });
  let discovered: client.Configuration | undefined;
  const configuration = async (): Promise<client.Configuration> =>
    (discovered ??= await client.discovery(
      new URL(app.url),
      id,
      { client_secret: secret, id_token_signed_response_alg: 'ES256' },
      client.ClientSecretBasic(secret),
      { execute: [client.allowInsecureRequests] },
    ));

  return {
    id,
    name,
    secret,
    origin,
    async begin(parameters = {}) {
      const verifier = client.randomPKCECodeVerifier();
      const request = { state: client.randomState(), nonce: client.randomNonce(), verifier };
      const url = client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: `${origin}/cb`,
        scope,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: request.state,
        nonce: request.nonce,
        ...parameters,
      });
      return { url: url.href, ...request };
    },
    async receive(home, { state, nonce, verifier }) {
      const tokens = await client.authorizationCodeGrant(await configuration(), home.url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
      });
      const subject = tokens.claims()?.sub;
      if (subject === undefined || tokens.id_token === undefined) throw new Error('no ID token');
      const claims = await client.fetchUserInfo(await configuration(), tokens.access_token, subject);
      return { claims: { ...tokens.claims(), ...claims }, idToken: tokens.id_token, accessToken: tokens.access_token };
    },
    async signOutUrl(idToken, state) {
      return client.buildEndSessionUrl(await configuration(), {
        post_logout_redirect_uri: `${origin}/bye`,
        ...(idToken === undefined ? { client_id: id } : { id_token_hint: idToken }),
        ...(state === undefined ? {} : { state }),
      }).href;
    },
  };
}

/** Whether the browser is back at the service. */
export const isHome = (page: Page, { origin }: RelyingParty): boolean => page.url.href.startsWith(`${origin}/cb`);

/** Opens a service's sign-in in the browser. */
export async function visit(
  browser: Browser,
  service: RelyingParty,
  parameters?: Readonly<Record<string, string>>,
): Promise<{ page: Page; request: SignInRequest }> {
  const request = await service.begin(parameters);
  return { page: await browser.open(request.url), request };
}
