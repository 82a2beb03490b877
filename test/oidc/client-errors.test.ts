import { expect } from 'chai';
import { byKind, type ClientError } from '../../src/domain/client-error.ts';
import { purge } from '../../src/jobs/purge.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser, type Page } from '../support/browser.ts';
import { somebody, type Citizen } from '../support/citizens.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { createRelyingParty, visit, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs } from './exchange.ts';

const HELP_CODE = /[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{2}/;

describe('Recent errors of a client application', () => {
  let app: TestApp;
  let citizen: Citizen;
  let operator: TestOperator;
  let service: RelyingParty;

  before(async () => {
    app = await startTestApp();
    citizen = somebody();
    await addAccount(app, citizen);
    operator = await startOperator(app, ['support']);
  });
  after(() => app.close());
  beforeEach(async () => {
    service = await createRelyingParty(app);
  });

  async function errorsOf(id = service.id): Promise<readonly ClientError[]> {
    await app.container.clientErrors.flush();
    return byKind(await app.store.clientErrors.of(id));
  }
  const faultsOf = async (id?: string): Promise<readonly string[]> =>
    (await errorsOf(id)).map(({ kind, error, fault }) => `${kind} ${error} ${fault}`);
  const open = async (parameters: Readonly<Record<string, string>>, browser = new Browser()): Promise<Page> =>
    (await visit(browser, service, parameters)).page;
  const refusedAddress = (): Promise<Page> =>
    open({ redirect_uri: 'https://lain.test/cb?nik=9901010101900001&token=rahasia#x' });

  it('hold a refused address as host and path, under the code that the page shows', async () => {
    const page = await refusedAddress();
    const [error, ...others] = await errorsOf();
    expect(others).to.deep.equal([]);
    expect(error).to.deep.include({
      kind: 'authorization',
      error: 'invalid_redirect_uri',
      fault: 'redirect-uri',
      count: 1,
      address: 'https://lain.test/cb',
      helpCodes: [HELP_CODE.exec(page.text)?.[0]],
    });
    const rows = JSON.stringify(await app.container.knex('client_errors').where('client_id', service.id));
    for (const secret of ['9901010101900001', 'rahasia', 'nik=']) expect(rows).not.to.include(secret);
  });

  it('hold what goes home to the service, which is told the code as well', async () => {
    const page = await open({ code_challenge: '', code_challenge_method: '' });
    expect(page.url.origin).to.equal(service.origin);
    const code = /\(help code (.{7})\)$/.exec(page.url.searchParams.get('error_description') ?? '')?.[1];
    expect((await errorsOf())[0]).to.deep.include({ error: 'invalid_request', fault: 'pkce', helpCodes: [code] });
    const [line, ...more] = app.logLines.filter((one) => one.includes(String(code)));
    expect(JSON.parse(line ?? '{}')).to.include({
      event: 'error.answered',
      helpCode: code,
      clientId: service.id,
      error: 'invalid_request',
    });
    expect(more).to.deep.equal([]);
  });

  it('leave the rest of the address home as it is', async () => {
    const odd = `${service.origin}/cb?bahasa=id%20ID&x=a+b`;
    await app.store.clients.update(
      service.id,
      { metadata: { ...(await app.store.clients.find(service.id))!.metadata, redirect_uris: [odd] } },
      app.clock.now(),
    );
    app.clock.advance({ seconds: 3 });
    const answer = await new Browser().request((await service.begin({ redirect_uri: odd, prompt: 'none' })).url);
    const home = new URL(answer.headers.get('location') ?? '');
    const description = home.searchParams.get('error_description');
    expect(Object.fromEntries(home.searchParams)).to.deep.equal({
      bahasa: 'id ID',
      x: 'a b',
      error: 'login_required',
      error_description: description,
      state: home.searchParams.get('state'),
      iss: app.url,
    });
    expect(description).to.match(/^[ -~]+ \(help code .{7}\)$/);
  });

  it('hold what the token endpoint refuses, with the reason that the service is not told', async () => {
    const { code, request } = await obtainCode(service, citizen);
    const wrongSecret = await exchange(app, service, {
      code,
      code_verifier: request.verifier,
      by: { id: service.id, secret: 'salah' },
    });
    expect(wrongSecret.status).to.equal(401);
    expect(wrongSecret.body.help_code).to.match(HELP_CODE);
    await exchange(app, service, { code, code_verifier: 'x'.repeat(43) });
    const second = await obtainCode(service, citizen);
    const good = { code: second.code, code_verifier: second.request.verifier };
    expect(
      (await exchange(app, service, { ...good, redirect_uri: `${service.origin}/lain?token=rahasia` })).body.error,
    ).to.equal('invalid_grant');
    await exchange(app, service, good);
    const third = await obtainCode(service, citizen);
    const used = { code: third.code, code_verifier: third.request.verifier };
    expect((await exchange(app, service, used)).body).not.to.have.property('help_code');
    await exchange(app, service, used);
    await exchange(app, service, { code: 'tidak-pernah-ada', code_verifier: 'x'.repeat(43) });
    await postAs(app, '/token', { grant_type: 'client_credentials' }, service);
    expect(await faultsOf()).to.have.members([
      'grant invalid_client credentials',
      'grant invalid_grant verifier',
      'grant invalid_grant redirect-differs',
      'grant invalid_grant code-reused',
      'grant invalid_grant code-expired',
      'grant invalid_request grant-type',
    ]);
    const rows = JSON.stringify(await app.container.knex('client_errors').where('client_id', service.id));
    for (const secret of ['rahasia', code, third.code, request.verifier, 'tidak-pernah-ada'])
      expect(rows).not.to.include(secret);
  });

  it('say that a client is stopped, and nothing of clients that do not exist', async () => {
    await app.store.clients.update(service.id, { status: 'disabled' }, app.clock.now());
    app.clock.advance({ seconds: 3 });
    await postAs(app, '/token', { grant_type: 'client_credentials' }, service);
    await open({});
    await postAs(app, '/token', { grant_type: 'client_credentials' }, { id: 'tiada', secret: 'x' });
    for (const id of ['tiada', '', '\u0000', 'x'.repeat(400), "';drop table clients"])
      await new Browser().request(
        `${app.url}/auth?${new URLSearchParams({ client_id: id, response_type: 'code' }).toString()}`,
      );
    expect(await faultsOf()).to.have.members(['grant invalid_client stopped', 'authorization invalid_client stopped']);
    expect(
      await app.container.knex('client_errors').whereNotIn('client_id', app.container.knex('clients').select('id')),
    ).to.deep.equal([]);
  });

  it('take a flood as one row that counts, and no request waits for the database', async () => {
    const queries: string[] = [];
    const seen = ({ sql }: { sql: string }): void => {
      if (sql.includes('client_errors')) queries.push(sql);
    };
    app.container.knex.on('query', seen);
    for (let turn = 0; turn < 10; turn += 1)
      await Promise.all(
        Array.from({ length: 20 }, () => exchange(app, service, { code: 'tiada', code_verifier: 'x'.repeat(43) })),
      );
    const before = queries.length;
    await app.container.clientErrors.flush();
    app.container.knex.removeListener('query', seen);
    expect(before).to.be.at.most(1);
    expect(queries.length).to.be.at.most(2);
    const [error, ...others] = await errorsOf();
    expect(others).to.deep.equal([]);
    expect(error?.count).to.equal(200);
    expect(error?.helpCodes).to.have.length(10);
  });

  it('of several instances add up', async () => {
    const at = app.clock.now();
    const one = {
      clientId: service.id,
      day: '2026-11-26',
      kind: 'grant',
      error: 'invalid_grant',
      fault: 'grant',
      count: 3,
      firstAt: at,
      lastAt: at,
      helpCodes: ['AAAA-AA'],
      address: undefined,
    } as const;
    const two = { ...one, fault: 'code-reused' } as const;
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        app.store.clientErrors.add(index % 2 === 0 ? [one, two] : [two, one, { ...one, clientId: 'tiada' }]),
      ),
    );
    expect((await errorsOf()).map(({ fault, count }) => [fault, count])).to.have.deep.members([
      ['grant', 24],
      ['code-reused', 24],
    ]);
  });

  it('are read at the console with the remedy, and found by the help code', async () => {
    const helpCode = HELP_CODE.exec((await refusedAddress()).text)?.[0] ?? '';
    expect((await operator.open('/clients')).link('Cari kode bantuan')).to.equal(`${app.url}/admin/clients/errors`);
    const page = await operator.browser.open((await operator.open(`/clients/${service.id}`)).link('Kesalahan terbaru'));
    expect(page.status).to.equal(200);
    for (const words of [
      'tidak terdaftar',
      'https://lain.test/cb',
      'invalid_redirect_uri',
      helpCode,
      'Siapa pun dapat mengirim permintaan',
      'tim aplikasi atau operator',
    ])
      expect(page.text).to.include(words);
    expect((await operator.browser.open(page.link('panduan untuk layanan'))).status).to.equal(200);

    const found = await operator.open(`/clients/errors?code=%20${helpCode.replace('-', '').toLowerCase()}`);
    expect(found.text).to.include(service.name).and.include('invalid_redirect_uri');
    expect(found.link(`/admin/clients/${service.id}/errors`)).to.be.a('string');
    expect((await operator.open('/clients/errors?code=AAAA-AA2')).status).to.equal(422);
    expect((await operator.open('/clients/errors?code=ZZZZ-ZZ')).text).to.include(
      'tidak ada di antara kesalahan aplikasi',
    );
    for (const path of ['/clients/tiada/errors', `/clients/${'x'.repeat(300)}/errors`])
      expect((await operator.open(path)).status, path).to.equal(404);
  });

  it('show nothing that a stranger sent as anything but text', async () => {
    await open({ redirect_uri: 'https://lain.test/<script>alert(1)</script>' });
    const page = await operator.open(`/clients/${service.id}/errors`);
    expect(page.html).not.to.include('<script>alert');
  });

  it('are nobody’s business who may not read clients', async () => {
    const stranger = await startOperator(app, []);
    for (const path of ['/clients/errors?code=AAAA-AA', `/clients/${service.id}/errors`])
      expect((await stranger.open(path)).status).to.equal(403);
  });

  it('go after fourteen days', async () => {
    const run = (): ReturnType<typeof purge> =>
      purge({
        store: app.store,
        clock: app.clock,
        deviceSeconds: 86_400,
        formerAccountDays: 2,
        recoveryRequestDays: 90,
        purgeCounters: () => Promise.resolve(0),
      });
    await refusedAddress();
    expect(await errorsOf()).to.have.length(1);
    app.clock.advance({ days: 13 });
    await run();
    expect(await errorsOf()).to.have.length(1);
    app.clock.advance({ days: 2 });
    await run();
    expect(await errorsOf()).to.deep.equal([]);
  });
});
