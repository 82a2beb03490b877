import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { openTracing } from '../../src/telemetry/tracing.ts';
import { beginSpan, inSpan, within } from '../../src/telemetry/trace.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { startKeyServer } from '../support/key-server.ts';
import { hasRedis, startRedis } from '../support/redis.ts';
import { becomeCitizen, signIn } from '../support/journeys.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('Traces', () => {
  describe('of a registration, a sign-in and its tokens', () => {
    let app: TestApp;
    const exporter = new InMemorySpanExporter();
    const citizen = somebody();
    const secrets = new Set<string>();
    let spans: readonly ReadableSpan[];

    before(async () => {
      app = await startTestApp({ tracing: { percent: 100 } }, { traceExporter: exporter });
      await becomeCitizen(app, new Browser(), citizen);
      const service = await createRelyingParty(app);
      const browser = new Browser();
      const { page, request } = await visit(browser, service, { login_hint: citizen.email });
      const home = await signIn(browser, page, citizen.nik, citizen.password);
      const { idToken, accessToken } = await service.receive(home, request);
      await browser.submit(await browser.open(await service.signOutUrl(idToken)), 'xsrf');
      for (const secret of [
        ...home.url.searchParams.values(),
        request.state,
        request.nonce,
        request.verifier,
        idToken,
        accessToken,
        service.secret,
      ])
        secrets.add(secret);
      spans = exporter.getFinishedSpans();
    });
    after(() => app.close());

    const everything = (): string =>
      spans
        .map(({ name, attributes, events, status, links }) => JSON.stringify([name, attributes, events, status, links]))
        .join('\n');

    it('show requests, statements and the civil registry, one below the other', () => {
      const names = new Set(spans.map(({ name }) => name));
      for (const name of [
        'GET auth',
        'POST interaction',
        'POST token',
        'GET me',
        'civil registry',
        'postgresql insert accounts',
      ])
        expect([...names], name).to.include(name);
      const requests = new Map(
        spans
          .filter(({ parentSpanContext }) => parentSpanContext === undefined)
          .map((span) => [span.spanContext().spanId, span]),
      );
      for (const span of spans) {
        if (span.parentSpanContext === undefined)
          expect(span.attributes, span.name).to.have.all.keys(
            'http.request.method',
            'http.route',
            'http.response.status_code',
            'sso.request_id',
          );
        else
          expect(
            spans.some((other) => other.spanContext().spanId === span.parentSpanContext?.spanId),
            span.name,
          ).to.equal(true);
      }
      const registry = spans.find(({ name }) => name === 'civil registry');
      expect(requests.get(registry?.parentSpanContext?.spanId ?? '')?.name).to.equal('POST interaction');
    });

    it('hold nothing of the person, no code, no token, no address that was asked for', () => {
      const told = everything();
      for (const datum of [
        citizen.nik,
        citizen.name,
        citizen.mother,
        citizen.email,
        citizen.phone,
        citizen.phone.slice(1),
        citizen.password,
        ...secrets,
      ])
        expect(told).not.to.include(datum);
      expect(told).not.to.match(/\d{16}|values|\?|\$\d|Bearer/i);
      const withoutRequestIds = told.replaceAll(/"sso\.request_id":"[\da-f-]{36}"/g, '');
      expect(withoutRequestIds, 'ids of sign-ins and accounts').not.to.match(/"[\w-]{21,}"|interaction\//);
    });

    it('are found from the log: its lines carry the trace', () => {
      const ids = new Set(spans.map((span) => span.spanContext().traceId));
      const lines = app.logLines.map((line) => JSON.parse(line) as { event?: string; traceId?: string });
      const completed = lines.find(({ event }) => event === 'registration.completed');
      expect(ids.has(completed?.traceId ?? '')).to.equal(true);
    });

    it('are not decided about by strangers', async () => {
      await fetch(`${app.url}/help`, { headers: { traceparent: `00-${TRACE}-${PARENT}-01` } });
      expect(exporter.getFinishedSpans().some((span) => span.spanContext().traceId === TRACE)).to.equal(false);
    });
  });

  (hasRedis() ? it : it.skip)(
    'show commands to Redis and calls to addresses of services below their request, by name and host alone',
    async () => {
      const [server, keys, exporter] = [
        await startRedis({ requirepass: 'rahasia' }),
        await startKeyServer(),
        new InMemorySpanExporter(),
      ];
      const app = await startTestApp(
        { tracing: { percent: 100 }, redis: { url: server.url, timeoutMs: 5000 } },
        { traceExporter: exporter },
      );
      try {
        const citizen = somebody();
        await becomeCitizen(app, new Browser(), citizen);
        await app.addClient({
          type: 'machine',
          metadata: {
            client_id: 'terbit',
            client_name: 'Terbit',
            token_endpoint_auth_method: 'private_key_jwt',
            jwks_uri: keys.uri,
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
          },
        });
        const assertion = [
          '{"alg":"ES256","kid":"x"}',
          JSON.stringify({
            iss: 'terbit',
            sub: 'terbit',
            aud: app.url,
            jti: 'x',
            iat: Math.floor(app.clock.now().getTime() / 1000),
            exp: Math.floor(app.clock.now().getTime() / 1000) + 60,
          }),
          'x',
        ]
          .map((part) => Buffer.from(part).toString('base64url'))
          .join('.');
        await fetch(`${app.url}/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: 'terbit',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: assertion,
          }),
        });
        const spans = exporter.getFinishedSpans();
        const [redis, outbound] = ['redis ', 'outbound'].map((beginning) =>
          spans.filter(({ name }) => name.startsWith(beginning)),
        );
        expect([redis!.length > 10, outbound!.length > 0]).to.deep.equal([true, true]);
        for (const span of [...redis!, ...outbound!])
          expect(
            spans.some((other) => other.spanContext().spanId === span.parentSpanContext?.spanId),
            span.name,
          ).to.equal(true);
        for (const { attributes } of redis!)
          expect(Object.keys(attributes).sort()).to.deep.equal(['db.operation.name', 'db.system.name']);
        for (const { attributes } of outbound!) expect(attributes).to.deep.equal({ 'server.address': '127.0.0.1' });
        const told = JSON.stringify([...redis!, ...outbound!].map(({ name, attributes }) => [name, attributes]));
        for (const datum of [citizen.nik, citizen.phone.slice(1), 'sso:', '/jwks', 'rahasia'])
          expect(told).not.to.include(datum);
      } finally {
        await app.close();
        await Promise.all([server.close(), keys.close()]);
      }
    },
  );

  it('begin where a proxy of ours began them, and are left out where it left them out', async () => {
    const exporter = new InMemorySpanExporter();
    const tracing = await openTracing({ endpoint: undefined, percent: 100, exporter });
    const kept = tracing?.begin('GET auth', {}, `00-${TRACE}-${PARENT}-01`);
    expect(kept?.traceId).to.equal(TRACE);
    kept?.end(Object.assign(new Error('no 9901010101900001'), { code: 'REGISTRY_UNAVAILABLE' }));
    const [span] = exporter.getFinishedSpans();
    expect(span?.parentSpanContext?.spanId).to.equal(PARENT);
    expect(span?.attributes).to.deep.equal({ 'error.type': 'REGISTRY_UNAVAILABLE' });
    const left = tracing?.begin('GET auth', {}, `00-${TRACE}-${PARENT}-00`);
    expect(left?.recording).to.equal(false);
    for (const odd of ['', 'x', `00-${'0'.repeat(32)}-${PARENT}-01`, `01-${TRACE}-${PARENT}-01`])
      expect(tracing?.begin('GET auth', {}, odd).traceId).not.to.equal(TRACE);
    await tracing?.close();
  });

  it('arrive at a collector that speaks OTLP, at the latest when the server stops', async () => {
    const arrived: { readonly url: string | undefined; readonly body: string }[] = [];
    const collector = createServer((incoming, answer) => {
      void text(incoming).then((body) => {
        arrived.push({ url: incoming.url, body });
        answer.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const tracing = await openTracing({
      endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`,
      percent: 100,
    });
    tracing?.begin('GET auth', { 'http.route': 'auth' }, undefined).end();
    await tracing?.close();
    collector.close();
    expect(arrived).to.have.length(1);
    expect(arrived[0]?.url).to.equal('/v1/traces');
    expect(arrived[0]?.body).to.include('siapkerja-sso').and.include('GET auth');
  });

  it('are nothing where they are off, and below a request that was not chosen', async () => {
    expect(await openTracing({ endpoint: undefined, percent: 100 })).to.equal(undefined);
    expect(beginSpan('x', {})).to.equal(undefined);
    const exporter = new InMemorySpanExporter();
    const tracing = await openTracing({ endpoint: undefined, percent: 0, exporter });
    const root = tracing?.begin('GET auth', {}, undefined);
    if (root === undefined) throw new Error('no span');
    expect(await within(root, () => inSpan('x', {}, () => Promise.resolve(beginSpan('y', {}))))).to.equal(undefined);
    root.end();
    expect(exporter.getFinishedSpans()).to.deep.equal([]);
    await tracing?.close();
  });
});
