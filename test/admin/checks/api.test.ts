import { expect } from 'chai';
import type { Client } from '../../../src/domain/client.ts';
import { purge } from '../../../src/jobs/purge.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { addMachine, type Machine } from '../../support/machines.ts';

interface Run {
  readonly id: string;
  readonly open: boolean;
  readonly current: boolean;
  readonly passed_at?: string;
  readonly findings?: readonly {
    readonly scenario: string;
    readonly state: string;
    readonly fault?: string;
    readonly remedy?: { readonly id: string; readonly en: string };
  }[];
}

describe('The operators’ API: integration checks', () => {
  let app: TestApp;
  let reader: Machine;
  const getClient = async (): Promise<Client> => (await app.store.clients.find('rp'))!;

  before(async () => {
    app = await startTestApp();
    reader = await addMachine(app, { scope: 'admin:clients:read' });
    await app.addClient({
      secret: 'rahasia-layanan-untuk-pengujian',
      metadata: {
        client_id: 'rp',
        client_name: 'Layanan',
        redirect_uris: ['https://rp.test/cb'],
        test_redirect_uris: ['https://uji.rp.test/cb'],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        scope: 'openid profile',
        token_endpoint_auth_method: 'client_secret_basic',
        backchannel_logout_uri: 'https://rp.test/logout',
      },
    });
    const { checks } = app.container;
    for (let number = 0; number < 5; number += 1) {
      await checks.start(await getClient(), 'operator');
      app.clock.advance({ seconds: 60 });
    }
    await checks.begin(await getClient(), 'logout');
    await checks.begin(await getClient(), 'denied');
    await checks.tell(await getClient(), 'denied', 'page', { status: 200, place: 'x' });
  });
  after(() => app.close());

  const list = async (
    query = '',
  ): Promise<{ readonly passed: boolean; readonly checks: readonly Run[]; readonly next_cursor?: string }> =>
    (await reader.call('GET', `/clients/rp/checks${query}`)).body as never;
  const show = async (id: string): Promise<Run> => (await reader.call('GET', `/clients/rp/checks/${id}`)).body as never;

  it('are listed page by page, newest first, each once', async () => {
    const seen: Run[] = [];
    let next: string | undefined;
    do {
      const page = await list(`?limit=2${next === undefined ? '' : `&cursor=${next}`}`);
      expect(page.passed).to.equal(false);
      seen.push(...page.checks);
      next = page.next_cursor;
    } while (next !== undefined);
    expect(seen.map(({ id }) => id)).to.deep.equal(
      (await app.store.clientChecks.history('rp', 10)).map(({ id }) => id),
    );
    expect(seen.map(({ open, current }) => [open, current])).to.deep.equal([
      [true, true],
      [false, true],
      [false, true],
      [false, true],
      [false, true],
    ]);
  });

  it('say point by point what was seen, and how to mend it', async () => {
    const { id = '' } = (await list()).checks[0] ?? {};
    const { findings = [] } = await show(id);
    const stateOf = (scenario: string) => findings.find((one) => one.scenario === scenario);
    expect(stateOf('plain')).to.deep.include({ state: 'open' });
    expect(stateOf('refresh')).to.deep.include({ state: 'not-applicable', optional: true });
    expect(stateOf('denied')).to.deep.include({ state: 'failed', fault: 'not-begun' });
    expect(stateOf('logout')).to.deep.include({ state: 'failed', fault: 'no-test-uri' });
    expect(stateOf('logout')?.remedy?.id).to.be.a('string').and.not.equal(stateOf('logout')?.remedy?.en);
  });

  it('say of a pass whether it is one of what is registered now, and nothing of points that are gone', async () => {
    const [newest, older] = await app.store.clientChecks.history('rp', 2);
    await app.store.clientChecks.pass(newest!.id, app.clock.now());
    expect((await list()).passed).to.equal(true);
    app.clock.advance({ seconds: 100 * 86_400 });
    await purge({
      store: app.store,
      clock: app.clock,
      deviceSeconds: 1,
      formerAccountDays: 2,
      recoveryRequestDays: 90,
      purgeCounters: () => Promise.resolve(0),
    });
    const long = await show(newest!.id);
    expect(long).to.deep.include({ open: false, current: true }).and.not.have.property('findings');
    expect(
      (await reader.call('GET', `/clients/rp/checks/${older!.id}`)).body.code,
      'what was not passed is not kept',
    ).to.equal('check-unknown');

    const { metadata } = await getClient();
    await app.store.clients.update(
      'rp',
      { metadata: { ...metadata, redirect_uris: ['https://rp.test/lain'] } },
      app.clock.now(),
    );
    expect((await list()).passed).to.equal(false);
    expect((await show(newest!.id)).current).to.equal(false);
    await app.store.clients.update('rp', { metadata }, app.clock.now());
  });

  it('are refused for another client, no client, what is no id or cursor, another scope', async () => {
    const [{ id } = { id: '' }] = (await list()).checks;
    await app.addClient({ metadata: { ...(await getClient()).metadata, client_id: 'lain' } });
    expect((await reader.call('GET', `/clients/lain/checks/${id}`)).body.code).to.equal('check-unknown');
    expect((await reader.call('GET', '/clients/rp/checks/7d4f0f3e-6f0f-4a9a-9a51-2c1f0a4f7f10')).body.code).to.equal(
      'check-unknown',
    );
    for (const path of ['/clients/tiada/checks', `/clients/tiada/checks/${id}`])
      expect((await reader.call('GET', path)).body.code, path).to.equal('client-unknown');
    for (const path of [
      '/clients/rp/checks/x',
      '/clients/rp/checks?limit=0',
      '/clients/rp/checks?limit=201',
      '/clients/rp/checks?limit=dua',
      '/clients/rp/checks?cursor=x',
      '/clients/rp/checks?x=1',
    ])
      expect((await reader.call('GET', path)).status, path).to.equal(422);
    const other = await addMachine(app, { scope: 'admin:audit:read' });
    for (const path of ['/clients/rp/checks', `/clients/rp/checks/${id}`])
      expect((await other.call('GET', path)).body.code, path).to.equal('scope-missing');
  });
});
