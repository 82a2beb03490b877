import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo, type Answer } from './exchange.ts';

const claimsOf = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

describe('Protocol: what a registration makes stricter', () => {
  let app: TestApp;
  let citizen: Citizen;
  let accountId: AccountId;

  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());
  beforeEach(async () => {
    citizen = somebody();
    accountId = await addAccount(app, citizen);
  });

  async function tokensOf(service: RelyingParty): Promise<Answer['body']> {
    const { code, request } = await obtainCode(service, citizen);
    const answer = await exchange(app, service, { code, code_verifier: request.verifier });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    return answer.body;
  }

  describe('Refresh tokens', () => {
    let service: RelyingParty;
    before(async () => {
      service = await createRelyingParty(app, { further: { grant_types: ['authorization_code', 'refresh_token'] } });
    });
    const refresh = (token: unknown, by: RelyingParty = service): Promise<Answer> =>
      postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(token) }, by);

    it('are given to who registered for them, and to nobody else', async () => {
      expect(await tokensOf(service)).to.have.property('refresh_token');
      expect(await tokensOf(await createRelyingParty(app))).not.to.have.property('refresh_token');
    });

    it('rotate for a client with a secret too; the second use of one ends the whole family', async () => {
      const { refresh_token: first } = await tokensOf(service);
      const second = await refresh(first);
      expect(second.status).to.equal(200);
      expect(second.body.refresh_token).to.be.a('string').and.not.equal(first);

      expect(await refresh(first)).to.deep.include({ status: 400 });
      expect((await refresh(second.body.refresh_token)).body.error, 'the successor').to.equal('invalid_grant');
      expect((await userinfo(app, second.body.access_token)).status, 'its access token').to.equal(401);
    });

    it('give one answer to ten uses at once, and nothing of it lives on', async () => {
      const { refresh_token: token } = await tokensOf(service);
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(token)));
      const good = answers.filter(({ status }) => status === 200);
      expect(good.length).to.be.at.most(1);
      for (const { body } of good) expect((await refresh(body.refresh_token)).status).to.equal(400);
    });

    it('are worth nothing to another service', async () => {
      const { refresh_token: token } = await tokensOf(service);
      const other = await createRelyingParty(app, {
        further: { grant_types: ['authorization_code', 'refresh_token'] },
      });
      expect((await refresh(token, other)).body.error).to.equal('invalid_grant');
    });

    it('end when the account is suspended', async () => {
      const { refresh_token: token } = await tokensOf(service);
      await app.store.accounts.setStatus(accountId, 'suspended', app.clock.now());
      expect((await refresh(token)).body.error).to.equal('invalid_grant');
    });
  });

  it('knows a person by one subject in a sector and by another in the next, and by none that the account has', async () => {
    const pairwise = { further: { subject_type: 'pairwise' } };
    const one = await createRelyingParty(app, pairwise);
    const two = await createRelyingParty(app, pairwise);
    const subjects = [];
    for (const service of [one, one, two]) {
      const tokens = await tokensOf(service);
      const { sub } = claimsOf(tokens.id_token);
      expect((await userinfo(app, tokens.access_token)).body.sub).to.equal(sub);
      expect(
        (await postAs(app, '/token/introspection', { token: String(tokens.access_token) }, service)).body.sub,
      ).to.equal(sub);
      subjects.push(sub);
    }
    expect(subjects[0]).to.equal(subjects[1]).and.not.equal(subjects[2]);
    expect(subjects).not.to.include(accountId);
  });

  it('signs with EdDSA for who asks for it', async () => {
    const { id_token: idToken } = await tokensOf(
      await createRelyingParty(app, { further: { id_token_signed_response_alg: 'EdDSA' } }),
    );
    expect(decodeProtectedHeader(String(idToken)).alg).to.equal('EdDSA');
  });

  it('encrypts the ID token and userinfo to the key of the service', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const service = await createRelyingParty(app, {
      further: {
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'ECDH-ES' }] },
        id_token_encrypted_response_alg: 'ECDH-ES',
        id_token_encrypted_response_enc: 'A256GCM',
        userinfo_signed_response_alg: 'ES256',
        userinfo_encrypted_response_alg: 'ECDH-ES',
      },
    });
    const tokens = await tokensOf(service);
    const { plaintext } = await compactDecrypt(String(tokens.id_token), privateKey);
    expect(claimsOf(Buffer.from(plaintext).toString('utf8')).sub).to.equal(accountId);
    const sealed = await (
      await fetch(`${app.url}/me`, { headers: { authorization: `Bearer ${String(tokens.access_token)}` } })
    ).text();
    expect(sealed).not.to.include(citizen.name);
    expect(claimsOf(Buffer.from((await compactDecrypt(sealed, privateKey)).plaintext).toString('utf8')).name).to.equal(
      citizen.name,
    );
  });

  it('answers introspection as a signed JWT where it is asked for', async () => {
    const service = await createRelyingParty(app);
    const { access_token: token } = await tokensOf(service);
    const answer = await fetch(`${app.url}/token/introspection`, {
      method: 'POST',
      body: new URLSearchParams({ token: String(token) }),
      headers: {
        accept: 'application/token-introspection+jwt',
        authorization: `Basic ${Buffer.from(`${service.id}:${service.secret}`).toString('base64')}`,
      },
    });
    expect(answer.headers.get('content-type')).to.include('application/token-introspection+jwt');
    const jwt = await answer.text();
    expect(decodeProtectedHeader(jwt)).to.include({ alg: 'ES256', typ: 'token-introspection+jwt' });
    expect((claimsOf(jwt).token_introspection as { active: boolean }).active).to.equal(true);
  });

  it('does without PKCE for the one service that is let off, and never for a public client', async () => {
    const waived = { pkce_waived_because: 'The vendor of the library ended its support in 2024.' };
    const begin = async (service: RelyingParty): Promise<string | null> => {
      const url = new URL((await service.begin()).url);
      for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name);
      return (await new Browser().open(url)).url.searchParams.get('error');
    };
    expect(await begin(await createRelyingParty(app, { further: waived }))).to.equal(null);
    expect(
      await begin(await createRelyingParty(app, { further: { ...waived, token_endpoint_auth_method: 'none' } })),
    ).to.equal('invalid_request');
  });

  describe('FAPI 2.0', () => {
    let service: RelyingParty;
    let library: client.Configuration;
    let proof: client.DPoPHandle;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    before(async () => {
      service = await createRelyingParty(app, {
        further: {
          security_profile: 'fapi2',
          token_endpoint_auth_method: 'private_key_jwt',
          require_pushed_authorization_requests: true,
          dpop_bound_access_tokens: true,
          jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'sig', use: 'sig', alg: 'ES256' }] },
        },
      });
      const key = await crypto.subtle.importKey(
        'jwk',
        privateKey.export({ format: 'jwk' }),
        { name: 'ECDSA', namedCurve: 'P-256' },
        false,
        ['sign'],
      );
      library = await client.discovery(
        new URL(app.url),
        service.id,
        { id_token_signed_response_alg: 'ES256' },
        client.PrivateKeyJwt({ key, kid: 'sig' }),
        { execute: [client.allowInsecureRequests] },
      );
      proof = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
    });

    it('takes a proof or assertion once, also when it is shown twice at the same moment', async () => {
      const { ReplayDetection } = app.container.provider as unknown as {
        readonly ReplayDetection: { unique(iss: string, jti: string, exp: number): Promise<boolean> };
      };
      const shown = await Promise.all(
        Array.from({ length: 10 }, () =>
          ReplayDetection.unique(service.id, 'bukti', Math.floor(Date.now() / 1000) + 60),
        ),
      );
      expect(shown.filter(Boolean)).to.have.length(1);
    });

    it('takes no request that was not pushed', async () => {
      const { page } = await visit(new Browser(), service);
      expect(page.url.searchParams.get('error') ?? page.text).to.include('invalid_request');
    });

    it('pushes, proves and binds: a token without the key that it is bound to is worth nothing', async () => {
      const verifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const url = await client.buildAuthorizationUrlWithPAR(
        library,
        {
          redirect_uri: `${service.origin}/cb`,
          scope: 'openid profile',
          state,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        },
        { DPoP: proof },
      );
      const browser = new Browser();
      const home = await signIn(browser, await browser.open(url), citizen.nik, citizen.password);
      const tokens = await client.authorizationCodeGrant(
        library,
        home.url,
        { expectedState: state, pkceCodeVerifier: verifier },
        undefined,
        { DPoP: proof },
      );
      expect(tokens.token_type).to.equal('dpop');
      expect(await client.fetchUserInfo(library, tokens.access_token, accountId, { DPoP: proof })).to.include({
        name: citizen.name,
      });
      expect((await userinfo(app, tokens.access_token)).status, 'as a bearer token').to.equal(401);
      const stolen = client.getDPoPHandle(library, await client.randomDPoPKeyPair('ES256'));
      expect(
        await client
          .fetchUserInfo(library, tokens.access_token, accountId, { DPoP: stolen })
          .catch((error: unknown) => error),
        'by another key',
      ).to.be.an('error');
    });
  });
});
