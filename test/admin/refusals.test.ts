import { expect } from 'chai';
import { createRefusals } from '../../src/admin/refusals.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { LOGO_BYTES } from '../../src/domain/logo/logo.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { giveRoles, startOperator, type TestOperator } from '../support/console.ts';
import { addMachine, type Machine } from '../support/machines.ts';
import { png } from '../support/pictures.ts';
import { createRelyingParty } from '../support/relying-party.ts';

const SCOPE = 'admin:clients:read admin:clients:write admin:clients:approve';
const API = '/api/admin/v1';
const reason = 'tiket 2041, diminta timnya';
const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid' };

describe('What operators and machines are refused', () => {
  let app: TestApp;
  let person: AccountId;
  let machine: Machine;
  let manager: TestOperator;
  before(async () => {
    app = await startTestApp();
    person = await addAccount(app, somebody());
    await giveRoles(app, person, ['client-manager', 'client-approver']);
    machine = await addMachine(app, { scope: SCOPE, operatedBy: person });
    manager = await startOperator(app, ['client-manager']);
  });
  after(() => app.close());

  const ask = (
    method: string,
    path: string,
    {
      as = machine.token,
      body,
      type = 'application/json',
    }: { as?: string; body?: string | Buffer; type?: string } = {},
  ): Promise<Response> =>
    fetch(`${app.url}${API}${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  const json = (value: unknown): { readonly body: string } => ({ body: JSON.stringify(value) });

  async function refused(): Promise<readonly AuditRow[]> {
    return [
      ...(await app.store.audit.list({ type: 'request.refused' })),
      ...(await app.store.audit.list({ type: 'change.refused' })),
    ];
  }
  /** What is remembered of so many tries. */
  async function remembered(
    tries: number,
    act: (count: number) => Promise<{ readonly status: number }>,
    status: number,
  ): Promise<readonly object[]> {
    const before = new Set((await refused()).map(({ id }) => id));
    for (let count = 0; count < tries; count += 1) expect((await act(count)).status).to.equal(status);
    return (await refused())
      .filter(({ id }) => !before.has(id))
      .map(({ type, clientId, details }) => ({ type, ...(clientId === undefined ? {} : { clientId }), ...details }));
  }
  const byMachine = (one: Machine): object => ({ clientId: one.id, by: `client:${one.id}` });

  describe('at the door of the operators’ API', () => {
    it('tokens that nobody knows or that ran out: once an hour, however many, and without the token', async () => {
      const tokens = (count: number): Promise<Response> =>
        ask('GET', count % 2 === 0 ? '/clients' : '/operators', { as: `tiada-${count}` });
      expect(await remembered(100, tokens, 401)).to.deep.equal([
        { type: 'request.refused', reason: 'token-unknown', address: `GET ${API}/clients` },
      ]);
      app.clock.advance({ hours: 1, seconds: 1 });
      const { provider } = app.container;
      const as = await new provider.ClientCredentials({
        client: await provider.Client.find(machine.id),
        scope: SCOPE,
        expiresIn: 1,
        iat: 1,
        exp: 2,
      } as never).save();
      expect(await remembered(2, () => ask('GET', '/clients', { as }), 401), 'an hour later').to.have.length(1);
      expect(JSON.stringify(await refused()))
        .not.to.include('tiada')
        .and.not.include('127.0.0.1');
    });

    it('so many of all strangers in an hour, from however many networks, and of one operator', async () => {
      app.clock.advance({ hours: 1, seconds: 1 });
      const refusals = createRefusals(app.container);
      const count = async (act: (at: number) => Promise<void>): Promise<number> => {
        const before = (await refused()).length;
        await Promise.all(Array.from({ length: 250 }, (_, at) => act(at)));
        return (await refused()).length - before;
      };
      expect(
        await count((at) =>
          refusals.request({
            reason: 'token-unknown',
            address: 'GET /',
            by: undefined,
            network: `2001:db8:0:${at.toString(16)}::/64`,
          }),
        ),
      ).to.equal(200);
      expect(
        await count((at) =>
          refusals.change('operator:siti', { kind: 'client', reason: 'client-metadata', clientId: `uji-${at}` }),
        ),
      ).to.equal(200);
      app.clock.advance({ hours: 1, seconds: 1 });
    });

    it('no token at all is nothing', async () => {
      expect(await remembered(3, () => fetch(`${app.url}${API}/clients`), 401)).to.deep.equal([]);
    });

    it('tokens for another audience, and those whose client was stopped, with the client', async () => {
      const { provider } = app.container;
      const as = await new provider.ClientCredentials({
        client: await provider.Client.find(machine.id),
        scope: SCOPE,
        aud: 'https://lain.contoh.test',
      } as never).save();
      expect(await remembered(20, () => ask('GET', '/clients', { as }), 401)).to.deep.equal([
        { type: 'request.refused', reason: 'token-kind', address: `GET ${API}/clients`, ...byMachine(machine) },
      ]);
      const stopped = await addMachine(app, { scope: SCOPE, operatedBy: person });
      await app.store.clients.update(stopped.id, { status: 'disabled' }, app.clock.now());
      app.clock.advance({ seconds: 3 });
      expect(await remembered(20, () => stopped.call('GET', '/clients'), 401)).to.deep.equal([
        { type: 'request.refused', reason: 'client-stopped', address: `GET ${API}/clients`, ...byMachine(stopped) },
      ]);
    });

    it('a scope that is missing, and a machine that nobody answers for, at each address', async () => {
      const [reader, nobody] = [
        await addMachine(app, { scope: 'admin:clients:read', operatedBy: person }),
        await addMachine(app, { scope: SCOPE }),
      ];
      for (const [one, why] of [
        [reader, 'scope-missing'],
        [nobody, 'operator-missing'],
      ] as const) {
        expect(
          await remembered(100, (count) => one.call('PATCH', `/clients/apa-saja-${count}`, { json: {} }), 403),
        ).to.deep.equal([
          { type: 'request.refused', reason: why, address: `PATCH ${API}/clients/{client_id}`, ...byMachine(one) },
        ]);
        expect(
          await remembered(
            1,
            () => one.call('POST', '/apis', { json: { identifier: 'https://api.test/', name: 'API Uji', scopes: [] } }),
            403,
          ),
        ).to.have.length(1);
      }
    });

    it('bodies without end, of another kind, no JSON, or not of their schema, by the names of the members', async () => {
      const at = `POST ${API}/clients`;
      const cases: readonly [number, string, Parameters<typeof ask>[2], object?][] = [
        [413, 'too-large', { body: `{"metadata":"${'x'.repeat(100_000)}"}` }],
        [415, 'unsupported-media-type', { body: 'a=b', type: 'application/x-www-form-urlencoded' }],
        [400, 'no-json', { body: '{' }],
        [400, 'bad-text', { body: '{"a":"\\u0000"}' }],
        [
          422,
          'invalid',
          json({ metadata: {}, type: 'martian', reason: 5, '9901010101900001': 'x' }),
          { fields: ['type', 'reason'] },
        ],
      ];
      for (const [status, why, sent, more] of cases)
        expect(await remembered(20, () => ask('POST', '/clients', sent), status), why).to.deep.equal([
          { type: 'request.refused', reason: why, address: at, ...more, ...byMachine(machine) },
        ]);
      expect(
        await remembered(5, () => ask('GET', '/audit/events?surprise=1', { as: machine.token }), 403),
        'a right is asked for first',
      ).to.have.length(1);
      expect(
        await remembered(5, () => ask('GET', '/clients?surprise=1'), 422),
        'nothing was to be changed',
      ).to.deep.equal([]);
    });
  });

  describe('by a rule, at the API', () => {
    it('metadata, by the names of the members alone', async () => {
      const document = {
        ...web,
        redirect_uris: ['http://rp.test/9901010101900001'],
        jwks_uri: 'http://rp.test/jwks',
        data_use: { nik: { purpose: { id: 'x', en: 'y' }, legal_basis: 'consent' } },
      };
      expect(await remembered(100, () => ask('POST', '/clients', json({ metadata: document })), 422)).to.deep.equal([
        {
          type: 'change.refused',
          kind: 'client',
          reason: 'client-metadata',
          fields: ['jwks_uri', 'data_use', 'redirect_uris'],
          by: `client:${machine.id}`,
        },
      ]);
      const leadsInside = { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://10.0.0.1/jwks' };
      expect(await remembered(20, () => ask('POST', '/clients', json({ metadata: leadsInside })), 422)).to.deep.equal([
        {
          type: 'change.refused',
          kind: 'client',
          reason: 'client-metadata',
          fields: ['jwks_uri'],
          by: `client:${machine.id}`,
        },
      ]);
      const { id } = await createRelyingParty(app);
      expect(
        await remembered(
          20,
          () => ask('PATCH', `/clients/${id}`, json({ metadata: { scope: 'openid admin:audit:read' } })),
          422,
        ),
      ).to.deep.equal([
        {
          type: 'change.refused',
          clientId: id,
          kind: 'client',
          reason: 'client-metadata',
          fields: ['scope'],
          by: `client:${machine.id}`,
        },
      ]);
      expect(
        await remembered(1, () => ask('PATCH', '/clients/tiada', json({ metadata: { scope: 'openid' } })), 404),
        'what is not there',
      ).to.deep.equal([]);
    });

    it('the second of two editors, and of two who decide', async () => {
      const { id } = await createRelyingParty(app);
      const { seen } = (await machine.call('GET', `/clients/${id}`)).body;
      await machine.call('PATCH', `/clients/${id}`, { json: { metadata: { client_name: 'Lain' }, seen } });
      expect(
        await remembered(
          100,
          () => machine.call('PATCH', `/clients/${id}`, { json: { metadata: { client_name: 'Lain Lagi' }, seen } }),
          409,
        ),
      ).to.deep.equal([
        { type: 'change.refused', clientId: id, kind: 'client', reason: 'client-changed', by: `client:${machine.id}` },
      ]);
      expect(
        await remembered(
          20,
          () => machine.call('POST', `/clients/${id}/proposal/approve`, { json: { number: 9, edition: 9, reason } }),
          409,
        ),
      ).to.deep.equal([
        {
          type: 'change.refused',
          clientId: id,
          kind: 'client',
          reason: 'proposal-changed',
          by: `client:${machine.id}`,
        },
      ]);
    });

    it('who approves their own: an event of its own, once', async () => {
      const { id } = await createRelyingParty(app);
      await machine.call('PATCH', `/clients/${id}`, { json: { metadata: { client_name: 'Lain' } } });
      const { number, edition } = (await app.store.clientVersions.findOpen(id))!;
      expect(
        await remembered(
          100,
          () => machine.call('POST', `/clients/${id}/proposal/approve`, { json: { number, edition, reason } }),
          403,
        ),
      ).to.deep.equal([]);
      expect(
        (await app.store.audit.list({ type: 'client.review-refused' }))
          .filter(({ clientId }) => clientId === id)
          .map(({ details }) => details),
      ).to.deep.equal([{ version: number, by: `client:${machine.id}`, reason: 'own' }]);
    });

    it('logos that are programs, too large, or no pictures', async () => {
      const { id } = await createRelyingParty(app);
      const send = (body: Buffer, to = id): Promise<Response> =>
        ask('PUT', `/clients/${to}/logo`, { body, type: 'image/png' });
      const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
      expect(await remembered(100, () => send(svg), 422)).to.deep.equal([
        { type: 'change.refused', clientId: id, kind: 'logo', reason: 'logo-svg', by: `client:${machine.id}` },
      ]);
      expect(
        await remembered(3, () => send(Buffer.concat([png({ shade: 1 }), Buffer.alloc(LOGO_BYTES * 8)])), 413),
      ).to.deep.equal([
        {
          type: 'request.refused',
          reason: 'too-large',
          address: `PUT ${API}/clients/{client_id}/logo`,
          ...byMachine(machine),
        },
      ]);
      expect(await remembered(1, () => send(svg, 'tiada'), 404)).to.deep.equal([]);
    });

    it('APIs: what does not fit, is registered already, or was changed by somebody else', async () => {
      const api = { identifier: 'https://api.penolakan.test/', name: 'API Uji', scopes: [] };
      const { id } = (await machine.call('POST', '/apis', { json: api })).body as { id: string };
      const by = `client:${machine.id}`;
      expect(await remembered(100, () => machine.call('POST', '/apis', { json: api }), 409)).to.deep.equal([
        { type: 'change.refused', kind: 'api', reason: 'api-taken', resource: api.identifier, by },
      ]);
      expect(
        await remembered(
          20,
          () => machine.call('PATCH', `/apis/${id}`, { json: { name: 'Lain', seen: 'dulu', reason } }),
          409,
        ),
      ).to.deep.equal([{ type: 'change.refused', kind: 'api', reason: 'api-changed', resource: api.identifier, by }]);
      expect(
        await remembered(20, () => machine.call('POST', '/apis', { json: { ...api, identifier: 'karirhub' } }), 422),
      ).to.deep.equal([
        {
          type: 'request.refused',
          reason: 'invalid',
          address: `POST ${API}/apis`,
          fields: ['identifier'],
          ...byMachine(machine),
        },
      ]);
    });
  });

  describe('at the console', () => {
    const byManager = (): string => `operator:${manager.accountId}`;

    it('forms that are too long, logos that are programs, and what the command line alone does', async () => {
      const { id } = await createRelyingParty(app);
      const { csrf = '' } = (await manager.open(`/clients/${id}/logo`)).form('csrf').fields;
      const post = (path: string, body: URLSearchParams | Buffer, headers = {}) =>
        manager.browser.request(`${app.url}/admin${path}`, { method: 'POST', body, headers });
      const svg = Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n${csrf}\r\n--b\r\nContent-Disposition: form-data; name="logo"; filename="logo.png"\r\n\r\n<svg onload="alert(1)"/>\r\n--b--\r\n`,
      );
      expect(
        await remembered(
          20,
          () => post(`/clients/${id}/logo`, svg, { 'content-type': 'multipart/form-data; boundary=b' }),
          422,
        ),
      ).to.deep.equal([{ type: 'change.refused', clientId: id, kind: 'logo', reason: 'logo-svg', by: byManager() }]);
      expect(
        await remembered(20, () => post(`/clients/${machine.id}/secrets`, new URLSearchParams({ csrf, reason })), 422),
      ).to.deep.equal([
        {
          type: 'request.refused',
          reason: 'client-privileged',
          address: 'POST /admin/clients/:id/secrets',
          by: byManager(),
        },
      ]);
      expect(
        await remembered(
          20,
          () => post(`/clients/${id}/logo/remove`, new URLSearchParams({ csrf, seen: 'x'.repeat(100_000) })),
          413,
        ),
      ).to.deep.equal([
        {
          type: 'request.refused',
          reason: 'too-large',
          address: 'POST /admin/clients/:id/logo/remove',
          by: byManager(),
        },
      ]);
    });

    it('the second of two editors, and mistakes by the fields, in words on the page of the audit log', async () => {
      const identifier = 'https://api.konsol.test/';
      await machine.call('POST', '/apis', { json: { identifier, name: 'API Konsol', scopes: [] } });
      const path = `/apis/${Buffer.from(identifier).toString('base64url')}/edit`;
      const late = await manager.open(path);
      await manager.browser.submit(await manager.open(path), 'csrf', { token_seconds: '120', reason, intent: 'save' });
      expect(
        await remembered(
          20,
          () => manager.browser.submit(late, 'csrf', { name: 'Nama yang lain', reason, intent: 'save' }),
          422,
        ),
      ).to.deep.equal([
        { type: 'change.refused', kind: 'api', reason: 'api-changed', resource: identifier, by: byManager() },
      ]);
      expect(
        await remembered(
          20,
          async () =>
            manager.browser.submit(await manager.open(path), 'csrf', { token_seconds: '5', reason, intent: 'save' }),
          422,
        ),
      ).to.deep.equal([
        {
          type: 'change.refused',
          kind: 'api',
          reason: 'api-document',
          fields: ['token_seconds'],
          resource: identifier,
          by: byManager(),
        },
      ]);
      const form = await manager.open('/apis/new');
      expect(
        await remembered(
          20,
          () => manager.browser.submit(form, 'csrf', { identifier: 'karirhub', name: 'X', intent: 'save' }),
          422,
        ),
      ).to.deep.equal([
        {
          type: 'change.refused',
          kind: 'api',
          reason: 'api-document',
          fields: ['identifier', 'name'],
          by: byManager(),
        },
      ]);
      const client = await manager.open('/clients/new');
      const wrong = {
        type: 'web',
        client_name: 'Uji',
        redirect_uris: 'http://rp.test/cb',
        scope: 'openid admin:audit:read',
      };
      expect(
        await remembered(3, () => manager.browser.submit(client, 'client_name', { ...wrong, intent: 'check' }), 422),
        'only checked',
      ).to.deep.equal([]);
      expect(
        await remembered(20, () => manager.browser.submit(client, 'client_name', { ...wrong, intent: 'save' }), 422),
      ).to.deep.equal([
        {
          type: 'change.refused',
          kind: 'client',
          reason: 'client-metadata',
          fields: ['redirect_uris', 'scope'],
          by: byManager(),
        },
      ]);
      const auditor = await startOperator(app, ['auditor']);
      const changes = await auditor.open('/audit?type=change.refused');
      expect(changes.text)
        .to.include('Perubahan ditolak')
        .and.include('sudah diubah orang lain')
        .and.include('Pengenal (audience), Nama API')
        .and.include(manager.citizen.name);
      expect((await auditor.open('/audit?type=request.refused&lang=en')).text)
        .to.include('Request turned away')
        .and.include('token unknown or expired')
        .and.include(`GET ${API}/clients`);
    });
  });
});
