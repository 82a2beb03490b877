import { expect } from 'chai';
import { globSync, readFileSync } from 'node:fs';
import { createFindNames, type Names } from '../../src/admin/names.ts';
import { data } from '../../src/admin/accounts/support.ts';
import { wordsOfDetail } from '../../src/admin/audit/present.ts';
import { apiDocument } from '../../src/admin/apis/forms.ts';
import { createInitialTokens } from '../../src/admin/clients/registration/tokens.ts';
import { fields } from '../../src/admin/clients/metadata-fields.ts';
import { plainRefusals } from '../../src/admin/clients/refusals.ts';
import { clientTypes } from '../../src/domain/client.ts';
import { logoRefusals } from '../../src/domain/logo/logo.ts';
import { permissions, roles } from '../../src/domain/operator.ts';
import { personalScopes } from '../../src/domain/sharing.ts';
import { sentences } from '../../src/web/i18n.ts';
import type { Sentence } from '../../src/web/screen.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { somebody } from '../support/citizens.ts';
import { startOperator, type TestOperator } from '../support/console.ts';

const NOBODY = '00000000-0000-4000-8000-0000000000ff';
const why = 'tiket 2041, diminta timnya';

describe('Who it was', () => {
  let app: TestApp;
  let manager: TestOperator;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager']);
    await app.addClient({ metadata: { client_id: 'robot', client_name: 'Robot Contoh' }, type: 'machine' });
  });
  after(() => app.close());

  const said = ({ key, params = {} }: Sentence): string =>
    (sentences.id.get(key) ?? '').replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name]));
  const ask = (signatures: readonly string[], whole = true): Promise<Names> =>
    createFindNames(app.store)({ signatures, whole });
  const saidOf = async (signature: string, whole = true): Promise<string> =>
    said((await ask([signature], whole)).actor(signature).words);

  it('is said by name: of operators whole or masked, of machines, of teams; of those without an id by a word', async () => {
    expect(await saidOf(`operator:${manager.accountId}`)).to.equal(manager.citizen.name);
    expect(await saidOf(`operator:${manager.accountId}`, false)).to.match(/^P\*+ C\*+ U\*+$/);
    expect(await saidOf('client:robot')).to.equal('Robot Contoh (mesin)');
    expect(await saidOf('operator')).to.equal('baris perintah');
    expect(await saidOf('seed')).to.equal('data contoh');
    expect(await saidOf('team')).to.equal('tim layanan, lewat tautan');
    const { token } = await createInitialTokens(app.container)
      .make({ team: 'Tim Lamaran Contoh', days: 1, most: 1 })
      .then((made) => (made.ok ? made.value : expect.fail('no token')));
    expect(await saidOf(`initial-token:${token.id}`)).to.equal('Tim Lamaran Contoh (tim yang mendaftar sendiri)');
  });

  it('is said the same way where an operator is the one it happened to, and who handed a token on; of citizens the log has ids alone', async () => {
    const { audit } = app.container;
    const citizen = somebody({ name: 'Warga Contoh Tercatat' });
    const id = await addAccount(app, citizen);
    await audit.record(app.store, 'account.suspended', { by: 'operator' }, { accountId: id });
    await audit.record(
      app.store,
      'operator.granted',
      { role: 'support', by: 'operator' },
      { accountId: manager.accountId },
    );
    await audit.record(app.store, 'initial-token.made', {
      token: NOBODY,
      team: 'Tim',
      most: 1,
      by: 'operator',
      handedBy: manager.accountId,
    });
    await audit.record(app.store, 'signing-key.promoted', { kid: 'k', algorithm: 'ES256', by: 'schedule' });
    const auditor = await startOperator(app, ['auditor']);
    expect((await auditor.open(`/audit?account=${manager.accountId}&type=operator.granted`)).text)
      .to.include(manager.citizen.name)
      .and.include(manager.accountId);
    expect((await auditor.open(`/audit?type=initial-token.made`)).text).to.include(
      `diserahkan oleh ${manager.citizen.name}`,
    );
    expect((await auditor.open(`/audit?account=${id}`)).text)
      .to.include(id)
      .and.not.include('Warga');
    expect((await auditor.open('/audit?type=signing-key.promoted')).text).to.include('jadwal');
  });

  it('is told by the id where there is no name any more, and never by the name of a citizen', async () => {
    expect(await saidOf(`operator:${NOBODY}`)).to.include(NOBODY);
    expect(await saidOf('client:lama')).to.include('lama');
    expect(await saidOf(`initial-token:${NOBODY}`)).to.include(NOBODY);
    expect(await saidOf(`operator:x'--`)).to.include(`x'--`);
    expect(await saidOf('martian:1')).to.equal('martian:1');
    const citizen = somebody({ name: 'Warga Contoh Nyasar' });
    const id = await addAccount(app, citizen);
    expect(await saidOf(`operator:${id}`))
      .to.include(id)
      .and.not.include('Warga');
  });

  it('keeps the name of an operator whose role was taken away', async () => {
    const former = await startOperator(app, ['support']);
    await app.store.operators.revoke(former.accountId, 'support', 'operator', app.clock.now());
    expect(await saidOf(`operator:${former.accountId}`)).to.equal(former.citizen.name);
  });

  it('stands in proposals, history, secrets and the audit log; an application by name with its id beside it', async () => {
    const registered = await manager.browser.submit(await manager.open('/clients/new'), 'client_name', {
      type: 'web',
      client_name: 'Layanan Bernama',
      redirect_uris: 'https://nama.contoh.test/kembali',
      scope: 'openid',
      intent: 'save',
    });
    const id = /<code>([0-9a-f-]{36})<\/code>/.exec(registered.html)?.[1] ?? '';
    const helper = await startOperator(app, ['support']);
    for (const page of ['proposal', 'history', 'secrets']) {
      expect((await manager.open(`/clients/${id}/${page}`)).text, page)
        .to.include(manager.citizen.name)
        .and.not.include('operator:');
      expect((await helper.open(`/clients/${id}/${page}`)).text, page).to.match(/P\*+ C\*+ U\*+/);
    }
    const auditor = await startOperator(app, ['auditor']);
    const log = await auditor.open(`/audit?client=${id}`);
    expect(log.text).to.include(manager.citizen.name).and.include('Layanan Bernama').and.include(id);
    expect(log.text)
      .to.match(/tipe Web \(server\)/)
      .and.include('Alamat kembali');
    expect((await auditor.open(`/audit?client=${id}&lang=en`)).text).to.include('Redirect');
    await app.container.audit.record(app.store, 'sign-in.succeeded', { amr: ['pwd'] }, { clientId: id });
    expect((await auditor.open('/reports/activity')).text)
      .to.include('Layanan Bernama')
      .and.include(id);
    const csv = await auditor.open('/reports/activity/csv');
    expect(csv.html).to.include(`${id},1,Layanan Bernama\r\n`);
  });
});

describe('What goes along with an event', () => {
  const missing = (type: string, name: string, values: readonly string[]): readonly string[] =>
    values.filter((value) => wordsOfDetail(type, name, value) === undefined);

  it('has a label, whatever it is', () => {
    const catalogue = readFileSync('src/audit/events.ts', 'utf8');
    const bodies = [
      ...catalogue.slice(0, catalogue.indexOf('eventMeanings')).matchAll(/^ {2}'[a-z.-]+': \{(.+)\};$/gm),
    ].map(([, body = '']) => body);
    const names = new Set(
      bodies.flatMap((body) => [...body.matchAll(/(?:^| )(\w+)\??:/g)].map(([, name = '']) => name)),
    );
    expect(names.size).to.be.greaterThan(20);
    for (const locale of ['id', 'en'] as const)
      expect([...names].filter((name) => !sentences[locale].has(`admin.audit.detail.${name}`))).to.deep.equal([]);
  });

  it('is in words where it is a word of ours, and as it is where somebody typed it', () => {
    const members = Object.keys(fields).filter((name) => !['allow_nik', 'client_secret'].includes(name));
    expect(missing('client.updated', 'fields', [...members, 'listing'])).to.deep.equal([]);
    expect(missing('client.created', 'type', clientTypes)).to.deep.equal([]);
    expect(missing('operator.granted', 'role', roles)).to.deep.equal([]);
    expect(missing('operator.refused', 'permission', [...permissions, 'console'])).to.deep.equal([]);
    expect(missing('consent.given', 'scopes', personalScopes)).to.deep.equal([]);
    expect(missing('account.former-joined', 'proof', ['password', 'nik'])).to.deep.equal([]);
    expect(
      missing('contact.phone.code-not-sent', 'reason', [
        'changes-used-up',
        'send-limit',
        'send-budget',
        'undeliverable',
        'locked',
      ]),
    ).to.deep.equal([]);
    expect(missing('contact.email.link-not-sent', 'reason', ['letter-limit', 'send-budget'])).to.deep.equal([]);
    expect(
      missing('recovery.request.lapsed', 'reason', ['operator', 'undecided', 'account-changed', 'number-moved']),
    ).to.deep.equal([]);
    expect(missing('recovery.request.cancelled', 'way', ['letter', 'session'])).to.deep.equal([]);
    expect(missing('recovery.request.notice-sent', 'of', ['warning', 'completed', 'closed'])).to.deep.equal([]);
    expect(missing('account.revealed', 'datum', [...data, 'requested-phone'])).to.deep.equal([]);
    expect(missing('signing-key.removed', 'state', ['next', 'current', 'retired', 'withdrawn'])).to.deep.equal([]);
    const atTheDoor = globSync('src/{admin,web}/**/*.ts').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/Problem\((?:400|403|413|415|422), '([a-z-]+)'/g)].map(
        ([, code = '']) => code,
      ),
    );
    const ofTokens = ['token-unknown', 'token-kind', 'token-ended', 'client-stopped'];
    expect(missing('request.refused', 'reason', [...atTheDoor, ...ofTokens])).to.deep.equal([]);
    const remembered = plainRefusals.filter((reason) => !reason.endsWith('-unknown') && reason !== 'proposal-own');
    expect(
      missing('change.refused', 'reason', [
        ...remembered,
        'client-metadata',
        'client-approved',
        ...logoRefusals,
        'api-document',
        'api-taken',
        'api-changed',
      ]),
    ).to.deep.equal([]);
    expect(missing('change.refused', 'kind', ['client', 'logo', 'api'])).to.deep.equal([]);
    expect(missing('api', 'fields', Object.keys(apiDocument.shape))).to.deep.equal([]);
    expect(wordsOfDetail('client.rejected', 'note', why)).to.equal(undefined);
  });
});
