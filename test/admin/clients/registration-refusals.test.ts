import { expect } from 'chai';
import { createInitialTokens, type InitialTokens } from '../../../src/admin/clients/registration/tokens.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';

const web = { client_name: 'Diklat Contoh', redirect_uris: ['https://diklat.test/cb'] };

describe('Dynamic registration: what is remembered of refusals', () => {
  let app: TestApp;
  let tokens: InitialTokens;
  before(async () => {
    app = await startTestApp({ limits: { registrationsPerNetwork: 10_000 } });
    tokens = createInitialTokens(app.container);
  });
  after(() => app.close());

  async function make(): Promise<{ readonly id: string; readonly by: string; readonly value: string }> {
    const made = await tokens.make({ team: 'BLK Contoh', days: 7, most: 20 });
    if (!made.ok) throw new Error(made.refusal);
    return { id: made.value.token.id, by: `initial-token:${made.value.token.id}`, value: made.value.value.reveal() };
  }
  const call = (method: string, path: string, as: string, body?: string): Promise<Response> =>
    fetch(`${app.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
  const register = (as: string, document: unknown): Promise<Response> =>
    call('POST', '/reg', as, JSON.stringify(document));
  async function registered(as: string): Promise<{ readonly id: string; readonly token: string }> {
    const { client_id: id, registration_access_token: token } = (await (await register(as, web)).json()) as {
      client_id: string;
      registration_access_token: string;
    };
    return { id, token };
  }

  const refused = async () => [
    ...(await app.store.audit.list({ type: 'request.refused' })),
    ...(await app.store.audit.list({ type: 'change.refused' })),
  ];
  async function remembered(
    tries: number,
    act: (count: number) => Promise<Response>,
    status: number,
  ): Promise<readonly object[]> {
    const before = new Set((await refused()).map(({ id }) => id));
    for (let count = 0; count < tries; count += 1) expect((await act(count)).status).to.equal(status);
    return (await refused())
      .filter(({ id }) => !before.has(id))
      .map(({ type, clientId, details }) => ({ type, ...(clientId === undefined ? {} : { clientId }), ...details }));
  }

  it('tokens that nobody knows: one entry of a hundred, whatever they are and wherever, and none without a token', async () => {
    expect(
      await remembered(
        100,
        (count) =>
          count % 2 === 0 ? register(`tiada-${count}`, web) : call('GET', `/reg/tiada-${count}`, `tiada-${count}`),
        401,
      ),
    ).to.deep.equal([{ type: 'request.refused', reason: 'token-unknown', address: 'POST /reg' }]);
    expect(await remembered(1, () => fetch(`${app.url}/reg`, { method: 'POST' }), 401)).to.deep.equal([]);
    expect(JSON.stringify(await refused()))
      .not.to.include('tiada')
      .and.not.include('127.0.0.1');
  });

  it('tokens that were revoked, used up or ran out, with the team, where it registers and where it manages', async () => {
    const { id, by, value } = await make();
    const mine = await registered(value);
    await tokens.revoke(id);
    expect(await remembered(100, () => register(value, web), 401)).to.deep.equal([
      { type: 'request.refused', reason: 'token-ended', address: 'POST /reg', by },
    ]);
    expect(
      await remembered(20, () => call('PUT', `/reg/${mine.id}`, mine.token, JSON.stringify(web)), 401),
    ).to.deep.equal([{ type: 'request.refused', reason: 'token-ended', address: 'PUT /reg/{client_id}', by }]);
  });

  it('bodies that nobody reads to the end, or can read', async () => {
    const { value } = await make();
    expect(
      await remembered(20, () => register(value, { ...web, client_name: 'x'.repeat(100_000) }), 413),
    ).to.deep.equal([{ type: 'request.refused', reason: 'too-large', address: 'POST /reg' }]);
    expect(await remembered(20, () => call('POST', '/reg', value, '{'), 400)).to.deep.equal([
      { type: 'request.refused', reason: 'no-json', address: 'POST /reg' },
    ]);
  });

  it('metadata that no rule allows, and what an operator alone grants, by the names of the members', async () => {
    const { by, value } = await make();
    const entry = { type: 'change.refused', kind: 'client', reason: 'client-metadata', by };
    expect(
      await remembered(
        100,
        () =>
          register(value, {
            ...web,
            redirect_uris: ['http://diklat.test/9901010101900001'],
            jwks_uri: 'http://10.0.0.1/',
          }),
        400,
      ),
    ).to.deep.equal([{ ...entry, fields: ['jwks_uri', 'redirect_uris'] }]);
    expect(
      await remembered(20, () => register(value, { ...web, first_party: true }), 400),
      'behind a slip',
    ).to.deep.equal([{ ...entry, fields: ['first_party'] }]);
  });

  it('what a team wants of its client and may not', async () => {
    const { by, value } = await make();
    const { id, token } = await registered(value);
    const entry = { type: 'change.refused', clientId: id, kind: 'client', by };
    const put = (document: object): Promise<Response> =>
      call('PUT', `/reg/${id}`, token, JSON.stringify({ ...web, client_id: id, ...document }));
    expect(await remembered(20, () => put({ client_secret: 'pilihanku', client_id: id }), 400)).to.deep.equal([
      { ...entry, reason: 'client-metadata', fields: ['client_secret'] },
    ]);
    await app.store.clients.update(id, { status: 'active' }, app.clock.now());
    expect(await remembered(20, () => call('DELETE', `/reg/${id}`, token), 403)).to.deep.equal([
      { ...entry, reason: 'client-approved' },
    ]);
    await app.store.clients.update(id, { status: 'disabled' }, app.clock.now());
    expect(await remembered(20, () => put({}), 403)).to.deep.equal([{ ...entry, reason: 'client-stopped' }]);
  });
});
