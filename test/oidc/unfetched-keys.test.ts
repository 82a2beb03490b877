import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { LARGEST_BYTES } from '../../src/ports/outbound/document.ts';
import { byKind, type ClientError } from '../../src/domain/client-error.ts';
import { FAILURE_MS } from '../../src/oidc/held-keys.ts';
import { startTestApp, freePort, type TestApp } from '../support/app.ts';
import { makeKey, proofBy, type ClientKey } from '../support/client-keys.ts';
import { startOperator } from '../support/console.ts';
import { startKeyServer, type KeyServer } from '../support/key-server.ts';
import { postAs, type Answer } from './exchange.ts';

type How = (request: IncomingMessage, response: ServerResponse) => void;

const headers = { 'content-type': 'application/json' };
/** Of what the library waits at most, and some. */
const PATIENCE_MS = 8000;

describe('Keys of a client that cannot be fetched', () => {
  let app: TestApp;
  let server: KeyServer;
  let key: ClientKey;
  let count = 0;
  before(async () => {
    app = await startTestApp();
    key = await makeKey('kunci');
  });
  after(() => app.close());
  beforeEach(async () => {
    // A server may get the port of an earlier one, whose failure is remembered for a while.
    app.clock.advance({ seconds: FAILURE_MS / 1000 });
    server = await startKeyServer();
  });
  afterEach(() => server.close());

  async function addMachine(uri: string, further: object = {}): Promise<string> {
    const id = `mesin-${(count += 1)}`;
    await app.addClient({
      type: 'machine',
      metadata: {
        client_id: id,
        client_name: 'Mesin (contoh)',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: uri,
        ...further,
      },
    });
    return id;
  }
  const ask = async (id: string, by = key): Promise<Answer> =>
    postAs(app, '/token', { grant_type: 'client_credentials', ...(await proofBy(app, id, by)) });
  async function errorsOf(id: string): Promise<readonly ClientError[]> {
    await app.container.clientErrors.flush();
    return byKind(await app.store.clientErrors.of(id));
  }
  const refusalsOf = async (id: string): Promise<readonly unknown[]> =>
    (await app.store.audit.list({ type: 'client.keys-refused' }))
      .filter(({ clientId }) => clientId === id)
      .map(({ details }) => details);

  /** Why its keys could not be had, by the log. */
  const loggedOf = (id: string): readonly unknown[] =>
    app.logLines
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter(({ event, clientId }) => event === 'error.answered' && clientId === id)
      .map(({ keys }) => keys);

  /** Refused in time and clearly; the team reads that it was for want of the keys, and where we looked for them. */
  async function expectRefusal(id: string, uri: string): Promise<void> {
    const start = performance.now();
    const { status, body } = await ask(id);
    expect(performance.now() - start).to.be.below(PATIENCE_MS);
    expect(status).to.equal(401);
    expect(body).to.deep.include({
      error: 'invalid_client',
      error_description: 'client authentication failed: the keys at the jwks_uri of the client could not be fetched',
    });
    // Not remembered as if there were no such key: whatever comes next is refused for the same reason.
    expect((await ask(id)).body.error_description).to.include('could not be fetched');
    const [error, ...others] = await errorsOf(id);
    expect(others).to.deep.equal([]);
    expect(error).to.deep.include({ kind: 'grant', error: 'invalid_client', fault: 'keys', count: 2, address: uri });
  }

  for (const [what, uri] of [
    ['in a private network', 'https://10.0.0.8/jwks'],
    ['of the cloud beneath us', 'http://169.254.169.254/jwks'],
    ['of ours in IPv6', 'https://[fd00::8]/jwks'],
  ] as const) {
    it(`at an address ${what}: refused, and the address gets no request`, async () => {
      // A connection that were tried would fail the test (support/guard.ts).
      const id = await addMachine(uri);
      await expectRefusal(id, uri);
      expect(await refusalsOf(id)).to.deep.equal([{ reason: 'address-refused', by: 'protocol' }]);
    });
  }

  it('at an address that redirects: refused, and where it leads gets no request', async () => {
    server.answers((request, response) =>
      request.url === '/jwks'
        ? response.writeHead(302, { location: '/inner' }).end()
        : response.writeHead(200, headers).end(JSON.stringify({ keys: [key.jwk] })),
    );
    const id = await addMachine(server.uri);
    await expectRefusal(id, server.uri);
    expect(server.asked).to.deep.equal(['/jwks']);
    expect(await refusalsOf(id)).to.deep.equal([{ reason: 'redirect', by: 'protocol' }]);
  });

  const endless: How = (_request, response) => {
    response.writeHead(200, headers);
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  };
  it('in an answer without end: cut off at its limit', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      server.answers((request, response) => {
        response.on('close', () => {
          sent = request.socket.bytesWritten;
          resolve();
        });
        endless(request, response);
      });
    });
    const id = await addMachine(server.uri);
    await expectRefusal(id, server.uri);
    await closed;
    expect(sent).to.be.above(LARGEST_BYTES);
    expect(await refusalsOf(id)).to.deep.equal([{ reason: 'too-large', by: 'protocol' }]);
  });

  const bad: readonly (readonly [what: string, how: How, reason: string])[] = [
    [
      'in an answer that never goes on',
      (_request, response) => response.writeHead(200, headers).write('{"keys":['),
      'unfinished',
    ],
    ['from a server that never answers', () => undefined, 'timeout'],
    [
      'in an answer that is broken JSON',
      (_request, response) => response.writeHead(200, headers).end('{"keys":[{'),
      'not-json',
    ],
    [
      'in a page',
      (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Beranda</title>'),
      'not-json',
    ],
    [
      'in JSON that is no key set',
      (_request, response) => response.writeHead(200, headers).end('{"status":"ok"}'),
      'not-a-key-set',
    ],
    [
      'in a list, as sectors have it',
      (_request, response) => response.writeHead(200, headers).end('["https://rp.test/cb"]'),
      'not-a-key-set',
    ],
    [
      'from a server that is ill',
      (_request, response) => response.writeHead(503, { ...headers, 'cache-control': 'max-age=3600' }).end('{}'),
      'http-503',
    ],
    ['at an address where nothing is', (_request, response) => response.writeHead(404).end(), 'http-404'],
    ['from a server that hangs up', (request) => request.socket.destroy(), 'unreachable'],
  ];
  for (const [what, how, reason] of bad) {
    it(`${what}: refused`, async () => {
      server.answers(how);
      const id = await addMachine(server.uri);
      await expectRefusal(id, server.uri);
      expect(loggedOf(id)).to.deep.equal([reason, reason]);
    });
  }

  it('from a server that is down: refused, and taken soon after it is up', async () => {
    const uri = `http://127.0.0.1:${await freePort()}/jwks`;
    await expectRefusal(await addMachine(uri), uri);
    server.answers((_request, response) => response.writeHead(503).end());
    const id = await addMachine(server.uri);
    expect((await ask(id)).status).to.equal(401);
    server.publishes({ keys: [key.jwk] });
    app.clock.advance({ seconds: 11 });
    expect((await ask(id)).status).to.equal(200);
    expect(await refusalsOf(id)).to.deep.equal([]);
  });

  it('because a private key lies among them: none of them is good any more', async () => {
    const other = await makeKey('lain');
    server.publishes({ keys: [key.jwk, other.privateJwk] });
    const id = await addMachine(server.uri);
    await expectRefusal(id, server.uri);
    expect(await refusalsOf(id)).to.deep.equal([{ reason: 'private-key', by: 'protocol' }]);
  });

  it('are told apart from a signature that is wrong', async () => {
    server.publishes({ keys: [key.jwk] });
    const id = await addMachine(server.uri);
    const { status, body } = await ask(id, await makeKey('kunci'));
    expect([status, body.error, body.error_description]).to.deep.equal([
      401,
      'invalid_client',
      'client authentication failed',
    ]);
    expect((await errorsOf(id)).map(({ fault, address }) => [fault, address])).to.deep.equal([
      ['credentials', undefined],
    ]);
  });

  it('are told apart from a sector whose document is refused', async () => {
    server.publishes({ keys: [key.jwk] });
    const id = await addMachine(server.uri, {
      grant_types: ['authorization_code', 'client_credentials'],
      response_types: ['code'],
      redirect_uris: ['https://mesin.test/cb'],
      subject_type: 'pairwise',
      sector_identifier_uri: 'https://10.0.0.8/sektor',
    });
    const { status, body } = await postAs(app, '/token', {
      grant_type: 'client_credentials',
      client_id: id,
      ...(await proofBy(app, id, key)),
    });
    expect([status, body.error, body.error_description]).to.deep.equal([
      400,
      'invalid_client_metadata',
      'could not load sector_identifier_uri response',
    ]);
    expect((await errorsOf(id)).map(({ fault }) => fault)).to.deep.equal(['other']);
    expect(await refusalsOf(id)).to.deep.equal([]);
    expect(
      (await app.store.audit.list({ type: 'client.address-refused' })).map(({ clientId, details }) => [
        clientId,
        details,
      ]),
    ).to.deep.equal([[id, { member: 'sector_identifier_uri', reason: 'address-refused', by: 'protocol' }]]);
  });

  it('are read by the team with the remedy', async () => {
    server.publishes('<html>');
    const id = await addMachine(server.uri);
    await ask(id);
    await app.container.clientErrors.flush();
    const page = await (await startOperator(app, ['client-manager'])).open(`/clients/${id}/errors`);
    for (const words of ['tidak dapat diambil', server.uri, 'tanpa pengalihan', 'tim aplikasi atau operator'])
      expect(page.text).to.include(words);
  });

  it('are missed by a signed request too', async () => {
    const id = await addMachine('https://10.0.0.8/jwks', {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://mesin.test/cb'],
      scope: 'openid',
    });
    const { client_assertion: signed = '' } = await proofBy(app, id, key);
    const answer = await fetch(
      `${app.url}/auth?${new URLSearchParams({ client_id: id, response_type: 'code', scope: 'openid', redirect_uri: 'https://mesin.test/cb', request: signed }).toString()}`,
      { redirect: 'manual' },
    );
    await answer.text();
    expect(answer.status).to.be.oneOf([303, 400]);
    expect((await errorsOf(id)).map(({ kind, error, fault }) => [kind, error, fault])).to.deep.equal([
      ['authorization', 'invalid_client_metadata', 'keys'],
    ]);
  });
});
