import { expect } from 'chai';
import { createChecksOf } from '../../src/sandbox.ts';
import { runCheck } from '../../src/sandbox/run.ts';
import { createWalk } from '../../src/sandbox/walk.ts';
import { createOutboundFetch } from '../../src/ports/outbound/outbound.ts';
import { startSampleService, type SampleService } from '../../src/dev/sample-service/server.ts';
import type { Client, ClientMetadata } from '../../src/domain/client.ts';
import { isApplicable, scenarios } from '../../src/domain/check-scenarios.ts';
import { startCareless, type Manners } from '../support/careless-service.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';

const SECRET = 'rahasia-hanya-untuk-pengujian';

describe('The integration check', () => {
  let app: TestApp;
  let sandbox: string;
  const closing: { close: () => Promise<unknown> }[] = [];
  const now = Date.now;
  before(async () => {
    app = await startTestApp();
    sandbox = `${app.url}/sandbox`;
  });
  after(() => app.close());
  afterEach(async () => {
    Date.now = now;
    await Promise.all(closing.splice(0).map((one) => one.close()));
  });

  async function register(id: string, metadata: Partial<ClientMetadata>): Promise<Client> {
    await app.addClient({
      metadata: {
        client_id: id,
        client_name: id,
        redirect_uris: [`https://${id}.test/cb`],
        scope: 'openid profile email',
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
        ...metadata,
      },
      secret: SECRET,
    });
    return (await app.store.clients.find(id))!;
  }

  const fetchOut = createOutboundFetch({ allow: [], loopback: true });
  /** Time that a library waits for passes for the library. */
  const wait = (ms: number): Promise<void> => {
    const before = Date.now;
    Date.now = () => before() + ms;
    return Promise.resolve();
  };
  const run = (client: Client, start: string, fetch = fetchOut, pause = wait) =>
    runCheck(
      { checks: createChecksOf(app.container), walk: createWalk({ fetch, issuer: sandbox, wait: pause }), wait },
      client,
      start,
      'operator',
    );
  const failedIn = ({ findings }: Awaited<ReturnType<typeof run>>): string[] =>
    findings
      .filter(({ state }) => !['passed', 'not-applicable'].includes(state))
      .map(({ scenario, state, fault, detail }) => [scenario, state, fault, detail].filter(Boolean).join(' '));

  async function careless(id: string, manners: Manners): Promise<{ client: Client; start: string }> {
    const service = await startCareless(sandbox, id, SECRET, manners);
    closing.push(service);
    const client = await register(id, {
      test_redirect_uris: [`${service.url}/cb`],
      backchannel_logout_uri: `https://${id}.test/logout`,
      test_backchannel_logout_uri: `${service.url}/logout`,
      backchannel_logout_session_required: true,
      pkce_waived_because: 'pustaka lama layanan ini tidak mengenal PKCE',
    });
    return { client, start: `${service.url}/login` };
  }

  it('is passed by the sample service, point by point, keys that changed and logout tokens included', async () => {
    const port = await freePort();
    const client = await register('contoh', {
      test_redirect_uris: [`http://localhost:${port}/callback`],
      test_backchannel_logout_uri: `http://localhost:${port}/backchannel-logout`,
      backchannel_logout_uri: 'https://contoh.test/logout',
      backchannel_logout_session_required: true,
    });
    const service: SampleService = await startSampleService({
      issuer: sandbox,
      port,
      clients: [
        { client_id: 'contoh', client_secret: SECRET, name: 'Contoh', base: '/', scope: 'openid profile email' },
      ],
      clock: app.clock,
      environment: 'test',
    });
    closing.push(service);
    const outcome = await run(client, `${service.url}/sign-in`);
    expect(failedIn(outcome)).to.deep.equal([]);
    expect(outcome.passed).to.equal(true);
    expect(outcome.findings.filter(({ state }) => state === 'passed')).to.have.length(
      scenarios.filter((scenario) => isApplicable(scenario, client.metadata)).length,
    );
    expect((await app.store.audit.list({ type: 'client.check-passed' })).map(({ clientId }) => clientId)).to.include(
      'contoh',
    );

    // The pass holds for this registration, whatever else of it changes, and for no other.
    const { checks } = app.container;
    expect(await checks.hasPassed('contoh', client.metadata)).to.equal(true);
    expect(
      await checks.hasPassed('contoh', {
        ...client.metadata,
        client_name: 'Nama lain',
        logo_uri: 'https://contoh.test/logo.png',
      }),
    ).to.equal(true);
    for (const change of [
      { redirect_uris: ['https://lain.test/cb'] },
      { token_endpoint_auth_method: 'client_secret_post' },
      { grant_types: ['authorization_code', 'refresh_token'] },
      { response_modes: ['form_post'] },
      { pkce_waived_because: 'x' },
      { scope: 'openid nik' },
    ])
      expect(await checks.hasPassed('contoh', { ...client.metadata, ...change }), JSON.stringify(change)).to.equal(
        false,
      );
    expect(await checks.hasPassed('lain', client.metadata)).to.equal(false);
  });

  it('is passed by a plain service without PKCE, which is let off by a written reason', async () => {
    const { client, start } = await careless('sopan', {});
    expect(failedIn(await run(client, start))).to.deep.equal([]);
  });

  it('waits where the sign-on is too busy, and does not blame the service for it', async () => {
    const { client, start } = await careless('sabar', {});
    const waited: number[] = [];
    const busyAtTimes = ((input: string, init?: RequestInit) =>
      input.startsWith(sandbox) && waited.length < 3
        ? Promise.resolve(new Response('sibuk', { status: 503, headers: { 'retry-after': '7' } }))
        : fetchOut(input, init)) as typeof fetch;
    const outcome = await run(client, start, busyAtTimes, (ms) => Promise.resolve(void waited.push(ms)));
    expect(failedIn(outcome)).to.deep.equal([]);
    expect(waited).to.deep.equal([7000, 7000, 7000]);
  });

  it('walks through the page of response_mode=form_post as well, which a script would send', async () => {
    const { client, start } = await careless('kiriman', { formPost: true });
    expect(failedIn(await run(client, start))).to.deep.equal([]);
    const trusting = await careless('kiriman-buruk', { formPost: true, trusting: true });
    expect(failedIn(await run(trusting.client, trusting.start))).to.deep.equal(bad[0]?.[2]);
  });

  const bad: readonly [string, Manners, readonly string[]][] = [
    [
      'takes any answer',
      { trusting: true },
      ['wrong-state failed state-ignored', 'foreign-iss failed iss-ignored', 'wrong-nonce failed nonce-ignored'],
    ],
    ['keeps its first keys for ever', { keepsKeys: true }, ['rotated-keys failed keys-not-fetched 500']],
    ['has no page for a refusal', { crashes: true }, ['suspended failed crashed 500', 'denied failed crashed 500']],
    ['sends people in circles', { loops: true }, ['suspended failed looped', 'denied failed looped']],
    [
      'believes any logout token',
      { gullible: true },
      [
        'logout-forged failed logout-bad-taken 200',
        'logout-expired failed logout-bad-taken 200',
        'logout-nonce failed logout-bad-taken 200',
      ],
    ],
  ];
  for (const [index, [what, manners, points]] of bad.entries()) {
    it(`fails a service that ${what}, at exactly those points`, async () => {
      const { client, start } = await careless(`buruk-${index}`, manners);
      const outcome = await run(client, start);
      expect(failedIn(outcome)).to.deep.equal(points);
      expect(outcome.passed).to.equal(false);
      expect(await app.container.checks.hasPassed(client.id, client.metadata)).to.equal(false);
    });
  }

  it('says so where the start address leads elsewhere, and where a logout address is missing or out of bounds', async () => {
    const elsewhere = await register('lain-arah', {
      test_redirect_uris: ['http://localhost:1/cb'],
      backchannel_logout_uri: 'https://lain-arah.test/logout',
    });
    const outcome = await run(elsewhere, `${app.url}/help`);
    expect(failedIn(outcome)).to.include('plain failed not-begun').and.include('logout failed no-test-uri');
    expect(failedIn(await run(elsewhere, 'http://localhost:1/'))).to.include('plain failed not-begun');

    // No request forgery: what a team writes into its registration is called by the guarded fetch alone.
    const { client, start } = await careless('intranet', {});
    const inner = {
      ...client,
      metadata: { ...client.metadata, test_backchannel_logout_uri: 'http://10.0.0.1/logout' },
    };
    await app.store.clients.update('intranet', { metadata: inner.metadata }, app.clock.now());
    expect(failedIn(await run(inner, start))).to.include('logout failed logout-unreachable address-refused');
  });

  it('leaves other sign-ins alone: without a check nothing is bent, and a scenario lasts a quarter of an hour', async () => {
    const { client, start } = await careless('tenang', {});
    const { checks } = app.container;
    const walk = createWalk({ fetch: fetchOut, issuer: sandbox, wait });
    await checks.start(client, 'operator');
    await checks.begin(client, 'wrong-state');
    app.clock.advance({ minutes: 16 });
    expect((await walk(start, { deny: false, mark: await checks.markFor(client) })).status).to.equal(200);
    await checks.begin(client, 'wrong-state');
    expect((await walk(start, { deny: false, mark: await checks.markFor(client) })).status).to.equal(400);
    expect((await walk(start, { deny: false })).status, 'of anybody else').to.equal(200);
    // Another client is not touched by it.
    const other = await careless('tetangga', {});
    expect((await walk(other.start, { deny: false })).status).to.equal(200);
    app.clock.advance({ hours: 25 });
    expect(await checks.begin(client, 'plain')).to.equal(false);
  });
});
