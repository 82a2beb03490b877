import { expect } from 'chai';
import { reports } from '../../src/admin/reports/service.ts';
import { roles, type Role } from '../../src/domain/operator.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { citizens, somebody } from '../support/citizens.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const { budi } = citizens;

describe('Reports and roles at the console', () => {
  let app: TestApp;
  let chief: TestOperator;
  let auditor: TestOperator;

  before(async () => {
    app = await startTestApp();
    chief = await startOperator(app, ['administrator']);
    auditor = await startOperator(app, ['auditor']);
  });
  after(() => app.close());

  describe('reports', () => {
    const today = (): string => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Jakarta' }).format(app.clock.now());

    it('count what happened, per day and service, on the page and as CSV', async () => {
      const page = await auditor.open('/reports');
      expect(page.url.pathname).to.equal('/admin/reports/activity');
      expect(page.text).to.match(new RegExp(`${today()} Masuk SIAPkerja ID siapkerja-portal \\d+`));
      const csv = await auditor.browser.open(page.link('/csv'));
      expect(csv.headers.get('content-disposition')).to.include('attachment').and.include('activity-');
      expect(csv.html).to.match(new RegExp(`^period,kind,per,count,name\\r\\n${today()},sign-in.succeeded,siapkerja-portal,\\d+,SIAPkerja ID\\r\\n$`));
    });

    it('show the use of Dukcapil by the half-year, months of the zone and outcomes', async () => {
      const insert = (at: string, outcome: string): Promise<void> =>
        app.store.verifications.insert({ id: app.container.random.uuid(), draftId: app.container.random.uuid(), nikHash: Buffer.alloc(32), at: new Date(at), outcome, responseCode: '10', institution: 'KEMNAKER', threshold: 90, reference: 'r', policyVersion: 'p', clientId: undefined, durationMs: 1 });
      await insert('2025-06-30T16:59:00Z', 'verified');
      await insert('2025-06-30T17:01:00Z', 'mismatch');
      const first = await auditor.open('/reports/registry/csv?from=2025-01-01&to=2025-06-30');
      expect(first.html).to.equal('period,kind,per,count\r\n2025-06,verified,10,1\r\n');
      const second = await auditor.open('/reports/registry?from=2025-07-01&to=2025-12-31');
      expect(second.text).to.include('2025-07 Tidak cocok 10 1');
      expect((await auditor.open('/reports/registry')).html).to.match(/value="\d{4}-(?:01-01|07-01)"/);
    });

    it('refuse days that do not exist, run backwards or are too many', async () => {
      for (const query of ['from=2026-02-30&to=2026-03-01', 'from=x', 'from=2026-02-02&to=2026-02-01', 'from=2020-01-01&to=2026-01-01', `from=${'9'.repeat(300)}`]) {
        expect((await auditor.open(`/reports/failures?${query}`)).status, query).to.equal(422);
        expect((await auditor.open(`/reports/failures/csv?${query}`)).status, query).to.equal(400);
      }
      expect((await auditor.open('/reports/surprise')).status).to.equal(404);
      for (const report of reports) expect((await auditor.open(`/reports/${report}`)).status).to.equal(200);
    });
  });

  describe('roles', () => {
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
      expect(recorded.map(({ type, details }) => [type, details])).to.deep.equal(['operator.granted', 'operator.revoked'].map((type) => [type, { role: 'support', by: `operator:${chief.accountId}` }]));
    });

    it('are never given to oneself', async () => {
      const page = await chief.open(`/operators/${chief.accountId}`);
      expect(page.forms).to.deep.equal([]);
      const other = await chief.open(`/operators/${auditor.accountId}`);
      const { csrf = '' } = other.form('/grant').fields;
      const sent = await chief.browser.request(`${app.url}/admin/operators/${chief.accountId}/grant`, { method: 'POST', body: new URLSearchParams({ csrf, role: 'support' }) });
      expect(sent.status).to.equal(422);
      expect(await app.store.operators.rolesOf(chief.accountId)).to.deep.equal(['administrator']);
    });

    it('are looked at by an auditor, who sees no button and no citizen without a role', async () => {
      const citizen = await addAccount(app, budi);
      expect((await auditor.open(`/operators/${citizen}`)).status).to.equal(404);
      expect((await chief.open(`/operators/${citizen}`)).status).to.equal(200);
      expect((await auditor.open(`/operators/${chief.accountId}`)).forms).to.deep.equal([]);
      expect((await auditor.browser.request(`${app.url}/admin/operators/${citizen}/grant`, { method: 'POST', body: 'role=support' })).status).to.equal(403);
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
        for (const area of ['accounts', 'reports', 'audit', 'operators']) expect((await operator.open(`/${area}`)).status, `${role}: ${area}`).to.equal(opens[role].includes(area) ? 200 : 403);
      }
    });
  });
});
