import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { createKeyedHash } from '../../src/crypto/keyed-hash.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { asRead, createProtocolAdapter, type ProtocolAdapter } from '../../src/oidc/state/adapter.ts';
import { createEndGrants, type EndGrants } from '../../src/oidc/state/holder.ts';
import { foreseeing, type Leads } from '../../src/oidc/state/remembered.ts';
import { createReplayDetection, type IsFirstUse } from '../../src/oidc/state/replays.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createKnex } from '../../src/store/knex.ts';
import { createProtocolStateStore, type ProtocolState, type ProtocolWrite } from '../../src/store/protocol-state.ts';
import type { RedisConnection } from '../../src/store/redis/connection.ts';
import { createRedisProtocolState } from '../../src/store/redis/protocol-state.ts';
import { newKeyring } from '../crypto/keys.ts';
import { createTestDatabase } from '../support/database.ts';
import { redisBenches, type RedisBench } from '../support/redis-bench.ts';

interface Bench {
  readonly state: ProtocolState;
  /** Another process on the same store. */
  readonly elsewhere: ProtocolState;
  /** Everything that the store holds, as whoever steals it would see it. */
  contents(): Promise<string>;
  close(): Promise<void>;
}

async function onPostgres(): Promise<Bench> {
  const database = await createTestDatabase();
  const other = createKnex({ url: database.url, poolMax: 10, statementTimeoutMs: 5000 });
  return {
    state: createProtocolStateStore(database.knex),
    elsewhere: createProtocolStateStore(other),
    async contents() {
      const rows = (await database.knex('protocol_state').select('*')) as Record<string, unknown>[];
      return rows
        .flatMap((row) => Object.values(row))
        .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
        .join('\n');
    },
    async close() {
      await other.destroy();
      await database.drop();
    },
  };
}

const benches = redisBenches();
after(() => benches.close());

const onRedis = (start: () => Promise<RedisBench>) => async (): Promise<Bench> => {
  const bench = await start();
  const stateOn = (redis: RedisConnection): ProtocolState =>
    createRedisProtocolState({ redis, longestSeconds: 365 * 86_400 });
  return {
    state: stateOn(bench.redis),
    elsewhere: stateOn(bench.elsewhere),
    contents: () => bench.contents(),
    close: () => bench.empty(),
  };
};

/** Every implementation keeps to the same contract. */
const implementations: readonly [string, () => Promise<Bench>][] = [
  ['PostgreSQL', onPostgres],
  ...benches.all.map(([name, start]) => [name, onRedis(start)] as [string, () => Promise<Bench>]),
];

for (const [name, open] of implementations) {
  describe(`Protocol state on ${name}`, () => {
    let bench: Bench;
    let adapterFor: (model: string) => ProtocolAdapter;
    let elsewhere: (model: string) => ProtocolAdapter;
    let endGrants: EndGrants;
    let isFirstUse: IsFirstUse;
    let isFirstUseElsewhere: IsFirstUse;
    before(async () => {
      bench = await open();
      const keyring = newKeyring();
      const crypto = { sealer: createSealer(keyring, systemRandom), keyedHash: createKeyedHash(keyring) };
      adapterFor = createProtocolAdapter({ state: bench.state, ...crypto });
      elsewhere = createProtocolAdapter({ state: bench.elsewhere, ...crypto });
      endGrants = createEndGrants({ state: bench.elsewhere, ...crypto });
      isFirstUse = createReplayDetection({ state: bench.state, ...crypto });
      isFirstUseElsewhere = createReplayDetection({ state: bench.elsewhere, ...crypto });
    });
    after(() => bench.close());

    const fresh = (): string => randomBytes(16).toString('base64url');
    const kept = async (model: string, payload: AdapterPayload = {}, seconds = 60): Promise<string> => {
      const id = fresh();
      await adapterFor(model).upsert(id, { jti: id, ...payload }, seconds);
      return id;
    };

    it('finds what was written, from any process, and nothing under another model', async () => {
      const id = await kept('AccessToken', { accountId: 'a', scope: 'openid' });
      expect(await elsewhere('AccessToken').find(id)).to.deep.equal({ jti: id, accountId: 'a', scope: 'openid' });
      expect(await adapterFor('RefreshToken').find(id)).to.equal(undefined);
      expect(await adapterFor('AccessToken').find(fresh())).to.equal(undefined);
    });

    it('overwrites what stands under the same id, its time included', async () => {
      const id = await kept('Session', { uid: fresh(), accountId: 'one' }, 0);
      await adapterFor('Session').upsert(id, { jti: id, accountId: 'two' }, 60);
      expect(await elsewhere('Session').find(id)).to.include({ accountId: 'two' });
    });

    it('writes anew what is there, and nothing that has ended or was never there', async () => {
      const id = await kept('Interaction', { returnTo: 'a' });
      expect(await elsewhere('Interaction').replace(id, { jti: id, returnTo: 'b' }, 60)).to.equal(true);
      expect(await adapterFor('Interaction').find(id)).to.deep.equal({ jti: id, returnTo: 'b' });
      await elsewhere('Interaction').destroy(id);
      expect(await adapterFor('Interaction').replace(id, { jti: id, returnTo: 'c' }, 60)).to.equal(false);
      const over = await kept('Interaction', { returnTo: 'a' }, 0);
      expect(await adapterFor('Interaction').replace(over, { jti: over, returnTo: 'c' }, 60), 'time ended it').to.equal(
        false,
      );
      for (const gone of [id, over, fresh()]) expect(await adapterFor('Interaction').find(gone)).to.equal(undefined);
    });

    it('writes anew in the place of what was read, and of nothing that was written since', async () => {
      const id = await kept('Interaction', { returnTo: 'a' });
      const write = (to: string, read?: Buffer): Promise<boolean> =>
        elsewhere('Interaction').replace(id, { jti: id, returnTo: to }, 60, read);
      const before = (await adapterFor('Interaction').find(id))!;
      const read = asRead(before);
      expect(read).to.be.instanceOf(Buffer);
      expect(await write('b', read)).to.equal(true);
      expect(await write('c', read)).to.equal(false);
      const now = (await adapterFor('Interaction').find(id))!;
      expect(now).to.include({ returnTo: 'b' });
      const tries = await Promise.all(['c', 'd', 'e'].map((to) => write(to, asRead(now))));
      expect(tries.filter((isWritten) => isWritten)).to.have.length(1);
      const anew = { jti: id, returnTo: 'f' };
      expect(await adapterFor('Interaction').replace(id, anew, 60)).to.equal(true);
      expect(
        await elsewhere('Interaction').replace(id, { jti: id, returnTo: 'g' }, 60, asRead(anew)),
        'what was written is as good as read',
      ).to.equal(true);
      await elsewhere('Interaction').destroy(id);
      expect(await adapterFor('Interaction').replace(id, anew, 60, asRead(anew))).to.equal(false);
      expect(await adapterFor('Interaction').find(id)).to.equal(undefined);
    });

    it('ends with its time what was written anew', async () => {
      const id = await kept('Interaction', { returnTo: 'a' });
      await adapterFor('Interaction').replace(id, { jti: id, returnTo: 'b' }, 0);
      expect(await adapterFor('Interaction').find(id)).to.equal(undefined);
    });

    it('renews a session that is there, under its id or another, and is found by its uid there alone', async () => {
      const uid = fresh();
      const [first, second] = [await kept('Session', { uid, accountId: 'a' }), fresh()];
      expect(await elsewhere('Session').renew(first, { jti: first, uid, accountId: 'b' }, 60, first)).to.equal(true);
      expect(await adapterFor('Session').find(first)).to.deep.equal({ jti: first, uid, accountId: 'b' });
      expect(await adapterFor('Session').renew(second, { jti: second, uid, accountId: 'c' }, 60, first)).to.equal(true);
      expect(await elsewhere('Session').find(first), 'of a session one id is good').to.equal(undefined);
      for (const found of [await elsewhere('Session').find(second), await adapterFor('Session').findByUid(uid)])
        expect(found).to.deep.equal({ jti: second, uid, accountId: 'c' });
    });

    it('renews no session that has ended, was never there or has another id by now', async () => {
      const uid = fresh();
      const ended = await kept('Session', { uid });
      await elsewhere('Session').end(ended, uid);
      const over = await kept('Session', { uid: fresh() }, 0);
      const moved = await kept('Session', { uid: `${uid}2` });
      const good = fresh();
      expect(await elsewhere('Session').renew(good, { jti: good, uid: `${uid}2` }, 60, moved)).to.equal(true);
      for (const [former, of] of [
        [ended, uid],
        [over, `${uid}1`],
        [moved, `${uid}2`],
        [fresh(), `${uid}3`],
      ] as const) {
        for (const id of [former, fresh()]) {
          expect(await adapterFor('Session').renew(id, { jti: id, uid: of }, 60, former)).to.equal(false);
          expect(await adapterFor('Session').find(id)).to.equal(undefined);
        }
        expect(await adapterFor('Session').find(former)).to.equal(undefined);
      }
      expect(await adapterFor('Session').findByUid(uid)).to.equal(undefined);
      expect(await adapterFor('Session').findByUid(`${uid}2`)).to.include({ jti: good });
    });

    it('renews in the place of what was read, and not of what another has written since, also where it is to have another id', async () => {
      const row = (payload: Buffer, under = id): ProtocolWrite => ({
        model: 'Session',
        id: under,
        payload,
        grantId: undefined,
        uid,
        userCode: undefined,
        holder: undefined,
        ttlSeconds: 60,
      });
      const [id, uid, other] = [randomBytes(32), randomBytes(32), randomBytes(32)];
      const [first, second, third] = [randomBytes(40), randomBytes(50), randomBytes(60)];
      await bench.state.upsert(row(first));
      const writes = await Promise.all(
        [1, 2, 3, 4].map((count) => (count % 2 === 0 ? bench.state : bench.elsewhere).renew(row(second), id, first)),
      );
      expect(writes.filter(Boolean), 'one of four that read the same').to.have.length(1);
      for (const under of [id, other]) {
        expect(await bench.elsewhere.renew(row(third, under), id, first)).to.equal(false);
        expect((await bench.state.find('Session', id))?.payload).to.deep.equal(second);
        expect((await bench.state.findByUid('Session', uid))?.payload).to.deep.equal(second);
      }
      expect(await bench.state.find('Session', other)).to.equal(undefined);
      expect(await bench.elsewhere.renew(row(third), id, second)).to.equal(true);
      expect((await bench.state.findByUid('Session', uid))?.payload).to.deep.equal(third);
      expect(await bench.state.renew(row(first, other), id, third)).to.equal(true);
      expect((await bench.elsewhere.findByUid('Session', uid))?.payload).to.deep.equal(first);
      expect(await bench.elsewhere.find('Session', id)).to.equal(undefined);
    });

    it('ends a session under whatever id it has got since it was read, and no other', async () => {
      const uid = fresh();
      const [read, now, other] = [await kept('Session', { uid }), fresh(), await kept('Session', { uid: fresh() })];
      await adapterFor('Session').renew(now, { jti: now, uid }, 60, read);
      await elsewhere('Session').end(read, uid);
      await elsewhere('Session').end(read, uid);
      for (const id of [read, now]) expect(await adapterFor('Session').find(id)).to.equal(undefined);
      expect(await adapterFor('Session').findByUid(uid)).to.equal(undefined);
      expect(await adapterFor('Session').find(other)).to.include({ jti: other });
    });

    it('lets no session live that is renewed and moved by many and ended by one at the same moment', async () => {
      for (let round = 0; round < 15; round += 1) {
        const uid = fresh();
        const read = await kept('Session', { uid });
        const moves = Array.from({ length: 4 }, fresh);
        const by = (count: number): typeof adapterFor => (count % 2 === 0 ? adapterFor : elsewhere);
        const renew = (id: string, count: number): Promise<boolean> =>
          by(count)('Session').renew(id, { jti: id, uid }, 60, read);
        const work = [...moves, read, read].map((id, count) => () => renew(id, count));
        const answers = await Promise.all([
          ...work.slice(0, round % 7).map((one) => one()),
          elsewhere('Session').end(read, uid),
          ...work.slice(round % 7).map((one) => one()),
        ]);
        expect(
          answers.slice(0, -1).filter((one, at) => one === true && at < 4).length,
          'one move at most',
        ).to.be.at.most(1);
        for (const id of [read, ...moves])
          expect(await adapterFor('Session').find(id), `round ${round}`).to.equal(undefined);
        expect(await adapterFor('Session').findByUid(uid)).to.equal(undefined);
      }
    });

    it('moves a session once where many would, and it is found under the id of the one who did', async () => {
      for (let round = 0; round < 10; round += 1) {
        const uid = fresh();
        const read = await kept('Session', { uid });
        const moves = Array.from({ length: 6 }, fresh);
        const answers = await Promise.all(
          moves.map((id, count) =>
            (count % 2 === 0 ? adapterFor : elsewhere)('Session').renew(id, { jti: id, uid }, 60, read),
          ),
        );
        expect(answers.filter(Boolean)).to.have.length(1);
        const winner = moves[answers.indexOf(true)]!;
        expect(await adapterFor('Session').findByUid(uid)).to.include({ jti: winner });
        for (const id of [read, ...moves])
          expect(await elsewhere('Session').find(id)).to.deep.equal(id === winner ? { jti: winner, uid } : undefined);
      }
    });

    it('finds a session by its uid and a device by its code, each under its own model', async () => {
      const [uid, userCode] = [fresh(), 'BCDF-GHJK'];
      const session = await kept('Session', { uid });
      const device = await kept('DeviceCode', { userCode });
      expect(await elsewhere('Session').findByUid(uid)).to.include({ jti: session });
      expect(await adapterFor('Interaction').findByUid(uid)).to.equal(undefined);
      expect(await elsewhere('DeviceCode').findByUserCode(userCode)).to.include({ jti: device });
      expect(await adapterFor('Session').findByUserCode(userCode)).to.equal(undefined);
    });

    it('finds a session no longer by the uid it had before', async () => {
      const [before, after] = [fresh(), fresh()];
      const id = await kept('Session', { uid: before });
      await adapterFor('Session').upsert(id, { jti: id, uid: after }, 60);
      expect(await adapterFor('Session').findByUid(before)).to.equal(undefined);
      expect(await adapterFor('Session').findByUid(after)).to.include({ jti: id });
    });

    it('forgets what is destroyed, and minds no second time', async () => {
      const uid = fresh();
      const id = await kept('Session', { uid });
      await adapterFor('Session').destroy(id);
      await adapterFor('Session').destroy(id);
      expect(await elsewhere('Session').find(id)).to.equal(undefined);
      expect(await elsewhere('Session').findByUid(uid)).to.equal(undefined);
    });

    it('finds nothing that has run out, by any way', async () => {
      const [uid, userCode] = [fresh(), fresh()];
      const id = await kept('Session', { uid, userCode }, 0);
      expect(await adapterFor('Session').find(id)).to.equal(undefined);
      expect(await adapterFor('Session').findByUid(uid)).to.equal(undefined);
      expect(await adapterFor('Session').findByUserCode(userCode)).to.equal(undefined);
      expect(await bench.state.consume('Session', randomBytes(32))).to.equal(false);
    });

    it('keeps what has no end of its own', async () => {
      const id = fresh();
      await adapterFor('Grant').upsert(id, { jti: id }, undefined);
      expect(await adapterFor('Grant').find(id)).to.include({ jti: id });
    });

    /** What a token leads to, as the protocol is told of it when it looks for the token. */
    async function leadsOf(id: string): Promise<{ token: unknown; session: unknown; grant: unknown }> {
      const asked: Record<string, ReturnType<Adapter['find']>> = {};
      const leads: Leads = {
        sessions: { findByUid: (uid) => (asked.session = elsewhere('Session').findByUid(uid)) },
        grants: { find: (grantId) => (asked.grant = elsewhere('Grant').find(grantId)) },
        account: () => Promise.resolve(),
      };
      const token = await foreseeing('AccessToken', elsewhere('AccessToken'), leads).find(id);
      return {
        token,
        session: await (asked.session ?? 'not asked for'),
        grant: await (asked.grant ?? 'not asked for'),
      };
    }

    it('finds with a token the session and the grant that it leads to, as they are now', async () => {
      const [uid, other] = [fresh(), fresh()];
      const session = await kept('Session', { uid, accountId: 'before' });
      const grantId = await kept('Grant', { accountId: 'a', clientId: 'c' });
      const token = await kept('AccessToken', { sessionUid: uid, grantId });
      await adapterFor('Session').upsert(session, { jti: session, uid, accountId: 'after' }, 60);
      const found = await leadsOf(token);
      expect(found.token).to.include({ jti: token, sessionUid: uid, grantId });
      expect(found).to.deep.include({
        session: { jti: session, uid, accountId: 'after' },
        grant: { jti: grantId, accountId: 'a', clientId: 'c' },
      });

      await adapterFor('Session').upsert(session, { jti: session, uid: other }, 60);
      await adapterFor('Grant').destroy(grantId);
      const foundLater = await leadsOf(token);
      expect(foundLater.token).to.include({ jti: token });
      expect(foundLater).to.deep.include({ session: undefined, grant: undefined });
    });

    it('leads nowhere from a token of an ended grant, and to what is there from one that names no session', async () => {
      const grantId = await kept('Grant', { accountId: 'a' });
      const token = await kept('AccessToken', { grantId });
      expect(await leadsOf(token)).to.deep.include({
        session: 'not asked for',
        grant: { jti: grantId, accountId: 'a' },
      });
      await adapterFor('Grant').revokeByGrantId(grantId);
      expect(await leadsOf(token)).to.deep.equal({
        token: undefined,
        session: 'not asked for',
        grant: 'not asked for',
      });
    });

    it('marks a code as used, with the moment', async () => {
      const id = await kept('AuthorizationCode', { grantId: fresh() });
      await adapterFor('AuthorizationCode').consume(id);
      const found = await elsewhere('AuthorizationCode').find(id);
      expect(found?.consumed)
        .to.be.a('number')
        .and.closeTo(Date.now() / 1000, 5);
    });

    it('keeps the use of a code that comes to be written again', async () => {
      const [id, grantId] = [fresh(), fresh()];
      const write = (): Promise<unknown> =>
        Promise.resolve(adapterFor('AuthorizationCode').upsert(id, { jti: id, grantId }, 60));
      await write();
      await adapterFor('AuthorizationCode').consume(id);
      await write();
      expect((await adapterFor('AuthorizationCode').find(id))?.consumed).to.be.a('number');
    });

    it('leaves an interaction that began under a grant that was revoked: the sign-in goes on', async () => {
      const grantId = fresh();
      const ids = [await kept('Interaction', { grantId }), await kept('Interaction', {})];
      const found = (): Promise<boolean[]> =>
        Promise.all(ids.map(async (id) => (await elsewhere('Interaction').find(id)) !== undefined));
      expect(await found()).to.deep.equal([true, true]);
      await adapterFor('Grant').revokeByGrantId(grantId);
      expect(await found()).to.deep.equal([true, true]);
    });

    it('lets exactly one of twenty use a code, across processes', async () => {
      const id = await kept('AuthorizationCode', { grantId: fresh() });
      const uses = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? adapterFor : elsewhere)('AuthorizationCode').consume(id),
        ),
      );
      expect(uses.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      for (const use of uses) if (use.status === 'rejected') expect(use.reason).to.include({ error: 'invalid_grant' });
    });

    it('takes one of twenty showings of a proof, across processes, and none later; of each client its own', async () => {
      const [jti, exp] = [fresh(), Math.floor(Date.now() / 1000) + 60];
      const uses = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? isFirstUse : isFirstUseElsewhere)('layanan', jti, exp),
        ),
      );
      expect(uses.filter(Boolean)).to.have.length(1);
      expect(await isFirstUse('layanan', jti, exp + 60)).to.equal(false);
      expect(await isFirstUse('lain', jti, exp)).to.equal(true);
    });

    it('ends the grant of a code that is used a second time', async () => {
      const grantId = fresh();
      const code = await kept('AuthorizationCode', { grantId });
      const token = await kept('AccessToken', { grantId });
      await adapterFor('AuthorizationCode').consume(code);
      expect(await adapterFor('AccessToken').find(token)).to.include({ jti: token });
      await adapterFor('AuthorizationCode')
        .consume(code)
        .then(
          () => expect.fail('used twice'),
          () => undefined,
        );
      expect(await adapterFor('AccessToken').find(token)).to.equal(undefined);
    });

    it('ends all that was issued under a grant, whatever its model, and nothing of another', async () => {
      const [grantId, otherGrant] = [fresh(), fresh()];
      const mine = await Promise.all(
        ['AccessToken', 'RefreshToken', 'AuthorizationCode'].map(
          async (model) => [model, await kept(model, { grantId })] as const,
        ),
      );
      const other = await kept('AccessToken', { grantId: otherGrant });
      await adapterFor('RefreshToken').revokeByGrantId(grantId);
      for (const [model, id] of mine) expect(await elsewhere(model).find(id), model).to.equal(undefined);
      expect(await elsewhere('AccessToken').find(other)).to.include({ jti: other });
    });

    it('ends every grant of a holder with all that was issued under it, across sessions, and nobody else’s', async () => {
      const [accountId, clientId] = [fresh(), fresh()];
      const under = async (holder: AdapterPayload): Promise<readonly [string, string]> => {
        const grantId = await kept('Grant', holder);
        return [grantId, await kept('RefreshToken', { grantId })];
      };
      const mine = [await under({ accountId, clientId }), await under({ accountId, clientId })];
      const others = [await under({ accountId, clientId: fresh() }), await under({ accountId: fresh(), clientId })];
      await endGrants(accountId, clientId);
      for (const [grant, token] of mine)
        expect([await elsewhere('Grant').find(grant), await elsewhere('RefreshToken').find(token)]).to.deep.equal([
          undefined,
          undefined,
        ]);
      for (const [grant, token] of others) {
        expect(await elsewhere('Grant').find(grant)).to.include({ jti: grant });
        expect(await elsewhere('RefreshToken').find(token)).to.include({ jti: token });
      }
    });

    it('holds nothing in clear: no id, no uid, no grant, no code for the device and no word of the payload', async () => {
      const secrets = {
        jti: fresh(),
        uid: fresh(),
        grantId: fresh(),
        userCode: fresh(),
        accountId: fresh(),
        params: { login_hint: 'canary.negara@contoh.test' },
      };
      await adapterFor('Session').upsert(secrets.jti, secrets, 60);
      const contents = await bench.contents();
      for (const secret of [
        secrets.jti,
        secrets.uid,
        secrets.grantId,
        secrets.userCode,
        secrets.accountId,
        'canary.negara',
        'login_hint',
      ]) {
        expect(contents).not.to.include(secret);
        expect(contents).not.to.include(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
      }
    });

    it('takes a payload for no other row than its own', async () => {
      // Whoever can write to the store gives the row of one id the payload of another.
      const [mine, victims] = [fresh(), fresh()];
      let stolen: Buffer | undefined;
      const spying: ProtocolState = {
        ...bench.state,
        upsert: (write) => {
          stolen ??= write.payload;
          return bench.state.upsert(write);
        },
      };
      const keyring = newKeyring();
      const crypto = { sealer: createSealer(keyring, systemRandom), keyedHash: createKeyedHash(keyring) };
      const adapter = createProtocolAdapter({ state: spying, ...crypto })('Session');
      await adapter.upsert(victims, { jti: victims, uid: `uid-${victims}` }, 60);
      const forged = createProtocolAdapter({
        state: { ...bench.state, upsert: (write) => bench.state.upsert({ ...write, payload: stolen! }) },
        ...crypto,
      })('Session');
      await forged.upsert(mine, { jti: mine, uid: `uid-${mine}` }, 60);
      expect(await adapter.find(mine)).to.equal(undefined);
      expect(await adapter.findByUid(`uid-${mine}`)).to.equal(undefined);
      expect(await adapter.find(victims)).to.include({ jti: victims });
    });
  });
}

describe('Protocol state on PostgreSQL, besides', () => {
  it('purges what has run out, so many at a time, and nothing else', async () => {
    const database = await createTestDatabase();
    const other = createKnex({ url: database.url, poolMax: 10, statementTimeoutMs: 5000 });
    const [state, elsewhere] = [createProtocolStateStore(database.knex), createProtocolStateStore(other)];
    const row = (ttlSeconds: number): ProtocolWrite => ({
      model: 'AccessToken',
      id: randomBytes(32),
      payload: randomBytes(8),
      grantId: undefined,
      uid: undefined,
      userCode: undefined,
      holder: undefined,
      ttlSeconds,
    });
    const alive = row(60);
    await state.upsert(alive);
    for (let count = 0; count < 5; count += 1) await state.upsert(row(0));
    expect(await state.purge(3)).to.equal(3);
    const removed = await Promise.all([state.purge(10), elsewhere.purge(10)]);
    expect(removed[0] + removed[1], 'each once, though two purge at once').to.equal(2);
    expect(await state.purge(10)).to.equal(0);
    expect((await state.find('AccessToken', alive.id))?.payload).to.deep.equal(alive.payload);
    await other.destroy();
    await database.drop();
  });
});

for (const [name, start] of benches.all) {
  describe(`Protocol state on ${name}, besides`, () => {
    let bench: RedisBench;
    let state: ProtocolState;
    const row = (more: Partial<ProtocolWrite> = {}): ProtocolWrite => ({
      model: 'RefreshToken',
      id: randomBytes(32),
      payload: randomBytes(300),
      grantId: undefined,
      uid: undefined,
      userCode: undefined,
      holder: undefined,
      ttlSeconds: 60,
      ...more,
    });
    before(async () => {
      bench = await start();
      state = createRedisProtocolState({ redis: bench.redis, longestSeconds: 120 });
    });
    beforeEach(() => bench.empty());

    it('gives every key an end', async () => {
      const [grantId, holder] = [randomBytes(32), randomBytes(32)];
      await state.upsert(row({ model: 'Grant', grantId, holder, ttlSeconds: 10 ** 7 }));
      await state.upsert(row({ model: 'Session', uid: randomBytes(32) }));
      await state.upsert(row({ model: 'DeviceCode', userCode: randomBytes(32) }));
      await state.revokeByHolder(holder);
      const session = row({ model: 'Session', uid: randomBytes(32) });
      await state.upsert(session);
      await state.renew({ ...session, id: randomBytes(32) }, session.id);
      await state.end('Session', session.id, session.uid!);
      const ends = await bench.ends();
      // Of a session that was ended a cluster keeps for an hour that it was.
      expect(ends).to.have.length(name.includes('Cluster') ? 8 : 7);
      for (const end of ends) expect(end).to.be.within(1, (120 + 3600) * 1000);
    });

    it('ends what is written under a grant after it was revoked, by its id or through its holder', async () => {
      for (const through of ['grant', 'holder'] as const) {
        const [grantId, holder] = [randomBytes(32), randomBytes(32)];
        await state.upsert(row({ model: 'Grant', grantId, holder }));
        await (through === 'grant' ? state.revokeByGrantId(grantId) : state.revokeByHolder(holder));
        const late = row({ grantId });
        const grantAnew = row({ model: 'Grant', grantId, holder });
        await Promise.all([state.upsert(late), state.upsert(grantAnew)]);
        expect(await state.find('RefreshToken', late.id), through).to.equal(undefined);
        expect(await state.consume('RefreshToken', late.id), through).to.equal(false);
        expect(await state.find('Grant', grantAnew.id), through).to.equal(undefined);
      }
    });

    it('lets nothing through while tokens are issued and their grant is revoked at the same time', async () => {
      for (let round = 0; round < 20; round += 1) {
        const [grantId, holder] = [randomBytes(32), randomBytes(32)];
        const [grant, ...tokens] = [
          row({ model: 'Grant', grantId, holder }),
          row({ grantId }),
          row({ grantId }),
          row({ grantId }),
        ];
        await state.upsert(grant);
        await Promise.all([
          ...tokens.map((token) => state.upsert(token)),
          state.revokeByHolder(holder),
          ...tokens.map((token) => state.upsert(token)),
        ]);
        expect(await Promise.all(tokens.map(({ model, id }) => state.find(model, id)))).to.deep.equal([
          undefined,
          undefined,
          undefined,
        ]);
      }
    });

    it('leaves what was used used, though it is written again', async () => {
      const token = row();
      await state.upsert(token);
      expect(await state.consume(token.model, token.id)).to.equal(true);
      await state.upsert(token);
      expect((await state.find(token.model, token.id))?.consumedAt).to.be.an.instanceOf(Date);
      expect(await state.consume(token.model, token.id)).to.equal(false);
    });

    it('knows nothing any more once it is empty: what was used is unknown, not unused', async () => {
      const [used, grantId] = [row(), randomBytes(32)];
      await state.upsert(used);
      await state.consume(used.model, used.id);
      const revoked = row({ grantId });
      await state.upsert(revoked);
      await state.revokeByGrantId(grantId);
      await bench.empty();
      for (const { model, id } of [used, revoked]) {
        expect(await state.find(model, id)).to.equal(undefined);
        expect(await state.consume(model, id)).to.equal(false);
      }
    });

    if (!name.includes('Cluster')) {
      it('uses a row and writes for it in one step: one of twenty, and nothing for the others', async () => {
        const [code, { useAndWrite = () => expect.fail('no such step') }] = [
          row({ model: 'AuthorizationCode' }),
          state,
        ];
        await state.upsert(code);
        const tokens = Array.from({ length: 20 }, () => [row({ model: 'AccessToken' }), row()]);
        expect(
          await bench.trips(() =>
            useAndWrite(code, []).then((isFirst) => {
              expect(isFirst).to.equal(true);
            }),
          ),
        ).to.equal(1);
        const other = row({ model: 'AuthorizationCode' });
        await state.upsert(other);
        const uses = await Promise.all(tokens.map((writes) => useAndWrite(other, writes)));
        expect(uses.filter(Boolean)).to.have.length(1);
        for (const [index, writes] of tokens.entries()) {
          for (const { model, id, payload } of writes)
            expect((await state.find(model, id))?.payload, `${index}`).to.deep.equal(
              uses[index] === true ? payload : undefined,
            );
        }
        const ends = await bench.ends();
        expect(ends.every((end) => end > 0 && end <= 60_000)).to.equal(true);
      });

      it('writes nothing for a row whose grant was revoked, or that is not there, or what has no time to live', async () => {
        const [grantId, token, { useAndWrite = () => expect.fail('no such step') }] = [randomBytes(32), row(), state];
        const revoked = row({ grantId });
        await state.upsert(revoked);
        await state.revokeByGrantId(grantId);
        expect(await useAndWrite(revoked, [token])).to.equal(false);
        expect(await useAndWrite(row(), [token])).to.equal(false);
        expect(await state.find(token.model, token.id)).to.equal(undefined);
        const [good, ended] = [row(), row({ ttlSeconds: 0 })];
        await state.upsert(good);
        expect(await useAndWrite(good, [ended])).to.equal(true);
        expect(await state.find(ended.model, ended.id)).to.equal(undefined);
      });

      it('finds with a session the grant of one client, as it is now; of the last six, and of older ones by itself', async () => {
        const { findSession = () => expect.fail('no such step') } = state;
        const granted = Array.from({ length: 7 }, () => ({ client: randomBytes(8), grant: randomBytes(32) }));
        const [oldest, first, ...others] = granted;
        const grantId = randomBytes(32);
        const grant = row({ model: 'Grant', id: first!.grant, grantId });
        const session = row({ model: 'Session', uid: randomBytes(32), granted });
        for (const one of [grant, session]) await state.upsert(one);
        const foundFor = async (client: Buffer): Promise<unknown> => {
          const found = await findSession(session.id, client);
          expect(found?.row.payload).to.deep.equal(session.payload);
          return found?.granted === undefined ? 'does not say' : (found.granted.grant?.payload ?? 'gone');
        };
        expect(await foundFor(first!.client)).to.deep.equal(grant.payload);
        expect(await foundFor(others[0]!.client)).to.equal('gone');
        expect(await foundFor(oldest!.client)).to.equal('does not say');
        expect(await foundFor(randomBytes(8))).to.equal('does not say');
        expect(await bench.trips(() => findSession(session.id, first!.client))).to.equal(1);
        await state.revokeByGrantId(grantId);
        expect(await foundFor(first!.client)).to.equal('gone');
        await state.destroy('Session', session.id);
        expect(await findSession(session.id, first!.client)).to.equal(undefined);
        const fromBefore = row({ model: 'Session', uid: randomBytes(32) });
        await state.upsert(fromBefore);
        expect((await findSession(fromBefore.id, first!.client))?.granted).to.equal(undefined);
        expect((await state.findByUid('Session', fromBefore.uid!))?.payload).to.deep.equal(fromBefore.payload);
      });
    }

    it(`takes ${name.includes('Cluster') ? 'a round trip more for each further slot whose keys are asked' : 'one round trip for each operation'}`, async () => {
      const [grantId, holder, uid, userCode] = [randomBytes(32), randomBytes(32), randomBytes(32), randomBytes(32)];
      const grant = row({ model: 'Grant', grantId, holder });
      const token = row({ grantId });
      const session = row({ model: 'Session', uid });
      const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['write', () => state.upsert(token)],
        ['write of a grant', () => state.upsert(grant)],
        ['write of a session', () => state.upsert(session)],
        ['find', () => state.find(token.model, token.id)],
        ['find without a grant', () => state.find(session.model, session.id)],
        ['find by uid', () => state.findByUid('Session', uid)],
        ['find by code', () => state.findByUserCode('DeviceCode', userCode)],
        ['consume', () => state.consume(token.model, token.id)],
        ['renewal of a session', () => state.renew(session, session.id)],
        [
          'renewal under another id',
          () => state.renew({ ...session, id: randomBytes(32) }, session.id, session.payload),
        ],
        ['end of a session', () => state.end(session.model, session.id, randomBytes(32))],
        ['destroy', () => state.destroy(session.model, session.id)],
        ['revoke', () => state.revokeByGrantId(grantId)],
        ['revoke by holder', () => state.revokeByHolder(holder)],
      ];
      const seen: Record<string, number> = {};
      for (const [what, step] of steps) seen[what] = await bench.trips(step);
      const two = name.includes('Cluster') ? 2 : 1;
      expect(seen).to.deep.equal({
        write: 1,
        'write of a grant': two,
        'write of a session': 1,
        find: two,
        'find without a grant': 1,
        'find by uid': two,
        'find by code': 1,
        consume: two,
        // Three keys in three slots, and each step is right only after the one before; it is what a new proof costs
        // somebody who is signed in.
        'renewal of a session': 1,
        'renewal under another id': name.includes('Cluster') ? 3 : 1,
        'end of a session': 1,
        destroy: 1,
        revoke: 1,
        'revoke by holder': two,
      });
    });
  });
}
