import { expect } from 'chai';
import { examineRedis } from '../../src/cli/redis-check.ts';
import { exchange, obtainCode, postAs, userinfo } from '../oidc/exchange.ts';
import { addAccount } from '../support/accounts.ts';
import { freePort, startTestApp, type TestApp } from '../support/app.ts';
import { Browser } from '../support/browser.ts';
import { somebody } from '../support/citizens.ts';
import { becomeCitizen, signIn } from '../support/journeys.ts';
import {
  hasRedis,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
  type RedisServer,
  type RedisSet,
  type SentinelSet,
} from '../support/redis.ts';
import { until } from '../support/until.ts';
import { redisSettings } from '../support/redis-bench.ts';
import { createRelyingParty, isHome, visit, type RelyingParty } from '../support/relying-party.ts';

const PASSWORD = 'sangat-rahasia';

/** A sign-on over Redis, a service and a citizen. */
class World {
  readonly app: TestApp;
  readonly service: RelyingParty;
  readonly citizen = somebody();

  constructor(app: TestApp, service: RelyingParty) {
    this.app = app;
    this.service = service;
  }

  static async begin(redis: NonNullable<Parameters<typeof startTestApp>[0]>['redis'], metricsPort = 0): Promise<World> {
    const app = await startTestApp({ redis: { timeoutMs: 800, ...redis }, metrics: { port: metricsPort } });
    const world = new World(app, await createRelyingParty(app, { scope: 'openid profile' }));
    await addAccount(app, world.citizen);
    return world;
  }

  readiness = async (): Promise<number> => (await fetch(`${this.app.url}/readyz`)).status;
  ready = (): Promise<void> => until('the sign-on is ready', async () => (await this.readiness()) === 200);

  /** A sign-in up to the tokens. */
  async signIn(): Promise<{
    browser: Browser;
    code: string;
    verifier: string;
    tokens: Readonly<Record<string, unknown>>;
  }> {
    const { code, request, browser } = await obtainCode(this.service, this.citizen);
    const verifier = request.verifier;
    const { status, body } = await exchange(this.app, this.service, { code, code_verifier: verifier });
    expect(status, JSON.stringify(body)).to.equal(200);
    return { browser, code, verifier, tokens: body };
  }

  /** People get the page, services the word, both the moment to come back. */
  async isAway(): Promise<void> {
    expect(await this.readiness()).to.equal(503);
    const began = Date.now();
    const { page } = await visit(new Browser(), this.service);
    expect(page.status).to.equal(503);
    expect(Number(page.headers.get('retry-after'))).to.be.greaterThan(0);
    expect(page.text).to.include('Silakan coba lagi dalam').and.include('Kode bantuan');
    const answer = await exchange(this.app, this.service, { code: 'c'.repeat(43), code_verifier: 'v'.repeat(43) });
    expect(answer.status).to.equal(503);
    expect(answer.body).to.have.keys('error', 'help_code').and.include({ error: 'temporarily_unavailable' });
    expect(Date.now() - began, 'nobody waits long').to.be.lessThan(5000);
  }
}

(hasRedis() ? describe : describe.skip)('The sign-on over Redis', () => {
  let server: RedisServer;
  let world: World;
  let metrics: string;
  before(async () => {
    server = await startRedis({ requirepass: PASSWORD });
    const port = await freePort();
    metrics = `http://127.0.0.1:${port}/metrics`;
    world = await World.begin({ url: server.url }, port);
  });
  after(async () => {
    await world.app.close();
    await server.close();
  });

  it('registers and signs in, and leaves nothing of the protocol and no counter in PostgreSQL', async () => {
    await becomeCitizen(world.app, new Browser(), somebody());
    const { tokens } = await world.signIn();
    expect((await userinfo(world.app, tokens.access_token)).status).to.equal(200);
    for (const table of ['protocol_state', 'counters'])
      expect(await world.app.database.knex(table).select('*'), table).to.deep.equal([]);
    expect(await server.admin.dbsize()).to.be.greaterThan(5);
  });

  it('keeps a grant for longer than every token made from it', async () => {
    const { app, citizen } = world;
    const scope = 'openid profile offline_access';
    const service = await createRelyingParty(app, {
      scope,
      further: { grant_types: ['authorization_code', 'refresh_token'] },
    });
    const browser = new Browser();
    const { page, request } = await visit(browser, service, { prompt: 'consent' });
    const home = await browser.submit(await signIn(browser, page, citizen.nik, citizen.password), 'sharing');
    expect(
      (await exchange(app, service, { code: home.url.searchParams.get('code') ?? '', code_verifier: request.verifier }))
        .status,
    ).to.equal(200);
    const ends = async (model: string): Promise<number> =>
      Math.max(
        ...(await Promise.all(
          (await server.admin.keysBuffer(`sso:p:${model}:*`)).map((key) => server.admin.pttl(key)),
        )),
      );
    const refreshEnds = await ends('RefreshToken');
    expect(refreshEnds).to.be.greaterThan((app.config.lifetimes.offlineSeconds - 60) * 1000);
    expect(await ends('Grant')).to.be.greaterThan(refreshEnds + app.config.lifetimes.interactionSeconds * 1000);
  });

  it('counts failed sign-ins there', async () => {
    const { app, service } = world;
    const nobody = { ...somebody(), password: 'Salah-sekali-1' };
    await obtainCode(service, nobody).catch(() => undefined);
    expect(await server.admin.keys('sso:c:sign-in.*')).to.have.lengthOf.greaterThan(0);
    expect(await app.database.knex('counters').select('*')).to.deep.equal([]);
  });

  it('asks for another sign-in and for nothing else when Redis comes back empty, and takes nothing of before', async () => {
    const { app, service } = world;
    const { browser, code, verifier, tokens } = await world.signIn();
    const unused = await obtainCode(service, world.citizen);
    await server.kill();
    await server.start();
    await world.ready();

    for (const [what, given, proof] of [
      ['used', code, verifier],
      ['unused', unused.code, unused.request.verifier],
    ] as const) {
      const { status, body } = await exchange(app, service, { code: given, code_verifier: proof });
      expect([status, body.error], what).to.deep.equal([400, 'invalid_grant']);
    }
    expect((await userinfo(app, tokens.access_token)).status).to.equal(401);
    expect(
      (await postAs(app, '/token/introspection', { token: String(tokens.access_token) }, service)).body,
    ).to.deep.equal({ active: false });

    const again = await obtainCode(service, world.citizen, browser);
    expect(isHome(again.home, service), 'after the password alone').to.equal(true);
    expect((await exchange(app, service, { code: again.code, code_verifier: again.request.verifier })).status).to.equal(
      200,
    );
  });

  it('says when to come back while Redis is gone, and goes on by itself', async () => {
    await server.kill();
    await world.isAway();
    expect(await (await fetch(metrics)).text()).to.include('sso_redis_up 0');
    await server.start();
    await world.ready();
    await world.signIn();
    expect(await (await fetch(metrics)).text())
      .to.include('sso_redis_up 1')
      .and.match(/sso_redis_memory_bytes\{kind="used"\} [1-9]/);
  });

  it('does so while Redis hangs, and keeps sessions', async () => {
    const { browser } = await world.signIn();
    server.freeze();
    await world.isAway();
    server.thaw();
    await world.ready();
    expect(isHome((await visit(browser, world.service)).page, world.service), 'single sign-on').to.equal(true);
  });

  it('does so while Redis is full', async () => {
    await server.admin.config('SET', 'maxmemory', '1');
    const { page } = await visit(new Browser(), world.service);
    expect([page.status, page.headers.has('retry-after')]).to.deep.equal([503, true]);
    await server.admin.config('SET', 'maxmemory', '0');
    await world.signIn();
  });

  it('works, only slower, while Redis is slow', async () => {
    await server.admin.call('CLIENT', 'PAUSE', 300, 'ALL');
    await world.signIn();
  });

  it('tells the doctor how Redis is doing', async () => {
    const states = async (settings: object): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await examineRedis({ redis: redisSettings({ timeoutMs: 500, ...settings }) })).map(({ check, state }) => [
          check,
          state,
        ]),
      );
    expect(await states({})).to.deep.equal({});
    expect(await states({ url: server.url })).to.deep.equal({
      redis: 'ok',
      'redis memory': 'warn',
      'redis persistence': 'warn',
    });
    await server.admin.config('SET', 'maxmemory', '100mb');
    await server.admin.config('SET', 'appendonly', 'yes');
    expect(await states({ url: server.url })).to.deep.equal({ redis: 'ok' });
    await server.admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await states({ url: server.url })).to.deep.equal({ redis: 'ok', 'redis memory': 'warn' });
    expect(await states({ url: server.url.replace(PASSWORD, 'salah') })).to.deep.equal({ redis: 'fail' });
    expect(await states({ url: 'redis://127.0.0.1:1' })).to.deep.equal({ redis: 'fail' });
    const [away] = await examineRedis({ redis: redisSettings({ url: 'redis://127.0.0.1:1' }) });
    expect(away?.what, 'in words of the network, not of the driver').to.equal('connect ECONNREFUSED 127.0.0.1:1');
  });

  it('tells the doctor that a master with replicas would go on alone, where one is left after a fail-over', async () => {
    const master = await startRedis({ maxmemory: '100mb', appendonly: 'yes' });
    const replicas: RedisServer[] = [];
    const found = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await examineRedis({ redis: redisSettings({ url: master.url }) })).map(({ check, state }) => [check, state]),
      );
    try {
      for (const expected of [{ redis: 'ok' }, { redis: 'ok', 'redis replicas': 'warn' }]) {
        replicas.push(await startRedis({ replicaof: `127.0.0.1 ${master.port}` }));
        await until('the replica follows', async () =>
          (await master.admin.info('replication')).includes(`connected_slaves:${replicas.length}`),
        );
        expect(await found()).to.deep.equal(expected);
      }
      await master.admin.config('SET', 'min-replicas-to-write', '1');
      expect(await found()).to.deep.equal({ redis: 'ok' });
    } finally {
      await Promise.all([master, ...replicas].map((server) => server.close()));
    }
  });

  it('writes the password into no line of the log, not even when it is refused', async () => {
    await server.admin.config('SET', 'requirepass', 'lain');
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await visit(new Browser(), world.service);
    await server.admin.auth('lain').catch(() => undefined);
    expect(world.app.logLines.join(''))
      .to.match(/WRONGPASS|NOAUTH|Redis/)
      .and.not.include(PASSWORD);
  });
});

(hasRedis() ? describe : describe.skip)('The sign-on over a Redis Cluster', () => {
  let cluster: RedisSet;
  let world: World;
  before(async () => {
    cluster = await startRedisCluster();
    world = await World.begin({ cluster: cluster.nodes.map(({ address }) => address) });
  });
  after(async () => {
    await world.app.close();
    await cluster.close();
  });

  it('signs in, on all nodes', async () => {
    const { tokens } = await world.signIn();
    expect((await userinfo(world.app, tokens.access_token)).status).to.equal(200);
    // Where a key lies is chance.
    await until('each node holds some of it', async () => {
      await world.signIn();
      return (await Promise.all(cluster.nodes.map(({ admin }) => admin.dbsize()))).every((keys) => keys > 0);
    });
  });

  it('recovers by itself when a node was lost and is back', async () => {
    await cluster.nodes[1]!.kill();
    await until('the others notice', async () =>
      String(await cluster.nodes[0]!.admin.call('CLUSTER', 'INFO')).includes('cluster_state:fail'),
    );
    const { page } = await visit(new Browser(), world.service);
    expect(page.status).to.equal(503);
    await cluster.nodes[1]!.start();
    await until('sign-ins go on', async () => (await world.signIn()).code !== '');
  });
});

(hasRedis() ? describe : describe.skip)('The sign-on over Redis with Sentinels', () => {
  let set: SentinelSet;
  let world: World;
  before(async () => {
    set = await startRedisSentinel();
    world = await World.begin({ sentinels: set.sentinels.map(({ address }) => address), sentinelName: set.name });
  });
  after(async () => {
    await world.app.close();
    await set.close();
  });

  it('goes on with the replica when the master is lost: sessions, tokens and what was used', async () => {
    const { browser, code, verifier, tokens } = await world.signIn();
    await until('the replica has it all', async () => (await set.nodes[0]!.admin.call('WAIT', 1, 0)) === 1);
    await set.nodes[0]!.kill();
    await world.ready();
    expect(isHome((await visit(browser, world.service)).page, world.service), 'single sign-on').to.equal(true);
    expect((await userinfo(world.app, tokens.access_token)).status).to.equal(200);
    expect((await exchange(world.app, world.service, { code, code_verifier: verifier })).body.error).to.equal(
      'invalid_grant',
    );
    expect((await userinfo(world.app, tokens.access_token)).status, 'a code used twice ends what it gave').to.equal(
      401,
    );
  });
});
