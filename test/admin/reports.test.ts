import { expect } from 'chai';
import { failureReasons } from '../../src/admin/reports/counted.ts';
import { reportScreen, usualDays } from '../../src/admin/reports/screens.ts';
import { questions, reports, type Report } from '../../src/admin/reports/questions.ts';
import { exampleFrame } from '../../src/admin/frame.ts';
import { namesFrom } from '../../src/admin/names.ts';
import { eventMeanings, type EventType } from '../../src/audit/events.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { addMachine } from '../support/machines.ts';

const FORMULA = '=HYPERLINK("https://jahat.test","Karirhub")';

/** The cells of the table, as they are read. */
const rowsOf = ({ html }: Page): string[][] =>
  [...(/<tbody\b[^]*<\/tbody>/.exec(html)?.[0] ?? '').matchAll(/<tr\b[^]*?<\/tr>/g)].map(([row]) =>
    [...row.matchAll(/<td\b[^>]*>([^]*?)<\/td>/g)].map(([, cell = '']) =>
      cell
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll('&quot;', '"')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
  );
const totalsOf = ({ html }: Page): string[] =>
  [...html.matchAll(/<dt>([^<]*)<\/dt><dd><span class="count">([^<]*)</g)].map(
    ([, what = '', count = '']) => `${what} ${count}`,
  );

describe('Reports', () => {
  let app: TestApp;
  let auditor: TestOperator;

  before(async () => {
    app = await startTestApp();
    auditor = await startOperator(app, ['auditor']);
    await app.addClient({
      metadata: {
        client_id: 'karirhub',
        client_name: 'Karirhub, "contoh"',
        redirect_uris: ['https://karirhub.test/cb'],
      },
    });
    await app.addClient({
      metadata: { client_id: 'rumus', client_name: FORMULA, redirect_uris: ['https://rumus.test/cb'] },
    });
  });
  after(() => app.close());

  /** Sends the form, which asks and changes nothing. */
  function choose(page: Page, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const form = page.form('half');
    return auditor.browser.open(`${form.action}?${new URLSearchParams({ ...form.fields, ...fields }).toString()}`);
  }
  const happened = (
    at: string,
    type: EventType,
    details: Readonly<Record<string, unknown>> = {},
    clientId?: string,
  ): Promise<void> =>
    app.store.audit.append({
      id: app.container.random.uuid(),
      at: new Date(at),
      type,
      accountId: undefined,
      clientId,
      details,
    });
  const asked = (at: string, outcome: string, responseCode: string | undefined): Promise<unknown> =>
    app.store.verifications.insert({
      id: app.container.random.uuid(),
      draftId: app.container.random.uuid(),
      nikHash: Buffer.alloc(32),
      at: new Date(at),
      outcome,
      responseCode,
      institution: 'KEMNAKER',
      threshold: 90,
      reference: 'r',
      policyVersion: 'p',
      clientId: undefined,
      durationMs: 1,
    });

  describe('of registrations and sign-ins', () => {
    // A day of Jakarta begins at 17:00 of the day before, as UTC tells it.
    before(async () => {
      await happened('2025-06-29T16:59:59.999Z', 'sign-in.succeeded', {}, 'karirhub');
      await happened('2025-06-29T17:00:00.000Z', 'registration.completed', { operator: 'xl' }, 'karirhub');
      await happened('2025-06-30T02:00:00.000Z', 'sign-in.succeeded', {}, 'karirhub');
      await happened('2025-06-30T16:59:59.999Z', 'sign-in.succeeded', {}, 'karirhub');
      await happened('2025-06-30T17:00:00.000Z', 'sign-in.succeeded', {}, 'karirhub');
      await happened('2025-06-30T18:00:00.000Z', 'sign-in.succeeded', {}, 'rumus');
      await happened('2025-07-01T16:59:59.999Z', 'sign-in.succeeded', {}, 'sudah-tiada');
      await happened('2025-07-01T17:00:00.000Z', 'sign-in.succeeded', {}, 'karirhub');
      await happened('2025-06-30T03:00:00.000Z', 'sign-in.held', {}, 'karirhub');
      await app.database.knex.raw(
        `insert into audit_log (id, at, type, client_id, details) select gen_random_uuid(), timestamptz '2024-02-28 17:00Z' + n * interval '1 second', 'sign-in.succeeded', 'karirhub', '{}' from generate_series(0, 1233) n`,
      );
    });
    const DAYS = 'from=2025-06-30&to=2025-07-01';

    it('count each on its day in Jakarta, from the first instant of the first day to the last of the last', async () => {
      const page = await auditor.open(`/reports/activity?${DAYS}`);
      expect(rowsOf(page)).to.deep.equal([
        ['2025-06-30', 'Akun dibuat', 'Karirhub, "contoh" karirhub', '1'],
        ['2025-06-30', 'Masuk', 'Karirhub, "contoh" karirhub', '2'],
        ['2025-07-01', 'Masuk', 'Karirhub, "contoh" karirhub', '1'],
        ['2025-07-01', 'Masuk', `${FORMULA} rumus`, '1'],
        ['2025-07-01', 'Masuk', 'sudah-tiada', '1'],
      ]);
      expect(totalsOf(page)).to.deep.equal(['Akun dibuat 1', 'Masuk 5']);
    });

    it('come as CSV with the same numbers; names with commas and quotes stay whole, and one that is a formula is none any more', async () => {
      const csv = await auditor.browser.open((await auditor.open(`/reports/activity?${DAYS}`)).link('/csv'));
      expect(csv.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
      expect(csv.headers.get('content-disposition')).to.equal(
        'attachment; filename="activity-2025-06-30-2025-07-01.csv"',
      );
      expect(csv.html.split('\r\n')).to.deep.equal([
        'period,kind,per,count,name',
        '2025-06-30,registration.completed,karirhub,1,"Karirhub, ""contoh"""',
        '2025-06-30,sign-in.succeeded,karirhub,2,"Karirhub, ""contoh"""',
        '2025-07-01,sign-in.succeeded,karirhub,1,"Karirhub, ""contoh"""',
        `2025-07-01,sign-in.succeeded,rumus,1,"'=HYPERLINK(""https://jahat.test"",""Karirhub"")"`,
        '2025-07-01,sign-in.succeeded,sudah-tiada,1,',
        '',
      ]);
    });

    it('know the leap day, and write thousands as the language does; the CSV does not', async () => {
      expect(rowsOf(await auditor.open('/reports/activity?from=2024-02-28&to=2024-03-01'))).to.deep.equal([
        ['2024-02-29', 'Masuk', 'Karirhub, "contoh" karirhub', '1.234'],
      ]);
      expect((await auditor.open('/reports/activity/csv?from=2024-02-29&to=2024-02-29')).html).to.include(
        '2024-02-29,sign-in.succeeded,karirhub,1234,',
      );
    });

    it('are the same by the API', async () => {
      const machine = await addMachine(app, { scope: 'admin:reports:read' });
      expect((await machine.call('GET', '/reports/activity?from=2025-06-30&to=2025-06-30')).body.counts).to.deep.equal([
        { period: '2025-06-30', kind: 'registration.completed', per: 'karirhub', count: 1 },
        { period: '2025-06-30', kind: 'sign-in.succeeded', per: 'karirhub', count: 2 },
      ]);
    });
  });

  describe('of failures', () => {
    it('leave out nothing that failed for a person or a service', () => {
      const failing = (Object.keys(eventMeanings) as EventType[]).filter((type) =>
        /(?:refused|unavailable|limited|declined|not-sent|taken|given-up|failed)$/.test(type),
      );
      const ofOperators = [
        'operator.limited',
        'operator.refused',
        'client.review-refused',
        'request.refused',
        'change.refused',
      ];
      expect(
        failing.filter((type) => !ofOperators.includes(type)),
        'counted in src/admin/reports/counted.ts, or refused to an operator',
      ).to.have.members(Object.keys(failureReasons));
    });

    it('tell each by its own reason, and those without one too', async () => {
      for (const [type, detail] of Object.entries(failureReasons)) {
        await happened('2025-03-01T16:59:59Z', type as EventType, {
          reason: 'recovery',
          error: 'x',
          attempts: 3,
          ...(detail === null
            ? {}
            : {
                [detail]:
                  { limit: 'identity.device', error: 'timeout', trouble: 'timeout' }[detail as string] ?? 'limited',
              }),
        });
      }
      await happened('2025-03-01T05:00:00Z', 'second-factor.refused', { reason: 'wrong' });
      await happened('2025-03-01T17:00:00Z', 'second-factor.refused', { reason: 'wrong' });
      await happened('2025-03-01T05:00:00Z', 'operator.refused', { by: 'operator', permission: 'reports.read' });
      expect(
        rowsOf(await auditor.open('/reports/failures?from=2025-03-01&to=2025-03-01')).map(([, ...cells]) => cells),
      ).to.have.deep.members([
        ['Berbagi data ditolak', '–', '1'],
        ['Layanan tidak dapat diberi tahu bahwa sesi berakhir', 'tidak menjawab', '1'],
        ['Kode pemulihan tidak dikirim', 'batas tercapai', '1'],
        ['Kode pemulihan salah', 'batas tercapai', '1'],
        ['Kode pendaftaran tidak dikirim', 'batas tercapai', '1'],
        ['Kode bukti nomor HP tidak dikirim', 'batas tercapai', '1'],
        ['Kode bukti nomor HP salah', 'batas tercapai', '1'],
        ['Tautan konfirmasi email tidak dikirim', 'batas tercapai', '1'],
        ['Kode pendaftaran salah', 'batas tercapai', '1'],
        ['Terlalu banyak pemeriksaan identitas', 'kegagalan per perangkat', '1'],
        ['Identitas tidak dibenarkan Dukcapil', 'batas tercapai', '1'],
        ['Dukcapil tidak menjawab', 'tidak menjawab tepat waktu', '1'],
        ['Terlalu banyak pemeriksaan identitas pemohon', 'kegagalan per perangkat', '1'],
        ['Identitas pemohon tidak dibenarkan Dukcapil', 'batas tercapai', '1'],
        ['Dukcapil tidak menjawab tentang pemohon', 'tidak menjawab tepat waktu', '1'],
        ['Kode untuk nomor dalam permohonan salah', 'batas tercapai', '1'],
        ['Kode untuk nomor dalam permohonan tidak dikirim', 'batas tercapai', '1'],
        ['Permohonan pemulihan terlalu banyak', 'batas tercapai', '1'],
        ['Permohonan pemulihan tidak diterima', 'batas tercapai', '1'],
        ['NIK sudah memiliki akun', '–', '1'],
        ['Faktor kedua salah', 'batas tercapai', '1'],
        ['Faktor kedua salah', 'tidak cocok', '1'],
        ['Gagal masuk', 'batas tercapai', '1'],
        ['Kunci aplikasi ditolak', 'batas tercapai', '1'],
        ['Alamat aplikasi ditolak', 'batas tercapai', '1'],
      ]);
      const csv = await auditor.open('/reports/failures/csv?from=2025-03-01&to=2025-03-01');
      expect(csv.html)
        .to.include('\r\n2025-03-01,consent.declined,,1\r\n')
        .and.include('\r\n2025-03-01,second-factor.refused,wrong,1\r\n')
        .and.include('\r\n2025-03-01,logout.given-up,timeout,1\r\n');
    });
  });

  describe('of Dukcapil', () => {
    before(async () => {
      await asked('2024-12-31T16:59:59.999Z', 'verified', '10'); // still 2024
      await asked('2024-12-31T17:00:00.000Z', 'verified', '10');
      await asked('2025-01-15T03:00:00.000Z', 'verified', '10');
      await asked('2025-01-15T03:00:00.000Z', 'unavailable', undefined);
      await asked('2025-01-31T16:59:59.999Z', 'mismatch', '15');
      await asked('2025-01-31T17:00:00.000Z', 'mismatch', '15'); // February
      await asked('2025-06-30T16:59:59.999Z', 'verified', '10');
      await asked('2025-06-30T17:00:00.000Z', 'deceased', '11'); // the second half
      await asked('2025-12-31T16:59:59.999Z', 'verified', '10');
      await asked('2025-12-31T17:00:00.000Z', 'verified', '10'); // the next year
    });

    it('count months and outcomes of the half-year that was chosen, in Jakarta’s time', async () => {
      const first = await auditor.open('/reports/registry?half=2025-1');
      expect(rowsOf(first)).to.deep.equal([
        ['2025-01', 'Tidak cocok', '15', '1'],
        ['2025-01', 'Tidak menjawab', '–', '1'],
        ['2025-01', 'Cocok', '10', '2'],
        ['2025-02', 'Tidak cocok', '15', '1'],
        ['2025-06', 'Cocok', '10', '1'],
      ]);
      expect(totalsOf(first)).to.deep.equal(['Tidak cocok 2', 'Tidak menjawab 1', 'Cocok 3']);
      const csv = await auditor.browser.open(first.link('/csv'));
      expect(csv.headers.get('content-disposition')).to.include('registry-2025-01-01-2025-06-30.csv');
      expect(csv.html.split('\r\n')).to.deep.equal([
        'period,kind,per,count',
        '2025-01,mismatch,15,1',
        '2025-01,unavailable,,1',
        '2025-01,verified,10,2',
        '2025-02,mismatch,15,1',
        '2025-06,verified,10,1',
        '',
      ]);
      const second = await choose(first, { half: '2025-2' });
      expect(rowsOf(second)).to.deep.equal([
        ['2025-07', 'Meninggal dunia', '11', '1'],
        ['2025-12', 'Cocok', '10', '1'],
      ]);
      expect(second.form('half').fields).to.deep.equal({ half: '2025-2' });
    });

    it('offer the half-years by name, that of today first; days that are none stay what they are', async () => {
      const at = (today: string, days = usualDays('registry', today)) =>
        reportScreen({
          frame: exampleFrame('reports', ['auditor']),
          names: namesFrom({}),
          report: 'registry',
          days,
          today,
          counts: [],
        }).model.halfYears;
      expect(at('2026-06-30')?.options.slice(0, 3)).to.deep.equal([
        { value: '2026-1', label: { key: 'admin.reports.halfYear.1', params: { year: '2026' } } },
        { value: '2025-2', label: { key: 'admin.reports.halfYear.2', params: { year: '2025' } } },
        { value: '2025-1', label: { key: 'admin.reports.halfYear.1', params: { year: '2025' } } },
      ]);
      expect([at('2026-06-30')?.chosen, at('2026-07-01')?.chosen, at('2026-07-01')?.options[0]?.value]).to.deep.equal([
        '2026-1',
        '2026-2',
        '2026-2',
      ]);
      expect(at('2026-07-01', { from: '2019-01-01', to: '2019-06-30' })?.options.at(-1)?.value).to.equal('2019-1');
      expect((await auditor.open('/reports/registry?half=2025-1')).text)
        .to.include('Semester I 2025')
        .and.include('Semester II 2025');

      const other = await auditor.open('/reports/registry?from=2025-02-01&to=2025-02-28');
      expect(other.text).to.include('2025-02-01 – 2025-02-28');
      expect(rowsOf(await choose(other))).to.deep.equal([['2025-02', 'Tidak cocok', '15', '1']]);
      expect(
        (await auditor.open('/reports/registry?half=2025-3')).form('half').fields.half,
        'none: that of today',
      ).to.match(/^\d{4}-[12]$/);
      const wrong = await auditor.open('/reports/registry?from=x&to=2025-02-28');
      expect(wrong.status).to.equal(422);
      expect(wrong.html).to.include('href="#half"').and.include('id="half"');
      expect(wrong.text).to.not.include('Tidak ada yang tercatat');
    });
  });

  describe('once their days are counted', () => {
    /** Days with something on them; those in between are read from the log, which comes to the same. */
    const days: Readonly<Partial<Record<Report, readonly string[]>>> = {
      activity: ['2024-02-28', '2024-02-29', '2024-03-01', '2025-06-30', '2025-07-01'],
      failures: ['2025-03-01', '2025-03-02'],
      registry: [
        '2024-12-31',
        '2025-01-01',
        '2025-01-15',
        '2025-01-31',
        '2025-02-01',
        '2025-06-30',
        '2025-07-01',
        '2025-12-31',
        '2026-01-01',
      ],
      messages: ['2025-06-30'],
    };
    before(async () => {
      const turn = await app.store.reportDays.begin(0);
      for (const report of reports)
        for (const day of days[report] ?? [])
          expect(await turn.count({ question: questions[report], timeZone: 'Asia/Jakarta' }, day)).to.equal('counted');
    });

    it('say the same', async () => {
      const asked = [
        'activity?from=2025-06-30&to=2025-07-01',
        'activity?from=2024-02-28&to=2024-03-01',
        'failures?from=2025-03-01&to=2025-03-02',
        'registry?half=2025-1',
        'registry?half=2025-2',
        'registry?from=2025-02-01&to=2025-02-28',
        'messages?from=2025-06-30&to=2025-06-30',
        'logouts?from=2025-06-30&to=2025-06-30',
      ];
      const read = (): Promise<readonly string[]> =>
        Promise.all(asked.map(async (report) => (await auditor.open(`/reports/${report.replace('?', '/csv?')}`)).html));
      const counted = await read();
      expect(counted.filter((csv) => csv.split('\r\n').length > 2)).to.have.length.above(5);
      // As if nobody had counted.
      await app.database.knex('report_days').update({ counting: app.database.knex.raw(`'x' || counting`) });
      expect(await read()).to.deep.equal(counted);
      await app.database.knex('report_days').update({ counting: app.database.knex.raw('substr(counting, 2)') });
    });

    it('say of which they were counted in another way, where the log of those is gone', async () => {
      const { knex } = app.database;
      await knex('report_days').where({ report: 'activity', day: '2024-02-29' }).update({ counting: 'before' });
      const {
        rows: [part],
      } = await knex.raw<{ rows: { bound: string }[] }>(
        "select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = 'audit_events'",
      );
      await knex.raw('alter table audit_log detach partition audit_events');
      try {
        const csv = await auditor.open('/reports/activity/csv?from=2024-02-28&to=2024-03-01');
        expect(csv.html.split('\r\n')).to.deep.equal([
          'period,kind,per,count,name,former',
          '2024-02-29,sign-in.succeeded,karirhub,1234,"Karirhub, ""contoh""",former',
          '',
        ]);
        const page = await auditor.open('/reports/activity?from=2024-02-28&to=2024-03-01');
        expect(rowsOf(page)[0]?.[0]).to.equal('2024-02-29 *');
        expect(page.text).to.include('Dihitung dengan cara lain daripada sekarang');
        const machine = await addMachine(app, { scope: 'admin:reports:read' });
        expect(
          (await machine.call('GET', '/reports/activity?from=2024-02-29&to=2024-02-29')).body.counts,
        ).to.deep.equal([
          { period: '2024-02-29', kind: 'sign-in.succeeded', per: 'karirhub', count: 1234, former: true },
        ]);
      } finally {
        await knex.raw(`alter table audit_log attach partition audit_events ${part!.bound}`);
      }
    });
  });

  it('refuse days that do not exist, run backwards or are too many', async () => {
    for (const query of [
      'from=2026-02-30&to=2026-03-01',
      'from=x',
      'from=2026-02-02&to=2026-02-01',
      'from=2020-01-01&to=2026-01-01',
      `from=${'9'.repeat(300)}`,
    ]) {
      expect((await auditor.open(`/reports/failures?${query}`)).status, query).to.equal(422);
      expect((await auditor.open(`/reports/failures/csv?${query}`)).status, query).to.equal(400);
    }
    expect((await auditor.open('/reports/surprise')).status).to.equal(404);
    expect((await auditor.open('/reports')).url.pathname).to.equal('/admin/reports/activity');
    for (const report of reports) expect((await auditor.open(`/reports/${report}`)).status).to.equal(200);
  });

  it('are for those who may read them: neither page nor CSV nor API for anybody else', async () => {
    const machine = await addMachine(app, { scope: 'admin:audit:read' });
    for (const role of ['support', 'client-approver'] as const) {
      const operator = await startOperator(app, [role]);
      for (const report of reports) {
        for (const path of [`/reports/${report}`, `/reports/${report}/csv`]) {
          const refused = await operator.open(`${path}?from=2025-06-30&to=2025-07-01`);
          expect(refused.status, `${role} ${path}`).to.equal(403);
          expect(refused.html).to.not.include('2025-06-30,').and.not.include('karirhub');
        }
      }
    }
    for (const report of reports)
      expect((await machine.call('GET', `/reports/${report}?from=2025-06-30&to=2025-07-01`)).status).to.equal(403);
  });
});
