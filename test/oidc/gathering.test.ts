import { expect } from 'chai';
import type { AccountId } from '../../src/domain/account.ts';
import { createEndGrants } from '../../src/oidc/state/holder.ts';
import { addAccount } from '../support/accounts.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { citizens } from '../support/citizens.ts';
import { hasRedis, startRedis, type RedisServer } from '../support/redis.ts';
import { createRelyingParty, type RelyingParty } from '../support/relying-party.ts';
import { exchange, obtainCode, postAs, userinfo, type Answer } from './exchange.ts';

const { budi } = citizens;
const REDIS_AWAY = Object.assign(new Error('Redis is away'), { code: 'REDIS_AWAY' });

(hasRedis() ? describe : describe.skip)('Protocol on Redis: what is one step there', () => {
  let server: RedisServer;
  let app: TestApp;
  let service: RelyingParty;
  let accountId: AccountId;

  before(async () => {
    server = await startRedis();
    app = await startTestApp({ redis: { url: server.url, timeoutMs: 5000 } });
    service = await createRelyingParty(app, {
      scope: 'openid profile',
      further: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    });
    accountId = await addAccount(app, budi);
  });
  after(async () => {
    await app.close();
    await server.close();
  });

  type State = TestApp['container']['store']['protocolState'];
  type UseAndWrite = NonNullable<State['useAndWrite']>;

  /** Stands between the protocol and its store while the work is done. */
  async function between<T>(instead: (usual: UseAndWrite) => UseAndWrite, work: () => Promise<T>): Promise<T> {
    const { protocolState } = app.container.store;
    const usual = protocolState.useAndWrite?.bind(protocolState);
    if (usual === undefined) throw new Error('there is no such step');
    Object.assign(protocolState, { useAndWrite: instead(usual) });
    try {
      return await work();
    } finally {
      Object.assign(protocolState, { useAndWrite: usual });
    }
  }

  async function codeFrom(browser?: Browser): Promise<(further?: Readonly<Record<string, string>>) => Promise<Answer>> {
    const { code, request } = await obtainCode(service, budi, browser);
    return (further = {}) =>
      postAs(
        app,
        '/token',
        {
          grant_type: 'authorization_code',
          code,
          redirect_uri: `${service.origin}/cb`,
          code_verifier: request.verifier,
          ...further,
        },
        service,
      );
  }

  it('uses a code and writes its tokens at once, and they are good', async () => {
    const ask = await codeFrom();
    const seen: string[][] = [];
    const { status, body } = await between(
      (usual) => (used, writes) => {
        seen.push([used.model, ...writes.map(({ model }) => model)]);
        return usual(used, writes);
      },
      () => ask(),
    );
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(seen).to.deep.equal([['AuthorizationCode', 'AccessToken', 'RefreshToken']]);
    expect((await userinfo(app, body.access_token)).status).to.equal(200);
    expect(
      (await postAs(app, '/token', { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }, service))
        .status,
    ).to.equal(200);
  });

  it('gives the tokens of a code to one of ten, and ends them: somebody else had it', async () => {
    const ask = await codeFrom();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
    const good = answers.filter(({ status }) => status === 200);
    expect(good).to.have.length(1);
    for (const { status, body } of answers) if (status !== 200) expect(body).to.include({ error: 'invalid_grant' });
    expect((await userinfo(app, good[0]?.body.access_token)).status).to.equal(401);
  });

  it('gives no token where the store is away in this moment', async () => {
    const ask = await codeFrom();
    const { status, body } = await between(
      () => () => Promise.reject(REDIS_AWAY),
      () => ask(),
    );
    expect([status, body.error]).to.deep.equal([503, 'temporarily_unavailable']);
    expect((await ask()).status, 'nothing was used').to.equal(200);
  });

  it('uses a code up though its exchange fails afterwards', async () => {
    const ask = await codeFrom();
    expect((await ask({ resource: 'https://no-such-api.contoh.test' })).body).to.include({ error: 'invalid_target' });
    expect((await ask()).body).to.include({ error: 'invalid_grant' });
  });

  it('finds the grant of a session with it, and not once it was ended: single sign-on goes on with another', async () => {
    const browser = new Browser();
    const first = (await (await codeFrom(browser))()).body;
    const again = (await (await codeFrom(browser))()).body;
    expect((await userinfo(app, again.access_token)).status).to.equal(200);
    await createEndGrants({ state: app.container.store.protocolState, keyedHash: app.container.keyedHash })(
      accountId,
      service.id,
    );
    for (const { access_token: ended } of [first, again]) expect((await userinfo(app, ended)).status).to.equal(401);
    const { code, request } = await obtainCode(service, budi, browser);
    const anew = await exchange(app, service, { code, code_verifier: request.verifier });
    expect(anew.status, JSON.stringify(anew.body)).to.equal(200);
    expect((await userinfo(app, anew.body.access_token)).status).to.equal(200);
  });
});
