import { expect } from 'chai';
import { createFindHand } from '../../../src/admin/clients/hands.ts';
import {
  createClientReview,
  seenOf,
  type ClientReview,
  type ClientReviewDeps,
} from '../../../src/admin/clients/review.ts';
import { createClientService, type ClientRefusal, type ClientService } from '../../../src/admin/clients/service.ts';
import { COMMAND_LINE, handOf } from '../../../src/admin/clients/versions.ts';
import { createStandaloneCheck } from '../../../src/cli/client-check.ts';
import type { Core } from '../../../src/core.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import type { ClientVersion } from '../../../src/domain/client.ts';
import type { Permission } from '../../../src/domain/operator.ts';
import type { Result } from '../../../src/domain/result.ts';
import { createTestCore } from '../../support/core.ts';

const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid profile' };
const [siti, budi, ani] = ['siti', 'budi', 'ani'].map((name) => handOf(`operator:${name}`)) as [
  ReturnType<typeof handOf>,
  ReturnType<typeof handOf>,
  ReturnType<typeof handOf>,
];
const why = 'tiket 2042, diminta pengelola';

function done<T>(result: Result<T, ClientRefusal>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}
const refusalOf = (result: Result<unknown, ClientRefusal>): string | undefined =>
  result.ok ? undefined : result.refusal.reason;

describe('Client applications: the review by a second operator', () => {
  let core: Core;
  let close: () => Promise<void>;
  let clients: ClientService;
  let review: ClientReview;
  let passed: ClientReviewDeps['hasPassedCheck'];
  before(async () => {
    ({ core, close } = await createTestCore());
    const check = await createStandaloneCheck(core);
    clients = createClientService({ ...core, check });
    review = createClientReview({ ...core, check, clients, hasPassedCheck: (...which) => passed(...which) });
  });
  beforeEach(() => (passed = () => Promise.resolve(true)));
  after(() => close());

  const register = async (document: object = web): Promise<string> =>
    done(await clients.create([{ document }]))[0]!.client.id;
  const draft = async (hand = siti): Promise<string> =>
    done(await review.register({ document: web }, { hand, reason: why })).client.id;
  const getOpen = async (id: string): Promise<ClientVersion> => {
    const open = await core.store.clientVersions.findOpen(id);
    if (open === undefined) throw new Error('nothing waits');
    return open;
  };
  const scopeOf = async (id: string): Promise<string | undefined> => (await clients.find(id))?.metadata.scope;
  const eventsOf = async (id: string) =>
    (await core.store.audit.list())
      .filter(({ clientId }) => clientId === id)
      .map(({ type, details }) => ({ type, details }));

  it('is asked for by a new one, which is a draft until another operator has approved it', async () => {
    const id = await draft();
    expect((await clients.find(id))?.status).to.equal('draft');
    const open = await getOpen(id);
    done(await review.approve(id, open, { hand: budi, note: 'sudah diperiksa' }));
    expect(await clients.find(id)).to.include({ status: 'active', version: open.number });
    expect(await core.store.clientVersions.find(id, open.number)).to.deep.include({
      state: 'approved',
      proposedBy: 'operator:siti',
      reason: why,
    });
    expect(await eventsOf(id)).to.deep.equal([
      { type: 'client.created', details: { type: 'web', by: 'operator:siti' } },
      { type: 'client.proposed', details: { version: 1, fields: open.widens, by: 'operator:siti' } },
      {
        type: 'client.approved',
        details: { version: 1, fields: open.widens, by: 'operator:budi', note: 'sudah diperiksa' },
      },
    ]);
  });

  it('is asked for by what widens access, while what is in effect stays so; the rest acts at once', async () => {
    const id = await register();
    expect(done(await review.save(id, { contacts: ['tim@rp.test'] }, { hand: siti })).outcome).to.equal('applied');
    expect((await clients.find(id))?.metadata.contacts).to.deep.equal(['tim@rp.test']);
    expect(
      done(await review.save(id, { scope: 'openid profile email' }, { hand: siti, reason: why })).outcome,
    ).to.equal('proposed');
    expect(await scopeOf(id)).to.equal('openid profile');
    const open = await getOpen(id);
    expect(open).to.deep.include({ number: 3, base: 2, widens: ['scope'] });
    done(await review.approve(id, open, { hand: budi }));
    expect(await scopeOf(id)).to.equal('openid profile email');
    expect(done(await review.save(id, { scope: 'openid' }, { hand: siti })).outcome).to.equal('applied');
  });

  it('is done by nobody who proposed or edited it, nor by a machine that acts for them', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    const seen = seenOf((await clients.find(id))!, await getOpen(id));
    done(await review.save(id, { client_name: 'Lain Lagi' }, { hand: budi, seen }));
    const robot = { by: 'client:robot', involved: ['client:robot', 'operator:siti'] };
    for (const hand of [siti, budi, robot]) {
      for (const decision of [
        review.approve(id, await getOpen(id), { hand }),
        review.reject(id, await getOpen(id), { hand, note: why }),
        review.waive(id, await getOpen(id), { hand, reason: why }),
      ])
        expect(refusalOf(await decision), hand.by).to.equal('proposal-own');
    }
    expect(
      (await eventsOf(id)).filter(({ type }) => type === 'client.review-refused').map(({ details }) => details.by),
    ).to.deep.equal(['operator:siti', 'operator:budi', 'client:robot']);
    expect((await clients.find(id))?.metadata.client_name).to.equal('Uji');
    done(await review.approve(id, await getOpen(id), { hand: ani }));
  });

  it('is not asked for without end in the name of one operator, by hand or by machine, at the same moment or one after the other', async () => {
    const few = createClientService({
      ...core,
      check: await createStandaloneCheck(core),
      config: { ...core.config, limits: { ...core.config.limits, clientDrafts: 3 } },
    });
    const [rina, robot] = [
      { by: 'operator:rina', involved: ['operator:rina'] },
      { by: 'client:robot', involved: ['client:robot', 'operator:rina'] },
    ];
    const begin = (hand = rina) => few.create([{ document: web }], { hand, status: 'draft' });
    const begun = await Promise.all([begin(), begin(robot), begin(), begin(robot), begin()]);
    expect(begun.map(refusalOf).filter((reason) => reason === 'drafts-many')).to.have.length(2);
    expect(begun.filter(({ ok }) => ok)).to.have.length(3);
    expect((await begin({ by: 'operator:eko', involved: ['operator:eko'] })).ok, 'somebody else').to.equal(true);
    expect(
      (await begin({ by: 'initial-token:x', involved: ['initial-token:x', 'operator:rina'] })).ok,
      'a team has the number of its token',
    ).to.equal(true);

    const [first] = begun.flatMap((made) => (made.ok ? [made.value[0]!.client.id] : []));
    done(await review.withdraw(first!, await getOpen(first!), rina));
    expect(refusalOf(await begin()), 'today').to.equal('drafts-many');
    await core
      .knex('clients')
      .where({ id: first })
      .update({ created_at: new Date(Date.now() - 90_000_000) });
    done(await begin());
    expect(refusalOf(await begin())).to.equal('drafts-many');
  });

  it('is changed by nobody else who has not seen it', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    const open = await getOpen(id);
    for (const changes of [{ client_name: 'Uji' }, { client_name: 'Lain Lagi', contacts: ['tim@rp.test'] }]) {
      for (const hand of [budi, { by: 'client:robot', involved: ['client:robot', 'operator:budi'] }])
        expect(refusalOf(await review.save(id, changes, { hand }))).to.equal('proposal-open');
    }
    expect(await getOpen(id)).to.deep.equal(open);
    expect(
      done(await review.save(id, { jwks_uri: 'https://rp.test/jwks' }, { hand: budi })).outcome,
      'on top of it',
    ).to.equal('proposed');
    expect((await getOpen(id)).metadata).to.include({ client_name: 'Lain' });
  });

  it('is not waited for by what takes something away while something else waits, and does not bring it back', async () => {
    const id = await register();
    done(
      await clients.update(id, {
        redirect_uris: ['https://rp.test/cb', 'https://bocor.test/cb'],
        policy_uri: 'https://rp.test/privasi',
      }),
    );
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    const read = await getOpen(id);
    expect(done(await review.save(id, { redirect_uris: ['https://rp.test/cb'] }, { hand: ani })).outcome).to.equal(
      'applied',
    );
    expect((await clients.find(id))?.metadata).to.deep.include({
      client_name: 'Uji',
      redirect_uris: ['https://rp.test/cb'],
    });
    expect(refusalOf(await review.approve(id, read, { hand: budi })), 'what was read is another by now').to.equal(
      'proposal-changed',
    );
    // A form names every member, and changes one.
    const { metadata } = await getOpen(id);
    expect(
      done(
        await review.save(
          id,
          { ...metadata, policy_uri: undefined },
          { hand: siti, seen: seenOf((await clients.find(id))!, await getOpen(id)) },
        ),
      ).outcome,
    ).to.equal('applied');
    expect((await clients.find(id))?.metadata)
      .to.include({ client_name: 'Uji' })
      .and.not.have.property('policy_uri');
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect((await clients.find(id))?.metadata)
      .to.deep.include({ client_name: 'Lain', redirect_uris: ['https://rp.test/cb'] })
      .and.not.have.property('policy_uri');
    expect(
      (await eventsOf(id)).filter(({ type }) => type === 'client.updated').map(({ details }) => details),
    ).to.deep.equal([
      { fields: ['policy_uri', 'redirect_uris'], by: 'operator' },
      { fields: ['redirect_uris'], by: 'operator:ani' },
      { fields: ['policy_uri'], by: 'operator:siti' },
    ]);
  });

  it('is waited for by what comes in one form with something that widens', async () => {
    const id = await register();
    done(await review.save(id, { redirect_uris: ['https://baru.test/cb'] }, { hand: siti }));
    expect(
      done(
        await review.save(id, { redirect_uris: ['https://lain.test/cb'], contacts: ['tim@rp.test'] }, { hand: siti }),
      ).outcome,
    ).to.equal('proposed');
    expect((await clients.find(id))?.metadata).not.to.have.property('contacts');
    // It stands in the proposal already; named alone it is wanted now.
    expect(done(await review.save(id, { contacts: ['tim@rp.test'] }, { hand: siti })).outcome).to.equal('applied');
    expect((await clients.find(id))?.metadata.contacts).to.deep.equal(['tim@rp.test']);
  });

  it('counts among the authors of a draft those of its earlier proposals', async () => {
    const id = await draft(siti);
    done(await review.withdraw(id, await getOpen(id), siti));
    done(await review.save(id, { client_name: 'Lain' }, { hand: budi }));
    expect(refusalOf(await review.approve(id, await getOpen(id), { hand: siti }))).to.equal('proposal-own');
  });

  it('decides on what was read: an edition that was changed meanwhile is another', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    const read = await getOpen(id);
    done(await review.save(id, { redirect_uris: ['https://evil.test/cb'] }, { hand: siti }));
    for (const decision of [
      review.approve(id, read, { hand: budi }),
      review.reject(id, read, { hand: budi, note: why }),
      review.withdraw(id, read, siti),
    ])
      expect(refusalOf(await decision)).to.equal('proposal-changed');
    expect((await getOpen(id)).metadata).to.deep.include({
      client_name: 'Lain',
      redirect_uris: ['https://evil.test/cb'],
    });
  });

  it('refuses what was made on top of something else, until it is renewed, which undoes nothing', async () => {
    const id = await register();
    done(await review.save(id, { scope: 'openid profile email' }, { hand: siti }));
    done(await clients.update(id, { contacts: ['darurat@rp.test'] }));
    expect(refusalOf(await review.approve(id, await getOpen(id), { hand: budi }))).to.equal('proposal-stale');
    expect(done(await review.save(id, {}, { hand: siti })).outcome).to.equal('proposed');
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect((await clients.find(id))?.metadata).to.deep.include({
      scope: 'openid profile email',
      contacts: ['darurat@rp.test'],
    });
  });

  it('tells the second of two editors, and loses nothing of the first', async () => {
    const id = await register();
    const client = (await clients.find(id))!;
    const seen = seenOf(client, undefined);
    const both = await Promise.all([
      review.save(id, { client_name: 'Pertama' }, { hand: siti, seen }),
      review.save(id, { client_name: 'Kedua' }, { hand: budi, seen }),
    ]);
    expect(both.map(refusalOf).toSorted()).to.deep.equal(['client-changed', undefined]);
    const open = await getOpen(id);
    expect(open.edition).to.equal(1);
    expect(refusalOf(await review.save(id, { client_name: 'Ketiga' }, { hand: ani, seen: '' }))).to.equal(
      'client-changed',
    );
  });

  it('lets one of two decide who decide at once', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    const read = await getOpen(id);
    const both = await Promise.all([
      review.approve(id, read, { hand: budi }),
      review.reject(id, read, { hand: ani, note: why }),
    ]);
    expect(both.map(refusalOf).toSorted()).to.deep.equal(['proposal-changed', undefined]);
    expect(
      (await eventsOf(id)).filter(({ type }) => type === 'client.approved' || type === 'client.rejected'),
    ).to.have.length(1);
  });

  it('starts nothing that was stopped meanwhile', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    done(await clients.setStatus(id, 'disabled'));
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect((await clients.find(id))?.status).to.equal('disabled');
  });

  it('may say no, or be spared by the author, and then the client says what it said', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    done(await review.reject(id, await getOpen(id), { hand: budi, note: 'nama menyerupai layanan lain' }));
    done(await review.save(id, { client_name: 'Lain Pula' }, { hand: siti }));
    done(await review.withdraw(id, await getOpen(id), siti));
    expect(
      (await core.store.clientVersions.list(id)).map(({ number, state, decided }) => [
        number,
        state,
        decided?.by,
        decided?.note,
      ]),
    ).to.deep.equal([
      [3, 'withdrawn', 'operator:siti', undefined],
      [2, 'rejected', 'operator:budi', 'nama menyerupai layanan lain'],
      [1, 'approved', 'operator', undefined],
    ]);
    expect((await clients.find(id))?.metadata.client_name).to.equal('Uji');
  });

  it('ends by itself where nothing is left to look at', async () => {
    const id = await register();
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    expect(
      done(await review.save(id, { client_name: 'Uji', contacts: ['tim@rp.test'] }, { hand: siti })).outcome,
    ).to.equal('applied');
    expect(await core.store.clientVersions.findOpen(id)).to.equal(undefined);
  });

  it('wants the integration check passed with the very settings, or an administrator’s waiver of this edition', async () => {
    passed = () => Promise.resolve(false);
    const id = await draft();
    expect(refusalOf(await review.approve(id, await getOpen(id), { hand: budi }))).to.equal('proposal-unchecked');
    done(await review.waive(id, await getOpen(id), { hand: ani, reason: 'pustaka yang sama dengan layanan lain' }));
    done(await review.save(id, { redirect_uris: ['https://lain.test/cb'] }, { hand: siti }));
    expect(
      refusalOf(await review.approve(id, await getOpen(id), { hand: budi })),
      'the waiver was for another edition',
    ).to.equal('proposal-unchecked');
    done(await review.waive(id, await getOpen(id), { hand: ani, reason: 'pustaka yang sama dengan layanan lain' }));
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect((await core.store.clientVersions.find(id, 1))?.waiver).to.include({
      by: 'operator:ani',
      reason: 'pustaka yang sama dengan layanan lain',
    });
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    const asked: unknown[] = [];
    passed = (clientId, metadata) => {
      asked.push(clientId, metadata.redirect_uris);
      return Promise.resolve(true);
    };
    done(await review.save(id, { redirect_uris: ['https://baru.test/cb'] }, { hand: siti }));
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect(asked).to.deep.equal([id, ['https://baru.test/cb']]);
    passed = (_id, { redirect_uris: uris }) => Promise.resolve(uris?.[0] === 'https://baru.test/cb');
    done(await review.save(id, { redirect_uris: ['https://baru.test/cb', 'https://lagi.test/cb'] }, { hand: siti }));
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    passed = (_id, metadata) => Promise.resolve(metadata.token_endpoint_auth_method === 'client_secret_basic');
    done(await review.save(id, { token_endpoint_auth_method: 'client_secret_post' }, { hand: siti }));
    expect(refusalOf(await review.approve(id, await getOpen(id), { hand: budi })), 'another way to sign in').to.equal(
      'proposal-unchecked',
    );
  });

  it('is what a return to an earlier version asks for too, where it widens', async () => {
    const id = await register({ ...web, client_uri: 'https://rp.test/' });
    done(
      await clients.update(
        id,
        { scope: 'openid', client_uri: undefined },
        { listing: { url: 'https://rp.test/', id: 'Lowongan', en: 'Jobs' } },
      ),
    );
    expect(refusalOf(await review.returnTo(id, 2, { hand: siti, reason: why }))).to.equal('version-in-effect');
    expect(refusalOf(await review.returnTo(id, 9, { hand: siti, reason: why }))).to.equal('version-unknown');
    expect(done(await review.returnTo(id, 1, { hand: siti, reason: why })).outcome).to.equal('proposed');
    expect(refusalOf(await review.returnTo(id, 1, { hand: siti, reason: why }))).to.equal('proposal-open');
    done(await review.approve(id, await getOpen(id), { hand: budi }));
    expect(await clients.find(id)).to.deep.include({ listing: undefined });
    expect(await scopeOf(id)).to.equal('openid profile');
    done(await review.save(id, { contacts: ['tim@rp.test'] }, { hand: siti }));
    expect(done(await review.returnTo(id, 3, { hand: siti, reason: why })).outcome, 'narrower acts at once').to.equal(
      'applied',
    );
    expect(
      (await eventsOf(id))
        .filter(({ type }) => type === 'client.returned')
        .map(({ details }) => [details.version, details.to]),
    ).to.deep.equal([
      [3, 1],
      [5, 3],
    ]);
  });

  it('gives no rights at the operators’ API: the command line does, and needs nobody', async () => {
    const machine = { client_name: 'Robot', type: 'machine', scope: 'admin:audit:read' };
    expect(refusalOf(await review.register({ document: machine }, { hand: siti }))).to.equal('client-metadata');
    const plain = await register({ ...machine, scope: undefined });
    expect(refusalOf(await review.save(plain, { scope: 'admin:audit:read' }, { hand: siti }))).to.equal(
      'client-metadata',
    );
    const robot = await register(machine);
    expect(refusalOf(await review.save(robot, { contacts: ['a@b.test'] }, { hand: siti }))).to.equal('client-metadata');
    for (const scope of ['admin:clients:approve', 'admin:operators:write', 'admin:accounts:write'])
      expect(
        refusalOf(await clients.create([{ document: { ...machine, scope } }])),
        `${scope} without somebody who answers for it`,
      ).to.equal('client-metadata');
    const id = await draft();
    passed = () => Promise.resolve(false);
    done(await clients.update(id, { client_name: 'Lain' }));
    done(await review.approve(id, await getOpen(id), { hand: COMMAND_LINE }));
    expect((await clients.find(id))?.status).to.equal('active');
  });

  it('takes a machine for the long arm of the operator who answers for it, with their rights of this moment', async () => {
    const sub = '7d0f5a3c-2b1e-4c6d-9a8b-0123456789ab' as AccountId;
    const id = await register({
      client_name: 'Robot',
      type: 'machine',
      scope: 'admin:clients:approve',
      operated_by: sub,
    });
    let rights: readonly Permission[] = ['clients.approve'];
    const find = createFindHand({
      store: core.store,
      rightsOf: () => Promise.resolve({ permissions: new Set(rights) }),
    });
    const robot = { kind: 'client', clientId: id } as const;
    expect(await find(robot, 'clients.approve')).to.deep.equal({
      by: `client:${id}`,
      involved: [`client:${id}`, `operator:${sub}`],
    });
    rights = [];
    expect(await find(robot, 'clients.approve')).to.equal(undefined);
    expect(await find({ kind: 'client', clientId: 'tiada' }, 'clients.approve')).to.equal(undefined);
  });
});
