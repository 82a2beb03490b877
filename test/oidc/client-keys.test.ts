import { expect } from 'chai';
import { createClientService, type ClientService } from '../../src/admin/clients/service.ts';
import { ok, refuse } from '../../src/domain/result.ts';
import { createClientCheck } from '../../src/oidc/client-check.ts';
import { FAILURE_MS, keptShortly, LONGEST_SECONDS } from '../../src/oidc/held-keys.ts';
import type { ReadDocument } from '../../src/ports/outbound/document.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { makeKey, proofBy, type ClientKey } from '../support/client-keys.ts';
import { TestClock } from '../support/clock.ts';
import { startKeyServer, type KeyServer } from '../support/key-server.ts';
import { createRelyingParty } from '../support/relying-party.ts';
import { obtainCode, postAs } from './exchange.ts';

describe('Keys of clients', () => {
  let app: TestApp;
  let clients: ClientService;
  let server: KeyServer;
  const now = Date.now;
  before(async () => {
    app = await startTestApp();
    clients = createClientService({ ...app.container, check: createClientCheck(app.container.provider) });
    server = await startKeyServer();
  });
  after(async () => {
    await server.close();
    await app.close();
  });
  afterEach(() => {
    Date.now = now;
  });

  /** For the library too, which asks the time itself. */
  const letPass = (seconds: number): void => {
    const before = Date.now;
    Date.now = () => before() + seconds * 1000;
  };
  const token = async (id: string, key: ClientKey): Promise<number> =>
    (await postAs(app, '/token', { grant_type: 'client_credentials', ...(await proofBy(app, id, key)) })).status;
  const machine = (id: string, keys: object) => ({
    client_id: id,
    client_name: 'Kunci',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    ...keys,
  });

  it('overlap: two in the registration work beside each other, and one that was taken out no longer does', async () => {
    const [old, fresh] = [await makeKey('lama'), await makeKey('baru')];
    expect(
      (
        await clients.create([
          { type: 'machine', document: machine('kunci', { jwks: { keys: [old.jwk, fresh.jwk] } }) },
        ])
      ).ok,
    ).to.equal(true);
    expect([await token('kunci', old), await token('kunci', fresh)]).to.deep.equal([200, 200]);
    expect((await clients.update('kunci', { jwks: { keys: [fresh.jwk] } })).ok).to.equal(true);
    app.clock.advance({ seconds: 3 });
    expect([await token('kunci', old), await token('kunci', fresh)]).to.deep.equal([401, 200]);
  });

  it('are good for five minutes after they were fetched, and not until another one is used', async () => {
    const [leaked, fresh] = [await makeKey('bocor'), await makeKey('baru')];
    server.publishes({ keys: [leaked.jwk, fresh.jwk] }, { 'cache-control': 'max-age=31536000' });
    await app.addClient({
      type: 'machine',
      metadata: { ...machine('terbit', { jwks_uri: server.uri }), client_name: 'Terbit' },
    });
    expect(await token('terbit', leaked)).to.equal(200);
    server.publishes({ keys: [fresh.jwk] });
    letPass(LONGEST_SECONDS - 10);
    expect(await token('terbit', leaked)).to.equal(200);
    letPass(11);
    expect([await token('terbit', leaked), await token('terbit', fresh)]).to.deep.equal([401, 200]);
  });

  it('are fetched anew where the clock was set back: else those of before would last for as long as it was wrong', async () => {
    const [leaked, fresh] = [await makeKey('bocor'), await makeKey('baru')];
    server.publishes({ keys: [leaked.jwk, fresh.jwk] });
    await app.addClient({
      type: 'machine',
      metadata: { ...machine('mundur', { jwks_uri: server.uri }), client_name: 'Mundur' },
    });
    expect(await token('mundur', leaked)).to.equal(200);
    server.publishes({ keys: [fresh.jwk] });
    letPass(-600);
    expect([await token('mundur', leaked), await token('mundur', fresh)]).to.deep.equal([401, 200]);
  });

  it('change at the service alone: a refresh token is used by the new key a minute later', async () => {
    const citizen = somebody();
    await addAccount(app, citizen);
    const [old, fresh] = [await makeKey('lama'), await makeKey('baru')];
    server.publishes({ keys: [old.jwk] });
    const service = await createRelyingParty(app, {
      further: {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: server.uri,
        grant_types: ['authorization_code', 'refresh_token'],
      },
    });
    const { code, request } = await obtainCode(service, citizen);
    const tokens = await postAs(app, '/token', {
      grant_type: 'authorization_code',
      code,
      code_verifier: request.verifier,
      redirect_uri: `${service.origin}/cb`,
      ...(await proofBy(app, service.id, old)),
    });
    expect(tokens.status).to.equal(200);
    server.publishes({ keys: [fresh.jwk] });
    letPass(60);
    const refreshed = await postAs(app, '/token', {
      grant_type: 'refresh_token',
      refresh_token: String(tokens.body.refresh_token),
      ...(await proofBy(app, service.id, fresh)),
    });
    expect(refreshed.status).to.equal(200);
    expect(refreshed.body).to.have.property('refresh_token');
    expect(
      (
        await postAs(app, '/token', {
          grant_type: 'refresh_token',
          refresh_token: String(refreshed.body.refresh_token),
          ...(await proofBy(app, service.id, old)),
        })
      ).body.error,
    ).to.equal('invalid_client');
  });

  it('are kept for five minutes at most, whatever the server of the service says of their life', async () => {
    const answers = (headers: Readonly<Record<string, string>>) =>
      keptShortly({
        read: () => Promise.resolve(ok({ text: '{"keys":[]}', headers: new Headers(headers) })),
        clock: new TestClock(),
      }).fetch;
    const long = await answers({
      'cache-control': 'public, max-age=31536000',
      expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
    })('https://rp.test/jwks');
    expect(long.headers.get('cache-control')).to.equal(`max-age=${LONGEST_SECONDS}`);
    expect(long.headers.get('expires')).to.equal(null);
    expect([long.status, long.headers.get('content-type'), await long.json()]).to.deep.equal([
      200,
      'application/json',
      { keys: [] },
    ]);
    expect(
      (await answers({ 'cache-control': 'max-age=30' })('https://rp.test/jwks')).headers.get('cache-control'),
    ).to.equal('max-age=30');
  });

  it('that cannot be had are not asked for by each request, and are had soon after they can', async () => {
    const clock = new TestClock();
    const asked: string[] = [];
    let answer: Awaited<ReturnType<ReadDocument>> = refuse('unreachable');
    const { fetch: fetchKeys } = keptShortly({
      clock,
      read: (address) => {
        asked.push(address);
        return Promise.resolve(answer);
      },
    });
    const get = (address = 'https://rp.test/jwks'): Promise<unknown> =>
      fetchKeys(address).then(
        (response) => response.json(),
        (error: unknown) => (error as { reason: unknown }).reason,
      );
    expect([await get(), await get(), await get()]).to.deep.equal(['unreachable', 'unreachable', 'unreachable']);
    expect(asked).to.have.length(1);
    answer = ok({ text: '{"keys":[]}', headers: new Headers() });
    expect(await get('https://lain.test/jwks')).to.deep.equal({ keys: [] });
    clock.advance({ seconds: FAILURE_MS / 1000 });
    expect(await get()).to.deep.equal({ keys: [] });
    answer = refuse('unreachable');
    await get();
    answer = ok({ text: '{"keys":[]}', headers: new Headers() });
    clock.advance({ hours: -1 });
    expect(await get(), 'a clock that was set back').to.deep.equal({ keys: [] });
  });

  it('are read, and nothing is sent by the same way', async () => {
    const { fetch: fetchKeys } = keptShortly({
      clock: new TestClock(),
      read: () => Promise.reject(new Error('asked')),
    });
    expect(
      await fetchKeys('https://rp.test/logout', { method: 'POST', body: 'x' }).catch((error: unknown) => String(error)),
    ).to.include('nothing is sent');
  });
});
