import { expect } from 'chai';
import { createClientReview, type ClientReview } from '../../../src/admin/clients/review.ts';
import { createClientService, type ClientRefusal, type ClientService } from '../../../src/admin/clients/service.ts';
import { handOf } from '../../../src/admin/clients/versions.ts';
import { createStandaloneCheck } from '../../../src/cli/client-check.ts';
import type { Core } from '../../../src/core.ts';
import type { Result } from '../../../src/domain/result.ts';
import { freePort } from '../../support/app.ts';
import { makeKey, type ClientKey } from '../../support/client-keys.ts';
import { createTestCore } from '../../support/core.ts';
import { startKeyServer, type KeyServer } from '../../support/key-server.ts';

const [siti, budi] = [handOf('operator:siti'), handOf('operator:budi')];
const problemsOf = (result: Result<unknown, ClientRefusal>): readonly string[] =>
  result.ok || result.refusal.reason !== 'client-metadata'
    ? []
    : result.refusal.problems.map(({ field, what }) => `${field} ${what}`);
const done = <T>(result: Result<T, ClientRefusal>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

describe('The keys that a client publishes, when it is registered or changed', () => {
  let core: Core;
  let close: () => Promise<void>;
  let clients: ClientService;
  let review: ClientReview;
  let server: KeyServer;
  let es256: ClientKey;
  let rsa: ClientKey;
  let agreement: ClientKey;

  before(async () => {
    ({ core, close } = await createTestCore());
    const check = await createStandaloneCheck(core);
    clients = createClientService({ ...core, check });
    review = createClientReview({ ...core, check, clients, hasPassedCheck: () => Promise.resolve(true) });
    [es256, rsa, agreement] = await Promise.all([
      makeKey('es'),
      makeKey('rs', 'RS256'),
      makeKey('enc', 'ECDH-ES', 'enc'),
    ]);
  });
  after(() => close());
  beforeEach(async () => {
    server = await startKeyServer();
  });
  afterEach(() => server.close());

  const byKey = (further: object = {}) => ({
    client_name: 'Uji',
    redirect_uris: ['https://rp.test/cb'],
    scope: 'openid profile',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: server.uri,
    ...further,
  });
  const create = (further?: object) => clients.create([{ document: byKey(further) }], { hand: siti });
  const register = (further?: object) => review.register({ document: byKey(further) }, { hand: siti });
  const refusals = async () =>
    (await core.store.audit.list({ type: 'client.keys-refused' })).map(({ details }) => details);

  it('are looked at once, and good ones are taken', async () => {
    server.publishes({ keys: [es256.jwk, agreement.jwk] });
    const [made] = done(
      await create({ token_endpoint_auth_signing_alg: 'ES256', id_token_encrypted_response_alg: 'ECDH-ES' }),
    );
    expect([made?.client.metadata.jwks_uri, made?.warnings]).to.deep.equal([server.uri, []]);
    expect(server.asked).to.deep.equal(['/jwks']);
  });

  const wrong: readonly (readonly [what: string, document: () => unknown, further: object, problem: RegExp])[] = [
    ['a private key', () => ({ keys: [es256.privateJwk] }), {}, /^jwks_uri holds a private key/],
    [
      'a shared secret',
      () => ({ keys: [es256.jwk, { kty: 'oct', k: 'cmFoYXNpYQ', kid: 's' }] }),
      {},
      /^jwks_uri holds a private key/,
    ],
    ['no key', () => ({ keys: [] }), {}, /^jwks_uri holds no key$/],
    ['no key set', () => ({ status: 'ok' }), {}, /^jwks_uri holds no key set/],
    ['one key without a set', () => es256.jwk, {}, /^jwks_uri holds no key set/],
    ['broken JSON', () => '{"keys":[', {}, /^jwks_uri holds no key set/],
    ['a page', () => '<!doctype html><title>Beranda</title>', {}, /^jwks_uri holds no key set/],
    [
      'a key without its half',
      () => ({ keys: [{ ...es256.jwk, y: undefined }] }),
      {},
      /^jwks_uri holds a key of which a part is missing$/,
    ],
    [
      'a point beside the curve',
      () => ({ keys: [{ ...es256.jwk, y: es256.jwk.x }] }),
      {},
      /^jwks_uri holds no key for ES256 \/ EdDSA \/ PS256 \/ RS256, which token_endpoint_auth_signing_alg asks for/,
    ],
    [
      'several keys without names',
      () => ({ keys: [{ ...es256.jwk, kid: undefined }, rsa.jwk] }),
      {},
      /^jwks_uri key 1 needs a kid/,
    ],
    [
      'more than a key set needs',
      () => ({ keys: [es256.jwk], padding: 'x'.repeat(300_000) }),
      {},
      /^jwks_uri answers with more than 256 KB/,
    ],
    [
      'no key for the algorithm of the assertion',
      () => ({ keys: [rsa.jwk] }),
      { token_endpoint_auth_signing_alg: 'ES256' },
      /^jwks_uri holds no key for ES256, which token_endpoint_auth_signing_alg asks for/,
    ],
    [
      'a key made for another algorithm',
      () => ({ keys: [rsa.jwk] }),
      { token_endpoint_auth_signing_alg: 'PS256' },
      /^jwks_uri holds no key for PS256/,
    ],
    [
      'no key for its request objects',
      () => ({ keys: [es256.jwk] }),
      { request_object_signing_alg: 'EdDSA' },
      /^jwks_uri holds no key for EdDSA, which request_object_signing_alg asks for/,
    ],
    [
      'no key to encrypt to',
      () => ({ keys: [es256.jwk] }),
      { id_token_encrypted_response_alg: 'ECDH-ES' },
      /^jwks_uri holds no key for ECDH-ES, which id_token_encrypted_response_alg asks for \(a key to encrypt to\)$/,
    ],
    ['keys to encrypt to alone', () => ({ keys: [agreement.jwk] }), {}, /^jwks_uri holds no key for ES256 \/ /],
    [
      'RS256 under fapi2',
      () => ({ keys: [rsa.jwk] }),
      { security_profile: 'fapi2' },
      /^jwks_uri holds no key for ES256 \/ EdDSA \/ PS256, which/,
    ],
  ];
  for (const [what, document, further, problem] of wrong) {
    it(`are refused with ${what}`, async () => {
      server.publishes(document());
      const [found, ...others] = problemsOf(await create(further));
      expect(found).to.match(problem);
      expect(others).to.deep.equal([]);
    });
  }

  it('are refused where the address leads inside, by name or number, and nobody is called; the attempt is remembered', async () => {
    for (const jwks_uri of ['https://10.0.0.8/jwks', 'https://[fd00::8]/jwks', 'https://169.254.169.254/latest'])
      expect(problemsOf(await register({ jwks_uri }))[0]).to.match(/^jwks_uri leads into a private network/);
    expect(await refusals()).to.deep.include({ reason: 'address-refused', by: 'operator:siti' });
  });

  it('are refused where the address redirects, and where it leads is not called', async () => {
    server.answers((request, response) =>
      request.url === '/jwks'
        ? response.writeHead(307, { location: '/inner' }).end()
        : response.end(JSON.stringify({ keys: [es256.jwk] })),
    );
    expect(problemsOf(await register())[0]).to.match(/^jwks_uri redirects/);
    expect(server.asked).to.deep.equal(['/jwks']);
    expect(await refusals()).to.deep.include({ reason: 'redirect', by: 'operator:siti' });
  });

  it('are refused where the answer has no end', async () => {
    server.answers((_request, response) => response.writeHead(200).write('{"keys":['));
    expect(problemsOf(await register())).to.deep.equal(['jwks_uri does not come to the end of its answer in time']);
  });

  it('that cannot be had now keep nobody from registering, who is told so', async () => {
    server.answers((_request, response) => response.writeHead(503).end());
    expect(done(await register()).warnings).to.deep.equal([
      { field: 'jwks_uri', what: 'cannot be read now: it answers with status 503' },
    ]);
    expect(done(await register({ jwks_uri: `http://127.0.0.1:${await freePort()}/jwks` })).warnings).to.deep.equal([
      { field: 'jwks_uri', what: 'cannot be reached now: nobody answers' },
    ]);
    server.answers(() => undefined);
    expect(done(await register()).warnings).to.deep.equal([
      { field: 'jwks_uri', what: 'cannot be reached now: no answer in time' },
    ]);
  });

  it('are fetched while no transaction waits for them', async () => {
    server.publishes({ keys: [es256.jwk] });
    const { id } = done(await register()).client;
    let isFree = false;
    server.answers((_request, response) => {
      // Whoever held the client's row would keep this from coming back.
      void core.store
        .transaction((tx) => tx.clients.lock(id))
        .then(() => {
          isFree = true;
          response.end(JSON.stringify({ keys: [es256.jwk] }));
        });
    });
    done(await review.save(id, { token_endpoint_auth_signing_alg: 'ES256' }, { hand: siti }));
    expect(isFree).to.equal(true);
  });

  it('are looked at again only where the address, or what they must be good for, is another', async () => {
    server.publishes({ keys: [es256.jwk] });
    const { id } = done(await create())[0]!.client;
    const asked = (): number => server.asked.length;
    expect(asked()).to.equal(1);
    done(await review.save(id, { client_name: 'Lain', contacts: ['tim@rp.test'] }, { hand: siti }));
    expect(asked()).to.equal(1);
    expect(
      problemsOf(await review.save(id, { id_token_encrypted_response_alg: 'ECDH-ES' }, { hand: siti }))[0],
    ).to.match(/^jwks_uri holds no key for ECDH-ES/);
    expect(problemsOf(await clients.update(id, { token_endpoint_auth_signing_alg: 'PS256' }))[0]).to.match(
      /^jwks_uri holds no key for PS256/,
    );
    expect(problemsOf(await clients.update(id, { jwks_uri: 'https://10.0.0.8/jwks' }))[0]).to.match(/private network/);
    expect((await clients.find(id))?.metadata.jwks_uri).to.equal(server.uri);
    expect(asked()).to.equal(3);
  });

  it('are looked at once more when they are approved: the service may have published something else', async () => {
    server.publishes({ keys: [es256.jwk] });
    const { id } = done(await register()).client;
    const open = (await core.store.clientVersions.findOpen(id))!;
    server.publishes({ keys: [es256.privateJwk] });
    expect(problemsOf(await review.approve(id, open, { hand: budi }))[0]).to.match(/holds a private key/);
    expect((await clients.find(id))?.status).to.equal('draft');
    server.answers((_request, response) => response.writeHead(503).end());
    done(await review.approve(id, open, { hand: budi }));
    expect((await clients.find(id))?.status).to.equal('active');
  });
});
