import { EventEmitter, once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import Koa, { type Context } from 'koa';
import { systemRandom } from '../../src/ports/random/random.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { createLog, type Log } from '../../src/telemetry/log.ts';
import { errorPage, reportTo } from '../../src/web/error-page.ts';
import { form } from '../../src/web/form.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { createRelyingParty } from '../support/relying-party.ts';
import { createDatabaseLine, type DatabaseLine } from '../support/database-line.ts';

const HELP_CODE = /[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{2}/;

describe('What went wrong', () => {
  let app: TestApp;
  let line: DatabaseLine;
  before(async () => {
    app = await startTestApp(
      { database: { lockTimeoutMs: 200 } },
      {
        lineTo: async (url) => {
          line = await createDatabaseLine(url);
          return line.url;
        },
      },
    );
  });
  after(async () => {
    await app.close();
    await line.close();
  });

  const asJson = new Browser({ headers: { accept: 'application/json' } });
  const linesWith = (text: string): Record<string, unknown>[] =>
    app.logLines.filter((entry) => entry.includes(text)).map((entry) => JSON.parse(entry) as Record<string, unknown>);

  function expectPage(page: Page, status: number): string {
    expect(page.status).to.equal(status);
    expect(page.headers.get('content-type')).to.include('text/html');
    expect(page.headers.get('cache-control')).to.equal('no-store');
    const code = HELP_CODE.exec(page.text)?.[0];
    expect(code, page.text).to.be.a('string');
    expect(page.html)
      .not.to.include('node_modules')
      .and.not.to.match(/\bat \w+ \(/)
      .and.not.to.include('select ');
    const shown = linesWith(code!);
    expect(shown).to.have.length(1);
    expect(shown[0]).to.include({
      event: 'error.shown',
      helpCode: code,
      status,
      requestId: page.headers.get('x-request-id'),
    });
    return code!;
  }

  it('is a page with a help code that finds one line of the log, and a way on', async () => {
    const page = await new Browser().open(`${app.url}/tidak-ada`);
    expectPage(page, 404);
    expect((await new Browser().open(page.link('Ke beranda'))).status).to.equal(200);
  });

  it('is JSON for whom wants JSON, with the same code', async () => {
    const answer = await asJson.request(`${app.url}/tidak-ada`);
    expect(answer.status).to.equal(404);
    expect(answer.headers.get('content-type')).to.include('application/json');
    const body = JSON.parse(answer.html) as Record<string, string>;
    expect(Object.keys(body)).to.have.members(['error', 'help_code']);
    expect(body.error).to.equal('not-found');
    expect(linesWith(body.help_code!)).to.have.length(1);
  });

  it('prefers the page where both will do', async () => {
    for (const accept of ['*/*', 'text/html,application/json', 'image/png']) {
      const { headers } = await new Browser({ headers: { accept } }).request(`${app.url}/tidak-ada`);
      expect(headers.get('content-type'), accept).to.include('text/html');
    }
  });

  it('is a method, and names those that are allowed', async () => {
    const page = await new Browser().request(`${app.url}/help`, { method: 'DELETE' });
    expectPage(page, 405);
    expect(page.headers.get('allow')).to.include('GET');
    expect((await asJson.request(`${app.url}/help`, { method: 'POST', body: 'x=y' })).status).to.equal(405);
  });

  it('is without a body for HEAD', async () => {
    const page = await new Browser().request(`${app.url}/tidak-ada`, { method: 'HEAD' });
    expect(page.status).to.equal(404);
    expect(page.html).to.equal('');
  });

  it('hides in the log the ids of sign-ins under way', async () => {
    const page = await new Browser({ headers: { cookie: 'a=b' } }).open(
      `${app.url}/interaction/rahasia-uid-canary/tidak-ada`,
    );
    expect(page.status).to.be.within(400, 404);
    expect(linesWith('rahasia-uid-canary')).to.deep.equal([]);
  });

  it('is ours, says so, and tells nobody why, when something breaks that nobody planned for', async () => {
    await app.database.knex.raw('alter table clients rename to clients_away');
    try {
      expectPage(await new Browser().open(app.url), 500);
      const answer = await asJson.request(app.url);
      expect(answer.status).to.equal(500);
      expect(JSON.parse(answer.html)).to.include({ error: 'internal' });
      expect(answer.html).not.to.include('clients');
      const failures = linesWith('request failed');
      expect(failures.length).to.be.greaterThan(0);
      expect(failures[0]).to.have.nested.property('err.stack');
      expect(failures[0]?.requestId).to.be.a('string');

      // The protocol has its own errors for services.
      const token = await fetch(`${app.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', client_id: 'siapa' }),
      });
      expect(token.status).to.equal(500);
      expect(await token.json()).to.include({ error: 'server_error' });
    } finally {
      await app.database.knex.raw('alter table clients_away rename to clients');
    }
    expect((await new Browser().open(app.url)).status).to.equal(200);
  });

  it('is a lock that somebody holds: a page that asks to come back, after a short wait', async () => {
    await app.database.knex.transaction(async (holder) => {
      await holder.raw('lock table clients in access exclusive mode');
      const page = await new Browser().open(app.url);
      expectPage(page, 503);
      expect(page.text).to.include('Silakan coba lagi dalam');
      expect(page.headers.get('retry-after')).to.equal('5');
    });
    expect((await new Browser().open(app.url)).status).to.equal(200);
  });

  it('is the database: a page that asks to come back, readiness that says no, and everything well afterwards', async () => {
    const service = await createRelyingParty(app);
    // Known by now, and its address checked: the library could send people back with an error, but a page helps more.
    const { url } = await service.begin();
    expect((await new Browser().open(url)).status).to.equal(200);
    const asService = async (path: string, fields?: Record<string, string>): Promise<Response> =>
      fetch(`${app.url}${path}`, {
        headers: {
          authorization: fields === undefined ? 'Bearer palsu' : `Basic ${btoa(`${service.id}:${service.secret}`)}`,
        },
        ...(fields === undefined ? {} : { method: 'POST', body: new URLSearchParams(fields) }),
      });
    const asked = (): Promise<Response[]> =>
      Promise.all([
        asService('/me'),
        asService('/token', {
          grant_type: 'authorization_code',
          code: 'palsu',
          redirect_uri: `${service.origin}/cb`,
          code_verifier: 'v'.repeat(43),
        }),
        asService('/token/introspection', { token: 'palsu' }),
        asService('/token/revocation', { token: 'palsu' }),
      ]);

    void line.cut();
    const page = new Browser().open(app.url);
    const signIn = new Browser().open(url);
    const unknown = fetch(`${app.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'siapa', client_secret: 'x' }),
    });
    const answers = asked();
    const ready = await fetch(`${app.url}/readyz`);
    expect(ready.status).to.equal(503);
    expect(await ready.json()).to.deep.equal({ status: 'unavailable' });
    expect((await fetch(`${app.url}/healthz`)).status, 'the process itself is alive').to.equal(200);
    expectPage(await page, 503);
    expect(Number((await page).headers.get('retry-after'))).to.be.greaterThan(0);
    expectPage(await signIn, 503);
    expect((await signIn).headers.get('retry-after')).to.equal('5');
    expect((await signIn).link('Muat ulang'), 'the same request again').to.equal(url);
    for (const answer of [...(await answers), await unknown]) {
      expect(answer.status, answer.url).to.equal(503);
      expect(answer.headers.get('retry-after'), answer.url).to.equal('5');
      expect(answer.headers.get('cache-control'), answer.url).to.equal('no-store');
      const { error, help_code: helpCode, ...nothing } = (await answer.json()) as Record<string, string>;
      expect({ error, nothing }, answer.url).to.deep.equal({ error: 'temporarily_unavailable', nothing: {} });
      expect(
        app.logLines.filter((one) => one.includes(helpCode ?? 'none given') && one.includes('error.answered')),
        answer.url,
      ).to.have.lengthOf(1);
    }

    line.mend();
    expect((await new Browser().open(app.url)).status).to.equal(200);
    expect((await new Browser().open(url)).status).to.equal(200);
    expect((await asked()).map(({ status }) => status)).to.deep.equal([401, 400, 200, 200]);
    expect((await fetch(`${app.url}/readyz`)).status).to.equal(200);
  });
});

describe('A request that is given up while it is sent', () => {
  it('is no failure of ours, and no database that is away', async () => {
    const lines: Record<string, unknown>[] = [];
    const events = new EventEmitter();
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
        done();
      },
    });
    const log = createLog({ level: 'debug', destination });
    const shown: number[] = [];
    const app = new Koa();
    app.on('error', reportTo(log));
    app.use(async (_ctx, next) => {
      await next();
      events.emit('done');
    });
    app.use(
      errorPage({ log, random: systemRandom, isDatabaseAway }, (_ctx, { status }) =>
        Promise.resolve(void shown.push(status)),
      ),
    );
    app.use((_ctx, next) => {
      events.emit('request');
      return next();
    });
    app.use(form({ limitBytes: 1000 }));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      const arrived = once(events, 'request');
      socket.write(
        'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\na=b',
      );
      await arrived;
      const done = once(events, 'done');
      socket.resetAndDestroy();
      await done;
      expect(lines.length).to.be.greaterThan(0);
      for (const line of lines)
        expect(line).to.include({ level: 'debug', msg: 'a request was given up while it was sent' });
      expect(shown).to.deep.equal([]);
    } finally {
      server.close();
    }
  });

  it('nor is an answer that nobody waited for; one that broke off by itself is', async () => {
    const lines: Record<string, unknown>[] = [];
    const written = new EventEmitter();
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
        done();
        written.emit('line');
      },
    });
    const app = new Koa();
    app.on('error', reportTo(createLog({ level: 'debug', destination })));
    let body: Readable;
    app.use((ctx) => {
      body = new Readable({ read: () => undefined });
      body.push('x'.repeat(100));
      ctx.body = body;
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ask = async (): Promise<Socket> => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      return socket;
    };
    try {
      const leaver = await ask();
      const left = once(written, 'line');
      leaver.resetAndDestroy();
      await left;
      const patient = await ask();
      const broken = once(written, 'line');
      body!.destroy(new Error('broke'));
      await broken;
      expect(lines[0]).to.include({ level: 'debug', msg: 'nobody waited for the answer' });
      expect(lines.filter(({ level }) => level === 'error').map(({ msg }) => msg)).to.deep.equal(['an answer failed']);
      patient.destroy();
    } finally {
      server.close();
    }
  });

  it('whatever the system calls it', () => {
    const told: string[] = [];
    const note =
      (level: string) =>
      (_fields: object, words: string): void => {
        told.push(`${level} ${words}`);
      };
    const report = reportTo({ debug: note('debug'), error: note('error') } as unknown as Log);
    const ctx = {
      req: { complete: true, socket: { destroyed: true } },
      res: { writableFinished: false },
      state: {},
    } as unknown as Context;
    for (const code of ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'])
      report(Object.assign(new Error(code), { code }), ctx);
    report(new Error('of ours'), ctx);
    expect(told).to.deep.equal([
      ...Array<string>(3).fill('debug nobody waited for the answer'),
      'error an answer failed',
    ]);
  });
});
