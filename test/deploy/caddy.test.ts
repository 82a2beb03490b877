import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { askCaddy, CADDYFILE, hasCaddy, startCaddy, type CaddyProxy } from '../support/caddy.ts';
import { readText } from '../support/imports.ts';
import { until } from '../support/until.ts';

(hasCaddy() ? describe : describe.skip)('deploy/caddy/Caddyfile', () => {
  const requests: IncomingMessage[] = [];
  /** Whether an instance says at /readyz that it may be sent requests. */
  const ready = [true, true];
  let instances: Server[];
  let proxy: CaddyProxy;

  before(async () => {
    instances = ready.map((_, index) =>
      createServer((request, response) => {
        if (request.url === '/readyz') {
          response.writeHead(ready[index] === true ? 200 : 503).end();
          return;
        }
        requests.push(request);
        request.resume().on('end', () => response.end(`instance ${index}`));
      }).listen(0, '127.0.0.1'),
    );
    await Promise.all(instances.map((instance) => once(instance, 'listening')));
    proxy = await startCaddy(instances.map((instance) => (instance.address() as AddressInfo).port));
  });
  after(async () => {
    await proxy.close();
    for (const instance of instances) {
      instance.closeAllConnections();
      instance.close();
    }
  });

  const ask = async (
    path: string,
    options: RequestInit = {},
  ): Promise<{
    readonly status: number;
    readonly text: string;
    readonly headers: Headers;
    readonly request: IncomingMessage | undefined;
  }> => {
    requests.length = 0;
    const response = await fetch(`${proxy.url}${path}`, options);
    return { status: response.status, text: await response.text(), headers: response.headers, request: requests[0] };
  };
  const answered = async (count: number): Promise<ReadonlySet<string>> => {
    const texts = new Set<string>();
    for (let turn = 0; turn < count; turn += 1)
      texts.add((await ask('/', { method: turn % 2 === 0 ? 'POST' : 'GET' })).text);
    return texts;
  };

  it('is good, and written as Caddy writes it', () => {
    const { said, isContent } = askCaddy('validate', '--adapter', 'caddyfile', '--config', CADDYFILE);
    expect(isContent, said).to.equal(true);
    expect(askCaddy('fmt', CADDYFILE).said).to.equal(readText('deploy/caddy/Caddyfile'));
  });

  it('says who calls, and passes on nothing that the caller says of itself', async () => {
    const { request } = await ask('/', {
      headers: {
        'x-forwarded-for': '198.51.100.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'palsu.test',
        forwarded: 'for=198.51.100.1',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      },
    });
    expect(request?.headers)
      .to.include({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
      .and.not.have.any.keys('x-forwarded-host', 'forwarded', 'traceparent');
  });

  it('keeps from the public what is not for it', async () => {
    for (const path of [
      '/metrics',
      '/dev/outbox',
      '/DEV/outbox',
      '//dev/outbox',
      '/%64ev/outbox',
      '/healthz',
      '/readyz',
      '/readyz/',
    ]) {
      const { status, request } = await ask(path);
      expect([status, request], path).to.deep.equal([404, undefined]);
    }
    expect((await ask('/developers')).status, 'what only begins so').to.equal(200);
  });

  it('refuses a body larger than any form', async () => {
    expect((await ask('/', { method: 'POST', body: 'x'.repeat(600 * 1024) })).status).to.be.oneOf([413, 502, 503]);
  });

  it('sends nothing more to an instance that says it is stopping, forms neither', async () => {
    expect(await answered(6)).to.have.length(2);
    ready[0] = false;
    await until('the first has no requests any more', async () => (await answered(6)).size === 1);
    expect([...(await answered(20))]).to.deep.equal(['instance 1']);
    ready[0] = true;
    await until('it has them again', async () => (await answered(6)).size === 2);
  });

  it('tells a person and a program that nobody is there, and when to come back', async () => {
    ready.fill(false);
    await until('both are out', async () => (await ask('/')).status === 503);
    const person = await ask('/interaction/somewhere', { headers: { accept: 'text/html' } });
    expect([person.status, person.headers.get('retry-after')]).to.deep.equal([503, '10']);
    expect(person.text).to.include('SIAPkerja ID sedang terganggu');
    const program = await ask('/token', { method: 'POST', headers: { accept: 'application/json' } });
    expect([
      program.status,
      program.headers.get('retry-after'),
      (JSON.parse(program.text) as { error: string }).error,
    ]).to.deep.equal([503, '10', 'temporarily_unavailable']);
    ready.fill(true);
  });

  it('writes neither queries nor headers into its log', async () => {
    await until(
      'somebody is there again',
      async () => (await ask('/auth?login_hint=rahasia-1', { headers: { cookie: 'rahasia=2' } })).status === 200,
    );
    for (const path of ['/receipts/', '/Receipts/', '//receipts/', '/x/receipts/'])
      await ask(`${path}rahasia-3`, { method: 'POST', body: '{}' });
    await until('it is in the log', () => proxy.output().includes('"uri":"/auth"'));
    expect(proxy.output()).not.to.include('rahasia');
  });
});
