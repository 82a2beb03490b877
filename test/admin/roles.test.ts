import { expect } from 'chai';
import { roles, type Role } from '../../src/domain/operator.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const { budi } = citizens;

describe('Roles at the console', () => {
  let app: TestApp;
  let chief: TestOperator;
  let auditor: TestOperator;

  before(async () => {
    app = await startTestApp();
    chief = await startOperator(app, ['administrator']);
    auditor = await startOperator(app, ['auditor']);
  });
  after(() => app.close());

  it('are given and taken by an administrator, act at once and are recorded', async () => {
    const newcomer = somebody({ name: 'Calon Contoh Petugas' });
    const accountId = await addAccount(app, newcomer);
    const found = await chief.browser.submit(await chief.open('/operators'), 'who', { who: newcomer.email });
    expect(found.url.pathname).to.equal(`/admin/operators/${accountId}`);
    expect(found.text).to.include('C**** C***** P******').and.not.include(newcomer.name);
    const given = await chief.browser.submit(found, '/grant', { role: 'support' });
    expect(given.text).to.include('Peran Petugas bantuan diberikan');
    expect(await app.store.operators.rolesOf(accountId)).to.deep.equal(['support']);
    expect((await chief.browser.post(found, '/grant', { role: 'support' })).status).to.equal(422);
    expect((await chief.browser.post(found, '/grant', { role: 'king' })).status).to.equal(400);
    expect((await auditor.open('/operators')).html).to.include(`/admin/operators/${accountId}`);
    await chief.browser.submit(given, '/revoke', { role: 'support' });
    expect(await app.store.operators.rolesOf(accountId)).to.deep.equal([]);
    const recorded = (await app.store.audit.list({ accountId })).filter(({ type }) => type.startsWith('operator.'));
    expect(recorded.map(({ type, details }) => [type, details])).to.deep.equal(
      ['operator.granted', 'operator.revoked'].map((type) => [
        type,
        { role: 'support', by: `operator:${chief.accountId}` },
      ]),
    );
  });

  it('are never given to oneself', async () => {
    const page = await chief.open(`/operators/${chief.accountId}`);
    expect(page.forms).to.deep.equal([]);
    const other = await chief.open(`/operators/${auditor.accountId}`);
    const { csrf = '' } = other.form('/grant').fields;
    const sent = await chief.browser.request(`${app.url}/admin/operators/${chief.accountId}/grant`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, role: 'support' }),
    });
    expect(sent.status).to.equal(422);
    expect(await app.store.operators.rolesOf(chief.accountId)).to.deep.equal(['administrator']);
  });

  it('are looked at by an auditor, who sees no button and no citizen without a role', async () => {
    const citizen = await addAccount(app, budi);
    expect((await auditor.open(`/operators/${citizen}`)).status).to.equal(404);
    expect((await chief.open(`/operators/${citizen}`)).status).to.equal(200);
    expect((await auditor.open(`/operators/${chief.accountId}`)).forms).to.deep.equal([]);
    expect(
      (
        await auditor.browser.request(`${app.url}/admin/operators/${citizen}/grant`, {
          method: 'POST',
          body: 'role=support',
        })
      ).status,
    ).to.equal(403);
  });

  it('cover what they name and nothing else', async () => {
    const opens: Readonly<Record<Role, readonly string[]>> = {
      'client-manager': ['clients', 'reports'],
      'client-approver': ['clients'],
      support: ['accounts', 'clients'],
      auditor: ['clients', 'reports', 'audit', 'operators'],
      administrator: ['clients', 'reports', 'audit', 'operators'],
    };
    for (const role of roles) {
      const operator = await startOperator(app, [role]);
      for (const area of ['accounts', 'reports', 'audit', 'operators'])
        expect((await operator.open(`/${area}`)).status, `${role}: ${area}`).to.equal(
          opens[role].includes(area) ? 200 : 403,
        );
    }
  });
});
