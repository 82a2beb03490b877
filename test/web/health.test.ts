import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { createApp } from '../../src/app.ts';
import { startServer } from '../../src/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { replaceHashing } from '../interaction/login/attempts.ts';

describe('Health', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
  });
  after(() => app.close());

  it('says that the process is alive and ready, keeps it from caches, and asks for no cookie', async () => {
    for (const [path, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ] as const) {
      const answer = await fetch(`${app.url}${path}`);
      expect(answer.status).to.equal(200);
      expect(await answer.json()).to.deep.equal({ status });
      expect(answer.headers.get('cache-control')).to.equal('no-store');
    }
  });

  it('says that no further requests should be sent while the server stops, though it still answers them', async () => {
    const readiness = { check: () => Promise.resolve(), draining: true };
    const handle = createApp(app.container, {
      readiness,
      metrics: createMetrics(),
      overload: { admit: (_ctx, next) => next() },
    });
    const server = createServer((request, response) => void handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(ready.status).to.equal(503);
    expect(await ready.json()).to.deep.equal({ status: 'draining' });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).to.equal(200);
    expect((await fetch(`http://127.0.0.1:${port}/help`)).status).to.equal(200);
    server.close();
    server.closeAllConnections();
  });

  it('drops no request when the server stops: first it says so, then it takes no other, then what is under way comes to its end', async () => {
    const [port, monitoring] = [await freePort(), await freePort()];
    const figures = async (): Promise<string> => (await fetch(`http://127.0.0.1:${monitoring}/metrics`)).text();
    let stopListening = (): void => undefined;
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        stopListening = resolve;
      });
    const second = await startServer({
      config: {
        ...app.config,
        http: { ...app.config.http, port, drainSeconds: 30 },
        metrics: { ...app.config.metrics, port: monitoring },
      },
      log: createLog({ level: 'silent' }),
      clock: app.clock,
      pause,
    });
    const url = `http://localhost:${port}`;
    const browser = new Browser();
    const page = await browser.open(`${url}/portal/sign-in`);

    // One that is being worked on, and one of which half has arrived.
    let goOn = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      replaceHashing(
        { ...app, container: second.container },
        {
          verify: () => {
            resolve();
            return new Promise((answer) => {
              goOn = () => {
                answer({ matches: false, needsRehash: false });
              };
            });
          },
        },
      );
    });
    const worked = browser.request(`${url}${page.url.pathname}`, {
      method: 'POST',
      body: new URLSearchParams({
        ...page.form('identifier').fields,
        identifier: 'orang@contoh.test',
        password: 'Salah-Sekali9!',
      }),
    });
    await reached;
    const slow = connect(port, 'localhost');
    const heard: string[] = [];
    slow.on('data', (chunk: Buffer) => heard.push(chunk.toString('utf8')));
    slow.write(
      'GET /help HTTP/1.1\r\nHost: x\r\n\r\nPOST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ngrant_',
    );
    await once(slow, 'data');

    expect(await figures()).to.match(/^sso_draining 0$/m);
    const closed = second.close();
    expect(await figures(), 'monitoring sees the stop').to.match(/^sso_draining 1$/m);
    const told = await fetch(`${url}/readyz`);
    expect(told.status).to.equal(503);
    const served = await fetch(`${url}/help`);
    expect(served.status).to.equal(200);
    expect(served.headers.get('connection'), 'proxies that ask nobody go on as ever').to.equal('keep-alive');

    stopListening();
    while (
      await fetch(`${url}/healthz`).then(
        () => true,
        () => false,
      )
    ); // closed in its own time
    expect(await figures(), 'as long as somebody is served').to.match(/^sso_draining 1$/m);
    slow.write('type=x');
    await once(slow, 'close');
    expect(heard.join('')).to.match(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 [\s\S]*"invalid_request"/);
    goOn();
    expect((await worked).status).to.equal(422);
    await closed;
    expect(
      await figures().then(
        () => 'answers',
        () => 'gone',
      ),
    ).to.equal('gone');
  });
});
