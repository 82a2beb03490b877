import { expect } from 'chai';
import { createApiService, type ApiService } from '../../../src/admin/apis/service.ts';
import { createClientService } from '../../../src/admin/clients/service.ts';
import type { Core } from '../../../src/core.ts';
import { createTestCore } from '../../support/core.ts';

const means = { id: 'Membaca lamaran Anda', en: 'Reading your applications' };
const good = {
  identifier: 'https://api.karirhub.test/',
  name: 'API Karirhub',
  scopes: [{ name: 'lamaran:baca', means }],
};

describe('APIs that take tokens: what an operator does', () => {
  let core: Core;
  let closing: () => Promise<void>;
  let apis: ApiService;
  before(async () => {
    const opened = await createTestCore();
    core = opened.core;
    closing = () => opened.close();
    apis = createApiService(core);
  });
  after(() => closing());

  it('registers one, with defaults that are written out, once, and recorded', async () => {
    const created = await apis.create(good);
    expect(created).to.deep.nested.include({
      ok: true,
      'value.tokenFormat': 'jwt',
      'value.tokenAlgorithm': 'ES256',
      'value.tokenSeconds': 600,
      'value.status': 'active',
    });
    expect(await apis.create(good)).to.deep.equal({
      ok: false,
      refusal: { reason: 'api-taken', identifier: good.identifier },
    });
    expect((await core.store.audit.list({ type: 'api.created' })).at(-1)?.details).to.deep.include({
      resource: good.identifier,
    });
  });

  const refused: [string, object, RegExp][] = [
    ['an identifier that is no absolute URI', { identifier: 'karirhub' }, /^identifier$/],
    ['a fragment', { identifier: 'https://api.test/#a' }, /^identifier$/],
    ['a user in it', { identifier: 'https://a:b@api.test/' }, /^identifier$/],
    ['plain HTTP', { identifier: 'http://api.test/' }, /^identifier$/],
    ['a scope of ours', { scopes: [{ name: 'profile', means }] }, /^scopes\.0\.name$/],
    ['a scope of operators', { scopes: [{ name: 'admin:apa', means }] }, /^scopes\.0\.name$/],
    ['a scope that is kept for institutions', { scopes: [{ name: 'organisasi', means }] }, /^scopes\.0\.name$/],
    ['offline_access', { scopes: [{ name: 'offline_access', means }] }, /^scopes\.0\.name$/],
    ['a scope without words', { scopes: [{ name: 'baca', means: { id: 'Membaca' } }] }, /^scopes\.0\.means\.en$/],
    [
      'a scope twice',
      {
        scopes: [
          { name: 'baca', means },
          { name: 'baca', means },
        ],
      },
      /^scopes$/,
    ],
    ['tokens that live a day', { token_seconds: 86_400 }, /^token_seconds$/],
    ['a symmetric signature', { token_algorithm: 'HS256' }, /^token_algorithm$/],
    ['members that mean nothing', { audience: 'x' }, /^document$/],
  ];
  for (const [what, change, field] of refused) {
    it(`refuses ${what}`, async () => {
      const result = await apis.create({ ...good, identifier: 'https://lain.test/', ...change });
      if (result.ok || result.refusal.reason !== 'api-document') throw new Error('was taken');
      expect(result.refusal.problems.map((problem) => problem.field).join()).to.match(field);
    });
  }

  it('changes what is given, keeps the identifier, and records nothing where nothing changes', async () => {
    const count = async (): Promise<number> => (await core.store.audit.list({ type: 'api.updated' })).length;
    const before = await count();
    expect(await apis.update(good.identifier, { token_seconds: 120 })).to.deep.nested.include({
      ok: true,
      'value.tokenSeconds': 120,
      'value.name': good.name,
    });
    expect(await apis.update(good.identifier, { token_seconds: 120 })).to.include({ ok: true });
    expect(await count()).to.equal(before + 1);
    expect(await apis.update(good.identifier, { identifier: 'https://lain.test/' })).to.include({ ok: false });
    expect(await apis.update('https://tiada.test/', {})).to.deep.include({ ok: false });
  });

  it('tells of the scopes that came, went or mean something else now, and not of the others', async () => {
    const identifier = 'https://banyak.test/';
    const scope = (name: string, words = means) => ({ name, means: words });
    const other = { id: 'Membaca semua lamaran', en: 'Reading all applications' };
    await apis.create({ ...good, identifier, scopes: [scope('tetap'), scope('hilang'), scope('lain')] });
    await apis.update(identifier, { scopes: [scope('tetap'), scope('lain', other), scope('baru')] });
    const { before, after } = (await core.store.audit.list({ type: 'api.updated' })).at(-1)!.details;
    expect({ before, after }).to.deep.equal({
      before: { scopes: [scope('hilang'), scope('lain')] },
      after: { scopes: [scope('lain', other), scope('baru')] },
    });
  });

  it('lets clients be registered for what exists, and for nothing else', async () => {
    const clients = createClientService({ ...core, check: () => undefined });
    const wish = (resources: object, further: object = {}) => [
      { document: { client_name: 'Uji', type: 'machine', resources, ...further } },
    ];
    expect(
      await clients.create(wish({ [good.identifier]: ['lamaran:baca'] }, { may_introspect: [good.identifier] })),
    ).to.include({ ok: true });
    for (const [resources, further] of [
      [{ 'https://tiada.test/': [] }],
      [{ [good.identifier]: ['lamaran:tiada'] }],
      [{}, { may_introspect: ['https://tiada.test/'] }],
    ] as const) {
      const result = await clients.create(wish(resources, further));
      expect(result.ok ? undefined : result.refusal.reason).to.equal('client-metadata');
    }
    const web = await clients.create([
      {
        document: {
          client_name: 'Uji',
          type: 'web',
          redirect_uris: ['https://rp.test/cb'],
          may_introspect: [good.identifier],
        },
      },
    ]);
    expect(web.ok, 'a service that people sign in to').to.equal(false);
  });
});
