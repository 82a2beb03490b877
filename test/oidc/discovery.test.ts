import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { headerOf, rawGet } from '../support/raw.ts';

describe('Protocol: discovery', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  const document = async (): Promise<Record<string, unknown>> =>
    (await (await fetch(`${app.url}/.well-known/openid-configuration`)).json()) as Record<string, unknown>;

  it('gives nobody a cookie, from the first answer on: shared caches may keep it', async () => {
    for (const path of ['/.well-known/openid-configuration', '/jwks']) {
      for (const time of ['first', 'second']) {
        const { headers } = await fetch(`${app.url}${path}`);
        expect([headers.get('set-cookie'), headers.get('cache-control')], `${path}, ${time} time`).to.deep.equal([
          null,
          'public, max-age=300',
        ]);
      }
    }
  });

  it('says what is on', async () => {
    expect(await document()).to.deep.include({
      issuer: app.url,
      authorization_endpoint: `${app.url}/auth`,
      token_endpoint: `${app.url}/token`,
      userinfo_endpoint: `${app.url}/me`,
      jwks_uri: `${app.url}/jwks`,
      registration_endpoint: `${app.url}/reg`,
      end_session_endpoint: `${app.url}/session/end`,
      introspection_endpoint: `${app.url}/token/introspection`,
      revocation_endpoint: `${app.url}/token/revocation`,
      pushed_authorization_request_endpoint: `${app.url}/request`,
      response_types_supported: ['code'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      device_authorization_endpoint: `${app.url}/device/auth`,
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'profile', 'email', 'phone', 'nik', 'offline_access'],
      subject_types_supported: ['public', 'pairwise'],
      request_parameter_supported: true,
      claims_parameter_supported: true,
      request_object_signing_alg_values_supported: ['ES256', 'PS256', 'RS256', 'EdDSA'],
      dpop_signing_alg_values_supported: ['ES256', 'PS256', 'EdDSA'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'PS256', 'RS256', 'EdDSA'],
      id_token_encryption_alg_values_supported: ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      prompt_values_supported: ['none', 'login', 'consent', 'create'],
      ui_locales_supported: ['id', 'en'],
      acr_values_supported: [
        'urn:siapkerja:acr:password',
        'urn:siapkerja:acr:password-phone',
        'urn:siapkerja:acr:two-factor',
      ],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      request_object_encryption_alg_values_supported: [],
      response_modes_supported: ['form_post', 'fragment', 'query'],
      request_uri_parameter_supported: false,
      op_policy_uri: `${app.url}/privacy`,
      op_tos_uri: `${app.url}/terms`,
    });
    expect((await document()).id_token_signing_alg_values_supported).to.have.members(['ES256', 'RS256', 'EdDSA']);
    expect((await document()).claims_supported).to.include.members([
      'sub',
      'name',
      'email',
      'email_verified',
      'phone_number',
      'phone_number_verified',
      'nik',
    ]);
  });

  it('says nothing of what is off, and that answers to nobody', async () => {
    const off = ['backchannel_authentication_endpoint', 'check_session_iframe'];
    expect(await document()).not.to.have.any.keys(off);
    for (const path of ['/backchannel', '/challenge']) {
      expect((await fetch(`${app.url}${path}`)).status, path).to.equal(404);
      expect((await fetch(`${app.url}${path}`, { method: 'POST' })).status, path).to.equal(404);
    }
  });

  it('is kept as bytes with the keys: every later answer is the first one, and costs services nothing they have already', async () => {
    for (const path of ['/.well-known/openid-configuration', '/jwks']) {
      const first = await fetch(`${app.url}${path}`);
      const etag = first.headers.get('etag') ?? '';
      expect(first.headers.get('cache-control'), path).to.equal('public, max-age=300');
      expect(first.headers.get('content-type'), path).to.match(/^application\/(?:json|jwk-set\+json)/);
      const text = await first.text();
      for (const encoding of ['gzip', 'identity']) {
        const again = await fetch(`${app.url}${path}`, {
          headers: { 'Accept-Encoding': encoding, Origin: 'https://aplikasi.test' },
        });
        expect(again.headers.get('content-encoding'), path).to.equal(encoding === 'gzip' ? 'gzip' : null);
        expect(again.headers.get('access-control-allow-origin'), path).to.equal('*');
        expect(again.headers.get('x-content-type-options'), path).to.equal('nosniff');
        expect(await again.text(), path).to.equal(text);
      }
      const unchanged = await fetch(`${app.url}${path}`, {
        headers: { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' },
      });
      expect(unchanged.status, path).to.equal(304);
      expect((await fetch(`${app.url}${path}`, { method: 'HEAD' })).headers.get('etag'), path).to.equal(etag);
      expect((await fetch(`${app.url}${path}`, { method: 'POST' })).status, path).to.equal(404);
    }
  });

  it('lists addresses that exist', async () => {
    for (const [key, address] of Object.entries(await document())) {
      if (typeof address !== 'string' || !/_(?:endpoint|uri)$/.test(key)) continue;
      expect((await fetch(address)).status, key).not.to.equal(500);
      if (!address.endsWith('endpoint'))
        expect([200, 303, 400, 401, 404, 405], key).to.include((await fetch(address)).status);
    }
    for (const key of ['op_policy_uri', 'op_tos_uri', 'jwks_uri'])
      expect((await fetch(String((await document())[key]))).status, key).to.equal(200);
  });

  const lies: readonly { what: string; target?: string; headers: readonly string[] }[] = [
    { what: 'Host', headers: ['Host: evil.test'] },
    {
      what: 'X-Forwarded-Host',
      headers: ['Host: localhost', 'X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 444'],
    },
    { what: 'Forwarded', headers: ['Host: localhost', 'Forwarded: for=1.2.3.4;host=evil.test;proto=https'] },
    {
      what: 'X-Original-URL',
      headers: ['Host: localhost', 'X-Original-URL: https://evil.test/', 'X-Rewrite-URL: /evil'],
    },
    {
      what: 'a full address',
      target: 'http://evil.test/.well-known/openid-configuration',
      headers: ['Host: evil.test'],
    },
  ];
  for (const { what, target = '/.well-known/openid-configuration', headers } of lies) {
    it(`is not bent by ${what}`, async () => {
      const answer = await rawGet(app.url, target, headers);
      expect(answer.status, answer.body).to.equal(200);
      expect(answer.body).not.to.include('evil');
      expect(JSON.parse(answer.body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, ''))).to.deep.equal(await document());
    });
  }

  it('sends no redirect to whom the request names', async () => {
    for (const [target, headers] of [
      ['/portal/sign-in', ['Host: evil.test']],
      ['http://evil.test/portal/sign-in', ['Host: evil.test', 'X-Forwarded-Host: evil.test']],
    ] as const) {
      const answer = await rawGet(app.url, target, headers);
      expect(answer.status).to.equal(303);
      const location = new URL(headerOf(answer, 'location') ?? '', app.url);
      expect(location.origin).to.equal(app.url);
      expect(location.searchParams.get('redirect_uri')).to.equal(`${app.url}/portal/return`);
    }
  });

  it('may be read by a page of any service, and the keys hold no private part', async () => {
    const keys = await fetch(`${app.url}/jwks`, { headers: { origin: 'https://karirhub.contoh.test' } });
    expect(keys.headers.get('access-control-allow-origin')).to.be.oneOf(['*', 'https://karirhub.contoh.test']);
    expect(keys.headers.get('access-control-allow-credentials')).to.equal(null);
    const { keys: list } = (await keys.json()) as { keys: Record<string, unknown>[] };
    // The one that signs, and the next.
    expect(list.map(({ alg }) => alg)).to.have.members(['ES256', 'ES256', 'RS256', 'RS256', 'EdDSA', 'EdDSA']);
    for (const key of list)
      expect(key).to.include.keys('kid', 'kty', 'use').and.not.to.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi', 'k');
  });
});
