import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import type { AccountId } from '../../../src/domain/account.ts';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';

// eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to be seen; the sign-on of the tests is on loopback
const plain = { [oauth.allowInsecureRequests]: true };
const redirectUri = 'https://oauth4webapi.test/cb';
/** Once more where a fresh nonce was asked for (RFC 9449, 8). */
async function withNonce<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return attempt();
  }
}

/** A library that checks every answer against the specifications and forgives nothing. */
describe('Libraries: oauth4webapi', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;
  let as: oauth.AuthorizationServer;
  let clientKey: oauth.CryptoKeyPair;
  const client = { client_id: 'oauth4webapi' };
  let authentication: oauth.ClientAuth;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    accountId = await addAccount(app, citizen);
    clientKey = await oauth.generateKeyPair('ES256', { extractable: true });
    const metadata = {
      client_name: 'Layanan oauth4webapi (contoh)',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid profile email',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: {
        keys: [
          { ...(await crypto.subtle.exportKey('jwk', clientKey.publicKey)), kid: 'kunci-1', use: 'sig', alg: 'ES256' },
        ],
      },
    };
    await app.addClient({ metadata: { ...metadata, ...client } });
    await app.addClient({
      metadata: {
        ...metadata,
        client_id: 'oauth4webapi-fapi',
        security_profile: 'fapi2',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
      },
    });
    await app.addClient({
      type: 'machine',
      metadata: {
        ...metadata,
        client_id: 'oauth4webapi-mesin',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        scope: 'openid',
      },
    });
    authentication = oauth.PrivateKeyJwt({ key: clientKey.privateKey, kid: 'kunci-1' });
    const issuer = new URL(app.url);
    as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain));
  });
  after(() => app.close());

  interface Attempt {
    readonly verifier: string;
    readonly nonce: string;
    readonly state: string;
    readonly parameters: URLSearchParams;
  }
  async function attempt(by: oauth.Client = client): Promise<Attempt> {
    const [verifier, nonce, state] = [
      oauth.generateRandomCodeVerifier(),
      oauth.generateRandomNonce(),
      oauth.generateRandomState(),
    ];
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    return {
      verifier,
      nonce,
      state,
      parameters: new URLSearchParams({
        client_id: by.client_id,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }),
    };
  }
  async function come(parameters: URLSearchParams, state: string, by: oauth.Client = client): Promise<URLSearchParams> {
    const address = new URL(as.authorization_endpoint!);
    address.search = parameters.toString();
    const browser = new Browser();
    const home = await signIn(browser, await browser.open(address), citizen.nik, citizen.password);
    return oauth.validateAuthResponse(as, by, home.url, state);
  }
  async function tokens(): Promise<oauth.TokenEndpointResponse> {
    const { verifier, nonce, state, parameters } = await attempt();
    const back = await come(parameters, state);
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      back,
      redirectUri,
      verifier,
      plain,
    );
    return oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true });
  }

  it('signs a person in, with an ID token whose signature it checks, and reads the claims', async () => {
    const { verifier, nonce, state, parameters } = await attempt();
    const back = await come(parameters, state);
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      back,
      redirectUri,
      verifier,
      plain,
    );
    const result = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, response, plain);
    const idToken = oauth.getValidatedIdTokenClaims(result);
    expect(idToken).to.include({ sub: accountId, aud: client.client_id, acr: 'urn:siapkerja:acr:password' });

    const claims = await oauth.processUserInfoResponse(
      as,
      client,
      accountId,
      await oauth.userInfoRequest(as, client, result.access_token, plain),
    );
    expect(claims).to.include({ sub: accountId, name: citizen.name, email: citizen.email });
  });

  it('is told `invalid_grant` for the verifier of somebody else', async () => {
    const { state, parameters } = await attempt();
    const back = await come(parameters, state);
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      back,
      redirectUri,
      oauth.generateRandomCodeVerifier(),
      plain,
    );
    const refusal = await oauth.processAuthorizationCodeResponse(as, client, response).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(oauth.ResponseBodyError).and.include({ error: 'invalid_grant', status: 400 });
  });

  it('refreshes, and finds its own token known and then revoked', async () => {
    const first = await tokens();
    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, authentication, first.refresh_token!, plain),
    );
    expect(refreshed.refresh_token).to.be.a('string').and.not.equal(first.refresh_token);
    expect(oauth.getValidatedIdTokenClaims(refreshed)?.sub).to.equal(accountId);

    const introspect = async (): Promise<oauth.IntrospectionResponse> =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, plain),
      );
    expect(await introspect()).to.include({
      active: true,
      client_id: client.client_id,
      sub: accountId,
      token_type: 'Bearer',
    });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, authentication, refreshed.access_token, plain),
    );
    expect(await introspect()).to.deep.equal({ active: false });
  });

  it('reads introspection as a signed JWT', async () => {
    const { access_token: token } = await tokens();
    const response = await oauth.introspectionRequest(as, client, authentication, token, {
      ...plain,
      requestJwtResponse: true,
    });
    const signer = { ...client, introspection_signed_response_alg: 'ES256' };
    expect(await oauth.processIntrospectionResponse(as, signer, response)).to.include({ active: true, sub: accountId });
    await oauth.validateApplicationLevelSignature(as, response, plain);
  });

  it('pushes its request and binds its tokens to a key, under the rules of FAPI 2.0', async () => {
    const fapi: oauth.Client = { client_id: 'oauth4webapi-fapi' };
    const proof = oauth.DPoP(fapi, await oauth.generateKeyPair('ES256'));
    const options = { ...plain, DPoP: proof };
    const { verifier, nonce, state, parameters } = await attempt(fapi);
    const pushed = await withNonce(async () =>
      oauth.processPushedAuthorizationResponse(
        as,
        fapi,
        await oauth.pushedAuthorizationRequest(as, fapi, authentication, parameters, options),
      ),
    );
    const back = await come(
      new URLSearchParams({ client_id: fapi.client_id, request_uri: pushed.request_uri }),
      state,
      fapi,
    );
    const result = await withNonce(async () =>
      oauth.processAuthorizationCodeResponse(
        as,
        fapi,
        await oauth.authorizationCodeGrantRequest(as, fapi, authentication, back, redirectUri, verifier, options),
        { expectedNonce: nonce, requireIdToken: true },
      ),
    );
    expect(result.token_type).to.equal('dpop');
    const claims = await withNonce(async () =>
      oauth.processUserInfoResponse(
        as,
        fapi,
        accountId,
        await oauth.userInfoRequest(as, fapi, result.access_token, options),
      ),
    );
    expect(claims).to.include({ name: citizen.name });

    const bare = await oauth
      .userInfoRequest(as, fapi, result.access_token, plain)
      .then((response) => oauth.processUserInfoResponse(as, fapi, accountId, response))
      .catch((error: unknown) => error);
    expect(bare, 'without a proof').to.be.instanceOf(oauth.WWWAuthenticateChallengeError);
    const refreshed = await withNonce(async () =>
      oauth.processRefreshTokenResponse(
        as,
        fapi,
        await oauth.refreshTokenGrantRequest(as, fapi, authentication, result.refresh_token!, options),
      ),
    );
    expect(refreshed.token_type).to.equal('dpop');
  });

  it('comes as a machine, without a person', async () => {
    const machine = { client_id: 'oauth4webapi-mesin' };
    const response = await oauth.clientCredentialsGrantRequest(as, machine, authentication, {}, plain);
    const result = await oauth.processClientCredentialsResponse(as, machine, response);
    expect(result)
      .to.include({ token_type: 'bearer', expires_in: 600 })
      .and.not.have.any.keys('id_token', 'refresh_token');
  });
});
