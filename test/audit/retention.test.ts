import { expect } from 'chai';
import type { Knex } from 'knex';
import { createAudit } from '../../src/audit/log.ts';
import { judgePartitions } from '../../src/cli/checks.ts';
import { examineMachine } from '../../src/cli/machine-check.ts';
import type { Core } from '../../src/core.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { retain } from '../../src/jobs/retention.ts';
import { createChainWatch } from '../../src/jobs/verify-chain.ts';
import { inspectDatabase } from '../../src/store/inspect.ts';
import { makeComingPartitions, monthAfter, restOf } from '../../src/store/partitions.ts';
import type { Store } from '../../src/store/store.ts';
import { createTestCore } from '../support/core.ts';
import { statementsOf } from '../support/statements.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;

interface Node {
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly Node[];
}

interface Cost {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Cost[];
}

const KEPT_MONTHS = 13;

describe('The audit log, when its time is over', () => {
  let core: Core;
  let close: () => Promise<void>;
  /** The first day that is kept, and the parts of the two months before it. */
  const kept = monthAfter(new Date(), -KEPT_MONTHS);
  const partNamed = (table: string, month: Date): string =>
    `${table}_${month.toISOString().slice(0, 7).replace('-', '_')}`;
  const old = [monthAfter(kept, -2), monthAfter(kept, -1)].map((month) => partNamed('audit_log', month));

  beforeEach(async () => {
    ({ core, close } = await createTestCore());
    // As it is long after the first part was cut off: by the month, and from three months before the time that is kept.
    for (const [table, first] of [
      ['audit_log', 'audit_events'],
      ['verification_log', 'verifications'],
    ] as const) {
      for (const part of await core.knex
        .raw<{ rows: { name: string }[] }>(
          'select inhrelid::regclass::text as name from pg_inherits where inhparent = to_regclass(?)',
          [table],
        )
        .then(({ rows }) => rows.map(({ name }) => name))) {
        if (part === restOf(table)) continue;
        await core.knex.raw('alter table ?? detach partition ??', [table, part]);
        if (part !== first) await core.knex.raw('drop table ??', [part]);
      }
      await core.knex.raw('alter table ?? drop constraint ??', [first, `${first}_until`]);
      await core.knex.raw(
        `alter table ?? attach partition ?? for values from (minvalue) to ('${monthAfter(kept, -2).toISOString()}')`,
        [table, first],
      );
    }
    await makeComingPartitions(core.knex, new Date());
  });
  afterEach(() => close());

  /** Events in the order of writing, each with the time that its instance had; all of them chained. */
  async function happened(...times: readonly Date[]): Promise<readonly string[]> {
    const ids = times.map(() => core.random.uuid());
    for (const [index, at] of times.entries())
      await core.store.audit.append({
        id: ids[index]!,
        at,
        type: 'sign-out.completed',
        accountId: undefined,
        clientId: undefined,
        details: { index },
      });
    for (const id of ids)
      await core
        .knex('audit_unchained')
        .where('event_id', id)
        .update({ since: new Date(Date.now() - (ids.length - ids.indexOf(id)) * MINUTE_MS) });
    await chainAll(core.audit, core.store);
    return ids;
  }
  const near = (moment: Date, minutes: number): Date => new Date(moment.getTime() + minutes * MINUTE_MS);
  /** The reports have counted all of it. */
  const counted = (): Promise<Date> => Promise.resolve(new Date(8.64e15));
  const ids = async (): Promise<readonly string[]> =>
    (await core.store.audit.list()).filter(({ type }) => type !== 'audit.retired').map(({ id }) => id);
  const run = (): ReturnType<typeof retain> => retain({ ...core, months: KEPT_MONTHS, countedUntil: counted });
  const whole = async (): Promise<number | undefined> => {
    await chainAll(core.audit, core.store);
    return core.audit.verify(core.store);
  };
  async function tamper(...statements: string[]): Promise<void> {
    await core.knex.transaction(async (trx) => {
      await trx.raw("set local session_replication_role = 'replica'");
      for (const statement of statements) await trx.raw(statement);
    });
  }
  const outcome = (statement: string): Promise<unknown> =>
    core.knex.raw(statement).then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code,
    );
  const usual = (): Promise<readonly string[]> =>
    happened(
      near(kept, -90_000),
      near(kept, -50_000),
      near(kept, -10),
      near(kept, -5),
      near(kept, 5),
      near(kept, 10),
      near(kept, 90_000),
    );

  it('goes by whole months; what is left is proved from a sealed link on, and that it went is remembered', async () => {
    const all = await usual();
    const evidence = {
      id: core.random.uuid(),
      draftId: core.random.uuid(),
      nikHash: Buffer.alloc(32),
      outcome: 'verified',
      responseCode: undefined,
      institution: 'KEMNAKER',
      threshold: 90,
      reference: 'r',
      policyVersion: '1',
      clientId: undefined,
      durationMs: 1,
    };
    await core.store.verifications.insert({ ...evidence, at: near(kept, -5) });
    await core.store.verifications.insert({ ...evidence, id: core.random.uuid(), at: near(kept, 5) });

    const gone = await run();
    expect(gone.log).to.deep.equal(['audit_events', ...old]);
    expect(gone.evidence).to.deep.equal([
      'verifications',
      ...[monthAfter(kept, -2), monthAfter(kept, -1)].map((month) => partNamed('verification_log', month)),
    ]);
    expect(await ids()).to.have.members(all.slice(4));
    expect(await core.knex('verification_log')).to.have.length(1);
    expect(await whole()).to.equal(undefined);
    const removed = [-2, -1, 0].map((months, index) => ({
      until: monthAfter(kept, months).toISOString().slice(0, 10),
      events: [1, 1, 2][index],
      position: [1, 2, 4][index],
    }));
    expect((await core.store.audit.list({ type: 'audit.retired' })).map(({ details }) => details)).to.have.deep.members(
      removed,
    );
    expect(
      (await core.store.retention.seals()).map(({ before, events, position }) => ({
        until: before.toISOString().slice(0, 10),
        events,
        position,
      })),
      'each part by its own seal',
    ).to.deep.equal(removed);
    expect(await core.knex('audit_chain').where('position', '<=', 4)).to.deep.equal([]);

    expect((await run()).log, 'once').to.deep.equal([]);
    expect(await core.store.audit.list({ type: 'audit.retired' })).to.have.length(3);
    await happened(new Date());
    expect(await whole(), 'and the chain goes on').to.equal(undefined);
  });

  it('is missed by the doctor where the job has not come for a week, and by nobody before', async () => {
    const look = async (months: number): Promise<readonly string[]> =>
      [...judgePartitions(await inspectDatabase(core.knex, () => new Date()), new Date(), months)]
        .filter(({ what }) => what.includes('older than'))
        .map(({ what }) => what);
    expect(await look(KEPT_MONTHS)).to.deep.equal(
      ['audit_log', 'verification_log'].map((table) => `2 parts of ${table} are older than ${KEPT_MONTHS} months`),
    );
    expect(await look(KEPT_MONTHS + 2)).to.deep.equal([]);
    expect(await look(0)).to.deep.equal([]);
    const states = async (auditMonths: number): Promise<readonly string[]> =>
      (
        await examineMachine({
          ...core.config,
          environment: 'production',
          lifetimes: { ...core.config.lifetimes, auditMonths },
        })
      )
        .filter(({ check }) => check === 'retention')
        .map(({ state }) => state);
    expect([await states(60), await states(0), await states(59)]).to.deep.equal([[], ['warn'], ['warn']]);
  });

  it('is kept for ever where the months are 0, and while nothing has happened since', async () => {
    const all = await happened(near(kept, -50_000), near(kept, -5));
    expect((await retain({ ...core, months: 0, countedUntil: counted })).log).to.deep.equal([]);
    expect((await run()).log).to.deep.equal([]);
    expect(await ids()).to.have.members(all);
    expect(await whole()).to.equal(undefined);
  });

  it('is not removed by an instance whose clock is years ahead', async () => {
    const all = await usual();
    const { log } = await retain({
      ...core,
      clock: { now: () => monthAfter(new Date(), 60) },
      months: 48,
      countedUntil: counted,
    });
    expect(log).to.deep.equal([]);
    expect(await ids()).to.have.members(all);
  });

  it('loses no event that is younger, whatever its place in the chain: another link stands for it', async () => {
    // The last second of a month is chained in any order; two clocks were wrong, by a year and by thirty.
    const [, ahead, , early, late, , , , , , behind, longBehind] = await happened(
      near(kept, -90_000),
      near(kept, 900_000),
      near(kept, -10),
      near(kept, 1),
      near(kept, -1),
      near(kept, 5),
      near(kept, 10),
      near(kept, 15),
      near(kept, 20),
      near(kept, 25),
      near(kept, -30_000),
      new Date(0),
    );
    const lately = await happened(near(kept, -20));
    await core.store.audit.append({
      id: '00000000-0000-4000-8000-00000000beef',
      at: near(kept, -30),
      type: 'sign-out.completed',
      accountId: undefined,
      clientId: undefined,
      details: {},
    });
    await run();
    const left = await ids();
    expect(left).to.include.members([
      ahead,
      early,
      behind,
      longBehind,
      ...lately,
      '00000000-0000-4000-8000-00000000beef',
    ]);
    expect(left, 'a minute late is not wrong').not.to.include(late);
    expect(await whole()).to.equal(undefined);
    expect(await core.knex('audit_chain').whereNull('event_at'), 'without the times of their events').to.deep.equal([]);
    expect(await core.store.backlog.auditChainLag()).to.equal(0);
    for (const table of ['audit_log', restOf('audit_log')])
      expect(await outcome(`delete from ${table}`), table).to.equal('42501');
  });

  it('goes month after month: each seal covers the one before, and who was late goes when their link is old', async () => {
    const [, stray] = await happened(near(kept, -50_000), near(kept, 5), near(kept, 6), near(kept, 7));
    await core.audit.retire(core.store, monthAfter(kept, -1));
    expect(await whole()).to.equal(undefined);
    await run();
    expect(await whole()).to.equal(undefined);
    expect(await ids()).to.include(stray);
    const next = monthAfter(kept, 1);
    const [, , , late] = await happened(near(next, 5), near(next, 6), near(next, 7), near(kept, -5));
    await core.audit.retire(core.store, next);
    expect(await whole()).to.equal(undefined);
    expect(await ids())
      .to.include(late)
      .and.not.include(stray);
    await happened(near(monthAfter(next, 1), 5), near(monthAfter(next, 1), 6), near(monthAfter(next, 1), 7));
    await core.audit.retire(core.store, monthAfter(next, 1));
    expect(await ids()).not.to.include(late);
    expect(await whole()).to.equal(undefined);
    expect(await core.store.retention.seals()).to.have.length.above(2);
  });

  it('goes part by part: what a turn that is cut off has done is done, and the next reads none of it again', async () => {
    const all = await usual();
    const { store } = core;
    const stop = new AbortController();
    const read: number[] = [];
    const watched: Store = {
      ...store,
      audit: {
        ...store.audit,
        chained(after, limit) {
          read.push(after);
          return store.audit.chained(after, limit);
        },
      },
      retention: {
        ...store.retention,
        async remove(...removal) {
          const isDone = await store.retention.remove(...removal);
          stop.abort();
          return isDone;
        },
      },
    };
    const turn = (signal?: AbortSignal): ReturnType<typeof retain> =>
      retain({ ...core, store: watched, months: KEPT_MONTHS, countedUntil: counted }, signal);
    expect(
      await turn(stop.signal).then(
        () => undefined,
        (error: unknown) => (error as Error).name,
      ),
    ).to.equal('AbortError');
    expect((await store.retention.seals()).map(({ position }) => position)).to.deep.equal([1]);
    expect(await ids()).to.have.members(all.slice(1));
    expect(read.splice(0)).to.deep.equal([0]);

    expect((await turn()).log).to.deep.equal(old);
    expect(read.length).to.be.above(0);
    expect(Math.min(...read)).to.equal(1);
    expect(await ids()).to.have.members(all.slice(4));
    expect(await whole()).to.equal(undefined);
  });

  /** A month of more than two stretches of the chain, with one event in it of a clock that was ahead. */
  async function longMonth(): Promise<readonly string[]> {
    const first = await happened(near(kept, -40_000), near(kept, 5));
    await core.knex('audit_log').insert(
      Array.from({ length: 1200 }, (_, index) => ({
        id: core.random.uuid(),
        at: near(kept, -30_000 + index),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    await chainAll(core.audit, core.store);
    return [...first, ...(await happened(near(kept, 90_000)))];
  }
  /** A turn of which the process ends while it looks through that stretch. */
  async function cutOffAt(reads: number): Promise<readonly number[]> {
    const stop = new AbortController();
    const read: number[] = [];
    const watched: Store = {
      ...core.store,
      audit: {
        ...core.store.audit,
        chained(after, limit) {
          read.push(after);
          if (read.length === reads) stop.abort();
          return core.store.audit.chained(after, limit);
        },
      },
    };
    expect(
      await retain({ ...core, store: watched, months: KEPT_MONTHS, countedUntil: counted }, stop.signal).then(
        () => undefined,
        (error: unknown) => (error as Error).name,
      ),
    ).to.equal('AbortError');
    return read;
  }
  async function readOf(work: (store: Store) => Promise<unknown>): Promise<readonly number[]> {
    const read: number[] = [];
    await work({
      ...core.store,
      audit: {
        ...core.store.audit,
        chained: (after, limit) => (read.push(after), core.store.audit.chained(after, limit)),
      },
    });
    return read;
  }

  it('goes on within a month where a turn was cut off, and what stays of it is looked at again', async () => {
    const [, ahead, last] = await longMonth();
    expect(await cutOffAt(2)).to.deep.equal([0, 500]);
    expect(await core.store.retention.seals()).to.deep.equal([]);
    const read = await readOf((store) => retain({ ...core, store, months: KEPT_MONTHS, countedUntil: counted }));
    // The event of the clock that was ahead, by the link before it, and then the rest of the month.
    expect(read.slice(0, 3)).to.deep.equal([0, 1, 1000]);
    expect(await ids()).to.have.members([ahead, last]);
    expect(await whole()).to.equal(undefined);
    expect(await core.store.audit.progress('retire'), 'nothing to go on with').to.equal(undefined);
  });

  it('takes as many nights as it needs: none of them has failed whose time was over amid a month', async () => {
    await longMonth();
    const over = new AbortController();
    const read: number[] = [];
    const watched: Store = {
      ...core.store,
      audit: {
        ...core.store.audit,
        chained(after, limit) {
          read.push(after);
          if (read.length === 2) over.abort();
          return core.store.audit.chained(after, limit);
        },
      },
    };
    const first = await retain({
      ...core,
      store: watched,
      months: KEPT_MONTHS,
      countedUntil: counted,
      over: over.signal,
    });
    expect(first.log, 'what is before that month').to.deep.equal(['audit_events', old[0]]);
    expect((await core.store.audit.progress('retire'))?.note, 'where it is').to.include('"position":1000');
    const told = await retain(
      { ...core, months: KEPT_MONTHS, countedUntil: counted, over: over.signal },
      AbortSignal.abort(),
    ).then(
      () => 'done',
      (error: unknown) => (error as Error).name,
    );
    expect(told, 'a run that is ended by somebody else tells so').to.equal('AbortError');
    expect((await run()).log).to.deep.equal([old[1]]);
    expect(await whole()).to.equal(undefined);
  });

  it('lets nobody wait for what was chained while it was looked through, which may be that of nights', async () => {
    const [, ahead, last] = await longMonth();
    let late: readonly string[] = [];
    const ends: number[] = [];
    const watched: Store = {
      ...core.store,
      retention: {
        ...core.store.retention,
        async beyond(...asked) {
          const found = await core.store.retention.beyond(...asked);
          // Long after it was looked at whose link is beyond: many events of today, and one of that month.
          if (asked[0] === old[1] && late.length === 0 && found.last === undefined) {
            await core.knex('audit_log').insert(
              Array.from({ length: 6000 }, () => ({
                id: core.random.uuid(),
                at: new Date(),
                type: 'sign-out.completed',
                details: '{}',
              })),
            );
            await chainAll(core.audit, core.store);
            late = await happened(near(kept, -20_000), new Date());
          }
          return found;
        },
        remove(removal, andThen) {
          ends.push(removal.end);
          return core.store.retention.remove(removal, andThen);
        },
      },
    };
    await retain({ ...core, store: watched, months: KEPT_MONTHS, countedUntil: counted });
    expect(late).to.have.length(2);
    expect(ends.at(-1), 'the removal looks at the last few alone').to.be.above(1203 + 6000 - 1000);
    expect(await ids()).to.include.members([ahead, last, ...late]);
    expect(await whole()).to.equal(undefined);
  });

  it('looks for nothing of today in the month that goes, while everybody waits', async () => {
    await happened(near(kept, -50_000), near(kept, 5), new Date());
    await core.knex('audit_log').insert(
      Array.from({ length: 800 }, () => ({
        id: core.random.uuid(),
        at: new Date(),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    await core.audit.chain(core.store);
    expect(await core.knex('audit_unchained'), 'the others wait for the chain').to.have.length(300);
    const isOver = new Error('taken back');
    const [, part] = await core.store.retention.parts(kept);
    const asked = await statementsOf(() =>
      core.store.retention
        .remove(
          { part: part!.name, before: part!.until, sealedAt: 0, end: 1, late: [], relinked: [], seal: undefined },
          () => Promise.reject(isOver),
        )
        .catch((error: unknown) => {
          if (error !== isOver) throw error;
        }),
    );
    const move = asked.find(({ text }) => text.startsWith('insert into "audit_log_rest"'))!;
    const found: Node[] = [];
    await core.knex.transaction(async (trx) => {
      // As the planner does where the month has a hundred million events.
      await trx.raw(
        'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off',
      );
      const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': { Plan: Node }[] }[] }>(
        `explain (analyze, format json) ${move.text.replaceAll(/\$\d/g, '?')}`,
        move.values as Knex.RawBinding[],
      );
      const collect = (node: Node): void => {
        if (node['Relation Name'] === part!.name) found.push(node);
        node.Plans?.forEach(collect);
      };
      for (const { Plan } of rows.flatMap((row) => row['QUERY PLAN'])) collect(Plan);
    });
    expect(found).to.have.length(1);
    expect(found[0]?.['Actual Loops'], 'how often it is looked into').to.equal(0);
  });

  it('gives no event another link that was altered between two turns', async () => {
    const [, ahead] = await longMonth();
    await cutOffAt(2);
    await tamper(`update audit_log set details = '{"other":1}' where id = '${ahead!}'`);
    expect(
      await run().then(
        () => undefined,
        (error: unknown) => error,
      ),
    ).to.include({ code: 'AUDIT_CHAIN_BROKEN', position: 2 });
    expect((await ids()).length).to.equal(1203);
  });

  it('is looked through from its beginning where what was noted of it was not written by us, or three days ago', async () => {
    const [first] = await longMonth();
    await cutOffAt(2);
    const { note, mac } = (await core.store.audit.progress('retire'))!;
    await tamper(`update audit_log set details = '{"other":1}' where id = '${first!}'`);
    await core.store.audit.keepProgress('retire', note.replace('"position":1000', '"position":1202'), mac);
    expect(
      await run().then(
        () => undefined,
        (error: unknown) => error,
      ),
    ).to.include({ code: 'AUDIT_CHAIN_BROKEN', position: 1 });
    await core.store.audit.keepProgress('retire', note, mac);
    const later = createAudit({ ...core, clock: { now: () => new Date(Date.now() + 3 * 86_400_000 + 1000) } });
    expect(
      await later.retire(core.store, kept).then(
        () => undefined,
        (error: unknown) => error,
      ),
    ).to.include({ code: 'AUDIT_CHAIN_BROKEN', position: 1 });
  });

  it('is left as it is from where the chain was altered: what tells of it must not go', async () => {
    const all = await usual();
    await tamper(`update audit_log set details = '{"other":1}' where id = '${all[1]!}'`);
    const refused = await run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.include({ code: 'AUDIT_CHAIN_BROKEN', position: 2 });
    expect(await ids()).to.have.members(all.slice(1));
    expect(await core.audit.verify(core.store)).to.equal(2);
  });

  it('loses no link to a seal that is not ours, which whoever may only add something can add', async () => {
    const all = await usual();
    await core.knex('audit_seals').insert({
      position: all.length,
      hash: Buffer.alloc(32),
      before: kept,
      events: all.length,
      at: new Date(),
      seal: Buffer.alloc(32),
    });
    for (const months of [KEPT_MONTHS, 0]) {
      const refused = await retain({ ...core, months, countedUntil: counted }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refused).to.include({ code: 'AUDIT_CHAIN_BROKEN', position: all.length });
    }
    expect(await core.knex('audit_chain').pluck('event_id')).to.have.members(all);
  });

  const changes: Readonly<Record<string, (seal: number) => readonly string[]>> = {
    'a seal moved on': (seal) => [
      `update audit_seals set position = ${seal + 1} where position = ${seal}`,
      `delete from audit_chain where position <= ${seal + 1}`,
    ],
    'a seal of somebody’s own': (seal) => [
      `insert into audit_seals select ${seal + 2}, (select hash from audit_chain where position = ${seal + 2}), before, events, at, seal from audit_seals where position = ${seal}`,
      `delete from audit_chain where position <= ${seal + 2}`,
    ],
    'another hash in it': () => [`update audit_seals set hash = decode(repeat('00', 32), 'hex')`],
    'another day in it': () => [`update audit_seals set before = before - interval '1 month'`],
    'no seal': () => ['delete from audit_seals'],
    'the first link after it removed': (seal) => [`delete from audit_chain where position = ${seal + 1}`],
    'an event beside the chain, with a link of before the seal': (seal) => [
      `insert into audit_log (id, at, type, details) values ('00000000-0000-4000-8000-00000000dead', now(), 'sign-out.completed', '{}')`,
      `insert into audit_chain (position, event_id, hash) values (${seal}, '00000000-0000-4000-8000-00000000dead', decode(repeat('ab', 32), 'hex'))`,
    ],
  };
  for (const [what, statements] of Object.entries(changes)) {
    it(`tells ${what}`, async () => {
      await usual();
      await run();
      await chainAll(core.audit, core.store);
      await tamper(...statements((await core.store.retention.seals()).at(-1)!.position));
      expect(await core.audit.verify(core.store)).to.be.a('number');
    });
  }

  it('lets links be deleted up to the seal and no further, and the seal itself not at all', async () => {
    await usual();
    await run();
    await chainAll(core.audit, core.store);
    for (const statement of [
      'delete from audit_chain',
      'truncate audit_chain',
      'delete from audit_seals',
      'update audit_seals set before = now()',
    ]) {
      expect(await outcome(statement), statement).to.equal('42501');
    }
  });

  it('costs the last of its links no more than the first, though a backup keeps those before from being cleared away', async () => {
    const [LINKS, BATCH] = [20_000, 5000];
    const { retention } = core.store;
    await core.knex.raw(
      "insert into audit_seals (position, hash, before, events, at, seal) values (?, '\\x00', now(), 1, now(), '\\x00')",
      [LINKS],
    );
    await core.knex.raw(
      "insert into audit_chain (position, event_id, hash) select n, gen_random_uuid(), '\\x00' from generate_series(1, ?::int) n",
      [LINKS],
    );
    await core.knex.raw('analyze audit_chain');
    const backup = await core.knex.transaction(undefined, { isolationLevel: 'repeatable read' });
    try {
      await backup('audit_seals').first();
      const isOver = new Error('taken back');
      /** What the statements look through, which are done for good when that is told. */
      const blocksOf = async (ask: (tx: Store) => Promise<unknown>): Promise<readonly number[]> => {
        const asked = await statementsOf(() =>
          core.store
            .transaction(async (tx) => {
              await ask(tx);
              throw isOver;
            })
            .catch((error: unknown) => {
              if (error !== isOver) throw error;
            }),
        );
        const found: number[] = [];
        for (const { text, values } of asked.filter((one) => one.text.includes('audit_chain'))) {
          const { rows } = await core.knex.raw<{ rows: { 'QUERY PLAN': { Plan: Cost }[] }[] }>(
            `explain (analyze, buffers, format json) ${text.replaceAll(/\$\d/g, '?')}`,
            values as Knex.RawBinding[],
          );
          for (const { Plan } of rows.flatMap((row) => row['QUERY PLAN'])) {
            const [below = Plan] = Plan.Plans ?? [];
            found.push(below['Shared Hit Blocks'] + below['Shared Read Blocks']);
          }
        }
        return found;
      };
      const costs: number[] = [];
      for (let from = 1; from < LINKS; from += BATCH) {
        expect(await retention.firstLink(LINKS)).to.equal(from);
        const [blocks] = await blocksOf((tx) => tx.retention.dropLinks(from, from + BATCH - 1));
        costs.push(blocks!);
      }
      expect(await core.knex('audit_chain')).to.have.length(0);
      expect(costs[3], costs.join()).to.be.below(1.2 * costs[0]!);
      expect(await retention.firstLink(LINKS)).to.equal(undefined);
      const looks = await blocksOf((tx) => tx.retention.firstLink(LINKS));
      expect(Math.max(...looks), 'of the nights in which nothing goes').to.be.below(20);
    } finally {
      await backup.rollback();
    }
  });

  it('is removed once, however many try; who walks along the chain meanwhile finds it whole', async () => {
    await usual();
    const told: unknown[] = [];
    const watch = createChainWatch({
      ...core,
      log: {
        error: (fields: unknown) => {
          told.push(fields);
        },
      },
    });
    await watch.step();
    const removed = await Promise.all([run(), run(), run()]);
    expect(removed.flatMap(({ log }) => log)).to.have.members(['audit_events', ...old]);
    for (let step = 0; step < 4; step += 1) await watch.step();
    expect(told).to.deep.equal([]);
    expect(await whole()).to.equal(undefined);
  });

  it('waits for who reads, and gives way to who writes', async () => {
    await usual();
    const reader = await core.knex.transaction();
    await reader('audit_log').first();
    let isDone = false;
    const running = run().then((gone) => {
      isDone = true;
      return gone;
    });
    await until(
      'the removal has asked for its lock',
      async () =>
        (
          await core.knex.raw<{ rows: unknown[] }>(
            "select from pg_locks where not granted and relation = 'audit_log'::regclass",
          )
        ).rows.length > 0,
    );
    await happened(new Date());
    expect(isDone).to.equal(false);
    await reader.commit();
    expect((await running).log).to.have.length(3);
    expect(await whole()).to.equal(undefined);
  });
});
