import { expect } from 'chai';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { addAccount } from '../../support/accounts.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';
import { somebody, type Citizen } from '../../support/citizens.ts';
import { signIn } from '../../support/journeys.ts';
import { FapiClient, makeKey, type KeyPair } from './fapi-client.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** What the plan FAPI 2.0 Security Profile asks for and no other test shows; docs/conformance.md maps it. */
describe('Conformance: FAPI 2.0 Security Profile', () => {
  let app: TestApp;
  let citizen: Citizen;
  let service: FapiClient;
  let other: FapiClient;
  let stranger: KeyPair;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    service = await FapiClient.register(app, 'fapi-satu');
    other = await FapiClient.register(app, 'fapi-dua');
    stranger = await makeKey();
  });
  after(() => app.close());

  const codeOf = async (fields = {}, proof?: Parameters<FapiClient['come']>[2]): Promise<string | null> =>
    (await service.come(citizen, fields, proof)).url.searchParams.get('code');

  describe('a request', () => {
    const good: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
      'without state': { state: undefined },
      'without nonce': { nonce: undefined },
      'with a nonce of 64 characters': { nonce: 'n'.repeat(64) },
      'with a nonce of 384 characters': { nonce: 'n'.repeat(384) },
      'with a long state': { state: 's'.repeat(384) },
      'with its scopes in another order': { scope: 'email profile openid' },
      'that claims identity': { claims: '{"id_token":{"name":null},"userinfo":{"email":{"essential":true}}}' },
    };
    for (const [what, fields] of Object.entries(good)) {
      it(`${what} succeeds, and what it sent comes back untouched`, async () => {
        const home = await service.come(citizen, fields);
        expect(home.url.searchParams.get('state')).to.equal('state' in fields ? (fields.state ?? null) : 'keadaan');
        expect(home.url.searchParams.get('iss')).to.equal(app.url);
        const { status, body } = await service.exchange(home.url.searchParams.get('code'));
        expect(status, JSON.stringify(body)).to.equal(200);
        expect(decodeJwt(String(body.id_token)).nonce).to.equal('nonce' in fields ? fields.nonce : 'sekali');
        expect(decodeProtectedHeader(String(body.id_token)).alg).to.equal('ES256');
      });
    }

    it('may come home to the registered address with a query of its own', async () => {
      const home = await service.come(citizen, { redirect_uri: `${service.redirectUri}?dummy1=lorem&dummy2=ipsum` });
      expect([...home.url.searchParams.keys()].sort()).to.deep.equal(['code', 'dummy1', 'dummy2', 'iss', 'state']);
    });

    it('that the person turns down comes home with access_denied, state and issuer', async () => {
      const pushed = await service.push();
      const browser = new Browser();
      const page = await browser.open(service.address(pushed.body.request_uri));
      const home = await browser.open(page.link('Kembali ke Layanan FAPI'));
      expect(Object.fromEntries(home.url.searchParams)).to.include({
        error: 'access_denied',
        state: 'keadaan',
        iss: app.url,
      });
    });

    const bad: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
      'without an address to come home to': { redirect_uri: undefined },
      'with an address that is not registered': { redirect_uri: 'https://evil.test/cb' },
      'for a token': { response_type: 'token' },
      'for an ID token beside the code': { response_type: 'code id_token' },
      'without PKCE': { code_challenge: undefined, code_challenge_method: undefined },
      'with PKCE in the plain': { code_challenge_method: 'plain', code_challenge: 'x'.repeat(43) },
      'that names another request': { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    };
    for (const [what, fields] of Object.entries(bad)) {
      it(`${what} is refused where it is pushed`, async () => {
        const { status, body } = await service.push(fields);
        expect(status).to.equal(400);
        expect(body.error).to.be.a('string');
        expect(body).not.to.have.property('request_uri');
      });
    }

    it('is pushed by POST and in no other way', async () => {
      for (const method of ['GET', 'PUT', 'DELETE'])
        expect((await fetch(`${app.url}/request`, { method })).status, method).to.be.oneOf([404, 405]);
    });

    it('is what was pushed: parameters beside it are not looked at', async () => {
      const pushed = await service.push();
      const browser = new Browser();
      const bent = service.address(pushed.body.request_uri, {
        state: 'lain',
        nonce: 'lain',
        scope: 'openid',
        redirect_uri: 'https://evil.test/cb',
      });
      const home = await signIn(browser, await browser.open(bent), citizen.nik, citizen.password);
      expect(home.url.href.startsWith(service.redirectUri)).to.equal(true);
      expect(home.url.searchParams.get('state')).to.equal('keadaan');
      const { body } = await service.exchange(home.url.searchParams.get('code'));
      expect(decodeJwt(String(body.id_token)).nonce).to.equal('sekali');
    });

    it('belongs to the client that pushed it', async () => {
      const { body } = await service.push();
      const page = await new Browser().open(other.address(body.request_uri));
      expect(page.status).to.equal(400);
      expect(page.url.origin).to.equal(app.url);
    });

    it('may be opened again until somebody has signed in by it, and not after', async () => {
      const { body } = await service.push();
      await new Browser().open(service.address(body.request_uri));
      const browser = new Browser();
      const home = await signIn(
        browser,
        await browser.open(service.address(body.request_uri)),
        citizen.nik,
        citizen.password,
      );
      expect(home.url.searchParams.get('code')).to.be.a('string');
      const again = await browser.open(service.address(body.request_uri));
      expect(again.status).to.equal(400);
    });

    it('lives for less than ten minutes, and for a lapsed one there is an error and no way on', async () => {
      const { body } = await service.push();
      expect(body.expires_in).to.be.within(1, 599);
      await app.database
        .knex('protocol_state')
        .where('model', 'PushedAuthorizationRequest')
        .update({ expires_at: app.database.knex.raw('now()') });
      expect((await new Browser().open(service.address(body.request_uri))).status).to.equal(400);
    });
  });

  describe('the client proves itself by an assertion', () => {
    const good: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
      'made by a clock 8 seconds ahead': () => ({ iat: now() + 8, nbf: now() + 8 }),
    };
    for (const [what, claims] of Object.entries(good)) {
      it(`${what}, and is believed`, async () => {
        expect((await service.push({}, { assertion: await service.assertion({ claims: claims() }) })).status).to.equal(
          201,
        );
      });
    }

    const bad: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
      'made more than a minute ahead': () => ({ iat: now() + 120, nbf: now() + 120, exp: now() + 180 }),
      'that ended five minutes ago': () => ({ iat: now() - 360, exp: now() - 300 }),
      'for another server': () => ({ aud: 'https://evil.test' }),
      'for a list of servers': () => ({ aud: [app.url] }),
      'for the address of pushed requests': () => ({ aud: `${app.url}/request` }),
      'for the address of tokens': () => ({ aud: `${app.url}/token` }),
      'about nobody': () => ({ sub: undefined }),
      'about another client': () => ({ sub: other.id }),
      'by another client': () => ({ iss: other.id }),
      'without an end': () => ({ exp: undefined }),
      'without an id': () => ({ jti: undefined }),
    };
    for (const [what, claims] of Object.entries(bad)) {
      it(`${what}: refused, where requests are pushed and where tokens are given`, async () => {
        const pushed = await service.push({}, { assertion: await service.assertion({ claims: claims() }) });
        expect(pushed.status, JSON.stringify(pushed.body)).to.be.oneOf([400, 401]);
        expect(pushed.body.error).to.be.oneOf(['invalid_client', 'invalid_request']);
        const answer = await service.exchange('x', {}, { assertion: await service.assertion({ claims: claims() }) });
        expect(answer.body.error).to.be.oneOf(['invalid_client', 'invalid_request']);
      });
    }

    it('signed by RS256: refused, whatever the client has registered', async () => {
      const weak = await FapiClient.register(app, 'fapi-rs256', 'RS256');
      expect((await weak.push()).body.error).to.be.oneOf(['invalid_client', 'invalid_request']);
      expect((await weak.exchange('x')).body.error).to.be.oneOf(['invalid_client', 'invalid_request']);
      const strong = await FapiClient.register(app, 'fapi-ps256', 'PS256');
      expect((await strong.push()).status, 'PS256').to.equal(201);

      const request = (by: FapiClient): Promise<string> =>
        by.assertion({
          claims: {
            client_id: by.id,
            response_type: 'code',
            redirect_uri: by.redirectUri,
            scope: 'openid',
            code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
            code_challenge_method: 'S256',
            nbf: now(),
          },
        });
      const signed = await strong.push({ request: await request(strong) });
      expect(signed.status, JSON.stringify(signed.body)).to.equal(201);
      const assertion = await weak.assertion({ header: { alg: 'RS256' } });
      expect((await weak.push({ request: await request(weak) }, { assertion })).status, 'a signed request').to.be.oneOf(
        [400, 401],
      );
    });

    it('by the key of another, or not at all: refused', async () => {
      expect((await service.push({}, { assertion: await service.assertion({ key: stranger }) })).body.error).to.equal(
        'invalid_client',
      );
      expect(
        (await service.push({ client_assertion: undefined, client_assertion_type: undefined })).body.error,
      ).to.be.oneOf(['invalid_client', 'invalid_request']);
      expect(
        (await service.exchange('x', { client_assertion: undefined, client_assertion_type: undefined })).body.error,
      ).to.be.oneOf(['invalid_client', 'invalid_request']);
    });

    it('used twice: refused the second time', async () => {
      const assertion = await service.assertion();
      expect((await service.push({}, { assertion })).status).to.equal(201);
      expect((await service.push({}, { assertion })).body.error).to.equal('invalid_client');
    });

    it('beside the name of another client: refused', async () => {
      const code = await codeOf();
      expect((await service.exchange(code, { client_id: other.id })).body.error).to.be.oneOf([
        'invalid_client',
        'invalid_request',
      ]);
    });
  });

  describe('a code', () => {
    it('is worth nothing without a proof of possession, and then to nobody', async () => {
      const { status, body } = await service.exchange(await codeOf(), {}, { bound: false });
      expect(status).to.be.oneOf([400, 401]);
      expect(body).not.to.have.property('access_token');
    });

    it('is worth nothing to another client', async () => {
      const code = await codeOf();
      expect((await other.exchange(code, { redirect_uri: service.redirectUri })).body.error).to.equal('invalid_grant');
    });

    it('is worth nothing without its verifier, or with another', async () => {
      expect((await service.exchange(await codeOf(), { code_verifier: undefined })).body.error).to.equal(
        'invalid_grant',
      );
      expect((await service.exchange(await codeOf(), { code_verifier: 'x'.repeat(43) })).body.error).to.equal(
        'invalid_grant',
      );
    });

    it('used twice ends what it bought', async () => {
      const code = await codeOf();
      const first = await service.exchange(code);
      expect((await service.userinfo(first.body.access_token)).status).to.equal(200);
      expect((await service.exchange(code)).body.error).to.equal('invalid_grant');
      expect((await service.userinfo(first.body.access_token)).status).to.equal(401);
    });

    it('bound to a key, by a proof with the pushed request or by its thumbprint, is worth nothing by another', async () => {
      const thumbprint = await calculateJwkThumbprint(service.dpop.jwk);
      for (const bind of [
        (): Promise<string | null> => codeOf({}, {}),
        (): Promise<string | null> => codeOf({ dpop_jkt: thumbprint }),
        (): Promise<string | null> => codeOf({ dpop_jkt: thumbprint }, {}),
      ]) {
        expect((await service.exchange(await bind())).body.token_type).to.equal('DPoP');
        expect((await service.exchange(await bind(), {}, { proof: { key: stranger } })).body.error).to.be.oneOf([
          'invalid_grant',
          'invalid_dpop_proof',
        ]);
      }
    });

    it('cannot be bound to one key by two different words', async () => {
      const { status, body } = await service.push(
        { dpop_jkt: await calculateJwkThumbprint(stranger.jwk) },
        { proof: {} },
      );
      expect(status, JSON.stringify(body)).to.equal(400);
    });
  });

  describe('a token', () => {
    let token: unknown;
    before(async () => {
      token = (await service.tokens(citizen)).access_token;
    });

    it('is taken whatever the case of its scheme', async () => {
      for (const scheme of ['DPoP', 'dpop', 'DPOP'])
        expect((await service.userinfo(token, {}, { scheme })).status, scheme).to.equal(200);
    });

    it('is taken with a proof that says when it begins and ends, or by a clock ten seconds off', async () => {
      for (const claims of [{ nbf: now() - 1, exp: now() + 60 }, { iat: now() - 10 }, { iat: now() + 10 }]) {
        expect((await service.userinfo(token, { claims })).status, JSON.stringify(claims)).to.equal(200);
        const pushed = await service.push({}, { proof: { claims } });
        expect(pushed.status, JSON.stringify(pushed.body)).to.equal(201);
      }
    });

    it('is worth nothing as a bearer token', async () => {
      expect((await service.userinfo(token, {}, { scheme: 'Bearer' })).status).to.be.oneOf([400, 401]);
      expect(
        (await fetch(`${app.url}/me`, { headers: { authorization: `DPoP ${String(token)}` } })).status,
      ).to.be.oneOf([400, 401]);
    });

    const bad: Readonly<Record<string, () => Parameters<FapiClient['userinfo']>[1]>> = {
      'by another key': () => ({ key: stranger }),
      'for another method': () => ({ claims: { htm: 'POST' } }),
      'for another address': () => ({ claims: { htu: `${app.url}/token` } }),
      'for no method': () => ({ claims: { htm: undefined } }),
      'for no address': () => ({ claims: { htu: undefined } }),
      'for another token': () => ({ claims: { ath: 'x'.repeat(43) } }),
      'for no token': () => ({ claims: { ath: undefined } }),
      'without an id': () => ({ claims: { jti: undefined } }),
      'that says of no nonce of ours': () => ({ claims: { nonce: 'x' } }),
      'of another type': () => ({ header: { typ: 'JWT' } }),
      'that shows the key of another': () => ({ header: { jwk: stranger.jwk } }),
      'that shows no key': () => ({ header: { jwk: undefined } }),
    };
    for (const [what, changes] of Object.entries(bad)) {
      it(`with a proof ${what} opens nothing`, async () => {
        await service.userinfo(token); // brings a fresh nonce
        expect((await service.userinfo(token, changes())).status).to.be.oneOf([400, 401]);
      });
    }

    it('with a proof that was used before opens nothing', async () => {
      await service.userinfo(token);
      const proof = await service.proof('GET', `${app.url}/me`, {}, String(token));
      expect((await service.userinfo(token, {}, { proof })).status).to.equal(200);
      expect((await service.userinfo(token, {}, { proof })).status).to.equal(401);
    });

    it('with a proof by RS256 opens nothing, and is not given either', async () => {
      const weak = await makeKey('RS256');
      expect((await service.userinfo(token, { key: weak, header: { alg: 'RS256' } })).status).to.be.oneOf([400, 401]);
      expect((await service.push({}, { proof: { key: weak, header: { alg: 'RS256' } } })).body.error).to.equal(
        'invalid_dpop_proof',
      );
    });

    it('with a proof that nobody signed opens nothing', async () => {
      const [, payload] = (await service.proof('GET', `${app.url}/me`, {}, String(token))).split('.');
      const head = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk: service.dpop.jwk })).toString(
        'base64url',
      );
      expect((await service.userinfo(token, {}, { proof: `${head}.${payload ?? ''}.` })).status).to.be.oneOf([
        400, 401,
      ]);
    });
  });

  it('a refresh token stays good, gives tokens bound to the key of the proof, and is worth nothing to another client or without a proof', async () => {
    const { refresh_token: token } = await service.tokens(citizen);
    const refresh = (by: FapiClient, bound = true): ReturnType<FapiClient['send']> =>
      by.send({
        path: '/token',
        fields: { grant_type: 'refresh_token', refresh_token: String(token) },
        ...(bound ? { proof: {} } : {}),
      });
    expect((await refresh(other)).body.error).to.equal('invalid_grant');
    expect((await refresh(service, false)).body).not.to.have.property('access_token');
    for (const use of ['first', 'second']) {
      const { status, body } = await refresh(service);
      expect(status, use).to.equal(200);
      expect(body.token_type).to.equal('DPoP');
      expect((await service.userinfo(body.access_token)).status).to.equal(200);
    }
  });
});
