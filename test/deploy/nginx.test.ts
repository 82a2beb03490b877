import { expect } from 'chai';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createAuthority, createServerCertificate } from '../../src/dev/certificate.ts';
import { freePort } from '../support/app.ts';
import { hasNginx, startNginx, type Proxy } from '../support/nginx.ts';

(hasNginx() ? describe : describe.skip)('deploy/nginx/sso.conf', () => {
  const trusted = getCACertificates('default');
  const authority = createAuthority('SIAPkerja SSO, tests');
  const requests: IncomingMessage[] = [];
  let server: Server;
  let proxy: Proxy;
  let port: number;
  let url: string;

  before(async () => {
    const own = await freePort();
    port = await freePort();
    url = `https://localhost:${port}`;
    server = createServer((request, response) => {
      requests.push(request);
      request
        .resume()
        .on('end', () =>
          response.setHeader('content-type', 'text/plain').setHeader('vary', 'Accept-Encoding').end('an instance'),
        );
    }).listen(own, '127.0.0.1');
    setDefaultCACertificates([...trusted, authority.cert]);
    // Nobody listens at the second.
    proxy = await startNginx({
      port,
      instances: [own, await freePort()],
      certificate: createServerCertificate(authority, ['localhost']),
    });
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });

  const ask = async (
    path: string,
    options: RequestInit = {},
  ): Promise<{ status: number; text: string; request: IncomingMessage | undefined }> => {
    requests.length = 0;
    const response = await fetch(`${url}${path}`, options);
    return { status: response.status, text: await response.text(), request: requests[0] };
  };

  it('says who calls, and passes on nothing that the caller says of itself', async () => {
    const { request } = await ask('/', {
      headers: {
        'x-forwarded-for': '198.51.100.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'palsu.test',
        forwarded: 'for=198.51.100.1',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
    });
    const { headers = {} } = request ?? {};
    expect(headers).to.include({ host: 'localhost', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' });
    expect(headers).to.not.have.any.keys('x-forwarded-host', 'forwarded', 'traceparent');
  });

  it('goes to another instance when one does not listen, with forms too, and the person notices nothing', async () => {
    for (const method of ['GET', 'POST', 'GET', 'POST'])
      expect(await ask('/', { method })).to.include({ status: 200, text: 'an instance' });
  });

  it('keeps from the public what is not for it, however it is written', async () => {
    for (const path of [
      '/metrics',
      '/dev/outbox',
      '/DEV/outbox',
      '//dev/outbox',
      '/%64ev/outbox',
      '/x/../dev/outbox',
      '/healthz',
      '/readyz',
    ]) {
      const { status, request } = await ask(path);
      expect([status, request], path).to.deep.equal([404, undefined]);
    }
    expect((await ask('/developers')).status, 'what only begins so').to.equal(200);
  });

  it('refuses a body larger than any form', async () => {
    expect((await ask('/', { method: 'POST', body: 'x'.repeat(600_000) })).status).to.equal(413);
    expect((await ask('/', { method: 'POST', body: 'x'.repeat(300_000) })).status, 'a logo').to.equal(200);
  });

  it('takes addresses as long as sign-ins are', async () => {
    const path = `/auth?request=${'x'.repeat(12_000)}`;
    expect((await ask(path)).request?.url).to.equal(path);
  });

  it('leads http to https, under its own name', async () => {
    const { status, headers } = await fetch(`${proxy.plainUrl}/auth?x=1`, { redirect: 'manual' });
    expect([status, headers.get('location')]).to.deep.equal([308, 'https://localhost/auth?x=1']);
  });

  /** How a handshake ends. */
  const handshake = (options: object): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, ...options }, () => {
        resolve(socket.getProtocol() ?? '');
        socket.destroy();
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
    });

  it('shows its certificate to whoever asks for its name, over TLS 1.2 or 1.3', async () => {
    expect(await handshake({ servername: 'localhost' })).to.equal('TLSv1.3');
    expect(await handshake({ servername: 'localhost', maxVersion: 'TLSv1.2' })).to.equal('TLSv1.2');
    expect(
      await handshake({
        servername: 'localhost',
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    ).to.match(/^ERR_SSL/);
    expect(await handshake({ servername: 'palsu.test' })).to.equal('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
  });

  it('asks an instance once for what says the same to everybody', async () => {
    const states = [];
    for (let times = 0; times < 3; times += 1) states.push((await fetch(`${url}/jwks`)).headers.get('x-cache-status'));
    expect(states).to.deep.equal(['MISS', 'HIT', 'HIT']);
  });

  it('keeps one copy of it for all, however they would have it packed', async () => {
    const packings = ['gzip', 'br, zstd', 'identity', 'x'];
    const kept = [];
    for (const packing of ['deflate', ...packings])
      kept.push(
        (
          await fetch(`${url}/.well-known/openid-configuration`, { headers: { 'accept-encoding': packing } })
        ).headers.get('x-cache-status'),
      );
    expect(kept).to.deep.equal(['MISS', ...packings.map(() => 'HIT')]);
    expect((await ask('/', { headers: { 'accept-encoding': 'br' } })).request?.headers, 'pages are packed').to.include({
      'accept-encoding': 'br',
    });
  });

  it('writes neither queries nor headers into its log, nor the address of the SMS gateway', async () => {
    for (const path of ['/receipts/', '/Receipts/', '//receipts/', '/x/receipts/'])
      await ask(`${path}rahasia-gerbang`, { method: 'POST', body: '{}' });
    await ask('/auth?login_hint=budi');
    const log = await proxy.everything();
    expect(log)
      .to.include('GET /auth')
      .and.include('POST /receipts')
      .and.not.include('budi')
      .and.not.include('rahasia');
  });
});
