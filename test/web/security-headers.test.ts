import { expect } from 'chai';
import { startServer, type RunningServer } from '../../src/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { signIn } from '../support/journeys.ts';
import { headerOf, rawGet } from '../support/raw.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

const { budi } = citizens;

describe('Headers', () => {
  let app: TestApp;
  before(async () => {
    app = await startTestApp();
    await addAccount(app, budi);
  });
  after(() => app.close());

  const answers: readonly {
    what: string;
    target: string;
    method?: string;
    headers?: readonly string[];
    status: number;
  }[] = [
    { what: 'a page', target: '/', status: 200 },
    { what: 'a redirect', target: '/portal/sign-in', status: 303 },
    { what: 'a change of language', target: '/?lang=en', status: 303 },
    { what: 'a page that is not there', target: '/tidak-ada', status: 404 },
    { what: 'another spelling of an address', target: '/Auth?client_id=unknown', status: 404 },
    { what: 'another spelling of the console', target: '/Admin', status: 404 },
    { what: 'another spelling within an address', target: '/session/End', status: 404 },
    { what: 'a slash too many', target: '/session/end/', status: 404 },
    { what: 'the same as JSON', target: '/tidak-ada', headers: ['Accept: application/json'], status: 404 },
    { what: 'a method that is not allowed', target: '/help', method: 'PUT', status: 405 },
    { what: 'a method that nobody knows', target: '/help', method: 'PROPFIND', status: 405 },
    { what: 'a head', target: '/help', method: 'HEAD', status: 200 },
    { what: 'a file', target: '/app.css', status: 200 },
    { what: 'a path that no file can have', target: '/%00', status: 404 },
    { what: 'a path that cannot be read', target: '/%E0%A4%A', status: 404 },
    { what: 'a way out of the folder', target: '/..%2f..%2fetc%2fpasswd', status: 404 },
    { what: 'discovery', target: '/.well-known/openid-configuration', status: 200 },
    { what: 'the keys', target: '/jwks', status: 200 },
    { what: 'a refused request', target: '/auth?client_id=unknown', status: 400 },
    { what: 'userinfo without a token', target: '/me', status: 401 },
    {
      what: 'a sign-in of somebody else',
      target: '/interaction/abcdefghijklmn/login',
      headers: ['Cookie: x=y'],
      status: 403,
    },
  ];
  for (const { what, target, method = 'GET', headers = [], status } of answers) {
    it(`stand on ${what}`, async () => {
      const answer = await rawGet(app.url, target, ['Host: localhost', ...headers], method);
      expect(answer.status).to.equal(status);
      const policy = headerOf(answer, 'content-security-policy') ?? '';
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ])
        expect(policy).to.include(rule);
      expect(policy).not.to.include('unsafe').and.not.to.include('*').and.not.to.include('data:');
      expect(headerOf(answer, 'x-content-type-options')).to.equal('nosniff');
      expect(headerOf(answer, 'x-frame-options')).to.equal('DENY');
      expect(headerOf(answer, 'referrer-policy')).to.equal('same-origin');
      expect(headerOf(answer, 'cross-origin-resource-policy')).to.equal('same-origin');
      expect(headerOf(answer, 'x-request-id')).to.match(/^[0-9a-f-]{36}$/);
      for (const name of ['x-powered-by', 'server', 'strict-transport-security'])
        expect(headerOf(answer, name), name).to.equal(undefined);
      if (method === 'HEAD') expect(answer.body).to.equal('');
      expect(answer.body).not.to.include('node_modules').and.not.to.include('at async');
    });
  }

  it('keep nothing of a person in a cache', async () => {
    const karirhub = await createRelyingParty(app);
    const browser = new Browser();
    const { page, request } = await visit(browser, karirhub);
    const refused = await browser.post(page, 'identifier', { identifier: budi.nik, password: 'Salah-Sekali9!' });
    app.clock.advance({ seconds: 5 });
    const accepted = await browser.post(page, 'identifier', { identifier: budi.nik, password: budi.password });
    const ended = await browser.request(page.url);
    await karirhub.receive(await browser.follow(accepted), request);
    const another = await visit(new Browser(), karirhub, { response_mode: 'form_post' });
    const pages = [page, refused, accepted, ended, another.page];
    for (const path of [
      '/',
      '/session/end',
      '/portal/sign-in',
      '/portal/register',
      '/account/contact/email?token=x',
      '/interaction/abcdefghijklmn/login',
      '/tidak-ada',
      '/auth?client_id=x',
      '/dev/outbox',
      '/dev/outbox.json',
    ])
      pages.push(await browser.request(`${app.url}${path}`));
    const registration = await new Browser().open(`${app.url}/portal/register`);
    for (const { url, headers } of [...pages, registration])
      expect(headers.get('cache-control'), url.pathname).to.include('no-store');
  });

  it('let the forms of a sign-in end at the service, and at no address beyond https', async () => {
    const { page } = await visit(new Browser(), await createRelyingParty(app));
    const targets = /form-action ([^;]*)/.exec(page.headers.get('content-security-policy') ?? '')?.[1]?.split(' ');
    expect(targets).to.deep.equal(["'self'", 'https:']);
  });

  describe('Redirects', () => {
    const targets = [
      '//evil.test/?lang=en',
      '/\\evil.test?lang=en',
      '/\\/evil.test/?lang=en',
      '///evil.test/?lang=id',
      '//evil.test/%2e%2e?lang=en',
      '/%2f%2fevil.test?lang=en',
      '/%5cevil.test?lang=en',
      '/.//evil.test?lang=en',
      'http://evil.test/?lang=en',
      '/?lang=en&next=//evil.test',
      '/@evil.test?lang=en',
      '/?lang=en&x=%0d%0aSet-Cookie:%20x=1',
    ];
    for (const target of targets) {
      it(`never lead to another host: ${target}`, async () => {
        const answer = await rawGet(app.url, target);
        expect(answer.status).to.be.oneOf([303, 400, 404]);
        const location = headerOf(answer, 'location');
        if (location !== undefined) expect(new URL(location, app.url).origin).to.equal(app.url);
        expect(answer.head).not.to.match(/^set-cookie: x=1/im);
      });
    }

    it('nor do the links of a page at such an address', async () => {
      for (const target of ['//evil.test/tidak-ada', '/\\evil.test/tidak-ada', 'http://evil.test/tidak-ada']) {
        const { status, body } = await rawGet(app.url, target);
        expect(status).to.equal(404);
        for (const [, link = ''] of body.matchAll(/(?:href|action)="([^"]*)"/g))
          expect(new URL(link, app.url).origin, link).to.be.oneOf([app.url, 'null']);
      }
    });
  });

  it('set cookies that only we read, that stay here, and that other sites cannot send along', async () => {
    const browser = new Browser();
    const lines: string[] = [];
    const keep = browser.request.bind(browser);
    browser.request = async (...args) => {
      const page = await keep(...args);
      lines.push(...page.headers.getSetCookie());
      return page;
    };
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in?lang=en`), budi.nik, budi.password);
    expect(new Set(lines.map((line) => line.split('=')[0]))).to.include.all.keys(
      'device',
      'lang',
      'interaction',
      'authorization',
      'resume',
      'session',
    );
    for (const line of lines)
      expect(line)
        .to.match(/; httponly/i)
        .and.match(/; samesite=lax/i)
        .and.not.match(/; domain=/i)
        .and.not.match(/; secure/i);
  });

  describe('under https', () => {
    const issuer = 'https://masuk.contoh.test';
    let server: RunningServer;
    let port: number;

    before(async () => {
      port = await freePort();
      server = await startServer({
        config: { ...app.config, http: { ...app.config.http, issuer, port } },
        log: createLog({ level: 'silent' }),
        clock: app.clock,
      });
    });
    after(() => server.close());

    /** A browser on the far side of the proxy that takes https off. */
    class SecureBrowser extends Browser {
      readonly lines: string[] = [];

      constructor() {
        super({ foreign: () => false });
      }

      override async request(...[address, options]: Parameters<Browser['request']>): ReturnType<Browser['request']> {
        const page = await super.request(new URL(String(address).replace(issuer, `http://localhost:${port}`)), options);
        this.lines.push(...page.headers.getSetCookie());
        return page;
      }
    }

    it('cookies are secure and bear the prefix that ties them to the host', async () => {
      const browser = new SecureBrowser();
      const page = await browser.open(`http://localhost:${port}/portal/sign-in?lang=en`);
      const portal = await browser.submit(page, 'identifier', { identifier: budi.nik, password: budi.password });
      expect(portal.text).to.include(budi.name);
      const names = new Set(browser.lines.map((line) => line.split('=')[0]));
      expect(names).to.include.all.keys(
        '__Host-device',
        '__Host-device.sig',
        '__Host-lang',
        '__Secure-interaction',
        '__Secure-authorization',
        '__Secure-resume',
        '__Host-session',
      );
      for (const line of browser.lines) {
        expect(line)
          .to.match(/; httponly/i)
          .and.match(/; samesite=lax/i)
          .and.match(/; secure/i)
          .and.not.match(/; domain=/i);
        expect(line).to.match(/^__(?:Host|Secure)-/);
        if (line.startsWith('__Host-')) expect(line).to.match(/; path=\/;/i);
      }
    });

    it('the browser is told to stay with https, and everything names the https address', async () => {
      const page = await new Browser().request(`http://localhost:${port}/help`);
      expect(page.headers.get('strict-transport-security')).to.match(/^max-age=\d{8}/);
      const document = (await (
        await fetch(`http://localhost:${port}/.well-known/openid-configuration`)
      ).json()) as Record<string, unknown>;
      expect(document).to.include({ issuer, token_endpoint: `${issuer}/token` });
      expect(JSON.stringify(document)).not.to.include('http://');
    });

    it('a form from http, or from a port beside, is foreign', async () => {
      const browser = new SecureBrowser();
      const page = await browser.open(`http://localhost:${port}/portal/sign-in`);
      for (const [origin, status] of [
        [issuer, 422],
        ['http://masuk.contoh.test', 403],
        ['https://masuk.contoh.test:8443', 403],
        ['https://masuk.contoh.test.evil.test', 403],
      ] as const) {
        const answer = await browser.post(
          page,
          'identifier',
          { identifier: '', password: '' },
          { headers: { origin, 'sec-fetch-site': '' } },
        );
        expect(answer.status, origin).to.equal(status);
      }
    });
  });
});
