import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const why = 'tiket 2042, diminta pengelola';
const metadata = {
  client_id: 'uji',
  client_name: 'Layanan Uji',
  redirect_uris: ['https://rp.test/cb'],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  scope: 'openid profile',
  id_token_signed_response_alg: 'ES256',
  token_endpoint_auth_method: 'client_secret_basic',
  first_party: true,
};
const nik = {
  scope: 'openid profile nik',
  use_nik_id: 'mencocokkan peserta pelatihan',
  use_nik_en: 'matching participants of trainings',
  use_nik_basis: 'public-task',
};

describe('Client applications at the console: the review', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let administrator: TestOperator;
  let both: TestOperator;
  let serial = 0;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    approver = await startOperator(app, ['client-approver']);
    administrator = await startOperator(app, ['administrator']);
    both = await startOperator(app, ['client-manager', 'client-approver', 'administrator']);
  });
  after(() => app.close());

  const add = async (): Promise<string> => {
    const id = `uji-${++serial}`;
    await app.addClient({ metadata: { ...metadata, client_id: id }, secret: 'rahasia-yang-hanya-untuk-uji' });
    return id;
  };
  const edit = async (who: TestOperator, id: string, change: Readonly<Record<string, string>>): Promise<Page> =>
    who.browser.submit(await who.open(`/clients/${id}/edit`), 'client_name', { intent: 'save', ...change });
  const see = (who: TestOperator, id: string): Promise<Page> => who.open(`/clients/${id}/proposal`);
  const decide = async (
    who: TestOperator,
    page: Page,
    decision: string,
    change: Readonly<Record<string, string>> = { reason: why },
  ): Promise<Page> => who.browser.submit(page, `/proposal/${decision}`, change);
  const current = async (id: string) => (await app.store.clients.find(id))?.metadata;
  const post = (who: TestOperator, path: string, body: Readonly<Record<string, string>>): Promise<Page> =>
    who.browser.request(`${app.url}/admin/clients/${path}`, { method: 'POST', body: new URLSearchParams(body) });

  it('shows what widens access with its hosts, and lets nobody judge their own', async () => {
    const id = await add();
    const proposed = await edit(both, id, {
      ...nik,
      redirect_uris: 'https://rp.test/cb\nhttps://rp.test.evil.example/cb',
      why,
    });
    expect(proposed.text).to.include('memperluas akses').and.include('Lihat usulannya');
    expect(await current(id)).to.deep.include({ scope: 'openid profile', redirect_uris: ['https://rp.test/cb'] });
    const own = await see(both, id);
    expect(own.text).to.include('Operator lain yang memutuskan');
    for (const decision of ['approve', 'reject', 'waive']) expect(own.html).not.to.include(`/proposal/${decision}`);
    const csrf = own.form('/proposal/withdraw').fields.csrf ?? '';
    for (const decision of ['approve', 'reject', 'waive']) {
      const forced = await post(both, `${id}/proposal/${decision}`, { csrf, reason: why, number: '2', edition: '1' });
      expect(forced.status, decision).to.equal(422);
      expect(forced.text).to.include('Anda ikut menyusun usulan ini');
    }
    expect(
      (await app.store.audit.list({ type: 'client.review-refused' })).map(({ details }) => details.by),
    ).to.deep.equal([`operator:${both.accountId}`]);
    const page = await see(approver, id);
    expect(page.html).to.include('<strong class="host">rp.test.evil.example</strong>');
    for (const words of [
      'mencocokkan peserta pelatihan',
      'pelayanan publik',
      'NIK',
      'memperluas akses',
      why,
      'belum lulus',
    ])
      expect(page.text).to.include(words);
    expect(page.html, 'not before the check').not.to.include('/proposal/approve');
    expect((await decide(administrator, await see(administrator, id), 'waive', { reason: 'kurang' })).status).to.equal(
      422,
    );
    await decide(administrator, await see(administrator, id), 'waive');
    expect((await decide(approver, await see(approver, id), 'approve')).text).to.include('Usulan disetujui');
    expect(await current(id)).to.deep.include({
      scope: 'openid profile nik',
      data_use: { nik: { purpose: { id: nik.use_nik_id, en: nik.use_nik_en }, legal_basis: 'public-task' } },
    });
    const shown = await approver.open(`/clients/${id}`);
    expect(shown.text).to.include('mencocokkan peserta pelatihan').and.include('pelayanan publik');
    expect(shown.text).not.to.include('legal_basis');
  });

  it('is for approvers, the waiver for administrators, and the proposal for managers', async () => {
    const id = await add();
    await edit(manager, id, { client_name: 'Lain' });
    for (const [who, decisions] of [
      [manager, ['approve', 'reject', 'waive']],
      [approver, ['waive', 'renew', 'withdraw']],
      [administrator, ['approve', 'reject', 'renew', 'withdraw']],
    ] as const) {
      for (const decision of decisions)
        expect(
          (await post(who, `${id}/proposal/${decision}`, { reason: why, number: '2', edition: '1' })).status,
          decision,
        ).to.equal(403);
    }
    for (const path of [`${id}/edit`, `${id}/history`, 'new'])
      expect((await post(approver, path, {})).status, path).to.equal(403);
  });

  it('is told when it is about something else by now: changed, decided, or on top of another version', async () => {
    const id = await add();
    await edit(manager, id, { client_name: 'Lain' });
    const read = await see(approver, id);
    expect(
      (await manager.open(`/clients/${id}/edit`)).form('client_name').fields.client_name,
      'the form goes on from the proposal',
    ).to.equal('Lain');
    await edit(manager, id, { client_name: 'SIAPkerja Resmi' });
    const late = await decide(approver, read, 'approve');
    expect(late.status).to.equal(422);
    expect(late.text).to.include('berubah sementara Anda membacanya').and.include('SIAPkerja Resmi');
    expect(await current(id)).to.include({ client_name: 'Layanan Uji' });

    const client = await app.store.clients.find(id);
    await app.store.clients.update(
      id,
      { metadata: { ...client!.metadata, contacts: ['darurat@rp.test'] } },
      app.clock.now(),
    );
    const stale = await see(approver, id);
    expect(stale.text).to.include('harus diperbarui');
    expect(stale.html).not.to.include('/proposal/approve');
    const renewed = await decide(manager, await see(manager, id), 'renew', {});
    expect(renewed.html).not.to.include('/proposal/renew');
    const final = await see(approver, id);
    expect((await decide(approver, final, 'approve')).text).to.include('Usulan disetujui');
    expect(await current(id)).to.deep.include({ client_name: 'SIAPkerja Resmi', contacts: ['darurat@rp.test'] });
    expect((await decide(approver, final, 'reject')).text).to.include('sudah diputuskan');
    expect((await see(approver, id)).html, 'nothing waits: the page of the client').to.include(
      `/clients/${id}/history`,
    );
  });

  it('may end without: rejected with a reason that the author reads, or withdrawn', async () => {
    const id = await add();
    await edit(manager, id, { client_name: 'Lain' });
    expect((await decide(approver, await see(approver, id), 'reject', { reason: '' })).status).to.equal(422);
    expect(
      (await decide(approver, await see(approver, id), 'reject', { reason: 'nama menyerupai layanan lain' })).text,
    ).to.include('Usulan ditolak');
    await edit(manager, id, { client_name: 'Lain Pula' });
    expect((await decide(manager, await see(manager, id), 'withdraw', {})).text).to.include('Usulan ditarik');
    const history = await manager.open(`/clients/${id}/history`);
    expect(history.text).to.include('nama menyerupai layanan lain').and.include('Versi 3').and.include('Lain Pula');
    expect(await current(id)).to.include({ client_name: 'Layanan Uji' });
  });

  it('is shown on the client’s page when it was rejected: by whom, why, and the way to take it up again', async () => {
    const id = await add();
    await edit(manager, id, { client_name: 'Lain', redirect_uris: 'https://rp.test/cb\nhttps://lain.test/cb' });
    const proposed = await app.store.clientVersions.findOpen(id);
    // A member that the form does not show comes along as well.
    await app.store.clientVersions.replace({
      ...proposed!,
      metadata: { ...proposed!.metadata, require_auth_time: true },
    });
    const rejected = 'host lain.test bukan milik layanan ini';
    await decide(approver, await see(approver, id), 'reject', { reason: rejected });
    const page = await manager.open(`/clients/${id}`);
    expect(page.text).to.include('Usulan terakhir ditolak').and.include(rejected).and.include(approver.citizen.name);
    expect((await approver.open(`/clients/${id}?lang=en`)).text, 'to read')
      .to.include('was rejected')
      .and.not.include('Mend and propose again');
    await approver.open(`/clients/${id}?lang=id`);
    const form = await manager.browser.open(page.link('from='));
    expect(form.form('client_name').fields.client_name).to.equal('Lain');
    expect(form.text).to.include('menjadi usulan baru');
    const again = await manager.browser.submit(form, 'client_name', {
      redirect_uris: 'https://rp.test/cb',
      intent: 'save',
    });
    expect(again.text).to.include('Lihat usulannya').and.not.include('Usulan terakhir ditolak');
    const open = await app.store.clientVersions.findOpen(id);
    expect(open?.metadata).to.deep.include({
      client_name: 'Lain',
      redirect_uris: ['https://rp.test/cb'],
      require_auth_time: true,
    });
    expect(
      (await manager.open(`/clients/${id}/edit?from=1`)).form('client_name').fields.client_name,
      'what waits goes before',
    ).to.equal('Lain');
  });

  it('keeps every version, and one click and a reason bring one back the same way', async () => {
    const id = await add();
    await edit(manager, id, { scope: 'openid' });
    const history = await manager.open(`/clients/${id}/history`);
    expect(history.text).to.include('Kembali ke versi 1');
    expect((await manager.browser.submit(history, '/history', { reason: 'kurang' })).status).to.equal(422);
    const proposed = await manager.browser.submit(history, '/history', { reason: why });
    expect(proposed.text).to.include('Usulan perubahan').and.include(why);
    expect(await current(id)).to.include({ scope: 'openid' });
    await decide(approver, await see(approver, id), 'approve');
    expect(await current(id)).to.include({ scope: 'openid profile' });
    expect(
      (
        await manager.browser.submit(await manager.open(`/clients/${id}/history`), '/history', {
          reason: why,
          number: '2',
        })
      ).text,
    ).to.include('Versi lama berlaku kembali');
    expect(await current(id)).to.include({ scope: 'openid' });
  });

  it('registers one application by a form that is sent twice, and says so', async () => {
    const form = await manager.open('/clients/new');
    const fields = {
      type: 'web',
      client_name: 'Sekali Saja',
      redirect_uris: 'https://rp.test/cb',
      scope: 'openid',
      intent: 'save',
      why,
    };
    const first = await manager.browser.submit(form, 'client_name', fields);
    expect(first.text).to.include('tersimpan sebagai draf');
    const again = await manager.browser.submit(form, 'client_name', fields);
    expect(again.status).to.equal(422);
    expect(again.text).to.include('tidak ada yang didaftarkan dua kali');
    expect(
      (await app.store.clients.list()).filter((client) => client.metadata.client_name === 'Sekali Saja'),
    ).to.have.length(1);
    expect((await approver.open()).text).to.include('menunggu persetujuan');
    const waiting = await approver.open('/clients?status=waiting');
    expect(waiting.text).to.include('Sekali Saja').and.include('Draf');
    expect((await approver.open('/clients?status=draft')).text).not.to.include('Layanan Uji');
  });
});
