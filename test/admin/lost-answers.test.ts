import { expect } from 'chai';
import { createApiService } from '../../src/admin/apis/service.ts';
import { createRegistration } from '../../src/admin/clients/registration/service.ts';
import { createInitialTokens } from '../../src/admin/clients/registration/tokens.ts';
import { createClientReview, seenOf, type ClientReview } from '../../src/admin/clients/review.ts';
import { createClientSecrets } from '../../src/admin/clients/secrets/service.ts';
import { createClientService, type ClientService } from '../../src/admin/clients/service.ts';
import { handOf } from '../../src/admin/clients/versions.ts';
import { createRefusals } from '../../src/admin/refusals.ts';
import { createStandaloneCheck } from '../../src/cli/client-check.ts';
import type { Core } from '../../src/core.ts';
import { seenOf as seenOfApi } from '../../src/domain/api.ts';
import type { Client } from '../../src/domain/client.ts';
import type { Result } from '../../src/domain/result.ts';
import { createChecks } from '../../src/sandbox/checks.ts';
import { createTestCore } from '../support/core.ts';
import { createDatabaseLine, type DatabaseLine } from '../support/database-line.ts';

const [siti, budi] = ['siti', 'budi'].map((name) => handOf(`operator:${name}`)) as [
  ReturnType<typeof handOf>,
  ReturnType<typeof handOf>,
];
const why = 'tiket 2042, diminta pengelola';
const web = { client_name: 'Uji', redirect_uris: ['https://rp.test/cb'], scope: 'openid profile' };

function done<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}

describe('What an operator changes while the answer of the database is lost', () => {
  let core: Core;
  let line: DatabaseLine;
  let closing: () => Promise<void>;
  let clients: ClientService;
  let review: ClientReview;
  before(async () => {
    const opened = await createTestCore(
      { DATABASE_STATEMENT_TIMEOUT_MS: '500' },
      async (url) => (line = await createDatabaseLine(url)).url,
    );
    core = opened.core;
    closing = () => opened.close();
    const check = await createStandaloneCheck(core);
    clients = createClientService({ ...core, check });
    review = createClientReview({ ...core, check, clients, hasPassedCheck: () => Promise.resolve(true) });
  });
  after(async () => {
    await closing();
    await line.close();
  });

  /** The commit arrives, and nobody hears that it did. */
  async function unheard<T>(work: () => Promise<T>): Promise<T> {
    const lost = line.loseAnswerTo('COMMIT');
    const value = await work();
    await lost;
    return value;
  }
  const register = async (): Promise<Client> =>
    done(await unheard(() => review.register({ document: web }, { hand: siti, reason: why }))).client;
  const active = async (): Promise<Client> => done(await clients.create([{ document: web }]))[0]!.client;
  const eventsOf = async (id: string): Promise<string[]> =>
    (await core.store.audit.list())
      .filter(({ clientId, details }) => (clientId ?? details.resource ?? details.token) === id)
      .map(({ type }) => type);
  const openOf = async (id: string) => (await core.store.clientVersions.findOpen(id))!;

  it('an application that is registered is registered once, and nobody is told that its id is taken', async () => {
    const named = { ...web, client_id: 'hanya-satu' };
    const { client, newSecret } = done(
      await unheard(() => review.register({ document: named }, { hand: siti, reason: why })),
    );
    expect(client).to.include({ id: 'hanya-satu', status: 'draft' });
    expect(await eventsOf('hanya-satu')).to.deep.equal(['client.created', 'client.proposed']);
    const stored = (await core.store.clients.find('hanya-satu'))!;
    expect(
      await core.store.clientSecrets.whichFits(stored.id, stored.secrets, newSecret!),
      'the secret that was shown',
    ).to.include({ number: 1 });
  });

  it('a change is saved once, and its own author is not told that somebody else was first', async () => {
    const client = await active();
    const saved = done(
      await unheard(() =>
        review.save(client.id, { client_name: 'Lain' }, { hand: siti, seen: seenOf(client, undefined) }),
      ),
    );
    expect(saved.outcome).to.equal('proposed');
    expect(await openOf(client.id)).to.include({ edition: 1 });
    expect(
      await review.save(client.id, { client_name: 'Lain Lagi' }, { hand: budi, seen: seenOf(client, undefined) }),
      'who really was second',
    ).to.deep.include({ ok: false });
  });

  it('a decision is made once', async () => {
    const { id } = await register();
    expect(done(await unheard(async () => review.approve(id, await openOf(id), { hand: budi })))).to.include({
      status: 'active',
    });
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    done(await unheard(async () => review.reject(id, await openOf(id), { hand: budi, note: why })));
    expect(done(await unheard(() => review.save(id, { scope: 'openid' }, { hand: siti }))).outcome).to.equal('applied');
    expect(done(await unheard(() => review.returnTo(id, 1, { hand: siti, reason: why }))).outcome).to.equal('proposed');
    done(await unheard(async () => review.withdraw(id, await openOf(id), siti)));
    expect(await eventsOf(id)).to.deep.equal([
      'client.created',
      'client.proposed',
      'client.approved',
      'client.proposed',
      'client.rejected',
      'client.updated',
      'client.proposed',
      'client.returned',
      'client.withdrawn',
    ]);
  });

  it('a secret is made once, and it is the one that is shown', async () => {
    const { id } = await active();
    const { newSecret } = done(
      await unheard(() => createClientSecrets(core).add(id, { after: 1 }, { by: 'operator:siti', reason: why })),
    );
    const { secrets } = (await core.store.clients.find(id))!;
    expect(secrets.map(({ number }) => number).toSorted()).to.deep.equal([1, 2]);
    expect(await core.store.clientSecrets.whichFits(id, secrets, newSecret)).to.include({ number: 2 });
  });

  it('an API is registered and changed once, and another one meets what is there', async () => {
    const apis = createApiService(core);
    const good = { identifier: 'https://putus.test/', name: 'API Putus', scopes: [] };
    const created = done(await unheard(() => apis.create(good)));
    expect(
      done(
        await unheard(() =>
          apis.update(good.identifier, { token_seconds: 120 }, { by: 'operator:siti', seen: seenOfApi(created) }),
        ),
      ),
    ).to.include({ tokenSeconds: 120 });
    expect(
      await apis.update(good.identifier, { token_seconds: 240 }, { by: 'operator:budi', seen: seenOfApi(created) }),
    ).to.deep.nested.include({ ok: false, 'refusal.reason': 'api-changed' });
    expect(await apis.create(good)).to.deep.nested.include({ ok: false, 'refusal.reason': 'api-taken' });
    expect(await eventsOf(good.identifier)).to.deep.equal(['api.created', 'api.updated']);
  });

  it('a token of a team is made once, and it is the one that is shown', async () => {
    const tokens = createInitialTokens(core);
    const { token } = done(await unheard(() => tokens.make({ team: 'Tim Uji', days: 1, most: 1 }, 'operator:siti')));
    expect(await eventsOf(token.id)).to.deep.equal(['initial-token.made']);
    expect(await unheard(() => tokens.revoke(token.id, 'operator:siti'))).to.equal(true);
  });

  for (const answer of ['update "initial_tokens"', 'COMMIT', 'insert into "registration_tokens"']) {
    it(`a team registers once, by one use of its token, where the answer to ${answer} is lost`, async () => {
      const { token, value } = done(
        await createInitialTokens(core).make({ team: 'Tim Uji', days: 1, most: 5 }, 'operator:siti'),
      );
      const registration = createRegistration({ ...core, review, refusals: createRefusals(core) });
      const lost = line.loseAnswerTo(answer);
      const made = done(await registration.register(value.reveal(), web));
      await lost;
      expect((await core.store.registrationTokens.listInitial()).find(({ id }) => id === token.id)?.used).to.equal(1);
      expect(
        done(await registration.read(made.client.id, made.token.reveal())).client.id,
        'by the management token that was shown',
      ).to.equal(made.client.id);
    });
  }

  it('an integration check is begun once, and told once, and so is the link to it', async () => {
    const client = await active();
    const checks = createChecks({
      ...core,
      fetch: () => Promise.reject(new Error('nobody is called')),
      issuer: 'https://sso.test',
    });
    const check = await unheard(() => checks.start(client, 'operator:siti'));
    expect((await checks.runs(client.id, 5)).map(({ id }) => id)).to.deep.equal([check.id]);
    expect(await unheard(() => checks.giveLink(client, 'operator:siti'))).not.to.equal('');
    expect(await eventsOf(client.id)).to.deep.equal([
      'client.created',
      'client.check-started',
      'client.check-link-made',
    ]);
  });

  it('is known to be done where the line merely goes silent', async () => {
    const client = await active();
    const lost = line.loseAnswerTo('COMMIT', 'in silence');
    expect(done(await review.save(client.id, { client_name: 'Lain' }, { hand: siti })).outcome).to.equal('proposed');
    await lost;
    expect(await eventsOf(client.id)).to.deep.equal(['client.created', 'client.proposed']);
  });

  it('is done again where the connection was lost before the commit, and once', async () => {
    const client = await active();
    const lost = line.loseAnswerTo('client_versions');
    expect(done(await review.save(client.id, { client_name: 'Lain' }, { hand: siti })).outcome).to.equal('proposed');
    await lost;
    expect(await eventsOf(client.id)).to.deep.equal(['client.created', 'client.proposed']);
  });
});
