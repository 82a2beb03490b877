import { expect } from 'chai';
import { UNREAD } from '../../../src/admin/clients/address-rules.ts';
import { createClientReview, type ClientReview } from '../../../src/admin/clients/review.ts';
import { createClientService, type ClientRefusal, type ClientService } from '../../../src/admin/clients/service.ts';
import { handOf, teamOf } from '../../../src/admin/clients/versions.ts';
import { createStandaloneCheck } from '../../../src/cli/client-check.ts';
import type { Core } from '../../../src/core.ts';
import type { Result } from '../../../src/domain/result.ts';
import { createTestCore } from '../../support/core.ts';
import { startKeyServer, type KeyServer } from '../../support/key-server.ts';

const [siti, budi, team] = [handOf('operator:siti'), handOf('operator:budi'), handOf(teamOf('tim'))];
const problemsOf = (result: Result<unknown, ClientRefusal>): readonly string[] =>
  result.ok || result.refusal.reason !== 'client-metadata'
    ? []
    : result.refusal.problems.map(({ field, what }) => `${field} ${what}`);
const done = <T>(result: Result<T, ClientRefusal>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};

const SECTOR = 'https://sektor.test/sektor.json';
const homes = ['https://a.test/cb', 'https://b.test/cb'];

describe('The list of a sector, when a client is registered or changed', () => {
  let core: Core;
  let close: () => Promise<void>;
  let clients: ClientService;
  let review: ClientReview;
  let server: KeyServer;

  before(async () => {
    ({ core, close } = await createTestCore());
    const check = await createStandaloneCheck(core);
    // The address has to be https, which no server of a test can be: only where it leads is another.
    const outbound: Core['outbound'] = {
      ...core.outbound,
      readDocument: (address, options) =>
        core.outbound.readDocument(address.replace('https://sektor.test', new URL(server.uri).origin), options),
    };
    clients = createClientService({ ...core, outbound, check });
    review = createClientReview({ ...core, outbound, check, clients, hasPassedCheck: () => Promise.resolve(true) });
  });
  after(() => close());
  beforeEach(async () => {
    server = await startKeyServer();
  });
  afterEach(() => server.close());

  const pairwise = (further: object = {}) => ({
    client_name: 'Uji',
    redirect_uris: homes,
    scope: 'openid profile',
    subject_type: 'pairwise',
    sector_identifier_uri: SECTOR,
    ...further,
  });
  const register = (further?: object, hand = siti) => review.register({ document: pairwise(further) }, { hand });
  const refusals = async () =>
    (await core.store.audit.list({ type: 'client.address-refused' })).map(({ details }) => details);

  it('is looked at once, and a good one is taken, others in it besides', async () => {
    server.publishes([...homes, 'https://c.test/cb']);
    expect(done(await register()).warnings).to.deep.equal([]);
    expect(server.asked).to.deep.equal(['/sektor.json']);
  });

  const wrong: readonly (readonly [what: string, document: unknown, problem: RegExp])[] = [
    [
      'one redirect URI missing',
      ['https://a.test/cb'],
      /^sector_identifier_uri does not list https:\/\/b\.test\/cb: every redirect URI/,
    ],
    [
      'one that is written otherwise',
      ['https://a.test/cb', 'https://b.test/cb/'],
      /does not list https:\/\/b\.test\/cb:/,
    ],
    ['nothing in it', [], /does not list https:\/\/a\.test\/cb https:\/\/b\.test\/cb:/],
    ['something in it that is no text', [...homes, 1], /^sector_identifier_uri holds no list/],
    ['an object in its place', { redirect_uris: homes }, /^sector_identifier_uri holds no list/],
    ['a page in its place', '<!doctype html>', /^sector_identifier_uri holds no list/],
    [
      'more than anybody needs',
      [...homes, 'x'.repeat(300_000)],
      /^sector_identifier_uri answers with more than 256 KB/,
    ],
  ];
  for (const [what, document, problem] of wrong) {
    it(`is refused with ${what}`, async () => {
      server.publishes(document);
      const [found, ...others] = problemsOf(await register());
      expect(found).to.match(problem);
      expect(others).to.deep.equal([]);
    });
  }

  it('is refused where the address leads inside or redirects, and nobody is called there; the attempt is remembered', async () => {
    expect(problemsOf(await register({ sector_identifier_uri: 'https://10.0.0.8/sektor.json' }))[0]).to.match(
      /^sector_identifier_uri leads into a private network/,
    );
    server.answers((request, response) =>
      request.url === '/sektor.json'
        ? response.writeHead(302, { location: '/inner' }).end()
        : response.end(JSON.stringify(homes)),
    );
    expect(problemsOf(await register())[0]).to.match(/^sector_identifier_uri redirects/);
    expect(server.asked).to.deep.equal(['/sektor.json']);
    expect(await refusals()).to.include.deep.members(
      ['address-refused', 'redirect'].map((reason) => ({
        member: 'sector_identifier_uri',
        reason,
        by: 'operator:siti',
      })),
    );
  });

  it('that cannot be had now keeps nobody from registering, who is told so', async () => {
    server.answers((_request, response) => response.writeHead(404).end());
    expect(done(await register()).warnings).to.deep.equal([
      { field: 'sector_identifier_uri', what: 'cannot be read now: it answers with status 404' },
    ]);
  });

  it('tells a team one thing whatever keeps it from being read', async () => {
    expect(problemsOf(await register({ sector_identifier_uri: 'https://10.0.0.8/sektor.json' }, team))).to.deep.equal([
      `sector_identifier_uri ${UNREAD}`,
    ]);
    for (const answer of [
      () => {
        server.answers((_request, response) => response.writeHead(404).end());
      },
      () => {
        server.publishes('<html>');
      },
      () => {
        server.answers((request) => request.socket.destroy());
      },
    ]) {
      answer();
      expect(done(await register({}, team)).warnings).to.deep.equal([{ field: 'sector_identifier_uri', what: UNREAD }]);
    }
  });

  it('is looked at again when the redirect URIs are others, and when it is approved', async () => {
    server.publishes(homes);
    const { id } = done(await register()).client;
    done(await review.save(id, { client_name: 'Lain' }, { hand: siti }));
    expect(server.asked).to.have.length(1);
    expect(
      problemsOf(await review.save(id, { redirect_uris: [...homes, 'https://c.test/cb'] }, { hand: siti }))[0],
    ).to.match(/does not list https:\/\/c\.test\/cb:/);
    expect(problemsOf(await clients.update(id, { redirect_uris: [...homes, 'https://c.test/cb'] }))[0]).to.match(
      /does not list https:\/\/c\.test\/cb:/,
    );
    const open = (await core.store.clientVersions.findOpen(id))!;
    server.publishes(['https://a.test/cb']);
    expect(problemsOf(await review.approve(id, open, { hand: budi }))[0]).to.match(
      /does not list https:\/\/b\.test\/cb:/,
    );
    server.publishes(homes);
    done(await review.approve(id, open, { hand: budi }));
    expect((await clients.find(id))?.status).to.equal('active');
  });

  it('is fetched while no transaction waits for it', async () => {
    server.publishes(homes);
    const { id } = done(await register()).client;
    let isFree = false;
    server.answers((_request, response) => {
      // Whoever held the client's row would keep this from coming back.
      void core.store
        .transaction((tx) => tx.clients.lock(id))
        .then(() => {
          isFree = true;
          response.end(JSON.stringify(homes));
        });
    });
    done(await review.save(id, { redirect_uris: homes.toReversed() }, { hand: siti }));
    expect(isFree).to.equal(true);
  });
});
