import { expect } from 'chai';
import type { Clock } from '../../src/ports/clock/clock.ts';
import { severalInTurn, type Counters, type Limit } from '../../src/ports/counters/counters.ts';
import { createPostgresCounters, purgeCounters } from '../../src/ports/counters/postgres.ts';
import { createRedisCounters } from '../../src/ports/counters/redis.ts';
import { createKnex } from '../../src/store/knex.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { openRedis } from '../../src/store/redis/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { redisBenches, redisSettings, type RedisBench } from '../support/redis-bench.ts';

interface Bench {
  readonly counters: Counters;
  /** Another process on the same store. */
  readonly elsewhere: Counters;
  /** Lets so much time pass for the store. */
  pass(seconds: number): void;
  now(): Date;
  close(): Promise<void>;
}

async function onPostgres(): Promise<Bench> {
  const database = await createTestDatabase();
  let now = new Date('2026-11-23T03:00:00Z');
  const clock: Clock = { now: () => now };
  return {
    counters: severalInTurn(createPostgresCounters({ db: database.knex, clock })),
    elsewhere: severalInTurn(createPostgresCounters({ db: createKnexOn(database), clock })),
    pass: (seconds) => (now = new Date(now.getTime() + seconds * 1000)),
    now: () => now,
    async close() {
      await Promise.all(others.splice(0).map((knex) => knex.destroy()));
      await database.drop();
    },
  };
}

const others: ReturnType<typeof createKnex>[] = [];
function createKnexOn({ url }: TestDatabase): ReturnType<typeof createKnex> {
  const knex = createKnex({ url, poolMax: 10, statementTimeoutMs: 5000 });
  others.push(knex);
  return knex;
}

const benches = redisBenches();
after(() => benches.close());

const onRedis = (start: () => Promise<RedisBench>) => async (): Promise<Bench> => {
  const bench = await start();
  let now = new Date('2026-11-23T03:00:00Z');
  const clock: Clock = { now: () => now };
  return {
    counters: createRedisCounters({ redis: bench.redis, clock }),
    elsewhere: createRedisCounters({ redis: bench.elsewhere, clock }),
    pass: (seconds) => (now = new Date(now.getTime() + seconds * 1000)),
    now: () => now,
    close: () => bench.empty(),
  };
};

/** Every implementation keeps to the same contract. */
const implementations: readonly [string, () => Promise<Bench>][] = [
  ['PostgreSQL', onPostgres],
  ...benches.all.map(([name, start]) => [name, onRedis(start)] as [string, () => Promise<Bench>]),
];

for (const [name, open] of implementations) {
  describe(`Counters on ${name}`, () => {
    let bench: Bench;
    let counters: Counters;
    let limit: Limit;
    let serial = 0;
    before(async () => {
      bench = await open();
      counters = bench.counters;
    });
    after(() => bench.close());
    beforeEach(() => {
      limit = { name: `test.${serial++}`, points: 3, windowSeconds: 60 };
    });

    const inSeconds = (seconds: number): Date => new Date(bench.now().getTime() + seconds * 1000);
    const closeTo = (date: Date | undefined, expected: Date): void => {
      expect(date?.getTime()).to.be.closeTo(expected.getTime(), 1000);
    };

    it('knows nothing of a key that was never counted', async () => {
      expect(await counters.read(limit, 'a')).to.deep.equal({
        used: 0,
        left: 3,
        exhausted: false,
        resetsAt: undefined,
      });
    });

    it('takes points until they are used up, and refuses beyond', async () => {
      const readings = [];
      for (let n = 0; n < 5; n += 1) readings.push(await counters.take(limit, 'a'));
      expect(readings.map(({ used, left, exhausted, refused }) => [used, left, exhausted, refused])).to.deep.equal([
        [1, 2, false, false],
        [2, 1, false, false],
        [3, 0, true, false],
        [4, 0, true, true],
        [5, 0, true, true],
      ]);
      closeTo(readings[4]!.resetsAt, inSeconds(60));
      expect(await counters.read(limit, 'a')).to.include({ left: 0, exhausted: true });
    });

    it('never lets more than the points through, however many ask at once and wherever', async () => {
      const wide = { ...limit, points: 20 };
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? counters : bench.elsewhere).take(wide, 'a')),
      );
      expect(all.filter(({ refused }) => !refused)).to.have.length(20);
      expect(new Set(all.map(({ used }) => used)).size).to.equal(50);
    });

    it('counts each key and each limit apart', async () => {
      for (let n = 0; n < 4; n += 1) await counters.take(limit, 'a');
      expect(await counters.take(limit, 'b')).to.include({ used: 1, refused: false });
      expect(await counters.take({ ...limit, name: `${limit.name}.other` }, 'a')).to.include({
        used: 1,
        refused: false,
      });
    });

    it('begins anew when the window has ended, counted from its first point', async () => {
      await counters.take(limit, 'a');
      bench.pass(50);
      for (let n = 0; n < 3; n += 1) await counters.take(limit, 'a');
      closeTo((await counters.read(limit, 'a')).resetsAt, inSeconds(10));
      bench.pass(10);
      expect(await counters.read(limit, 'a')).to.deep.equal({
        used: 0,
        left: 3,
        exhausted: false,
        resetsAt: undefined,
      });
      const again = await counters.take(limit, 'a');
      expect(again).to.include({ used: 1, refused: false });
      closeTo(again.resetsAt, inSeconds(60));
    });

    it('gives a point back, also one that was refused', async () => {
      for (let n = 0; n < 4; n += 1) await counters.take(limit, 'a');
      await counters.giveBack(limit, 'a');
      expect(await counters.read(limit, 'a')).to.include({ used: 3, exhausted: true });
      await counters.giveBack(limit, 'a');
      expect(await counters.take(limit, 'a')).to.include({ used: 3, refused: false });
    });

    it('takes one point of each of several, or of none where one refuses, and says which', async () => {
      const [first, last]: readonly Limit[] = [
        { ...limit, name: `${limit.name}.first`, points: 9 },
        { ...limit, name: `${limit.name}.last`, points: 9 },
      ];
      const all = [
        [first!, 'a'],
        [limit, 'b'],
        [last!, 'c'],
      ] as const;
      for (let n = 1; n <= 3; n += 1) {
        const { readings, refusedBy } = await counters.takeAll(all);
        expect(readings.map(({ used, left, refused }) => [used, left, refused])).to.deep.equal([
          [n, 9 - n, false],
          [n, 3 - n, false],
          [n, 9 - n, false],
        ]);
        expect(refusedBy).to.equal(undefined);
      }
      const { readings, refusedBy } = await counters.takeAll(all);
      expect(
        readings.map(({ used, refused }) => [used, refused]),
        'up to the one that refuses',
      ).to.deep.equal([
        [4, false],
        [4, true],
      ]);
      closeTo(readings[1]!.resetsAt, inSeconds(60));
      expect(refusedBy).to.equal(all[1]);
      expect(await Promise.all(all.map(async ([one, key]) => (await counters.read(one, key)).used))).to.deep.equal([
        3, 3, 3,
      ]);

      await counters.giveBackAll(all.slice(1));
      expect(await Promise.all(all.map(async ([one, key]) => (await counters.read(one, key)).used))).to.deep.equal([
        3, 2, 2,
      ]);
      expect((await counters.takeAll(all)).refusedBy).to.equal(undefined);
      expect(await counters.takeAll([])).to.deep.equal({ readings: [], refusedBy: undefined });
    });

    it('looks first at one that may be held, and takes nothing while it is', async () => {
      const delay: Limit = { ...limit, name: `${limit.name}.delay` };
      const [both, look] = [
        [
          [limit, 'a'],
          [limit, 'b'],
        ],
        [delay, 'a'],
      ] as const;
      expect(await counters.takeAll(both, look)).to.deep.include({ refusedBy: undefined });
      expect((await counters.read(delay, 'a')).used, 'only looked at').to.equal(0);
      await counters.hold(delay, 'a', 30);
      const { readings, refusedBy } = await counters.takeAll(both, look);
      expect(refusedBy).to.equal(look);
      expect(readings.map(({ refused }) => refused)).to.deep.equal([true]);
      closeTo(readings[0]!.resetsAt, inSeconds(30));
      expect((await counters.read(limit, 'a')).used).to.equal(1);
      bench.pass(31);
      expect((await counters.takeAll(both, look)).readings.map(({ used }) => used)).to.deep.equal([2, 2]);
    });

    it('gives some back and wipes others out', async () => {
      const all = [
        [limit, 'a'],
        [limit, 'b'],
        [limit, 'c'],
      ] as const;
      for (let n = 0; n < 2; n += 1) await counters.takeAll(all);
      await counters.giveBackAll(all.slice(1), all.slice(0, 1));
      expect(await Promise.all(all.map(async ([one, key]) => (await counters.read(one, key)).used))).to.deep.equal([
        0, 1, 1,
      ]);
      await counters.giveBackAll([], all.slice(1));
      expect((await counters.read(limit, 'b')).used).to.equal(0);
    });

    it('refuses several for the sake of one that is held', async () => {
      await counters.hold(limit, 'b', 90);
      const { readings, refusedBy } = await counters.takeAll([
        [limit, 'a'],
        [limit, 'b'],
      ]);
      expect(refusedBy?.[1]).to.equal('b');
      closeTo(readings[1]!.resetsAt, inSeconds(90));
      expect((await counters.read(limit, 'a')).used).to.equal(0);
    });

    it('says of one that is held when the hold ends, however often it is asked and whatever the window', async () => {
      await counters.take(limit, 'a');
      await counters.hold(limit, 'a', 90);
      for (const left of [90, 60, 25, 5]) {
        closeTo((await counters.takeAll([[limit, 'a']])).readings[0]?.resetsAt, inSeconds(left));
        bench.pass({ 90: 30, 60: 35, 25: 20, 5: 0 }[left] ?? 0);
      }
    });

    it('never lets more than the points of any of several through, however many ask at once and wherever', async () => {
      const [wide, narrow] = [
        { ...limit, points: 40 },
        { ...limit, name: `${limit.name}.narrow`, points: 20 },
      ];
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          (n % 2 === 0 ? counters : bench.elsewhere).takeAll([
            [wide, 'a'],
            [narrow, 'a'],
          ]),
        ),
      );
      const through = all.filter(({ refusedBy }) => refusedBy === undefined).length;
      expect(through).to.be.within(1, 20);
      expect((await counters.read(wide, 'a')).used).to.equal(through);
    });

    it('gives no point in advance', async () => {
      await counters.giveBack(limit, 'a');
      await counters.take(limit, 'b');
      bench.pass(61);
      await counters.giveBack(limit, 'b');
      for (const key of ['a', 'b']) expect(await counters.take(limit, key)).to.include({ used: 1, left: 2 });
      await counters.giveBack(limit, 'a');
      await counters.giveBack(limit, 'a');
      expect(await counters.read(limit, 'a')).to.include({ used: 0, left: 3, exhausted: false });
    });

    it('refuses a held key whatever its points, until the hold ends', async () => {
      await counters.hold(limit, 'a', 5);
      const held = await counters.read(limit, 'a');
      expect(held).to.include({ used: 0, left: 0, exhausted: true });
      closeTo(held.resetsAt, inSeconds(5));
      expect(await bench.elsewhere.take(limit, 'a')).to.include({ exhausted: true, refused: true });
      await counters.giveBack(limit, 'a');
      bench.pass(5);
      expect(await counters.take(limit, 'a')).to.include({ used: 1, refused: false });
    });

    it('forgets nothing that was counted when a hold ends', async () => {
      for (let n = 0; n < 3; n += 1) await counters.take(limit, 'a');
      await counters.hold(limit, 'a', 5);
      closeTo((await counters.read(limit, 'a')).resetsAt, inSeconds(60));
      bench.pass(5);
      expect(await counters.take(limit, 'a')).to.include({ used: 4, refused: true });
    });

    it('lets a later hold replace an earlier one', async () => {
      await counters.hold(limit, 'a', 5);
      await counters.hold(limit, 'a', 30);
      bench.pass(6);
      const held = await counters.read(limit, 'a');
      expect(held).to.include({ exhausted: true });
      closeTo(held.resetsAt, inSeconds(24));
    });

    it('clears a key, points and hold', async () => {
      for (let n = 0; n < 4; n += 1) await counters.take(limit, 'a');
      await counters.hold(limit, 'a', 5);
      await counters.clear(limit, 'a');
      expect(await counters.read(limit, 'a')).to.deep.equal({
        used: 0,
        left: 3,
        exhausted: false,
        resetsAt: undefined,
      });
    });

    it('clears every key that begins so, points and holds, and nothing of another beginning or limit', async () => {
      const other: Limit = { ...limit, name: `${limit.name}-besides` };
      for (let n = 0; n < 1100; n += 100)
        await Promise.all(Array.from({ length: 100 }, (_, index) => counters.take(limit, `xl.${n + index}`)));
      await counters.hold(limit, 'xl.0', 5);
      for (const key of ['axis.1', 'x', 'xl', 'xl%']) await counters.take(limit, key);
      await counters.take(other, 'xl.1');
      expect(await counters.clearAll(limit, 'xl.')).to.equal(1100);
      for (const key of ['xl.0', 'xl.1', 'xl.1099'])
        expect(await counters.read(limit, key), key).to.include({ used: 0, exhausted: false });
      for (const [of, key] of [
        [limit, 'axis.1'],
        [limit, 'x'],
        [limit, 'xl'],
        [limit, 'xl%'],
        [other, 'xl.1'],
      ] as const)
        expect((await counters.read(of, key)).used, key).to.equal(1);
      expect(await counters.clearAll(limit, 'xl.')).to.equal(0);
    });
  });
}

describe('Counters on PostgreSQL, besides', () => {
  const limit: Limit = { name: 'test.postgres', points: 3, windowSeconds: 60 };

  it('fail closed: without the database every operation throws', async () => {
    const db = createKnex({ url: 'postgres://nobody:x@127.0.0.1:1/none', poolMax: 2, statementTimeoutMs: 1000 });
    const counters = createPostgresCounters({ db });
    const operations = [
      counters.take(limit, 'a'),
      counters.read(limit, 'a'),
      counters.giveBack(limit, 'a'),
      counters.hold(limit, 'a', 1),
      counters.clear(limit, 'a'),
      counters.clearAll(limit, 'a'),
    ];
    const outcomes = await Promise.allSettled(operations);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(outcomes.map(() => 'rejected'));
    await db.destroy();
  });

  it('are removed once they have expired, and only then', async () => {
    const database = await createTestDatabase();
    const now = new Date('2026-11-23T03:00:00Z');
    const counters = createPostgresCounters({ db: database.knex, clock: { now: () => now } });
    for (const key of ['a', 'b', 'c']) await counters.take(limit, key);
    await counters.hold(limit, 'a', 600);
    const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
    expect(await purgeCounters(database.knex, at(58), 100)).to.equal(0);
    expect(await purgeCounters(database.knex, at(62), 2)).to.equal(2);
    expect(await purgeCounters(database.knex, at(62), 100)).to.equal(1);
    expect(await purgeCounters(database.knex, at(602), 100)).to.equal(1);
    await database.drop();
  });
});

describe('Counters on Redis, besides', () => {
  const limit: Limit = { name: 'test.redis', points: 3, windowSeconds: 60 };

  it('fail closed: without Redis every operation throws', async () => {
    const redis = openRedis(redisSettings({ url: 'redis://127.0.0.1:1', timeoutMs: 300 }), { warn: () => undefined })!;
    const counters = createRedisCounters({ redis });
    const outcomes = await Promise.allSettled([
      counters.take(limit, 'a'),
      counters.read(limit, 'a'),
      counters.giveBack(limit, 'a'),
      counters.hold(limit, 'a', 1),
      counters.clear(limit, 'a'),
      counters.clearAll(limit, 'a'),
    ]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && isDatabaseAway(outcome.reason))).to.deep.equal(
      outcomes.map(() => true),
    );
    redis.close();
  });

  for (const [name, start] of benches.all) {
    it(`have an end each, and take one round trip, on ${name}`, async () => {
      const bench = await start();
      await bench.empty();
      const counters = createRedisCounters({ redis: bench.redis });
      const trips = [
        await bench.trips(() => counters.take(limit, 'a')),
        await bench.trips(() => counters.hold(limit, 'a', 600)),
        await bench.trips(() => counters.read(limit, 'a')),
        await bench.trips(() => counters.giveBack(limit, 'a')),
      ];
      expect(trips).to.deep.equal([1, 1, 1, 1]);
      const [end, ...more] = await bench.ends();
      expect(more).to.deep.equal([]);
      expect(end).to.be.within(590_000, 600_000);
      expect(await bench.trips(() => counters.clear(limit, 'a'))).to.equal(1);
    });
  }
});
