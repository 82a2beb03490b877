import { expect } from 'chai';
import { eventMeanings } from '../../src/audit/events.ts';
import { sentences } from '../../src/web/i18n.ts';
import { checkChain } from '../../src/jobs/check-chain.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { addMachine } from '../support/machines.ts';

const subject = '00000000-0000-4000-8000-0000000000aa' as AccountId;
const evil = '=HYPERLINK("http://evil.test")';

describe('The audit log at the console', () => {
  let app: TestApp;
  let auditor: TestOperator;
  const exportIn = (page: Page): string => page.forms.find(({ action }) => action.includes('/export'))?.action ?? '';
  const idsIn = (html: string): string[] => [...html.matchAll(/nomor ke-(\d+)/g)].map(([, id = '']) => id);

  before(async () => {
    app = await startTestApp();
    auditor = await startOperator(app, ['auditor']);
    const { audit, store } = app.container;
    for (let number = 1; number <= 120; number += 1)
      await audit.record(
        store,
        'account.suspended',
        { by: 'operator', reason: `nomor ke-${number}` },
        { accountId: subject },
      );
    await audit.record(store, 'sign-in.refused', { reason: evil, helpCode: 'K7Q2-M9' }, { clientId: 'karirhub' });
  });
  after(() => app.close());

  it('is read page by page, each event once', async () => {
    const seen: string[] = [];
    let page = await auditor.open(`/audit?account=${subject}`);
    for (;;) {
      expect(page.status).to.equal(200);
      seen.push(...idsIn(page.html));
      if (!page.text.includes('Lebih lama')) break;
      page = await auditor.browser.open(page.link('Lebih lama'));
    }
    expect([...new Set(seen)]).to.have.length(120);
    expect(seen).to.have.length(120);
  });

  it('is filtered by event, client, actor, help code and day, and explains what is no filter', async () => {
    const count = async (query: string): Promise<number> =>
      [...(await auditor.open(`/audit?${query}`)).html.matchAll(/class="event__what"/g)].length;
    expect(await count('type=sign-in.refused')).to.equal(1);
    expect(await count('client=karirhub')).to.equal(1);
    expect(await count('help=k7q2-m9')).to.equal(1);
    expect(await count(`by=${auditor.accountId}`)).to.equal(0);
    expect(await count('by=operator')).to.equal(50);
    const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Jakarta' }).format(app.clock.now());
    expect(await count(`from=${today}&to=${today}&type=sign-in.refused`)).to.equal(1);
    expect(await count('to=2020-01-01')).to.equal(0);
    for (const query of [
      'account=joko',
      'from=2026-02-30',
      'to=x',
      'client=a%20b',
      'by=%00',
      `account=${subject}'--`,
    ]) {
      const page = await auditor.open(`/audit?${query}`);
      expect(page.status, query).to.equal(422);
      expect(page.html).to.include('aria-invalid="true"');
    }
    expect((await auditor.open('/audit?cursor=x&surprise=1&type=a&type=b')).status).to.equal(200);
  });

  it('is copied as CSV and as JSON lines, whole or filtered, and the copy is recorded', async () => {
    const page = await auditor.open(`/audit?account=${subject}`);
    const csv = await auditor.browser.post(page, exportIn(page), { format: 'csv' });
    expect(csv.headers.get('content-type')).to.match(/^text\/csv/);
    expect(csv.headers.get('content-disposition')).to.match(/^attachment; filename="audit-\d{4}-\d{2}-\d{2}\.csv"$/);
    expect(csv.html.trim().split('\r\n')).to.have.length(121);

    const everything = await auditor.open('/audit');
    const form = exportIn(everything);
    const lines = (await auditor.browser.post(everything, form, { format: 'jsonl' })).html
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; type: string });
    const all = await app.store.audit.list();
    expect(new Set(lines.map(({ id }) => id))).to.deep.equal(new Set(all.map(({ id }) => id)));
    const cells = (await auditor.browser.post(everything, form, { format: 'csv' })).html;
    expect(cells)
      .to.include('sign-in.refused')
      .and.not.match(/(?:^|,)"?=/m);

    expect((await auditor.browser.post(everything, form, { format: 'exe' })).status).to.equal(400);
    expect((await auditor.browser.post(everything, form, { format: 'csv', csrf: '' })).status).to.equal(403);
    const recorded = await app.store.audit.list({ type: 'audit.exported' });
    expect(recorded.map(({ details }) => details)).to.deep.equal([
      { by: `operator:${auditor.accountId}`, format: 'csv', filter: `account=${subject}` },
      { by: `operator:${auditor.accountId}`, format: 'jsonl', filter: '' },
      { by: `operator:${auditor.accountId}`, format: 'csv', filter: '' },
    ]);
  });

  it('is copied by a machine too, by the filter of the API, and the copy is recorded', async () => {
    const machine = await addMachine(app, { scope: 'admin:audit:read' });
    const copy = (query: string, token = machine.token): Promise<Response> =>
      fetch(`${app.url}/api/admin/v1/audit/export?${query}`, { headers: { authorization: `Bearer ${token}` } });
    const csv = await copy(`format=csv&account_id=${subject}`);
    expect(csv.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
    expect(csv.headers.get('content-disposition')).to.match(/^attachment; filename="audit-\d{4}-\d{2}-\d{2}\.csv"$/);
    expect(csv.headers.get('cache-control')).to.equal('no-store');
    expect((await csv.text()).trim().split('\r\n')).to.have.length(121);
    const lines = (await (await copy('format=jsonl&help_code=k7q2-m9')).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ type: 'sign-in.refused', client_id: 'karirhub' });
    const recorded = await app.store.audit.list({ type: 'audit.exported' });
    expect(recorded.map(({ details }) => details).filter(({ by }) => by === `client:${machine.id}`)).to.deep.equal([
      { by: `client:${machine.id}`, format: 'csv', filter: `account_id=${subject}` },
      { by: `client:${machine.id}`, format: 'jsonl', filter: 'help_code=k7q2-m9' },
    ]);

    for (const query of [
      '',
      'format=exe',
      'format=csv&format=jsonl',
      'format=csv&account_id=joko',
      'format=csv&from=kemarin',
      'format=csv&limit=5',
    ])
      expect((await copy(query)).status, query).to.equal(422);
    expect((await copy('format=csv', (await addMachine(app, { scope: 'admin:clients:read' })).token)).status).to.equal(
      403,
    );
    expect(await app.store.audit.list({ type: 'audit.exported' }), 'nothing left').to.have.length(recorded.length);
  });

  it('has its chain checked by a job, shows how far it is and who asked, and where it is broken', async () => {
    while ((await app.container.audit.chain(app.store)) > 0);
    const press = async (): Promise<Page> => auditor.browser.submit(await auditor.open('/audit/chain'), 'csrf');
    const checked = async (): Promise<string> => {
      await checkChain({ audit: app.container.audit, store: app.store, log: app.container.log });
      return (await auditor.open('/audit/chain')).text;
    };
    expect((await auditor.open('/audit/chain')).text)
      .to.include('Periksa sekarang')
      .and.not.include('Diminta oleh');
    // No instance looks for turns: the page is seen before and after.
    await app.container.jobs.stop();
    const asked = await press();
    expect(asked.url.href).to.equal(`${app.url}/admin/audit/chain`);
    expect(asked.text).to.include('Menunggu giliran').and.include('Petugas Contoh Uji').and.include('Muat ulang');
    expect(
      asked.forms.filter(({ action }) => action.endsWith('/audit/chain')),
      'no second one beside it',
    ).to.deep.equal([]);
    expect(await checked())
      .to.include('Rantai utuh')
      .and.include('Periksa lagi');

    await app.container.knex.raw('alter table audit_events disable trigger all');
    await app.container
      .knex('audit_events')
      .where('type', 'sign-in.refused')
      .update({ details: JSON.stringify({ reason: 'other' }) });
    await press();
    expect(await checked())
      .to.include('Rantai terputus')
      .and.match(/mulai posisi \d+/);
    expect((await app.store.audit.list({ type: 'audit.check-asked' })).map(({ details }) => details)).to.deep.equal(
      Array.from({ length: 2 }, () => ({ by: `operator:${auditor.accountId}` })),
    );
    expect((await app.container.jobs.standings()).map(({ label }) => label)).to.include('audit-check');
  });

  it('is closed to the help desk', async () => {
    const helper = await startOperator(app, ['support']);
    for (const path of ['/audit', '/audit/chain']) expect((await helper.open(path)).status).to.equal(403);
    for (const path of ['/audit/chain', '/audit/export'])
      expect(
        (await helper.browser.request(`${app.url}/admin${path}`, { method: 'POST', body: 'format=csv' })).status,
      ).to.equal(403);
  });

  it('has words for every event in both languages', () => {
    const missing = Object.keys(eventMeanings).flatMap((type) =>
      (['id', 'en'] as const)
        .filter((locale) => !sentences[locale].has(`admin.audit.event.${type}`))
        .map((locale) => `${locale}: ${type}`),
    );
    expect(missing).to.deep.equal([]);
  });
});
