import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const why = 'tiket 2042, diminta pengelola';
const good = {
  type: 'web',
  client_name: 'Layanan Uji',
  redirect_uris: 'https://rp.test/cb\r\nhttps://uji.rp.test/cb',
  scope: 'openid profile',
  intent: 'save',
};

describe('Client applications at the console', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let administrator: TestOperator;
  let reader: TestOperator;
  const register = async (change: Readonly<Record<string, string>> = {}): Promise<Page> =>
    manager.browser.submit(await manager.open('/clients/new'), 'client_name', { ...good, ...change });
  const idOn = (page: Page): string => /<code>([0-9a-f-]{36})<\/code>/.exec(page.html)?.[1] ?? '';
  const secretOn = (page: Page): string | undefined => /class="revealed" id="once">([\w-]{43})</.exec(page.html)?.[1];
  const token = (id: string, secret: string): Promise<Response> =>
    fetch(`${app.url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });

  const decide = async (who: TestOperator, id: string, decision: string, reason = why): Promise<Page> =>
    who.browser.submit(await who.open(`/clients/${id}/proposal`), `/proposal/${decision}`, { reason });
  /** Nothing tries the services of this test out, so each needs the waiver. */
  const activate = async (id: string): Promise<void> => {
    if (!(await approver.open(`/clients/${id}/proposal`)).html.includes('/proposal/approve'))
      await decide(administrator, id, 'waive');
    expect((await decide(approver, id, 'approve')).text).to.include('Usulan disetujui');
    app.clock.advance({ seconds: 3 });
  };

  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    approver = await startOperator(app, ['client-approver']);
    administrator = await startOperator(app, ['administrator']);
    reader = await startOperator(app, ['support']);
  });
  after(() => app.close());

  it('are registered with the few fields that matter, and show their secret this once', async () => {
    const page = await register();
    const [id, secret = ''] = [idOn(page), secretOn(page)];
    const client = await app.store.clients.find(id);
    expect(client?.metadata).to.deep.include({
      client_name: 'Layanan Uji',
      redirect_uris: ['https://rp.test/cb', 'https://uji.rp.test/cb'],
      scope: 'openid profile',
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(client?.secrets.map(({ number }) => number)).to.deep.equal([1]);
    const again = await manager.open(`/clients/${id}`);
    expect(again.text).to.include('uji.rp.test');
    expect(again.html).not.to.include(secret);
    expect((await app.store.audit.list({ type: 'client.created' })).map(({ details }) => details)).to.deep.equal([
      { type: 'web', by: `operator:${manager.accountId}` },
    ]);
    expect(app.logLines.some((line) => line.includes(secret))).to.equal(false);
  });

  it('are refused with a reason at each field, in the language of the page, and nothing typed is lost', async () => {
    const wrong: readonly [Readonly<Record<string, string>>, string][] = [
      [{ client_name: '' }, 'Isi bagian ini'],
      [{ redirect_uris: '' }, 'paling sedikit satu alamat kembali'],
      [{ redirect_uris: 'https://rp.test/cb\nhttps://*.rp.test/cb' }, 'Baris 2:'],
      [{ redirect_uris: 'https://rp.test/cb#x' }, 'tidak boleh memuat #'],
      [{ redirect_uris: 'http://rp.test/cb' }, 'Alamat harus https'],
      [{ redirect_uris: 'javascript:alert(1)' }, 'Alamat harus https'],
      [{ scope: 'profile' }, 'harus memuat openid'],
      [{ scope: 'openid nik' }, 'Untuk NIK, isi tujuan'],
      [
        { scope: 'openid nik', use_nik_id: 'singkat', use_nik_en: 'matching participants', use_nik_basis: 'contract' },
        '10 sampai 200',
      ],
      [
        {
          scope: 'openid nik',
          use_nik_id: 'x'.repeat(201),
          use_nik_en: 'matching participants',
          use_nik_basis: 'contract',
        },
        'Tulis tujuannya, 10 sampai 200',
      ],
      [{ client_name: 'x'.repeat(101) }, 'Tulis paling banyak 100 karakter'],
      [
        { listing_url: 'https://rp.test/', listing_id: 'x'.repeat(201), listing_en: 'y' },
        'Tulis paling banyak 200 karakter',
      ],
      [{ pkce_waived_because: 'x'.repeat(501) }, 'Tulis alasannya, 20 sampai 500'],
      [
        { scope: 'openid nik', use_nik_id: 'mencocokkan peserta', use_nik_en: 'matching participants' },
        'Pilih salah satu',
      ],
      [{ scope: '' }, 'Isi bagian ini'],
      [{ why: 'iseng' }, 'paling sedikit 10'],
      [
        { scope: 'openid admin:audit:read profil' },
        'Tidak dikenal untuk jenis aplikasi ini: admin:audit:read, profil.',
      ],
      [{ contacts: 'bukan email' }, 'bukan alamat email'],
      [{ jwks_uri: 'http://10.0.0.1/jwks' }, 'Alamat harus https'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, 'alamat kunci publik'],
      [{ token_endpoint_auth_method: 'none' }, 'harus membuktikan diri'],
      [{ subject_type: 'pairwise' }, 'isi alamat sektor'],
      [{ pkce_waived_because: 'malas' }, '20 sampai 500'],
      [{ default_max_age: 'lama' }, 'bilangan bulat'],
      [{ security_profile: 'fapi2', token_endpoint_auth_method: 'client_secret_basic' }, 'profil fapi2'],
      [{ listing_url: 'http://rp.test', listing_id: 'x', listing_en: 'y' }, 'Alamat harus https'],
      [{ listing_url: 'https://rp.test/', listing_id: 'satu\u202Eaud', listing_en: 'y' }, 'satu baris'],
      [{ client_name: 'Karir\u200Bhub' }, 'satu baris'],
      [{ type: 'machine' }, 'tidak memiliki alamat kembali'],
      [{ type: 'king' }, 'Isi bagian ini'],
    ];
    for (const [change, words] of wrong) {
      const page = await register({ ...change, client_uri: 'https://ingat.test/' });
      expect(page.status, words).to.equal(422);
      expect(page.text).to.include(words);
      expect(page.form('client_name').fields.client_uri).to.equal('https://ingat.test/');
    }
    const script = await register({ client_name: '<script>alert(1)</script>', scope: 'x' });
    expect(script.html).not.to.include('<script>alert');
    expect(await app.store.clients.list()).to.have.length(1);
  });

  it('are told every mistake at once: those of one field and those between fields', async () => {
    const page = await register({
      intent: 'check',
      contacts: 'bukan email',
      subject_type: 'pairwise',
      scope: 'openid nik',
    });
    expect(page.status).to.equal(422);
    for (const words of ['bukan alamat email', 'isi alamat sektor', 'Untuk NIK, isi tujuan'])
      expect(page.text).to.include(words);
  });

  it('are told in the summary which field and line it is, with a link to it', async () => {
    const page = await register({
      intent: 'check',
      redirect_uris: 'https://rp.test/cb\nhttps://*.rp.test/cb',
      scope: 'openid nik',
      use_nik_id: 'singkat',
      use_nik_en: 'matching participants',
      use_nik_basis: 'contract',
    });
    const links = [...page.html.matchAll(/<a href="#(\w+)">([^<]+)<\/a>/g)].map(
      ([, field, words]) => `${field}: ${words}`,
    );
    expect(links[0]).to.match(/^redirect_uris: Alamat kembali \(redirect URI\), baris 2: /);
    expect(links[1]).to.match(/^use_nik_id: NIK, .+: .*10 sampai 200/);
    expect(page.html).to.match(/class="error__line">Baris 2: /);
  });

  it('can be checked without being saved', async () => {
    const page = await register({ intent: 'check' });
    expect(page.status).to.equal(200);
    expect(page.text).to.include('Belum ada yang disimpan');
    expect((await register({ intent: 'check', redirect_uris: 'x' })).status).to.equal(422);
    expect(await app.store.clients.list()).to.have.length(1);
  });

  it('are changed, keeping what the form does not name, and the second of two editors is told', async () => {
    await app.addClient({
      metadata: {
        client_id: 'ubah',
        client_name: 'Ubah',
        redirect_uris: ['https://ubah.test/cb'],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        scope: 'openid nik',
        id_token_signed_response_alg: 'ES256',
        token_endpoint_auth_method: 'client_secret_basic',
        response_modes: ['query'],
        data_use: {
          nik: { purpose: { id: 'mencocokkan peserta', en: 'matching participants' }, legal_basis: 'consent' },
        },
      },
      secret: 'rahasia-yang-tetap',
    });
    const mine = await manager.open('/clients/ubah/edit');
    const theirs = await manager.open('/clients/ubah/edit');
    app.clock.advance({ seconds: 1 });
    const saved = await manager.browser.submit(mine, 'client_name', {
      contacts: 'tim@ubah.test',
      default_max_age: '3600',
      intent: 'save',
    });
    expect(saved.text).to.include('Perubahan tersimpan').and.include('tim@ubah.test');
    const late = await manager.browser.submit(theirs, 'client_name', { contacts: 'kedua@ubah.test', intent: 'save' });
    expect(late.status).to.equal(422);
    expect(late.text).to.include('Orang lain mengubah aplikasi ini');
    const forged = await manager.browser.submit(theirs, 'client_name', {
      contacts: 'ketiga@ubah.test',
      seen: '',
      intent: 'save',
    });
    expect(forged.status).to.equal(422);
    const client = await app.store.clients.find('ubah');
    expect(client?.metadata).to.deep.include({
      contacts: ['tim@ubah.test'],
      default_max_age: 3600,
      scope: 'openid nik',
      response_modes: ['query'],
      grant_types: ['authorization_code'],
    });
    expect(client?.secrets.map(({ number, expiresAt }) => [number, expiresAt])).to.deep.equal([[1, undefined]]);
    expect((await app.store.audit.list({ type: 'client.updated' })).map(({ details }) => details.by)).to.deep.equal([
      `operator:${manager.accountId}`,
    ]);
  });

  it('are given APIs, tokens to inspect and the former interface, and only what is registered', async () => {
    const at = app.clock.now();
    await app.store.apis.insert({
      identifier: 'https://api.ubah.test/',
      name: 'API Ubah',
      scopes: [{ name: 'lamaran:baca', means: { id: 'Membaca lamaran', en: 'Reading applications' } }],
      tokenFormat: 'jwt',
      tokenAlgorithm: 'ES256',
      tokenSeconds: 600,
      status: 'active',
      createdAt: at,
      updatedAt: at,
    });
    const edit = async (change: Readonly<Record<string, string>>): Promise<Page> =>
      manager.browser.submit(await manager.open('/clients/ubah/edit'), 'client_name', { intent: 'save', ...change });
    for (const [change, words] of [
      [{ resources: 'https://lain.test/ x' }, 'API itu belum terdaftar'],
      [{ resources: 'https://api.ubah.test/ lamaran:tulis' }, 'tidak memiliki scope'],
      [{ bridge_until: '31-12-2026' }, 'Tulis hari terakhir'],
      [{ bridge_state: 'yes' }, 'Tulis hari terakhir'],
    ] as const) {
      const page = await edit(change);
      expect(page.status, words).to.equal(422);
      expect(page.text).to.include(words);
    }
    const proposed = await edit({
      resources: 'https://api.ubah.test/  lamaran:baca',
      bridge_until: '2027-06-30',
      bridge_state: 'yes',
    });
    expect(proposed.text).to.include('memperluas akses');
    expect((await app.store.clientVersions.findOpen('ubah'))?.metadata).to.deep.include({
      resources: { 'https://api.ubah.test/': ['lamaran:baca'] },
      bridge: { until: '2027-06-30', state_required: true },
    });
    const form = (await manager.open('/clients/ubah/edit')).form('client_name').fields;
    expect(form.resources?.trim()).to.equal('https://api.ubah.test/ lamaran:baca');
    expect(form.bridge_until).to.equal('2027-06-30');
    await decide(manager, 'ubah', 'withdraw');
  });

  it('are stopped and started, each for a reason', async () => {
    const page = await register({ type: 'machine', redirect_uris: '', scope: '' });
    const [id, secret = ''] = [idOn(page), secretOn(page)];
    expect((await token(id, secret)).status, 'a draft').to.equal(401);
    await activate(id);
    expect((await token(id, secret)).status).to.equal(200);
    const act = async (action: string, reason = why, who = manager): Promise<Page> =>
      who.browser.submit(await who.open(`/clients/${id}`), `/${action}`, { reason });
    expect((await act('disable', 'iseng')).status).to.equal(422);
    expect((await act('disable')).text).to.include('Aplikasi dihentikan');
    app.clock.advance({ seconds: 3 });
    expect((await token(id, secret)).status).to.equal(401);
    expect((await manager.open(`/clients/${id}`)).html, 'started again by whoever approves').not.to.include('/enable');
    expect((await act('enable', why, approver)).text).to.include('Aplikasi berjalan kembali');
    const events = (await app.store.audit.list()).filter(
      ({ clientId, type }) => clientId === id && ['client.disabled', 'client.enabled'].includes(type),
    );
    expect(events.map(({ type, details }) => [type, details])).to.deep.equal(
      [
        ['client.disabled', manager],
        ['client.enabled', approver],
      ].map(([type, who]) => [type, { by: `operator:${(who as TestOperator).accountId}`, reason: why }]),
    );
  });

  it('get no rights at the operators’ API here, and one that has them is stopped here and nothing else', async () => {
    const refused = await register({ type: 'machine', redirect_uris: '', scope: 'admin:operators:write' });
    expect(refused.status).to.equal(422);
    expect(refused.text).to.include('hanya diberikan lewat baris perintah');
    await app.addClient({
      type: 'machine',
      metadata: {
        client_id: 'robot',
        client_name: 'Robot',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        scope: 'admin:accounts:write',
        token_endpoint_auth_method: 'client_secret_basic',
      },
      secret: 'rahasia-robot-hanya-uji',
    });
    const act = async (action: string, who = manager): Promise<Page> =>
      who.browser.submit(await who.open('/clients/robot'), `/${action}`, { reason: why });
    const forged = await manager.browser.request(`${app.url}/admin/clients/robot/secrets`, {
      method: 'POST',
      headers: { origin: app.url },
      body: new URLSearchParams({
        ...(await manager.open('/clients/robot')).form('reason').fields,
        reason: why,
        after: '1',
      }),
    });
    expect(forged.status).to.equal(422);
    expect((await app.store.clients.find('robot'))?.secrets).to.have.length(1);
    expect(
      (
        await manager.browser.submit(await manager.open('/clients/robot/edit'), 'client_name', {
          scope: '',
          jwks_uri: 'https://evil.test/jwks',
          intent: 'save',
        })
      ).status,
    ).to.equal(422);
    expect((await act('disable')).text).to.include('Aplikasi dihentikan');
    expect((await act('enable', approver)).status).to.equal(422);
  });

  it('are of somebody else unless it is said that they are of the house', async () => {
    const [other, ours] = [
      await register({ client_name: 'Mitra' }),
      await register({ client_name: 'Rumah', first_party: 'yes' }),
    ];
    expect((await app.store.clients.find(idOn(other)))?.metadata.first_party).to.equal(false);
    expect((await app.store.clients.find(idOn(ours)))?.metadata.first_party).to.equal(true);
  });

  it('are read by others, who see no button and have no way past it', async () => {
    const page = await reader.open('/clients/ubah');
    expect(page.status).to.equal(200);
    expect(page.forms).to.deep.equal([]);
    expect(page.html).not.to.include('rahasia-yang-tetap');
    for (const path of ['/clients/new', '/clients/ubah/edit']) expect((await reader.open(path)).status).to.equal(403);
    for (const path of [
      '/clients/new',
      '/clients/ubah/edit',
      '/clients/ubah/disable',
      '/clients/ubah/secrets',
      '/clients/ubah/secrets/1/end',
    ])
      expect(
        (
          await reader.browser.request(`${app.url}/admin${path}`, {
            method: 'POST',
            body: new URLSearchParams({ reason: why }),
          })
        ).status,
      ).to.equal(403);
    for (const path of ['/clients/tiada', `/clients/${'x'.repeat(300)}`])
      expect((await manager.open(path)).status).to.equal(404);
    expect((await manager.open('/clients/%00')).status).to.be.within(400, 404);
    for (const path of ['/clients/tiada', '/tiada', '/reports/tiada']) {
      const missing = await manager.open(path);
      expect(missing.status).to.equal(404);
      expect(missing.html, 'within the console').to.include('class="console"').and.include('href="/admin/clients"');
      expect(missing.text).to.match(/Kode bantuan: [\w-]+/);
    }
  });

  it('say of a draft that nothing of it is in effect, and lead its team to the integration check and what that needs', async () => {
    const page = await register();
    const id = idOn(page);
    expect(page.text).to.include('Draf ini menunggu').and.not.include('Yang berlaku sekarang');
    expect(page.html).to.include(`href="/admin/clients/${id}/check">Uji integrasi: lihat keadaannya`);
    expect((await manager.open(`/clients/${id}/check`)).html).to.include(
      `href="/admin/clients/${id}/edit#test_redirect_uris"`,
    );
    expect((await reader.open(`/clients/${id}/check`)).html).not.to.include('/edit');
    const changed = await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
      test_redirect_uris: 'https://coba.rp.test/cb',
      intent: 'save',
    });
    expect(changed.text).to.include('Perubahan draf tersimpan').and.not.include('memperluas akses');
    expect((await manager.open(`/clients/${id}/check`)).html).not.to.include('/edit#test_redirect_uris');
  });
});
