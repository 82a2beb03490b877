import { once } from 'node:events';
import { connect } from 'node:net';
import { finished } from 'node:stream/promises';
import { expect } from 'chai';
import Koa from 'koa';
import { createHttpServer, listen } from '../../src/http-server.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createOverload } from '../../src/web/overload.ts';
import { replaceHashing } from '../interaction/login/attempts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';

/** A promise and what fulfils it. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

describe('Overload', () => {
  describe('of the product, at one request at once', () => {
    let app: TestApp;
    let service: RelyingParty;
    let figures: string;
    let somebodyElse = 0;

    before(async () => {
      const port = await freePort();
      figures = `http://127.0.0.1:${port}/metrics`;
      app = await startTestApp({ overload: { requests: 1, lagMs: 60_000 }, metrics: { port } });
      service = await createRelyingParty(app);
    });
    after(() => app.close());

    /** Begins a sign-in and presses the button; the answer waits until `release`. */
    async function holdOne(): Promise<{ readonly browser: Browser; readonly page: Page; release(): Promise<Page> }> {
      const browser = new Browser();
      const { page } = await visit(browser, service);
      const reached = gate();
      const goOn = gate();
      const undo = replaceHashing(app, {
        verify: async () => {
          reached.open();
          await goOn.passed;
          return { matches: false, needsRehash: false };
        },
      });
      const answer = browser.submit(page, 'identifier', {
        identifier: `orang${(somebodyElse += 1)}@contoh.test`,
        password: 'Salah-Sekali9!',
      });
      await reached.passed;
      return {
        browser,
        page,
        release: () => {
          goOn.open();
          undo();
          return answer;
        },
      };
    }
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${app.url}${path}`, { redirect: 'manual', ...init });
    const newJourney = (): Promise<Response> => ask('/portal/sign-in', { headers: { accept: 'text/html' } });
    const tokenRequest = (): Promise<Response> =>
      ask('/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x' }) });

    it('refuses what is new, at once, with a page in both languages and a time to come back', async () => {
      const held = await holdOne();
      const answer = await newJourney();
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(5, 15);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
      expect(answer.headers.get('set-cookie')).to.equal(null);
      expect(answer.headers.get('content-security-policy')).to.include("default-src 'none'");
      const html = await answer.text();
      expect(html)
        .to.include('<html lang="id">')
        .and.include('Coba lagi')
        .and.include('lang="en"')
        .and.include('Try again');
      expect(html, 'what the policy of the page forbids').not.to.match(/<script|<style|style=/);
      for (const file of [...html.matchAll(/href="(\/[^"]+)"/g)].map(([, path = '']) => path))
        expect((await ask(file)).status, file).to.equal(200);
      await held.release();
    });

    it('tells whoever has sent a form to reload, which sends it again: a link would lose what they typed', async () => {
      const held = await holdOne();
      const answer = await ask('/recover', {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams({ identifier: 'orang@contoh.test' }),
      });
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(5, 15);
      const html = await answer.text();
      expect(html).to.include('muat ulang halaman ini').and.include('reload this page').and.not.include('<a');
      await held.release();
    });

    it('answers programs with JSON, also from other origins: a pushed request begins something', async () => {
      const held = await holdOne();
      const answer = await ask('/request', { method: 'POST', body: new URLSearchParams({ client_id: service.id }) });
      expect(answer.status).to.equal(503);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(5, 15);
      expect(answer.headers.get('access-control-allow-origin')).to.equal('*');
      expect(await answer.json()).to.include({ error: 'temporarily_unavailable' });
      await held.release();
    });

    it('goes on with what is under way: pages of a begun sign-in, forms, tokens, operators', async () => {
      const held = await holdOne();
      const again = await held.browser.open(held.page.url);
      expect(again.status).to.equal(200);
      expect((await tokenRequest()).status).to.equal(400);
      expect((await ask('/me')).status).to.equal(401);
      expect((await ask('/admin')).status).to.be.oneOf([302, 303]);
      expect((await ask('/app.css')).status).to.equal(200);
      await held.release();
    });

    it('never refuses discovery, keys, health and readiness', async () => {
      for (const path of ['/.well-known/openid-configuration', '/jwks']) await ask(path);
      const first = await holdOne();
      const second = await holdOneMore();
      for (const path of ['/.well-known/openid-configuration', '/jwks', '/healthz', '/readyz'])
        expect((await ask(path)).status, path).to.equal(200);
      await second.release();
      await first.release();
    });

    let unknown = 0;
    /** A second one under way, beside another that waits: it asks for a service that no instance holds. */
    async function holdOneMore(): Promise<{ release(): Promise<unknown> }> {
      const reached = gate();
      const goOn = gate();
      const { store } = app.container;
      const ping = store.clients.find.bind(store.clients);
      Object.assign(store.clients, {
        find: async (...args: Parameters<typeof ping>) => {
          reached.open();
          await goOn.passed;
          return ping(...args);
        },
      });
      const answer = ask('/token', {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: 'x',
          client_id: `nobody-held-${(unknown += 1)}`,
        }),
      });
      await reached.passed;
      Object.assign(store.clients, { find: ping });
      return {
        release: () => {
          goOn.open();
          return answer;
        },
      };
    }

    it('refuses everything at twice as much', async () => {
      const first = await holdOne();
      const second = await holdOneMore();
      expect((await tokenRequest()).status).to.equal(503);
      await second.release();
      expect((await tokenRequest()).status).to.equal(400);
      await first.release();
    });

    it('recovers by itself, and counts what it refused', async () => {
      const held = await holdOne();
      expect((await newJourney()).status).to.equal(503);
      expect(await (await fetch(figures)).text()).to.match(/^sso_http_working 1$/m);
      expect((await held.release()).status).to.equal(422);
      expect((await newJourney()).status).to.equal(303);
      const text = await (await fetch(figures)).text();
      expect(text).to.match(/^sso_refused_total\{kind="new",reason="requests"\} [3-9]$/m);
      expect(text).to.match(/^sso_refused_total\{kind="under-way",reason="requests"\} 1$/m);
      expect(text).to.match(/^sso_http_working 0$/m);
    });
  });

  describe('of one process', () => {
    let stop: () => void;
    afterEach(() => {
      stop();
    });

    /** A server that answers when it is told to, behind the bounds alone. */
    async function startBounded({ requests = 1, lag = 0 }: { requests?: number; lag?: number }) {
      const at = { lag };
      const metrics = createMetrics();
      const overload = createOverload({
        requests,
        lagMs: 200,
        eventLoop: { lagMs: () => at.lag },
        cookies: { underWay: ['interaction', 'authorization'], session: 'session' },
        metrics,
      });
      const reached = gate();
      const goOn = gate();
      const app = new Koa();
      app.use(overload.admit);
      app.use(async (ctx) => {
        if (ctx.path === '/read') {
          reached.open();
          ctx.req.resume();
          await finished(ctx.req).catch(() => undefined);
        }
        if (ctx.path === '/held') {
          reached.open();
          await goOn.passed;
        }
        ctx.body = 'well';
      });
      const server = createHttpServer(
        app.callback(),
        {
          headersTimeoutMs: 60_000,
          requestTimeoutMs: 60_000,
          idleTimeoutMs: 60_000,
          keepAliveMs: 60_000,
          maxConnections: 100,
        },
        metrics,
      );
      const port = await listen(server, { host: '127.0.0.1', port: 0 });
      stop = () => {
        server.close();
        server.closeAllConnections();
      };
      return {
        at,
        working: () => overload.working(),
        port,
        reached: reached.passed,
        goOn: () => {
          goOn.open();
        },
        status: async (path: string, init: RequestInit = {}) =>
          (await fetch(`http://127.0.0.1:${port}${path}`, init)).status,
      };
    }

    const UID = 'V1StGXR8Z5jdHi6BmyT12';
    it('is seen by the delay of the event loop too, and is over when that is', async () => {
      const server = await startBounded({ lag: 201 });
      expect(await server.status('/')).to.equal(503);
      expect(await server.status('/token', { method: 'POST' })).to.equal(200);
      expect(await server.status(`/interaction/${UID}`, { headers: { cookie: 'a=b; interaction=x' } })).to.equal(200);
      expect(await server.status(`/interaction/${UID}`, { headers: { cookie: 'no-interaction=x' } })).to.equal(503);
      expect(
        await server.status(`/interaction/${UID}/register/otp/delivery`, { headers: { cookie: 'interaction=x' } }),
        'the looks of a page can wait',
      ).to.equal(503);
      expect(
        await server.status(`/interaction/${UID}/register/otp`, {
          method: 'POST',
          headers: { cookie: 'interaction=x' },
        }),
      ).to.equal(200);
      server.at.lag = 401;
      expect(await server.status('/token', { method: 'POST' })).to.equal(503);
      server.at.lag = 200;
      expect(await server.status('/')).to.equal(200);
    });

    it('takes nothing for under way because it is a form: a flood of them goes first', async () => {
      const server = await startBounded({ lag: 201 });
      const post = (path: string, cookie = ''): Promise<number> =>
        server.status(path, { method: 'POST', ...(cookie === '' ? {} : { headers: { cookie } }) });
      for (const path of [
        '/',
        '/portal/sign-in',
        '/tiada',
        '/account/contact/confirm',
        '/device',
        `/interaction/${UID}/login`,
        '/interaction/x/login',
        '/auth',
      ])
        expect(await post(path), path).to.equal(503);
      // What a browser sends that is in the middle of something, and only where it sends that.
      expect(await post(`/interaction/${UID}/login`, 'interaction=x')).to.equal(200);
      expect(await post(`/auth/${UID}`, 'authorization=x')).to.equal(200);
      expect(await post('/device', 'session=x')).to.equal(200);
      expect(await post('/account/services/withdraw', 'session=x')).to.equal(200);
      for (const [path, cookie] of [
        ['/portal/sign-in', 'interaction=x'],
        ['/interaction/x/login', 'interaction=x'],
        [`/interaction/${UID}/login`, 'session=x'],
        [`/interaction/${UID}/login`, 'interaction='],
        ['/auth', 'session=x; interaction=x'],
      ] as const)
        expect(await post(path, cookie), `${path} ${cookie}`).to.equal(503);
      expect(await server.status('/account', { headers: { cookie: 'session=x' } }), 'a page can wait').to.equal(503);
    });

    it('gives the sandbox no turn of its own', async () => {
      const server = await startBounded({ lag: 201 });
      expect(await server.status('/sandbox/token', { method: 'POST' })).to.equal(503);
    });

    it('is not brought about by those who send slowly: they use up nobody’s place', async () => {
      const server = await startBounded({});
      const slow = connect(server.port, '127.0.0.1');
      slow.write('POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf');
      await server.reached;
      expect(server.working()).to.equal(0);
      expect(await server.status('/')).to.equal(200);
      slow.destroy();
      await once(slow, 'close');
    });

    it('counts whoever announces a body that nobody reads', async () => {
      const server = await startBounded({});
      const sly = connect(server.port, '127.0.0.1');
      sly.write('GET /held HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n');
      await server.reached;
      expect(server.working()).to.equal(1);
      server.goOn();
      sly.destroy();
      await once(sly, 'close');
    });

    it('frees the place of whoever hangs up, once the work is done', async () => {
      const server = await startBounded({});
      const gone = connect(server.port, '127.0.0.1');
      gone.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n');
      await server.reached;
      gone.destroy();
      expect(await server.status('/'), 'still being worked on').to.equal(503);
      server.goOn();
      expect(await server.status('/')).to.equal(200);
    });
  });
});
