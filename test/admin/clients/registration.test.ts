import { expect } from 'chai';
import { sensitive } from '../../../src/domain/sensitive.ts';
import { createInitialTokens, type InitialTokens } from '../../../src/admin/clients/registration/tokens.ts';
import { createAdminServices } from '../../../src/admin/services.ts';
import { handOf } from '../../../src/admin/clients/versions.ts';
import { createClientCheck } from '../../../src/oidc/client-check.ts';
import { addAccount } from '../../support/accounts.ts';
import { somebody } from '../../support/citizens.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { Browser } from '../../support/browser.ts';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

const web = { client_name: 'Diklat Contoh', redirect_uris: ['https://diklat.test/cb'], contacts: ['tim@diklat.test'] };

describe('Dynamic registration', () => {
  let app: TestApp;
  let tokens: InitialTokens;
  let token: string;
  let tokenId: string;

  before(async () => {
    app = await startTestApp();
    tokens = createInitialTokens(app.container);
  });
  after(() => app.close());

  async function make(most = 20, days = 7, handedBy?: string): Promise<{ id: string; value: string }> {
    const made = await tokens.make({ team: 'BLK Contoh', days, most, handedBy });
    if (!made.ok) throw new Error(made.refusal);
    return { id: made.value.token.id, value: made.value.value.reveal() };
  }
  beforeEach(async () => {
    ({ id: tokenId, value: token } = await make());
  });

  async function call(
    method: string,
    path: string,
    {
      by = token,
      document,
      body = document === undefined ? undefined : JSON.stringify(document),
    }: { by?: string | undefined; document?: unknown; body?: string | undefined } = {},
  ): Promise<Answer> {
    const answer = await fetch(path.startsWith('http') ? path : `${app.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(by === '' ? {} : { authorization: `Bearer ${by}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    });
    const text = await answer.text();
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
    };
  }
  const register = (document: unknown, by = token): Promise<Answer> => call('POST', '/reg', { by, document });
  async function registered(
    document: object = web,
  ): Promise<{ id: string; uri: string; by: string; body: Answer['body'] }> {
    const { status, body } = await register(document);
    expect(status, JSON.stringify(body)).to.equal(201);
    return {
      id: String(body.client_id),
      uri: String(body.registration_client_uri),
      by: String(body.registration_access_token),
      body,
    };
  }
  const used = async (): Promise<number | undefined> => (await tokens.list()).find(({ id }) => id === tokenId)?.used;
  const services = () =>
    createAdminServices({
      ...app.container,
      recoveries: { settleOf: () => Promise.resolve() },
      startCheck: () => Promise.resolve(),
      check: createClientCheck(app.container.provider),
      hasPassedCheck: () => Promise.resolve(true),
    });
  async function approve(id: string): Promise<void> {
    const open = await app.store.clientVersions.findOpen(id);
    const done = await services().review.approve(
      id,
      { number: open!.number, edition: open!.edition },
      { hand: handOf('operator:peninjau') },
    );
    expect(done.ok, JSON.stringify(done)).to.equal(true);
    app.clock.advance({ seconds: 3 });
  }

  it('stands in discovery', async () => {
    expect(
      ((await (await fetch(`${app.url}/.well-known/openid-configuration`)).json()) as Answer['body'])
        .registration_endpoint,
    ).to.equal(`${app.url}/reg`);
  });

  it('makes a draft, which exists for nobody yet, and gives secret and management token this once', async () => {
    const { id, body } = await registered({
      ...web,
      client_id: 'siapkerja-portal',
      client_secret: 'pilihanku',
      software_id: 'x',
    });
    expect(body).to.deep.include({
      client_name: web.client_name,
      redirect_uris: web.redirect_uris,
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret_expires_at: 0,
      status: 'draft',
      awaiting_review: true,
      first_party: false,
    });
    expect(body.client_id).not.to.equal('siapkerja-portal');
    expect(body.client_secret).to.be.a('string').and.not.equal('pilihanku');
    expect(body).not.to.have.property('software_id');
    expect(await app.store.clients.find(id)).to.include({ status: 'draft' });
    const open = await app.store.clientVersions.findOpen(id);
    // Pages name the team from it, in their language.
    expect(open).to.include({ proposedBy: `initial-token:${tokenId}`, reason: undefined });
    const page = await new Browser().open(
      `${app.url}/auth?client_id=${id}&response_type=code&scope=openid&redirect_uri=https://diklat.test/cb`,
    );
    expect(page.status).to.equal(400);
    const rows = JSON.stringify([
      await app.database.knex('initial_tokens').select(),
      await app.database.knex('registration_tokens').select(),
    ]);
    for (const secret of [token, String(body.registration_access_token)]) expect(rows, 'hashed').not.to.include(secret);
  });

  it('takes so many clients as the operator said, of any number at once', async () => {
    const { value } = await make(2);
    const answers = await Promise.all(Array.from({ length: 5 }, () => register(web, value)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 201, 401, 401, 401]);
  });

  it('wants a token that is known, not too old, not revoked', async () => {
    const old = await make(5, 1);
    const revoked = await make();
    expect(await tokens.revoke(revoked.id)).to.equal(true);
    expect(await tokens.revoke(revoked.id), 'once').to.equal(false);
    expect(await tokens.revoke('bukan uuid')).to.equal(false);
    app.clock.advance({ seconds: 90_000 });
    for (const by of ['', 'salah', old.value, revoked.value]) {
      const { status, body, headers } = await register(web, by);
      expect(status, by).to.equal(401);
      expect(body.error).to.equal('invalid_token');
      expect(headers.get('www-authenticate')).to.include('invalid_token');
    }
  });

  describe('refuses, without a use', () => {
    const cases: [string, unknown, string][] = [
      ['an address with a fragment', { ...web, redirect_uris: ['https://diklat.test/cb#x'] }, 'invalid_redirect_uri'],
      ['plain HTTP', { ...web, redirect_uris: ['http://diklat.test/cb'] }, 'invalid_redirect_uri'],
      ['no address', { client_name: 'Uji' }, 'invalid_redirect_uri'],
      ['no name', { redirect_uris: web.redirect_uris }, 'invalid_client_metadata'],
      ['implicit flow', { ...web, grant_types: ['implicit'] }, 'invalid_client_metadata'],
      [
        'rights of operators',
        { client_name: 'Mesin', type: 'machine', scope: 'admin:accounts:read' },
        'invalid_client_metadata',
      ],
      [
        'the NIK',
        {
          ...web,
          scope: 'openid nik',
          data_use: {
            nik: { purpose: { id: 'Memeriksa hak Anda.', en: 'Checking your rights.' }, legal_basis: 'public-task' },
          },
        },
        'invalid_client_metadata',
      ],
      ['to let itself have the NIK', { ...web, allow_nik: true }, 'invalid_client_metadata'],
      ['to be of the house', { ...web, first_party: true }, 'invalid_client_metadata'],
      [
        'to do without PKCE',
        { ...web, pkce_waived_because: 'Pustaka kami terlalu lama untuk itu.' },
        'invalid_client_metadata',
      ],
      ['the former interface', { ...web, bridge: { until: '2099-12-31' } }, 'invalid_client_metadata'],
      [
        'to look after tokens',
        { client_name: 'Mesin', type: 'machine', may_introspect: ['https://api.test/'] },
        'invalid_client_metadata',
      ],
      [
        'to act for an operator',
        { client_name: 'Mesin', type: 'machine', operated_by: 'f81d4fae-7dec-4d0a-a765-00a0c91e6bf6' },
        'invalid_client_metadata',
      ],
      [
        'an API that does not exist',
        { ...web, resources: { 'https://api.tiada.test/': [] } },
        'invalid_client_metadata',
      ],
      ['a list', [web], 'invalid_client_metadata'],
      ['nothing', null, 'invalid_client_metadata'],
    ];
    for (const [what, document, error] of cases) {
      it(what, async () => {
        const { status, body } = await register(document);
        expect({ status, error: body.error }, JSON.stringify(body)).to.deep.equal({ status: 400, error });
        expect(body.error_description).to.be.a('string');
        expect(
          app.logLines.some((line) => line.includes(String(body.help_code)) && line.includes(error)),
          'the log knows the help code',
        ).to.equal(true);
        expect(await used()).to.equal(0);
      });
    }

    it('what is no JSON, another kind, or without end', async () => {
      expect((await call('POST', '/reg', { body: '{' })).status).to.equal(400);
      expect((await call('POST', '/reg', { body: `{"client_name":"${'x'.repeat(100_000)}"}` })).status).to.equal(413);
      const form = await fetch(`${app.url}/reg`, {
        method: 'POST',
        body: new URLSearchParams({ client_name: 'x' }),
        headers: { authorization: `Bearer ${token}` },
      });
      expect(form.status).to.equal(400);
    });

    it('other methods', async () => {
      expect((await call('GET', '/reg')).status).to.equal(405);
      expect((await call('PATCH', '/reg/abc')).status).to.equal(405);
    });
  });

  it('is approved by nobody who handed the token over: they may hold it as well', async () => {
    const accountId = await addAccount(app, somebody());
    const { value } = await make(3, 7, accountId);
    const { body } = await register(web, value);
    const id = String(body.client_id);
    const open = (await app.store.clientVersions.findOpen(id))!;
    const decide = (by: string) =>
      services().review.approve(id, { number: open.number, edition: open.edition }, { hand: handOf(by) });
    expect(await decide(`operator:${accountId}`)).to.deep.equal({ ok: false, refusal: { reason: 'proposal-own', id } });
    expect((await decide('operator:lain')).ok).to.equal(true);
    app.clock.advance({ seconds: 3 });
    // Nor what the team asks for later.
    await call('PUT', String(body.registration_client_uri), {
      by: String(body.registration_access_token),
      document: { ...web, client_id: id, redirect_uris: ['https://lain.test/cb'] },
    });
    const later = (await app.store.clientVersions.findOpen(id))!;
    expect(later.involved).to.include(`operator:${accountId}`);
    expect(
      await tokens.make({ team: 'BLK Contoh', days: 7, most: 3, handedBy: 'f81d4fae-7dec-4d0a-a765-00a0c91e6bf6' }),
    ).to.deep.equal({ ok: false, refusal: 'operator' });
  });

  it('takes so many changes of a client in a day, counted for its team alone', async () => {
    const { id, uri, by } = await registered();
    const limit = app.container.limits.registration.client;
    for (let count = 0; count < 3; count += 1)
      expect((await call('PUT', uri, { by: 'x'.repeat(43), document: { ...web, client_id: id } })).status).to.equal(
        401,
      );
    expect((await app.container.counters.read(limit, id)).used).to.equal(0);
    await app.container.counters.hold(limit, id, 60);
    const late = await call('PUT', uri, { by, document: { ...web, client_id: id } });
    expect(late.status).to.equal(429);
    expect(late.headers.get('retry-after')).to.match(/^\d+$/);
    expect((await call('GET', uri, { by })).status, 'it is read all the same').to.equal(200);
  });

  describe('of a draft', () => {
    it('is read, changed as a whole and taken away by its own token', async () => {
      const { id, uri, by, body } = await registered({
        ...web,
        post_logout_redirect_uris: ['https://diklat.test/bye'],
      });
      const read = await call('GET', uri, { by });
      expect(read.status).to.equal(200);
      expect(read.body).to.deep.include({
        client_id: id,
        client_name: web.client_name,
        registration_access_token: by,
        registration_client_uri: uri,
      });
      expect(read.body, 'no secret again').not.to.have.property('client_secret');

      const changed = await call('PUT', uri, { by, document: { ...web, client_id: id, client_name: 'Diklat Baru' } });
      expect(changed.status, JSON.stringify(changed.body)).to.equal(200);
      expect(changed.body).to.include({ client_name: 'Diklat Baru', status: 'draft', first_party: false });
      expect(changed.body.post_logout_redirect_uris, 'left out, so taken away').to.deep.equal([]);
      const { secrets = [] } = (await app.store.clients.find(id)) ?? {};
      expect(
        (await app.store.clientSecrets.whichFits(id, secrets, sensitive(String(body.client_secret))))?.number,
      ).to.equal(1);

      expect((await call('DELETE', uri, { by })).status).to.equal(204);
      expect(await app.store.clients.find(id)).to.equal(undefined);
      expect((await call('GET', uri, { by })).status).to.equal(401);
      expect((await app.store.audit.list({ type: 'client-draft.removed' })).at(-1)?.clientId).to.equal(id);
    });

    it('is nothing to another token, nor to the one that registered it', async () => {
      const [one, two] = [await registered(), await registered()];
      for (const by of [two.by, token, '', 'salah']) {
        for (const [method, document] of [
          ['GET', undefined],
          ['PUT', { ...web, client_id: one.id }],
          ['DELETE', undefined],
        ] as const) {
          expect((await call(method, one.uri, { by, document })).status, `${method} by ${by}`).to.equal(401);
        }
      }
      expect((await register(web, one.by)).status, 'nor registers it others').to.equal(401);
      expect(await app.store.clients.find(one.id)).to.include({ status: 'draft' });
    });

    it('keeps its id, and takes nothing that only we send', async () => {
      const { id, uri, by } = await registered();
      for (const document of [
        web,
        { ...web, client_id: 'lain' },
        { ...web, client_id: id, registration_access_token: by },
        { ...web, client_id: id, client_secret: 'pilihanku' },
        { ...web, client_id: id, first_party: true },
        { ...web, client_id: id, bridge: { until: '2099-12-31' } },
        { ...web, client_id: id, resources: { 'https://api.tiada.test/': [] } },
      ]) {
        const { status, body: told } = await call('PUT', uri, { by, document });
        expect({ status, error: told.error }).to.deep.equal({ status: 400, error: 'invalid_client_metadata' });
      }
    });

    it('is no longer managed when the team’s token is revoked', async () => {
      const { uri, by } = await registered();
      await tokens.revoke(tokenId);
      expect((await call('GET', uri, { by })).status).to.equal(401);
    });
  });

  describe('of an approved client', () => {
    it('a change that widens waits for review, one that does not acts at once, and nobody deletes it so', async () => {
      const { id, uri, by } = await registered();
      await approve(id);
      expect((await call('GET', uri, { by })).body).to.include({ status: 'active', awaiting_review: false });

      const wider = await call('PUT', uri, {
        by,
        document: { ...web, client_id: id, redirect_uris: [...web.redirect_uris, 'https://lain.test/cb'] },
      });
      expect(wider.status, JSON.stringify(wider.body)).to.equal(200);
      expect(wider.body).to.deep.include({ redirect_uris: web.redirect_uris, status: 'active', awaiting_review: true });
      expect((await app.store.clientVersions.findOpen(id))?.metadata.redirect_uris).to.deep.equal([
        ...web.redirect_uris,
        'https://lain.test/cb',
      ]);

      const contact = await call('PUT', uri, {
        by,
        document: { ...web, client_id: id, contacts: ['baru@diklat.test'] },
      });
      expect(contact.body).to.deep.include({ contacts: ['baru@diklat.test'], awaiting_review: false });
      expect((await call('DELETE', uri, { by })).status).to.equal(403);
    });

    it('what an operator proposed is not lost by a change of the team that knows nothing of it', async () => {
      const { id, uri, by } = await registered();
      await approve(id);
      const wider = [...web.redirect_uris, 'https://lain.test/cb'];
      const { review } = services();
      expect((await review.save(id, { redirect_uris: wider }, { hand: handOf('operator:pengusul') })).ok).to.equal(
        true,
      );
      const open = (await app.store.clientVersions.findOpen(id))!;

      // As the team knows it: without what is proposed.
      for (const document of [
        web,
        { ...web, contacts: ['baru@diklat.test'] },
        { ...web, redirect_uris: [...web.redirect_uris, 'https://tim.test/cb'] },
      ]) {
        const { status, body: told } = await call('PUT', uri, { by, document: { ...document, client_id: id } });
        expect([status, told.error]).to.deep.equal([409, 'invalid_request']);
        expect(told.error_description).to.include('waits to be reviewed');
      }
      expect(await app.store.clientVersions.findOpen(id)).to.deep.equal(open);
      expect((await app.store.clients.find(id))?.metadata.contacts).to.deep.equal(web.contacts);

      const both = await call('PUT', uri, {
        by,
        document: { ...web, redirect_uris: wider, contacts: ['baru@diklat.test'], client_id: id },
      });
      expect([both.status, both.body.awaiting_review]).to.deep.equal([200, true]);
      const merged = (await app.store.clientVersions.findOpen(id))!;
      expect(merged).to.deep.include({
        number: open.number,
        edition: open.edition + 1,
        involved: ['operator:pengusul', `initial-token:${tokenId}`],
      });
      expect(merged.metadata).to.deep.include({ redirect_uris: wider, contacts: ['baru@diklat.test'] });

      expect(
        (await review.reject(id, merged, { hand: handOf('operator:peninjau'), note: 'alamat itu tidak dipakai' })).ok,
      ).to.equal(true);
      expect((await call('PUT', uri, { by, document: { ...web, client_id: id } })).status).to.equal(200);
    });

    it('what an operator granted stays as it is', async () => {
      const { id, uri, by } = await registered();
      await approve(id);
      const before = await app.store.clients.find(id);
      await app.store.clients.update(id, { metadata: { ...before!.metadata, first_party: true } }, app.clock.now());
      await call('PUT', uri, { by, document: { ...web, client_id: id, contacts: ['lain@diklat.test'] } });
      expect((await app.store.clients.find(id))?.metadata.first_party).to.equal(true);
    });

    it('takes the whole registration back as it was shown, what an operator granted and the secret included, as no change', async () => {
      const { id, uri, by, body: first } = await registered();
      await approve(id);
      const metadata = {
        ...(await app.store.clients.find(id))!.metadata,
        first_party: true,
        pkce_waived_because: 'Pustaka kami terlalu lama untuk itu.',
      };
      await app.store.clients.update(id, { metadata }, app.clock.now());
      const {
        registration_access_token: _token,
        registration_client_uri: _uri,
        client_id_issued_at: _at,
        ...shown
      } = (await call('GET', uri, { by })).body;
      const sent = await call('PUT', uri, { by, document: { ...shown, client_secret: first.client_secret } });
      expect(sent.body, JSON.stringify(sent.body)).to.deep.include({ ...shown, awaiting_review: false });
      expect((await app.store.clients.find(id))?.metadata).to.deep.equal(metadata);
      const more = await call('PUT', uri, { by, document: { ...shown, notice_page: true } });
      expect([more.status, more.body.error_description]).to.deep.equal([
        400,
        'notice_page is granted by an operator alone',
      ]);
    });

    it('stopped, changes nothing more', async () => {
      const { id, uri, by } = await registered();
      await approve(id);
      await app.store.clients.update(id, { status: 'disabled' }, app.clock.now());
      expect((await call('PUT', uri, { by, document: { ...web, client_id: id } })).status).to.equal(403);
    });
  });

  it('slows down whoever asks too often', async () => {
    const limit = app.config.limits.registrationsPerNetwork;
    await app.database.knex('counters').del();
    const statuses = new Set<number>();
    for (let count = 0; count <= limit; count += 50)
      await Promise.all(
        Array.from({ length: 50 }, async () => statuses.add((await call('GET', '/reg/tiada', { by: 'salah' })).status)),
      );
    expect([...statuses].sort()).to.deep.equal([401, 429]);
    await app.database.knex('counters').del();
  });
});
