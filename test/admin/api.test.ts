import { expect } from 'chai';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type NewClient, type TestApp } from '../support/app.ts';
import { giveSecondFactor } from '../support/authenticator.ts';
import { Browser } from '../support/browser.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { enterCode, signIn } from '../support/journeys.ts';
import { askForToken, machineClient } from '../support/machines.ts';
import { answered, beginBody } from '../support/slow-form.ts';
import { until } from '../support/until.ts';
import { createRelyingParty, visit } from '../support/relying-party.ts';

const { budi, ratna } = citizens;
const ALL =
  'admin:accounts:read admin:accounts:write admin:audit:read admin:operators:read admin:operators:write admin:reports:read';
const why = { reason: 'tiket 2041, diminta pemilik akun' };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

describe('The operators’ API', () => {
  let app: TestApp;
  let token: string;
  let subject: AccountId;
  /** Who answers for the machine. */
  let chief: AccountId;

  const issue = async (scope: string, id = 'mesin'): Promise<string> =>
    String((await askForToken(app.url, { id, scope })).access_token);

  async function call(
    method: string,
    path: string,
    {
      body,
      as = token,
      headers = {},
    }: { body?: unknown; as?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${app.url}/api/admin/v1${path}`, {
      method,
      headers: {
        ...(as === '' ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  const machine = (id: string): NewClient => machineClient({ id, scope: ALL, operatedBy: chief });

  before(async () => {
    app = await startTestApp({ limits: { operatorSearches: 12 } });
    chief = await addAccount(app, somebody());
    for (const role of ['administrator', 'support'] as const)
      await app.store.operators.grant(app.container.random.uuid(), {
        accountId: chief,
        role,
        grantedBy: 'operator',
        grantedAt: app.clock.now(),
      });
    await app.addClient(machine('mesin'));
    token = await issue(ALL);
    subject = await addAccount(app, budi, { emailVerified: false });
  });
  after(() => app.close());

  it('is described by a valid OpenAPI 3.1 document with every route that answers', async () => {
    const { body } = await call('GET', '/openapi.json', { as: '' });
    const { valid, errors } = await new Validator().validate(structuredClone(body));
    expect(valid, JSON.stringify(errors)).to.equal(true);
    expect(body.openapi).to.equal('3.1.0');
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      for (const method of Object.keys(methods)) {
        const { status } = await call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'), { as: '' });
        expect(status, `${method} ${path} exists and wants a token`).to.equal(401);
      }
    }
  });

  describe('lets in', () => {
    it('nobody without a token of a machine, and says how to get in', async () => {
      for (const as of ['', 'abc', 'x'.repeat(3000)]) {
        const { status, headers, body } = await call('GET', '/operators', { as });
        expect(status).to.equal(401);
        expect(headers.get('www-authenticate')).to.match(/^Bearer realm=/);
        expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
        expect(body.help_code).to.match(/^[2-9A-Z]{4}-[2-9A-Z]{2}$/);
        expect(app.logLines.some((line) => line.includes(String(body.help_code)))).to.equal(true);
      }
    });

    it('no citizen, whatever their token', async () => {
      const service = await createRelyingParty(app);
      await addAccount(app, ratna);
      const browser = new Browser();
      const { page, request } = await visit(browser, service);
      const { accessToken, idToken } = await service.receive(
        await signIn(browser, page, ratna.nik, ratna.password),
        request,
      );
      for (const as of [accessToken, idToken]) expect((await call('GET', '/operators', { as })).status).to.equal(401);
    });

    it('no token for another audience, bound to a key, or run out, and none of a stopped client', async () => {
      const { provider } = app.container;
      const client = await provider.Client.find('mesin');
      const made = async (change: object): Promise<string> =>
        new provider.ClientCredentials({ client, scope: ALL, ...change } as never).save();
      expect((await call('GET', '/operators', { as: await made({}) })).status).to.equal(200);
      expect(
        (await call('GET', '/operators', { as: await made({ aud: 'https://lain.contoh.test' }) })).status,
      ).to.equal(401);
      expect((await call('GET', '/operators', { as: await made({ jkt: 'x'.repeat(43) }) })).status).to.equal(401);
      expect((await call('GET', '/operators', { as: await made({ expiresIn: 1, iat: 1, exp: 2 }) })).status).to.equal(
        401,
      );
      await app.addClient(machine('mesin-berhenti'));
      const stopped = await issue(ALL, 'mesin-berhenti');
      await app.store.clients.update('mesin-berhenti', { status: 'disabled' }, app.clock.now());
      app.clock.advance({ seconds: 3 });
      expect((await call('GET', '/operators', { as: stopped })).status).to.equal(401);
    });

    it('a token for nothing that was taken from its machine since', async () => {
      await app.addClient(machine('mesin-dulu'));
      const as = await issue(ALL, 'mesin-dulu');
      expect((await call('GET', '/operators', { as })).status).to.equal(200);
      const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' };
      const end = await beginBody(
        `${app.url}/api/admin/v1/accounts/${subject}/suspend`,
        headers,
        '{"reason":',
        answered(app.container.provider.Client, 'find'),
      );
      const { metadata } = (await app.store.clients.find('mesin-dulu'))!;
      await app.store.clients.update(
        'mesin-dulu',
        { metadata: { ...metadata, scope: 'admin:accounts:read' } },
        app.clock.now(),
      );
      app.clock.advance({ seconds: 3 });
      const { status, body } = await call('GET', '/operators', { as });
      expect([status, body.code]).to.deep.equal([403, 'scope-missing']);
      expect((await end(`${JSON.stringify(why.reason)}}`)).status, 'nor by what began to come before').to.equal(403);
      expect((await app.store.accounts.findById(subject))?.status).to.equal('active');
      const refused = await app.store.audit.list({ type: 'request.refused' });
      expect(
        refused.filter(
          ({ details }) =>
            (details as { address?: string }).address?.endsWith('/suspend') === true &&
            details.by === 'client:mesin-dulu',
        ),
      ).to.have.length(1);
    });

    it('a token for what its scopes say and nothing else', async () => {
      const reader = await issue('admin:accounts:read');
      expect((await call('GET', `/accounts/${subject}`, { as: reader })).status).to.equal(200);
      for (const [method, path, body] of [
        ['POST', `/accounts/${subject}/suspend`, why],
        ['GET', '/audit/events', undefined],
        ['PUT', `/operators/${subject}/roles/administrator`, undefined],
        ['GET', '/reports/activity?from=2026-01-01&to=2026-01-02', undefined],
      ] as const) {
        const { status, headers } = await call(method, path, { as: reader, body });
        expect(status, path).to.equal(403);
        expect(headers.get('www-authenticate')).to.include('insufficient_scope');
      }
    });
  });

  describe('refuses', () => {
    it('what does not fit the schemas, by the names of the members', async () => {
      const search = (body: unknown, headers = {}): Promise<Answer> =>
        call('POST', '/accounts/search', { body, headers });
      expect(await search({ who: 12 })).to.deep.include({ status: 422 });
      const unknown = await search({ who: budi.nik, also: 'this' });
      expect(unknown.status).to.equal(422);
      expect(JSON.stringify(unknown.body.errors)).to.include('also').and.not.include(budi.nik);
      expect((await search('{')).status).to.equal(400);
      expect((await search('[]')).status).to.equal(422);
      expect((await search({ who: 'x' }, { 'content-type': 'text/plain' })).status).to.equal(415);
      expect((await search({ who: 'x'.repeat(20_000) })).status).to.equal(413);
      expect((await call('GET', '/accounts/no-uuid')).status).to.equal(422);
      expect((await call('GET', '/accounts/%ff')).status).to.equal(400);
      expect((await call('GET', '/audit/events?type=a&type=b')).status).to.equal(422);
      expect((await call('GET', '/audit/events?cursor=abc')).status).to.equal(422);
      expect((await call('GET', '/audit/events?surprise=1')).status).to.equal(422);
      expect((await call('GET', '/nothing')).status).to.equal(404);
      const method = await call('DELETE', '/operators');
      expect(method.status).to.equal(405);
      expect(method.headers.get('allow')).to.equal('GET');
    });

    it('a reason that says nothing, or too much of a person', async () => {
      for (const reason of ['iseng', `atas permintaan ${budi.nik}`, `surat ${budi.email} kemarin`])
        expect((await call('POST', `/accounts/${subject}/suspend`, { body: { reason } })).status).to.equal(422);
    });
  });

  it('finds an account by NIK, address, number and id, masked', async () => {
    for (const who of [budi.nik, budi.phone, subject]) {
      const { status, body } = await call('POST', '/accounts/search', { body: { who } });
      expect(status).to.equal(200);
      expect(JSON.stringify(body)).to.include(subject).and.include('B*** C***** S******');
      for (const datum of [budi.nik, budi.name, budi.email, budi.phone])
        expect(JSON.stringify(body)).not.to.include(datum);
    }
    expect((await call('POST', '/accounts/search', { body: { who: 'tiada@contoh.test' } })).body).to.deep.equal({
      accounts: [],
    });
    const searched = await app.store.audit.list({ type: 'account.searched' });
    expect(searched.at(0)?.details).to.deep.equal({ by: 'client:mesin', kind: 'nik', found: true });
  });

  it('suspends, ends sessions for good, reinstates and sends the activation again, each with its reason', async () => {
    const browser = new Browser();
    await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), budi.nik, budi.password);
    const greets = async (): Promise<boolean> => (await browser.open(app.url)).text.includes(budi.name);
    expect(await greets()).to.equal(true);
    app.clock.advance({ seconds: 2 });
    expect((await call('POST', `/accounts/${subject}/suspend`, { body: why })).body.status).to.equal('suspended');
    expect(await greets()).to.equal(false);
    expect((await call('POST', `/accounts/${subject}/reinstate`, { body: why })).body.status).to.equal('active');
    expect(await greets(), 'the old session stays dead').to.equal(false);
    expect((await call('POST', `/accounts/${subject}/resend-activation`, { body: why })).status).to.equal(200);
    expect((await app.messagesTo(budi.email))[0]?.text).to.include('/account/contact/email?token=');
    const events = (await app.store.audit.list({ accountId: subject })).filter(({ details }) => 'reason' in details);
    expect(events.map(({ type, details }) => [type, details])).to.deep.equal(
      ['account.suspended', 'account.reinstated', 'account.activation-resent'].map((type) => [
        type,
        { by: 'client:mesin', ...why },
      ]),
    );
  });

  it('gives and takes roles, and leaves the accounts of operators alone', async () => {
    const other = await addAccount(app, somebody());
    expect((await call('PUT', `/operators/${other}/roles/auditor`)).body).to.deep.equal({
      sub: other,
      role: 'auditor',
      held: true,
    });
    expect((await call('PUT', `/operators/${other}/roles/auditor`)).status).to.equal(409);
    expect((await call('PUT', `/operators/${other}/roles/king`)).status).to.equal(422);
    expect(JSON.stringify((await call('GET', '/operators')).body))
      .to.include(other)
      .and.include('client:mesin');
    expect((await call('POST', `/accounts/${other}/suspend`, { body: why })).body.code).to.equal('operator-account');
    expect((await call('DELETE', `/operators/${other}/roles/auditor`)).status).to.equal(200);
    expect((await call('POST', `/accounts/${other}/end-sessions`, { body: why })).status).to.equal(200);
  });

  it('does for nobody what they may not do themselves: not to their own roles, and nothing without one who may', async () => {
    const [other, citizen] = [await addAccount(app, somebody()), await addAccount(app, somebody())];
    for (const method of ['PUT', 'DELETE'])
      expect((await call(method, `/operators/${chief}/roles/client-manager`)).body, method).to.include({
        status: 409,
        code: 'own-account',
      });
    expect((await call('DELETE', `/operators/${chief}/roles/administrator`)).body.code).to.equal('own-account');
    expect(await app.store.operators.rolesOf(chief)).to.have.members(['administrator', 'support']);

    const attempts = [
      ['PUT', `/operators/${other}/roles/auditor`, undefined],
      ...['suspend', 'end-sessions', 'resend-activation', 'remove-second-factor'].map(
        (verb) => ['POST', `/accounts/${citizen}/${verb}`, why] as const,
      ),
    ] as const;
    await app.addClient(machine('mesin-tanpa-orang'));
    const { metadata } = (await app.store.clients.find('mesin-tanpa-orang'))!;
    const { operated_by: _nobody, ...rest } = metadata;
    await app.store.clients.update('mesin-tanpa-orang', { metadata: rest }, app.clock.now());
    const alone = await issue(ALL, 'mesin-tanpa-orang');
    for (const [method, path, body] of attempts)
      expect((await call(method, path, { as: alone, body })).body, path).to.include({
        status: 403,
        code: 'operator-missing',
      });
    expect((await call('GET', `/accounts/${citizen}`, { as: alone })).status, 'it reads').to.equal(200);

    for (const role of ['administrator', 'support'] as const)
      await app.store.operators.revoke(chief, role, 'operator', app.clock.now());
    for (const [method, path, body] of attempts)
      expect((await call(method, path, { body })).body.code, path).to.equal('operator-missing');
    expect(await app.store.operators.rolesOf(other)).to.deep.equal([]);
    for (const role of ['administrator', 'support'] as const)
      await app.store.operators.grant(app.container.random.uuid(), {
        accountId: chief,
        role,
        grantedBy: 'operator',
        grantedAt: app.clock.now(),
      });
  });

  it('reads the audit log page by page, each event once', async () => {
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const { body } = await call('GET', `/audit/events?limit=3${next === undefined ? '' : `&cursor=${next}`}`);
      seen.push(...(body.events as { id: string }[]).map(({ id }) => id));
      next = body.next as string | undefined;
    } while (next !== undefined);
    const all = (await app.store.audit.list()).map(({ id }) => id);
    expect(seen.length).to.equal(new Set(seen).size);
    expect([...seen].sort()).to.deep.equal([...all].sort());
    const by = await call('GET', '/audit/events?by=client:mesin&type=account.suspended');
    expect(by.body.events).to.have.length(1);
  });

  it('has the chain of the audit log checked by a job, one at a time, and says what came of it', async () => {
    const before = (await call('GET', '/audit/chain')).body;
    expect(before).to.have.all.keys('end');
    const { status, body } = await call('POST', '/audit/chain/check');
    expect(status).to.equal(200);
    expect(body.check).to.include({ asked_by: 'client:mesin' });
    await until('it is checked', async () => {
      await app.container.jobs.runNow('audit-check').catch(() => false);
      return ((await call('GET', '/audit/chain')).body.check as { state: string }).state === 'whole';
    });
    expect((await call('GET', '/audit/chain')).body.check)
      .to.include.keys('asked_at', 'begun_at', 'ended_at', 'reached')
      .and.not.include.keys('broken_at');
    expect((await call('POST', '/audit/chain/check', { as: await issue('admin:reports:read') })).status).to.equal(403);
  });

  it('counts by the day at home', async () => {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Jakarta' }).format(app.clock.now());
    const { body } = await call('GET', `/reports/activity?from=${day}&to=${day}`);
    expect(body.counts).to.deep.include({ period: day, kind: 'sign-in.succeeded', per: 'siapkerja-portal', count: 1 });
    await app.store.logouts.add(
      { accountId: subject, clientId: 'mesin', sid: undefined, reason: 'sign-out' },
      app.container.random.uuid(),
      app.clock.now(),
    );
    await app.container.logouts.drain();
    expect((await call('GET', `/reports/logouts?from=${day}&to=${day}`)).body.counts).to.deep.equal([
      { period: day, kind: 'dropped', per: 'mesin', count: 1 },
    ]);
    for (const report of ['failures', 'registry', 'messages'])
      expect((await call('GET', `/reports/${report}?from=${day}&to=${day}`)).status).to.equal(200);
    expect((await call('GET', `/reports/activity?from=2026-02-02&to=2026-02-01`)).body.code).to.equal(
      'stretch-backwards',
    );
    expect((await call('GET', `/reports/activity?from=2020-01-01&to=2026-02-01`)).body.code).to.equal('stretch-long');
  });

  it('removes a second factor that is lost, ends the sessions and tells the person', async () => {
    const citizen = somebody();
    const id = await addAccount(app, citizen);
    expect((await call('POST', `/accounts/${id}/remove-second-factor`, { body: why })).status, 'none there').to.equal(
      409,
    );
    const { authenticator } = await giveSecondFactor(app, id);
    const browser = new Browser();
    const greets = async (): Promise<boolean> => (await browser.open(app.url)).text.includes(citizen.name);
    await enterCode(
      browser,
      await signIn(browser, await browser.open(`${app.url}/portal/sign-in`), citizen.nik, citizen.password),
      authenticator.next(),
    );
    expect(await greets()).to.equal(true);
    app.clock.advance({ seconds: 2 });
    expect((await call('POST', `/accounts/${id}/remove-second-factor`, { body: why })).status).to.equal(200);
    expect(await greets()).to.equal(false);
    expect(await app.store.secondFactors.isEnrolled(id)).to.equal(false);
    expect((await app.messagesTo(citizen.email)).map(({ subject }) => subject)).to.include(
      'Verifikasi dua langkah dihapus oleh petugas',
    );
    expect(
      (await app.store.audit.list({ accountId: id, type: 'second-factor.removed' })).map(({ details }) => details),
    ).to.deep.equal([{ by: 'client:mesin', ...why }]);
  });

  it('does not let anybody try numbers one after the other', async () => {
    let last: Answer | undefined;
    for (let tries = 0; tries < 13 && last?.status !== 429; tries += 1)
      last = await call('POST', '/accounts/search', { body: { who: somebody().nik } });
    expect(last?.status).to.equal(429);
    expect(last?.headers.get('retry-after')).not.to.equal(null);
    expect(await app.store.audit.list({ type: 'operator.limited' })).to.have.length(1);
  });
});
