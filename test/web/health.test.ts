import { once } from 'node:events';
import { createServer } from 'node:http';
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
    for (const [path, status] of [['/healthz', 'ok'], ['/readyz', 'ready']] as const) {
      const answer = await fetch(`${app.url}${path}`);
      expect(answer.status).to.equal(200);
      expect(await answer.json()).to.deep.equal({ status });
      expect(answer.headers.get('cache-control')).to.equal('no-store');
    }
  });

  it('says that no further requests should be sent while the server stops, though it still answers them', async () => {
    const readiness = { check: () => Promise.resolve(), draining: true };
    const handle = createApp(app.container, readiness, createMetrics()).callback();
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

  it('lets a request under way come to its end when the server stops, and takes no other', async () => {
    const port = await freePort();
    const second = await startServer({ config: { ...app.config, http: { ...app.config.http, port, drainSeconds: 30 } }, log: createLog({ level: 'silent' }), clock: app.clock });
    const browser = new Browser();
    const page = await browser.open(`http://localhost:${port}/portal/sign-in`);

    let goOn = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      replaceHashing({ ...app, container: second.container }, {
        verify: () => {
          resolve();
          return new Promise((answer) => {
            goOn = () => { answer({ matches: false, needsRehash: false }); };
          });
        },
      });
    });
    const answer = browser.request(`http://localhost:${port}${page.url.pathname}`, { method: 'POST', body: new URLSearchParams({ ...page.form('identifier').fields, identifier: 'orang@contoh.test', password: 'Salah-Sekali9!' }) });
    await reached;
    const closed = second.close();
    const refused = await fetch(`http://localhost:${port}/help`).then(() => undefined, (error: unknown) => error);
    expect(refused).to.be.an('error');
    goOn();
    expect((await answer).status).to.equal(422);
    await closed;
  });
});
