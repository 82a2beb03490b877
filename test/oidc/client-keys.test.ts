import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { createClientService, type ClientService } from '../../src/admin/clients/service.ts';
import { createClientCheck } from '../../src/oidc/client-check.ts';
import { keptShortly, LONGEST_SECONDS } from '../../src/oidc/held-keys.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

async function makeKey(kid: string): Promise<{ kid: string; privateKey: CryptoKey; jwk: object }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' } };
}

describe('Keys of clients', () => {
  let app: TestApp;
  let clients: ClientService;
  before(async () => {
    app = await startTestApp();
    clients = createClientService({ ...app.container, check: createClientCheck(app.container.provider) });
  });
  after(() => app.close());

  it('overlap: two in the registration work beside each other, and one that was taken out no longer does', async () => {
    const [old, fresh] = [await makeKey('lama'), await makeKey('baru')];
    const metadata = { client_id: 'kunci', client_name: 'Kunci', grant_types: ['client_credentials'], response_types: [], redirect_uris: [], token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' };
    expect((await clients.create([{ type: 'machine', document: { ...metadata, jwks: { keys: [old.jwk, fresh.jwk] } } }])).ok).to.equal(true);
    const token = async ({ kid, privateKey }: typeof old): Promise<number> => {
      const seconds = Math.floor(app.clock.now().getTime() / 1000);
      const assertion = await new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'ES256', kid }).setIssuer('kunci').setSubject('kunci').setAudience(app.config.http.issuer).setIssuedAt(seconds).setExpirationTime(seconds + 60).sign(privateKey);
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion });
      return (await fetch(`${app.url}/token`, { method: 'POST', body })).status;
    };
    expect([await token(old), await token(fresh)]).to.deep.equal([200, 200]);
    expect((await clients.update('kunci', { jwks: { keys: [fresh.jwk] } })).ok).to.equal(true);
    app.clock.advance({ seconds: 3 });
    expect([await token(old), await token(fresh)]).to.deep.equal([401, 200]);
  });

  it('are kept for five minutes at most, whatever the server of the service says of their life', async () => {
    const year = 'public, max-age=31536000';
    const answers = (headers: Readonly<Record<string, string>>) => keptShortly(() => Promise.resolve(new Response('{"keys":[]}', { headers })));
    const long = await answers({ 'cache-control': year, expires: 'Fri, 01 Jan 2100 00:00:00 GMT', 'content-type': 'application/json' })('https://rp.test/jwks');
    expect(long.headers.get('cache-control')).to.equal(`max-age=${LONGEST_SECONDS}`);
    expect(long.headers.get('expires')).to.equal(null);
    expect([long.status, long.headers.get('content-type'), await long.json()]).to.deep.equal([200, 'application/json', { keys: [] }]);
    expect((await answers({ 'cache-control': 'max-age=30' })('https://rp.test/jwks')).headers.get('cache-control')).to.equal('max-age=30');
  });
});
