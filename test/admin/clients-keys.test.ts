import { expect } from 'chai';
import { createInitialTokens } from '../../src/admin/clients/registration/tokens.ts';
import { UNREAD } from '../../src/admin/clients/address-rules.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import type { Page } from '../support/browser.ts';
import { makeKey, type ClientKey } from '../support/client-keys.ts';
import { startOperator, type TestOperator } from '../support/console.ts';
import { startKeyServer, type KeyServer } from '../support/key-server.ts';

const reason = 'tiket 2042, diminta pengelola';
const INNER = 'https://10.0.0.8/jwks';
const SECRET = 'rahasia-mesin-hanya-untuk-pengujian';
type Body = Readonly<Record<string, unknown>>;

describe('The address of a client’s keys', () => {
  let app: TestApp;
  let manager: TestOperator;
  let approver: TestOperator;
  let key: ClientKey;
  let rsa: ClientKey;
  let server: KeyServer;
  before(async () => {
    app = await startTestApp();
    manager = await startOperator(app, ['client-manager', 'client-approver']);
    approver = await startOperator(app, ['client-approver']);
    [key, rsa] = [await makeKey('kunci'), await makeKey('rsa', 'RS256')];
  });
  after(() => app.close());
  beforeEach(async () => {
    server = await startKeyServer();
  });
  afterEach(() => server.close());

  describe('at the console', () => {
    const send = async (change: Readonly<Record<string, string>>, lang = 'id'): Promise<Page> =>
      manager.browser.submit(await manager.open(`/clients/new?lang=${lang}`), 'client_name', {
        type: 'web',
        client_name: 'Layanan Uji',
        redirect_uris: 'https://rp.test/cb',
        scope: 'openid',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: server.uri,
        intent: 'check',
        ...change,
      });
    const countClients = async (): Promise<number> => (await app.store.clients.list()).length;

    it('is looked at by the check without saving, and nothing is saved', async () => {
      server.publishes({ keys: [key.jwk] });
      const before = await countClients();
      const page = await send({});
      expect([page.status, server.asked]).to.deep.equal([200, ['/jwks']]);
      expect(page.text).to.include('Semua isian dapat diterima. Belum ada yang disimpan.');
      expect(await countClients()).to.equal(before);
    });

    it('is not called again while other fields of the form are left', async () => {
      server.publishes({ keys: [key.jwk] });
      expect((await send({ left: 'client_name' })).status).to.equal(200);
      expect(server.asked).to.deep.equal([]);
      await send({ left: 'jwks_uri' });
      expect(server.asked).to.deep.equal(['/jwks']);
    });

    it('is refused with the reason at the field, in both languages, and what was typed stays', async () => {
      const cases: readonly [how: () => void, change: Readonly<Record<string, string>>, id: string, en: string][] = [
        [() => undefined, { jwks_uri: INNER }, 'mengarah ke jaringan internal', 'leads into a private network'],
        [
          () => {
            server.answers((_request, response) => response.writeHead(302, { location: INNER }).end());
          },
          {},
          'pengalihan tidak diikuti',
          'redirects are not followed',
        ],
        [
          () => {
            server.publishes({ keys: [key.privateJwk] });
          },
          {},
          'Di sini ada kunci privat',
          'There is a private key here',
        ],
        [
          () => {
            server.publishes('<html>');
          },
          {},
          'tidak ada JWKS',
          'There is no JWKS',
        ],
        [
          () => {
            server.publishes({ keys: [rsa.jwk] });
          },
          { security_profile: 'fapi2' },
          'tidak ada kunci untuk ES256 / EdDSA / PS256, yang diperlukan oleh token_endpoint_auth_signing_alg',
          'no key for ES256 / EdDSA / PS256 at this address, which token_endpoint_auth_signing_alg asks for',
        ],
      ];
      for (const [how, change, id, en] of cases) {
        for (const [lang, words] of [
          ['id', id],
          ['en', en],
        ] as const) {
          for (const intent of ['check', 'save']) {
            how();
            const page = await send({ ...change, intent }, lang);
            expect(page.status, words).to.equal(422);
            expect(/<p class="error" id="jwks_uri-error">.*?<\/p>/s.exec(page.html)?.[0], words).to.include(words);
            expect(page.html).to.include(`value="${change.jwks_uri ?? server.uri}"`);
          }
        }
      }
      expect(
        (await app.store.audit.list({ type: 'client.keys-refused' })).map(({ details }) => details),
      ).to.deep.include({ reason: 'address-refused', by: `operator:${manager.accountId}` });
    });

    it('of a sector is judged at its field too, in both languages', async () => {
      for (const [lang, words] of [
        ['id', 'mengarah ke jaringan internal'],
        ['en', 'leads into a private network'],
      ] as const) {
        const page = await send(
          {
            jwks_uri: '',
            token_endpoint_auth_method: 'client_secret_basic',
            subject_type: 'pairwise',
            sector_identifier_uri: 'https://10.0.0.8/sektor',
            left: 'sector_identifier_uri',
          },
          lang,
        );
        expect(page.status, words).to.equal(422);
        expect(/<p class="error" id="sector_identifier_uri-error">.*?<\/p>/s.exec(page.html)?.[0], words).to.include(
          words,
        );
      }
    });

    it('that does not answer yet is told at the field, when it is saved and to whoever reviews it, and there until it does', async () => {
      server.answers((_request, response) => response.writeHead(404).end());
      const checked = await send({});
      expect(checked.status).to.equal(200);
      expect(checked.text).to.include('perlu diperhatikan').and.include('menjawab dengan status 404');
      expect((await send({}, 'en')).text).to.include('answers with status 404');
      const saved = await send({ intent: 'save' });
      expect([saved.status, saved.url.searchParams.get('done')]).to.deep.equal([200, 'created']);
      expect(saved.text).to.include('Kunci aplikasi (JWKS) belum dapat diambil');
      const id = saved.url.pathname.split('/').at(-1) ?? '';
      const proposal = `/clients/${id}/proposal`;
      expect((await approver.open(proposal)).text)
        .to.include('belum dapat diambil')
        .and.include('status 404');
      server.publishes({ keys: [key.jwk] });
      expect((await approver.open(proposal)).text).to.include('Kunci yang ditemukan: 1.');
      server.publishes({ keys: [key.privateJwk] });
      expect((await approver.open(`${proposal}?lang=en`)).text)
        .to.include('not acceptable')
        .and.include('There is a private key here');
      expect(
        (await approver.browser.submit(await approver.open(`${proposal}?lang=en`), '/proposal/reject', { reason }))
          .status,
      ).to.equal(200);
    });

    it('is looked at by the check of a client that says it already', async () => {
      server.publishes({ keys: [key.jwk] });
      const saved = await send({ intent: 'save' });
      const id = saved.url.pathname.split('/').at(-1) ?? '';
      server.publishes('<html>');
      const page = await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
        intent: 'check',
      });
      expect([page.status, page.text.includes('tidak ada JWKS')]).to.deep.equal([422, true]);
      // To change something else it need not be well.
      expect(
        (
          await manager.browser.submit(await manager.open(`/clients/${id}/edit`), 'client_name', {
            intent: 'save',
            contacts: 'tim@rp.test',
          })
        ).status,
      ).to.equal(200);
    });
  });

  const answerOf = async (response: Response): Promise<{ status: number; body: Body }> => ({
    status: response.status,
    body: (await response.json()) as Body,
  });
  const metadata = (jwks_uri: string): object => ({
    client_name: 'Uji',
    redirect_uris: ['https://rp.test/cb'],
    scope: 'openid',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri,
  });

  it('is refused at dynamic registration by the same rules, and a warning comes with the answer', async () => {
    const made = await createInitialTokens(app.container).make({ team: 'BLK Contoh', days: 7, most: 20 });
    if (!made.ok) throw new Error(made.refusal);
    const register = async (uri: string) =>
      answerOf(
        await fetch(`${app.url}/reg`, {
          method: 'POST',
          headers: { authorization: `Bearer ${made.value.value.reveal()}`, 'content-type': 'application/json' },
          body: JSON.stringify(metadata(uri)),
        }),
      );
    const inner = await register(INNER);
    expect([inner.status, inner.body.error]).to.deep.equal([400, 'invalid_client_metadata']);
    expect(inner.body.error_description).to.equal(`jwks_uri ${UNREAD}`);
    expect((await app.store.audit.list({ type: 'client.keys-refused' })).map(({ details }) => details)).to.deep.include(
      { reason: 'address-refused', by: `initial-token:${made.value.token.id}` },
    );

    // Whoever holds a token could search the networks that we reach: what answers there, and how, looks the same as
    // nothing.
    const early = await register(`http://127.0.0.1:${await freePort()}/jwks`);
    expect([early.status, early.body.warnings]).to.deep.equal([201, [`jwks_uri ${UNREAD}`]]);
    const answers: readonly (() => void)[] = [
      () => {
        server.answers((_request, response) => response.writeHead(503).end());
      },
      () => {
        server.answers((_request, response) => response.writeHead(302, { location: INNER }).end());
      },
      () => {
        server.answers((request) => request.socket.destroy());
      },
      () => {
        server.publishes('<html>');
      },
      () => {
        server.publishes({ status: 'ok' });
      },
      () => {
        server.publishes('x'.repeat(300_000));
      },
    ];
    for (const answer of answers) {
      answer();
      const other = await register(server.uri);
      expect([other.status, other.body.warnings]).to.deep.equal([201, [`jwks_uri ${UNREAD}`]]);
      const proposal = await approver.open(`/clients/${String(other.body.client_id)}/proposal`);
      expect(proposal.text, 'operators are told').to.match(
        /status 503|mengalihkan|belum dapat dijangkau|tidak ada JWKS|terlalu panjang/,
      );
    }
    const manage = async (method: string, document?: object) =>
      answerOf(
        await fetch(String(early.body.registration_client_uri), {
          method,
          headers: {
            authorization: `Bearer ${String(early.body.registration_access_token)}`,
            'content-type': 'application/json',
          },
          ...(document === undefined ? {} : { body: JSON.stringify(document) }),
        }),
      );
    expect((await manage('GET')).body).not.to.have.property('warnings');
    const id = { client_id: early.body.client_id };
    const moved = await manage('PUT', { ...id, ...metadata(INNER) });
    expect([moved.status, moved.body.error]).to.deep.equal([400, 'invalid_client_metadata']);
    server.publishes({ keys: [key.jwk] });
    const mended = await manage('PUT', { ...id, ...metadata(`${server.uri}?v=2`) });
    expect(mended.status, JSON.stringify(mended.body)).to.equal(200);
    expect(mended.body).not.to.have.property('warnings');
  });

  it('is refused at the operators’ API by the same rules, and warnings come with the answer and to the reviewer', async () => {
    const scope = 'admin:clients:read admin:clients:write';
    await app.addClient({
      type: 'machine',
      secret: SECRET,
      metadata: {
        client_id: 'robot',
        client_name: 'robot',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        scope,
        token_endpoint_auth_method: 'client_secret_basic',
        operated_by: manager.accountId,
      },
    });
    const { access_token: token } = (await (
      await fetch(`${app.url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`robot:${SECRET}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
      })
    ).json()) as { access_token: string };
    const call = async (method: string, path: string, body?: object) =>
      answerOf(
        await fetch(`${app.url}/api/admin/v1/clients${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );

    const inner = await call('POST', '', { metadata: metadata(INNER), reason });
    expect([inner.status, (inner.body.errors as Body[] | undefined)?.[0]?.field]).to.deep.equal([
      422,
      'body.metadata.jwks_uri',
    ]);
    server.answers((_request, response) => response.writeHead(503).end());
    const early = await call('POST', '', { metadata: metadata(server.uri), reason });
    const warning = { field: 'jwks_uri', what: 'cannot be read now: it answers with status 503' };
    expect([early.status, early.body.warnings]).to.deep.equal([200, [warning]]);
    const path = `/${String(early.body.client_id)}`;
    expect((await call('GET', `${path}/proposal`)).body.warnings).to.deep.equal([warning]);
    server.publishes({ keys: [key.jwk] });
    expect((await call('GET', `${path}/proposal`)).body.warnings).to.deep.equal([]);
    expect((await call('PATCH', path, { metadata: { jwks_uri: INNER } })).status).to.equal(422);
    expect(
      (await call('PATCH', path, { metadata: { token_endpoint_auth_signing_alg: 'ES256' } })).body.warnings,
    ).to.deep.equal([]);
  });
});
