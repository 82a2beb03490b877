import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { giveRoles } from '../support/console.ts';
import { askForToken, machineClient } from '../support/machines.ts';

const ALL = 'admin:clients:read admin:clients:write admin:clients:approve';
const WAIVE = 'admin:clients:read admin:clients:waive';
const SECRET = 'rahasia-mesin-hanya-untuk-pengujian';
const reason = 'tiket 2042, diminta pengelola';
const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid profile' };

describe('The operators’ API: client applications', () => {
  let app: TestApp;
  let siti: AccountId;
  let budi: AccountId;
  const tokens = new Map<string, string>();

  async function addMachine(id: string, operatedBy: AccountId | undefined, scope = ALL): Promise<void> {
    await app.addClient(machineClient({ id, scope, operatedBy }));
    tokens.set(id, String((await askForToken(app.url, { id, scope })).access_token));
  }
  async function call(as: string, method: string, path: string, body?: unknown) {
    const response = await fetch(`${app.url}/api/admin/v1/clients${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.get(as) ?? ''}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  const operator = async (): Promise<AccountId> => {
    const account = await addAccount(app, somebody());
    await giveRoles(app, account, ['client-manager', 'client-approver']);
    return account;
  };
  const register = async (metadata: object = web): Promise<string> => {
    const made = await call('siti', 'POST', '', { metadata, reason });
    expect(made.status, JSON.stringify(made.body)).to.equal(200);
    return String(made.body.client_id);
  };
  const positionOf = async (id: string) => {
    const { body } = await call('siti', 'GET', `/${id}/proposal`);
    return { number: body.number, edition: body.edition };
  };
  /** Nothing tries the services of this test out. */
  const waive = async (id: string): Promise<void> => {
    const open = (await app.store.clientVersions.findOpen(id))!;
    await app.store.clientVersions.replace({ ...open, waiver: { by: 'operator:ani', reason, at: app.clock.now() } });
  };

  before(async () => {
    app = await startTestApp();
    [siti, budi] = [await operator(), await operator()];
    await addMachine('siti', siti);
    await addMachine('siti-2', siti);
    await addMachine('budi', budi);
    await addMachine('nobody', undefined);
    await addMachine('reader', undefined, 'admin:clients:read');
  });
  after(() => app.close());

  it('registers a draft, whose secret is in the answer alone, and activates it by another operator’s machine', async () => {
    const made = await call('siti', 'POST', '', {
      metadata: { ...web, hobby: 'x' },
      reason,
      listing: { url: 'https://rp.test/', id: 'Lowongan', en: 'Jobs' },
    });
    expect(made.body).to.include({ status: 'draft', type: 'web' });
    expect(made.body.client_secret).to.match(/^[\w-]{43}$/);
    expect(made.body.ignored).to.deep.equal(['hobby']);
    const id = String(made.body.client_id);
    expect((await call('siti', 'GET', `/${id}`)).body).not.to.have.property('client_secret');
    const read = await call('siti', 'GET', `/${id}/proposal`);
    expect(read.body).to.deep.include({
      state: 'proposed',
      proposed_by: 'client:siti',
      involved: ['client:siti', `operator:${siti}`],
      stale: false,
      reason,
    });
    expect(
      (await call('budi', 'POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason })).body.code,
    ).to.equal('proposal-unchecked');
    await waive(id);
    const approved = await call('budi', 'POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason });
    expect(approved.body).to.include({ status: 'active', version: 1 });
    expect((await call('budi', 'GET', `/${id}/proposal`)).status).to.equal(404);
  });

  it('lets nobody approve by way of another machine of theirs, nor a machine that nobody answers for', async () => {
    const id = await register();
    await waive(id);
    for (const as of ['siti', 'siti-2']) {
      const refused = await call(as, 'POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason });
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'proposal-own']);
    }
    for (const [method, path, body] of [
      ['POST', '', { metadata: web }],
      ['PATCH', `/${id}`, {}],
      ['POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason }],
      ['POST', `/${id}/disable`, { reason }],
    ] as const) {
      expect((await call('nobody', method, path, body)).body.code, path).to.equal('operator-missing');
      expect((await call('reader', method, path, body)).body.code, path).to.equal('scope-missing');
    }
    await app.store.operators.revoke(budi, 'client-approver', 'operator', app.clock.now());
    expect(
      (await call('budi', 'POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason })).body.code,
      'no longer an approver',
    ).to.equal('operator-missing');
    await giveRoles(app, budi, ['client-approver']);
    expect((await app.store.clients.find(id))?.status).to.equal('draft');
  });

  it('waives the integration check by the machine of an administrator, for one edition, with a reason that stays', async () => {
    const id = await register();
    const boss = await addAccount(app, somebody());
    await giveRoles(app, boss, ['administrator']);
    await addMachine('boss', boss, WAIVE);
    await addMachine('approver', budi, WAIVE);
    const waiver = async (as: string, body: object = {}) =>
      call(as, 'POST', `/${id}/proposal/waive`, { ...(await positionOf(id)), reason, ...body });
    const checkOf = async (): Promise<unknown> => (await call('siti', 'GET', `/${id}/proposal`)).body.check;

    expect(await checkOf()).to.equal('missing');
    expect((await waiver('siti')).body.code, 'the scope that approves is another one').to.equal('scope-missing');
    expect((await waiver('approver')).body.code, 'nor is an approver an administrator').to.equal('operator-missing');
    expect((await waiver('boss', { reason: 'iseng' })).body.code).to.equal('reason-short');
    expect((await waiver('boss', { number: '1' })).status).to.equal(422);
    expect((await waiver('boss', { edition: 99 })).body.code).to.equal('proposal-changed');
    expect((await call('boss', 'POST', '/tiada/proposal/waive', { number: 1, edition: 1, reason })).status).to.equal(
      404,
    );
    expect(await checkOf()).to.equal('missing');

    expect((await waiver('boss')).status).to.equal(200);
    expect(await checkOf()).to.equal('waived');
    expect(
      (await app.store.audit.list({ type: 'client.check-waived' })).map(({ details, clientId }) => [
        clientId,
        details.by,
        details.reason,
      ]),
    ).to.deep.equal([[id, 'client:boss', reason]]);
    expect((await call('siti', 'PATCH', `/${id}`, { metadata: { client_name: 'Lain' }, reason })).status).to.equal(200);
    expect(await checkOf(), 'of another edition it says nothing').to.equal('missing');
    expect((await waiver('boss')).status).to.equal(200);
    expect(
      (await call('budi', 'POST', `/${id}/proposal/approve`, { ...(await positionOf(id)), reason })).body,
    ).to.include({ status: 'active' });

    // Whoever has a hand in it waives nothing for themselves.
    await giveRoles(app, siti, ['administrator']);
    await addMachine('siti-waives', siti, WAIVE);
    const own = await register();
    expect(
      (await call('siti-waives', 'POST', `/${own}/proposal/waive`, { ...(await positionOf(own)), reason })).body.code,
    ).to.equal('proposal-own');
    await app.store.operators.revoke(siti, 'administrator', 'operator', app.clock.now());
    expect(
      (await call('siti', 'POST', `/${own}/proposal/withdraw`, { ...(await positionOf(own)), reason })).status,
    ).to.equal(200);
  });

  it('changes at once what widens nothing, proposes the rest, and tells the second of two', async () => {
    await app.addClient({
      metadata: {
        ...web,
        client_id: 'ubah',
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: SECRET,
    });
    const { seen } = (await call('siti', 'GET', '/ubah')).body;
    const applied = await call('siti', 'PATCH', '/ubah', { metadata: { contacts: ['tim@rp.test'] }, seen });
    expect(applied.body.outcome).to.equal('applied');
    expect(
      (await call('budi', 'PATCH', '/ubah', { metadata: { contacts: ['lain@rp.test'] }, seen })).body.code,
    ).to.equal('client-changed');
    expect((await call('siti', 'PATCH', '/ubah', { metadata: { client_name: 'Lain' } })).body.outcome).to.equal(
      'proposed',
    );
    const { body } = await call('budi', 'GET', '/ubah/proposal');
    expect(body.check, 'nothing about the sign-in').to.equal('needless');
    expect(body.changes).to.deep.equal([{ member: 'client_name', before: 'Uji', after: 'Lain', widens: true }]);
    expect(
      (await call('budi', 'POST', '/ubah/proposal/reject', { number: body.number, edition: body.edition, reason }))
        .status,
    ).to.equal(200);
    expect((await call('siti', 'PATCH', '/ubah', { metadata: { contacts: null } })).body.metadata).not.to.have.property(
      'contacts',
    );
    const { versions } = (await call('reader', 'GET', '/ubah/versions')).body as {
      versions: { number: number; state: string }[];
    };
    expect(versions.map(({ number, state }) => [number, state])).to.deep.equal([
      [4, 'approved'],
      [3, 'rejected'],
      [2, 'approved'],
      [1, 'approved'],
    ]);
    expect((await call('siti', 'POST', '/ubah/versions/2/return', { reason })).body.outcome).to.equal('applied');
    expect((await call('siti', 'POST', '/ubah/versions/3/return', { reason })).status).to.equal(404);
  });

  it('gives tokens to teams that register by themselves, lists and revokes them', async () => {
    const ask = async (as: string, method: string, path: string, body?: unknown) => {
      const response = await fetch(`${app.url}/api/admin/v1/initial-tokens${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens.get(as) ?? ''}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const wish = { team: 'Tim API Contoh', expires_days: 7, max: 1 };
    const made = await ask('siti', 'POST', '', wish);
    expect(made.status, JSON.stringify(made.body)).to.equal(200);
    expect(
      (await app.store.registrationTokens.listInitial()).at(-1)?.handedBy,
      'whoever answers for the machine',
    ).to.equal(siti);
    const listed = await ask('reader', 'GET', '');
    expect(JSON.stringify(listed.body))
      .to.include('Tim API Contoh')
      .and.not.include(String(made.body.initial_access_token));
    expect((await ask('siti', 'POST', '', { ...wish, max: 101 })).body).to.deep.include({
      code: 'invalid',
      errors: [{ field: 'body.max', what: 'must be 1 to 100' }],
    });
    expect((await ask('reader', 'POST', '', wish)).status).to.equal(403);
    expect((await ask('nobody', 'POST', '', wish)).status).to.equal(403);
    expect((await ask('siti', 'POST', `/${String(made.body.id)}/revoke`)).body).to.deep.equal({ revoked: true });
    expect((await ask('siti', 'POST', `/${String(made.body.id)}/revoke`)).status).to.equal(404);
  });

  it('makes further secrets and ends them, each shown once, and none of a machine with rights here', async () => {
    await app.addClient({
      type: 'machine',
      secret: SECRET,
      metadata: {
        client_id: 'putar',
        client_name: 'Putar',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    });
    const status = async (secret: unknown): Promise<number> =>
      (
        await fetch(`${app.url}/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${Buffer.from(`putar:${String(secret)}`).toString('base64')}` },
          body: new URLSearchParams({ grant_type: 'client_credentials' }),
        })
      ).status;
    const made = await call('siti', 'POST', '/putar/secrets', { overlap_days: 7, reason });
    expect(made.status, JSON.stringify(made.body)).to.equal(200);
    app.clock.advance({ seconds: 3 });
    expect([await status(SECRET), await status(made.body.client_secret)]).to.deep.equal([200, 200]);
    const listed = (await call('reader', 'GET', '/putar/secrets')).body as {
      secrets: { number: number; created_by: string }[];
    };
    expect(listed.secrets.map(({ number, created_by }) => [number, created_by])).to.deep.equal([
      [1, 'operator'],
      [2, 'client:siti'],
    ]);
    expect(JSON.stringify(listed)).not.to.include(String(made.body.client_secret)).and.not.to.include(SECRET);
    expect((await call('siti', 'POST', '/putar/secrets/1/end', { reason })).status).to.equal(200);
    app.clock.advance({ seconds: 3 });
    expect([await status(SECRET), await status(made.body.client_secret)]).to.deep.equal([401, 200]);
    expect((await call('siti', 'POST', '/putar/secrets/2/end', { reason })).body.code).to.equal('secret-last');

    for (const path of ['', '/2/end']) {
      expect((await call('siti', 'POST', `/putar/secrets${path}`, { reason: 'x' })).status, path).to.equal(422);
      expect((await call('nobody', 'POST', `/putar/secrets${path}`, { reason })).body.code, path).to.equal(
        'operator-missing',
      );
      expect((await call('reader', 'POST', `/putar/secrets${path}`, { reason })).body.code, path).to.equal(
        'scope-missing',
      );
    }
    expect(
      (await call('siti', 'POST', '/budi/secrets', { reason })).body.code,
      'of another machine with rights here',
    ).to.equal('client-privileged');
    expect((await call('siti', 'GET', '/tiada/secrets')).status).to.equal(404);
  });

  it('stops a client, and starts it again by whoever approves', async () => {
    const id = 'ubah';
    expect((await call('siti', 'POST', `/${id}/disable`, { reason })).body.status).to.equal('disabled');
    expect((await call('budi', 'POST', `/${id}/enable`, { reason })).body.status).to.equal('active');
    expect((await call('budi', 'POST', '/reader/enable', { reason })).body.code).to.equal('client-privileged');
    expect((await call('siti', 'POST', '/tiada/disable', { reason })).status).to.equal(404);
  });

  it('refuses what is wrong with all of its reasons, and stores none of it', async () => {
    const before = (await app.store.clients.list()).length;
    const wrong = await call('siti', 'POST', '', {
      metadata: { ...web, contacts: ['x'], redirect_uris: ['https://*.rp.test'], subject_type: 'pairwise' },
    });
    expect(wrong.status).to.equal(422);
    expect((wrong.body.errors as { field: string }[]).map(({ field }) => field)).to.include.members([
      'body.metadata.contacts.0',
      'body.metadata.redirect_uris.0',
    ]);
    const bad: readonly object[] = [
      { metadata: { ...web, scope: 'openid admin:audit:read' } },
      { type: 'machine', metadata: { client_name: 'Robot', scope: 'admin:audit:read' } },
      { metadata: { ...web, scope: 'openid nik' } },
      { metadata: web, listing: { url: 'javascript:alert(1)', id: 'x', en: 'y' } },
      { metadata: web, reason: 'iseng' },
      { metadata: web, status: 'active' },
      { metadata: null },
      { metadata: [] },
      {},
    ];
    for (const body of bad) expect((await call('siti', 'POST', '', body)).status, JSON.stringify(body)).to.equal(422);
    const unkept: readonly object[] = [
      { metadata: { ...web, client_name: 'a\u0000b' } },
      { metadata: { ...web, jwks: { keys: [{ kty: 'EC', kid: '\ud800' }] } } },
      { metadata: web, reason: 'tiket dua\ud800 ribu' },
      { metadata: { ...web, '\u0000': 1 } },
    ];
    for (const body of unkept)
      expect((await call('siti', 'POST', '', body)).status, JSON.stringify(body)).to.equal(400);
    expect(await app.store.clients.list()).to.have.length(before);
    for (const query of ['?cursor=x', '?status=king', '?limit=1000', '?q=%00'])
      expect((await call('siti', 'GET', query)).status, query).to.equal(422);
    const first = (await call('siti', 'GET', '?limit=2')).body as {
      clients: { client_id: string }[];
      next_cursor: string;
    };
    const second = (await call('siti', 'GET', `?limit=2&cursor=${first.next_cursor}`)).body as typeof first;
    expect(new Set([...first.clients, ...second.clients].map(({ client_id: id }) => id)).size).to.equal(4);
    expect(((await call('siti', 'GET', '?status=waiting')).body as typeof first).clients).to.have.length(1);
  });
});
