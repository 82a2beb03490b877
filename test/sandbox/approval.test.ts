import { expect } from 'chai';
import { createOutboundFetch } from '../../src/ports/outbound/outbound.ts';
import { runCheck } from '../../src/sandbox/run.ts';
import { findTrial } from '../../src/sandbox/trial.ts';
import { createWalk } from '../../src/sandbox/walk.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startCareless } from '../support/careless-service.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const why = 'tiket 2042, diminta pengelola';

describe('Approval after the integration check', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let service: Awaited<ReturnType<typeof startCareless>>;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    approver = await startOperator(app, ['client-approver']);
  });
  after(async () => {
    await service.close();
    await app.close();
  });

  /** By the form where it is offered, and past it where it is not. */
  async function approve(id: string): Promise<Page> {
    const page = await approver.open(`/clients/${id}/proposal`);
    const { fields } = page.form('/proposal/reject');
    const answer = await approver.browser.request(`${app.url}/admin/clients/${id}/proposal/approve`, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, reason: why }),
    });
    return approver.browser.follow(answer);
  }
  const statusOf = async (id: string): Promise<string | undefined> => (await app.store.clients.find(id))?.status;

  async function tryOut(id: string): Promise<boolean> {
    const fetch = createOutboundFetch({ allow: [], loopback: true });
    const client = (await findTrial(app.store, id))!;
    const wait = (): Promise<void> => Promise.resolve();
    const walk = createWalk({ fetch, issuer: `${app.url}/sandbox`, wait });
    return (await runCheck({ checks: app.container.checks, walk, wait }, client, `${service.url}/login`, 'operator'))
      .passed;
  }

  it('is refused before it and possible after it: for a new client, and for a change as it would be', async () => {
    const made = await manager.browser.submit(await manager.open('/clients/new'), 'client_name', {
      type: 'web',
      client_name: 'Layanan Baru',
      redirect_uris: 'https://baru.test/cb',
      scope: 'openid profile email',
      test_redirect_uris: 'http://localhost:1/cb',
      pkce_waived_because: 'pustaka lama layanan ini tidak mengenal PKCE',
      intent: 'save',
    });
    const id = /<code>([0-9a-f-]{36})<\/code>/.exec(made.html)?.[1] ?? '';
    const secret = /class="revealed" id="once">([\w-]{43})</.exec(made.html)?.[1] ?? '';
    service = await startCareless(`${app.url}/sandbox`, id, secret, {});
    await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
      test_redirect_uris: `${service.url}/cb`,
      intent: 'save',
    });
    app.clock.advance({ seconds: 3 });

    expect((await approve(id)).status).to.equal(422);
    expect(await statusOf(id)).to.equal('draft');
    expect(await tryOut(id)).to.equal(true);
    expect((await approve(id)).status).to.equal(200);
    expect(await statusOf(id)).to.equal('active');

    // Another way to sign in: what was proposed is tried, not what is in effect.
    await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
      refresh: 'yes',
      require_pushed_authorization_requests: 'yes',
      intent: 'save',
    });
    app.clock.advance({ seconds: 3 });
    const waiting = (await app.store.clientVersions.findOpen(id))!;
    expect(await app.container.checks.hasPassed(id, waiting.metadata)).to.equal(false);
    expect((await approve(id)).status).to.equal(422);
    expect(await tryOut(id), 'the service pushes no requests, which would be demanded then').to.equal(false);
    expect((await approve(id)).status).to.equal(422);

    await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
      require_pushed_authorization_requests: '',
      intent: 'save',
    });
    app.clock.advance({ seconds: 3 });
    expect(await tryOut(id)).to.equal(true);
    expect((await approve(id)).status).to.equal(200);
    expect((await app.store.clients.find(id))?.metadata.grant_types).to.include('refresh_token');
  });
});
