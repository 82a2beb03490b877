import { expect } from 'chai';
import { createClientService, type ClientRefusal, type ClientService } from '../../../src/admin/clients/service.ts';
import type { Core } from '../../../src/core.ts';
import { createStandaloneCheck } from '../../../src/cli/client-check.ts';
import { toMetadata } from '../../../src/oidc/clients.ts';
import type { Result } from '../../../src/domain/result.ts';
import { createTestCore } from '../../support/core.ts';

const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid profile' };

function done<T>(result: Result<T, ClientRefusal>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}

describe('Client applications', () => {
  let core: Core;
  let close: () => Promise<void>;
  let clients: ClientService;
  before(async () => {
    ({ core, close } = await createTestCore());
    clients = createClientService({ ...core, check: await createStandaloneCheck(core) });
  });
  after(() => close());

  const create = async (document: object = web) => {
    const [registered] = done(await clients.create([{ document }]));
    if (registered === undefined) throw new Error('nothing was registered');
    return registered;
  };
  const eventsOf = async (id: string) =>
    (await core.store.audit.list())
      .filter(({ clientId }) => clientId === id)
      .map(({ type, details }) => ({ type, details }));

  it('are registered with an id and a secret of their own, which is kept as a hash', async () => {
    const { client, newSecret } = await create();
    expect(Buffer.from(newSecret!.reveal(), 'base64url')).to.have.length(32);
    const found = await core.store.clients.find(client.id);
    expect((await core.store.clientSecrets.whichFits(client.id, found!.secrets, newSecret!))?.number).to.equal(1);
    expect(found?.metadata).to.deep.equal(client.metadata);
    expect(JSON.stringify([await core.knex('clients'), await core.knex('client_secrets')])).not.to.include(
      newSecret!.reveal(),
    );
    expect(await eventsOf(client.id)).to.deep.equal([
      { type: 'client.created', details: { type: 'web', by: 'operator' } },
    ]);
  });

  it('are told by their versions what they were, from the first', async () => {
    const { client } = await create();
    done(await clients.update(client.id, { scope: 'openid' }));
    const versions = await core.store.clientVersions.list(client.id);
    expect(
      versions.map(({ number, state, base, proposedBy, decided, metadata }) => [
        number,
        state,
        base,
        proposedBy,
        decided?.by,
        metadata.scope,
      ]),
    ).to.deep.equal([
      [2, 'approved', 1, 'operator', 'operator', 'openid'],
      [1, 'approved', undefined, 'operator', 'operator', 'openid profile'],
    ]);
    expect((await clients.find(client.id))?.version).to.equal(2);
  });

  it('that are older than the versions get their first one by their first change', async () => {
    const { client } = await create();
    const old = { ...client, id: 'lama', metadata: { ...client.metadata, client_id: 'lama' } };
    await core.store.clients.insert(old);
    done(await clients.update('lama', { scope: 'openid' }));
    expect(
      (await core.store.clientVersions.list('lama')).map(({ number, base, metadata }) => [
        number,
        base,
        metadata.scope,
      ]),
    ).to.deep.equal([
      [2, 1, 'openid'],
      [1, undefined, 'openid profile'],
    ]);
  });

  it('may be drafts, which wait for approval and exist neither for the protocol nor for the stop switch', async () => {
    const registered = done(
      await clients.create([{ document: web }], {
        hand: { by: 'client:robot', involved: ['client:robot', 'operator:siti'] },
        status: 'draft',
      }),
    );
    const { client, newSecret } = registered[0]!;
    expect(newSecret).not.to.be.undefined;
    expect([client.status, client.version]).to.deep.equal(['draft', undefined]);
    expect(toMetadata(client)).to.equal(undefined);
    const open = await core.store.clientVersions.findOpen(client.id);
    expect(open).to.deep.include({
      number: 1,
      state: 'proposed',
      base: undefined,
      edition: 1,
      proposedBy: 'client:robot',
      involved: ['client:robot', 'operator:siti'],
    });
    for (const status of ['active', 'disabled'] as const)
      expect(await clients.setStatus(client.id, status)).to.deep.equal({
        ok: false,
        refusal: { reason: 'client-draft', id: client.id },
      });
    done(await clients.update(client.id, { scope: 'openid' }));
    expect(await core.store.clientVersions.findOpen(client.id)).to.deep.include({
      edition: 2,
      involved: ['client:robot', 'operator:siti', 'operator'],
    });
    expect((await clients.find(client.id))?.status).to.equal('draft');
    expect((await core.store.clients.page({ waits: true }, undefined, 10)).map(({ id }) => id)).to.deep.equal([
      client.id,
    ]);
    expect(await core.store.clientVersions.countOpen()).to.equal(1);
  });

  it('are registered all together or not at all', async () => {
    const before = (await clients.list()).length;
    const bad = await clients.create([{ document: web }, { document: { ...web, redirect_uris: [] } }]);
    expect(bad).to.deep.include({ ok: false });
    expect(
      !bad.ok && bad.refusal.reason === 'client-metadata' && bad.refusal.problems.map(({ field }) => field),
    ).to.deep.equal(['1.redirect_uris']);
    const twice = await clients.create([
      { document: { ...web, client_id: 'kembar' } },
      { document: { ...web, client_id: 'kembar' } },
    ]);
    expect(twice).to.deep.equal({ ok: false, refusal: { reason: 'client-id-taken', id: 'kembar' } });
    expect(await clients.list()).to.have.length(before);
    expect(await eventsOf('kembar')).to.be.empty;
  });

  it('must please the protocol itself', async () => {
    const result = await clients.create([{ document: { ...web, default_acr_values: ['urn:nobody:knows'] } }]);
    expect(!result.ok && result.refusal.reason === 'client-metadata' && result.refusal.problems[0]?.what).to.match(
      /^default_acr_values can only contain/,
    );
  });

  it('keep what an update does not name', async () => {
    const { client } = await create({ ...web, client_uri: 'https://rp.test/' });
    const updated = done(await clients.update(client.id, { client_name: 'Uji Baru', client_uri: undefined }));
    expect(updated.client.metadata).to.deep.include({
      client_name: 'Uji Baru',
      redirect_uris: ['https://rp.test/cb'],
      scope: 'openid profile',
    });
    expect(updated.client.metadata).not.to.have.property('client_uri');
    expect(updated.newSecret).to.be.undefined;
    expect((await eventsOf(client.id)).at(-1)).to.deep.equal({
      type: 'client.updated',
      details: { fields: ['client_name', 'client_uri'], by: 'operator' },
    });
  });

  it('are not touched by an update that changes nothing', async () => {
    const { client } = await create();
    done(await clients.update(client.id, web));
    expect(await eventsOf(client.id)).to.have.length(1);
  });

  it('ask for the NIK only when it is granted on purpose, and then keep it', async () => {
    const { client } = await create();
    const members = {
      scope: 'openid nik',
      data_use: {
        nik: {
          purpose: { id: 'Memeriksa hak atas bantuan.', en: 'Checking the right to aid.' },
          legal_basis: 'legal-obligation',
        },
      },
    };
    expect((await clients.update(client.id, members)).ok).to.be.false;
    expect(done(await clients.update(client.id, members, { allowNik: true })).client.metadata.scope).to.equal(
      'openid nik',
    );
    expect(done(await clients.update(client.id, { client_name: 'Nama Lain' })).client.metadata.scope).to.equal(
      'openid nik',
    );
  });

  it('keep their id and their type', async () => {
    const { client } = await create();
    expect((await clients.update(client.id, { client_id: 'lain' })).ok).to.be.false;
    expect((await clients.update(client.id, { token_endpoint_auth_method: 'none' })).ok).to.be.false;
  });

  it('are given a secret when an update makes them need one', async () => {
    const jwks = {
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
          y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
        },
      ],
    };
    const { client, newSecret } = await create({ ...web, token_endpoint_auth_method: 'private_key_jwt', jwks });
    expect(newSecret).to.be.undefined;
    expect(
      done(await clients.update(client.id, { token_endpoint_auth_method: 'client_secret_post', jwks: undefined }))
        .newSecret,
    ).not.to.be.undefined;
  });

  it('are stopped and started, and each is recorded once', async () => {
    const { client } = await create();
    expect(done(await clients.setStatus(client.id, 'disabled')).status).to.equal('disabled');
    done(await clients.setStatus(client.id, 'disabled'));
    expect(done(await clients.setStatus(client.id, 'active')).status).to.equal('active');
    expect((await eventsOf(client.id)).map(({ type }) => type)).to.deep.equal([
      'client.created',
      'client.disabled',
      'client.enabled',
    ]);
  });

  it('that do not exist are told so', async () => {
    const refusal = { ok: false, refusal: { reason: 'client-unknown', id: 'tiada' } };
    expect(await clients.update('tiada', { client_name: 'x' })).to.deep.equal(refusal);
    expect(await clients.setStatus('tiada', 'disabled')).to.deep.equal(refusal);
  });
});
