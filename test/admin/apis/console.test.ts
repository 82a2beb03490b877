import { expect } from 'chai';
import { toApiId } from '../../../src/domain/api.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import type { Page } from '../../support/browser.ts';
import { startOperator, type TestOperator } from '../../support/console.ts';
import { addMachine, type Machine } from '../../support/machines.ts';

const reason = 'tiket 2042, diminta pengelola';
const means = { id: 'Membaca lamaran Anda', en: 'Reading your applications' };
const typed = {
  name: 'API Karirhub',
  scope_0_name: 'lamaran:baca',
  scope_0_id: means.id,
  scope_0_en: means.en,
  token_format: 'jwt',
  token_algorithm: 'ES256',
  token_seconds: '600',
  intent: 'save',
};
const FORBIDDEN = 'Di luar peran Anda';
let count = 0;
const another = (): string => `https://api-${(count += 1)}.contoh.test/v1?a=b/c`;

describe('Registered APIs: what operators and their machines do', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let reader: TestOperator;
  let machine: Machine;
  let nobody: Machine;
  let looker: Machine;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    approver = await startOperator(app, ['client-approver']);
    reader = await startOperator(app, ['auditor']);
    machine = await addMachine(app, {
      scope: 'admin:clients:read admin:clients:write admin:clients:approve',
      operatedBy: manager.accountId,
    });
    nobody = await addMachine(app, { scope: 'admin:clients:read admin:clients:write' });
    looker = await addMachine(app, { scope: 'admin:clients:read' });
  });
  after(() => app.close());

  const pathOf = (identifier: string): string => `/apis/${toApiId(identifier)}`;
  const register = async (change: Readonly<Record<string, string>> = {}, identifier = another()): Promise<Page> =>
    manager.browser.submit(await manager.open('/apis/new'), 'csrf', { ...typed, identifier, ...change });
  const registered = async (): Promise<string> => {
    const identifier = another();
    expect((await register({}, identifier)).text).to.include('API terdaftar');
    return identifier;
  };
  const last = async (type: string): Promise<object | undefined> =>
    (await app.store.audit.list({ type })).at(-1)?.details;
  const byManager = (): string => `operator:${manager.accountId}`;
  /**
   * Sent without the page that has the form. @returns 403 where the role is what is missing, and not the token of the
   * form.
   */
  const forge = async (by: TestOperator, path: string, fields: Readonly<Record<string, string>>): Promise<number> => {
    const { csrf = '' } = (await manager.open('/apis/new')).form('csrf').fields;
    const { status, text } = await by.browser.request(`${app.url}/admin${path}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, ...fields }),
    });
    if (status === 403) expect(text).to.include(FORBIDDEN);
    return status;
  };

  describe('at the console', () => {
    it('a manager registers one, once, and it stands in the list and the audit log', async () => {
      const identifier = await registered();
      expect(await app.store.apis.find(identifier)).to.deep.include({
        name: typed.name,
        scopes: [{ name: 'lamaran:baca', means }],
        tokenSeconds: 600,
        status: 'active',
      });
      expect(await last('api.created')).to.deep.equal({
        resource: identifier,
        after: {
          name: typed.name,
          scopes: [{ name: 'lamaran:baca', means }],
          token_format: 'jwt',
          token_algorithm: 'ES256',
          token_seconds: 600,
        },
        by: byManager(),
      });
      expect((await manager.open('/apis')).text).to.include(identifier);
      const again = await register({}, identifier);
      expect(again.status).to.equal(422);
      expect(again.text).to.include('sudah terdaftar');
    });

    it('each mistake stands at its field, nothing typed is lost, and nothing is stored', async () => {
      const before = (await app.store.apis.list()).length;
      const page = await register(
        {
          name: '<script>alert(1)</script>',
          scope_0_name: 'profile',
          scope_0_en: '',
          scope_7_name: 'Besar',
          token_seconds: '86400',
          token_algorithm: 'HS256',
        },
        'http://api.test/#a',
      );
      expect(page.status).to.equal(422);
      for (const id of [
        'identifier',
        'scope_0_name',
        'scope_0_en',
        'scope_1_name',
        'scope_1_id',
        'token_seconds',
        'token_algorithm',
      ])
        expect(page.html, id).to.include(`id="${id}-error"`);
      expect(page.html)
        .to.include('value="&lt;script&gt;alert(1)&lt;/script&gt;"')
        .and.include('value="86400"')
        .and.not.include('<script>alert');
      expect(await app.store.apis.list()).to.have.length(before);
    });

    it('a name is text wherever it is shown', async () => {
      const identifier = another();
      const page = await register({ name: '<img src=x onerror=alert(1)>' }, identifier);
      for (const { html } of [page, await manager.open('/apis'), await manager.open(`${pathOf(identifier)}/edit`)])
        expect(html).to.include('&lt;img src=x').and.not.include('<img src=x');
    });

    it('more rows come without anything being stored, as far as a hundred', async () => {
      const page = await register({ intent: 'more', scope_1_name: 'lamaran:kirim' });
      expect([page.status, page.html.match(/<fieldset/g)?.length]).to.deep.equal([200, 5]);
      expect(page.html).to.include('value="lamaran:kirim"');
      const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`scope_${at}_name`, `s${at}`]));
      expect((await register({ ...many, intent: 'more' })).html.match(/<fieldset/g)).to.have.length(100);
    });

    it('a change needs a reason, holds at once and is recorded; emptied rows go', async () => {
      const identifier = await registered();
      const form = await manager.open(`${pathOf(identifier)}/edit`);
      const bare = await manager.browser.submit(form, 'csrf', { token_seconds: '120', intent: 'save' });
      expect(bare.status).to.equal(422);
      expect(bare.html).to.include('id="update-reason-error"').and.include('value="120"');
      const page = await manager.browser.submit(bare, 'csrf', {
        token_seconds: '120',
        scope_0_name: '',
        scope_0_id: '',
        scope_0_en: '',
        reason,
        intent: 'save',
        identifier: 'https://lain.test/',
      });
      expect(page.text).to.include('berlaku dalam dua detik');
      expect(await app.store.apis.find(identifier)).to.deep.include({ tokenSeconds: 120, scopes: [] });
      expect(await last('api.updated')).to.deep.equal({
        resource: identifier,
        fields: ['scopes', 'token_seconds'],
        before: { scopes: [{ name: 'lamaran:baca', means }], token_seconds: 600 },
        after: { scopes: [], token_seconds: 120 },
        by: byManager(),
        reason,
      });
      const log = await (await startOperator(app, ['auditor'])).open('/audit?type=api.updated');
      expect(log.text).to.include('600 → 120').and.include(`lamaran:baca (${means.id} / ${means.en}) → –`);
      expect(
        (
          await manager.browser.submit(await manager.open(`${pathOf(identifier)}/edit`), 'csrf', {
            reason,
            intent: 'save',
          })
        ).text,
      ).to.include('Tidak ada yang berubah');
    });

    it('of two who change it at the same time the second is told, and keeps what was typed', async () => {
      const identifier = await registered();
      const late = await manager.open(`${pathOf(identifier)}/edit`);
      await manager.browser.submit(await manager.open(`${pathOf(identifier)}/edit`), 'csrf', {
        token_seconds: '120',
        reason,
        intent: 'save',
      });
      const told = await manager.browser.submit(late, 'csrf', { name: 'Nama yang lain', reason, intent: 'save' });
      expect(told.status).to.equal(422);
      expect(told.text).to.include('Orang lain mengubah API ini');
      expect(told.html).to.include('value="Nama yang lain"');
      expect(await app.store.apis.find(identifier)).to.deep.include({ name: typed.name, tokenSeconds: 120 });
    });

    it('one person stops it, an approver starts it again, and both say why', async () => {
      const identifier = await registered();
      const page = await manager.open(pathOf(identifier));
      expect(page.text).to.include('Dalam dua detik tidak ada token baru').and.include('paling lama 10 menit');
      expect((await manager.browser.submit(page, '/disable', { reason: 'iseng' })).status).to.equal(422);
      expect((await manager.browser.submit(page, '/disable', { reason })).text).to.include('API dihentikan');
      expect(await last('api.disabled')).to.deep.equal({ resource: identifier, by: byManager(), reason });
      expect((await manager.open(pathOf(identifier))).html).not.to.include('/enable');
      expect(await forge(manager, `${pathOf(identifier)}/enable`, { reason })).to.equal(403);
      expect(
        (await approver.browser.submit(await approver.open(pathOf(identifier)), '/enable', { reason })).text,
      ).to.include('berjalan kembali');
      expect(await last('api.enabled')).to.deep.equal({
        resource: identifier,
        by: `operator:${approver.accountId}`,
        reason,
      });
    });

    it('who may ask for tokens stands on the page, with what and in which state', async () => {
      const identifier = await registered();
      await app.addClient({
        type: 'machine',
        secret: 'rahasia',
        metadata: {
          client_id: 'peminta',
          client_name: 'Peminta <b>',
          grant_types: ['client_credentials'],
          response_types: [],
          redirect_uris: [],
          token_endpoint_auth_method: 'client_secret_basic',
          resources: { [identifier]: ['lamaran:baca'] },
          may_introspect: [identifier],
        },
      });
      const page = await reader.open(pathOf(identifier));
      expect(page.html).to.include('/admin/clients/peminta').and.include('Peminta &lt;b&gt;');
      expect(page.text).to.include('boleh memintanya: 1').and.include('Mesin yang menanyakan');
      expect((await looker.call('GET', pathOf(identifier))).body.clients).to.deep.equal([
        { client_id: 'peminta', name: 'Peminta <b>', status: 'active', scopes: ['lamaran:baca'], may_introspect: true },
      ]);
    });

    it('readers read, and nobody acts beyond their role', async () => {
      const identifier = await registered();
      for (const who of [reader, approver]) {
        expect((await who.open('/apis')).status).to.equal(200);
        expect((await who.open(pathOf(identifier))).html)
          .not.to.include('/disable')
          .and.not.include('/edit');
        for (const path of ['/apis/new', `${pathOf(identifier)}/edit`])
          expect((await who.open(path)).status, path).to.equal(403);
        for (const path of ['/apis/new', `${pathOf(identifier)}/edit`, `${pathOf(identifier)}/disable`])
          expect(await forge(who, path, { ...typed, reason }), path).to.equal(403);
      }
      const administrator = await startOperator(app, ['administrator']);
      expect(await forge(administrator, `${pathOf(identifier)}/disable`, { reason })).to.equal(403);
      expect(
        (
          await manager.browser.request(`${app.url}/admin${pathOf(identifier)}/disable`, {
            method: 'POST',
            body: new URLSearchParams({ reason }),
          })
        ).status,
        'without the token of the form',
      ).to.equal(403);
      expect((await app.store.apis.find(identifier))?.status).to.equal('active');
      for (const id of ['tiada', toApiId('https://tiada.test/'), `${toApiId(identifier)}=`, toApiId('a\0b'), '%00'])
        expect((await manager.open(`/apis/${id}`)).status, id).to.be.oneOf([400, 404]);
      expect(await forge(manager, '/apis/new', { ...typed, name: 'x'.repeat(300_000) })).to.equal(413);
    });
  });

  describe('at the API', () => {
    const document = (): Record<string, unknown> => ({
      identifier: another(),
      name: 'API Pelatihan',
      scopes: [{ name: 'pelatihan:baca', means }],
    });

    it('registers, shows, changes, stops and starts, with the machine’s name in the audit log', async () => {
      const given = document();
      const made = await machine.call('POST', '/apis', { json: given });
      expect(made.body).to.deep.include({
        ...given,
        id: toApiId(String(given.identifier)),
        token_format: 'jwt',
        token_seconds: 600,
        status: 'active',
      });
      const path = `/apis/${String(made.body.id)}`;
      const changed = await machine.call('PATCH', path, {
        json: { token_format: 'opaque', seen: made.body.seen, reason },
      });
      expect(changed.body).to.deep.include({ ...given, token_format: 'opaque', token_seconds: 600 });
      expect(await last('api.updated')).to.deep.equal({
        resource: given.identifier,
        fields: ['token_format'],
        before: { token_format: 'jwt' },
        after: { token_format: 'opaque' },
        by: `client:${machine.id}`,
        reason,
      });
      const late = await machine.call('PATCH', path, {
        json: { name: 'Nama yang lain', seen: made.body.seen, reason },
      });
      expect([late.status, late.body.code]).to.deep.equal([409, 'api-changed']);
      expect((await machine.call('POST', `${path}/disable`, { json: { reason } })).body.status).to.equal('disabled');
      expect(
        (await machine.call('POST', `${path}/enable`, { json: { reason } })).body.code,
        'whoever answers for it approves nothing',
      ).to.equal('operator-missing');
      expect((await app.store.apis.find(String(given.identifier)))?.status).to.equal('disabled');
      expect(((await looker.call('GET', '/apis')).body.apis as object[]).length).to.equal(
        (await app.store.apis.list()).length,
      );
      expect((await machine.call('POST', '/apis', { json: given })).body.code).to.equal('api-taken');
    });

    it('refuses what does not fit, by the names of the members', async () => {
      const path = pathOf(await registered());
      const cases: readonly [object, string][] = [
        [{ ...document(), scopes: [{ name: 'nik', means }] }, 'body.scopes.0.name'],
        [
          {
            ...document(),
            scopes: [
              { name: 'baca', means },
              { name: 'baca', means },
            ],
          },
          'body.scopes',
        ],
        [{ ...document(), token_seconds: '600' }, 'body.token_seconds'],
        [{ ...document(), identifier: 'https://a:b@api.test/' }, 'body.identifier'],
        [{ ...document(), status: 'disabled' }, 'body'],
      ];
      for (const [json, field] of cases) {
        const { status, body } = await machine.call('POST', '/apis', { json });
        expect([status, (body.errors as { field: string }[]).map((one) => one.field)]).to.deep.equal([422, [field]]);
      }
      for (const json of [
        { name: 'Nama yang lain' },
        { identifier: 'https://lain.test/', reason },
        { reason: 'iseng' },
        { reason: 'nomor 081234567890 minta' },
      ])
        expect((await machine.call('PATCH', path, { json })).status, JSON.stringify(json)).to.equal(422);
      for (const id of ['tiada', toApiId('https://tiada.test/')])
        for (const [method, sent] of [
          ['GET', {}],
          ['PATCH', { json: { reason } }],
        ] as const)
          expect((await machine.call(method, `/apis/${id}`, sent)).body.code).to.equal('api-unknown');
    });

    it('lets machines do what their scopes and the operator behind them may, of this moment', async () => {
      const path = pathOf(await registered());
      const acts = [
        ['POST', '/apis', { json: document() }],
        ['PATCH', path, { json: { name: 'Nama yang lain', reason } }],
        ['POST', `${path}/disable`, { json: { reason } }],
      ] as const;
      for (const [method, address, sent] of acts) {
        expect((await looker.call(method, address, sent)).body.code, address).to.equal('scope-missing');
        expect((await nobody.call(method, address, sent)).body.code, address).to.equal('operator-missing');
      }
      const former: AccountId = (await startOperator(app, ['client-manager'])).accountId;
      const arm = await addMachine(app, { scope: 'admin:clients:write', operatedBy: former });
      await app.store.operators.revoke(former, 'client-manager', 'operator', app.clock.now());
      expect((await arm.call('POST', `${path}/disable`, { json: { reason } })).body.code).to.equal('operator-missing');
    });
  });
});
