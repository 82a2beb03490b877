import { expect } from 'chai';
import { questions } from '../../src/admin/reports/questions.ts';
import { judgeReports } from '../../src/cli/reports-check.ts';
import type { Core } from '../../src/core.ts';
import { daysLater, todayIn } from '../../src/domain/day.ts';
import type { Count } from '../../src/domain/report-count.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { purge } from '../../src/jobs/purge.ts';
import { countedUntil, countReports, uncountedDays, type CountedReports } from '../../src/jobs/reports.ts';
import { retain } from '../../src/jobs/retention.ts';
import { monthAfter } from '../../src/store/partitions.ts';
import { countedBy, countingOf, type Question } from '../../src/store/report-questions.ts';
import { createTestCore } from '../support/core.ts';
import { statementsOf } from '../support/statements.ts';

const JAKARTA = 'Asia/Jakarta';
const JAYAPURA = 'Asia/Jayapura';
const DAY_MS = 86_400_000;

describe('Days that are over', () => {
  let core: Core;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ core, close } = await createTestCore({ DATABASE_STATEMENT_TIMEOUT_MS: '300' }));
  });
  afterEach(() => close());

  const today = (): string => todayIn(JAKARTA, new Date());
  const day = (daysAgo: number): string => daysLater(today(), -daysAgo);
  /** A moment of that day in Jakarta. */
  const at = (daysAgo: number, time = '12:00:00.000'): Date => new Date(`${day(daysAgo)}T${time}+07:00`);
  const happened = (
    when: Date,
    type = 'sign-in.succeeded',
    clientId: string | undefined = 'karirhub',
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> =>
    core.store.audit.append({ id: core.random.uuid(), at: when, type, accountId: undefined, clientId, details });
  const noticed = (when: Date, state: 'pending' | 'delivered'): Promise<unknown> =>
    core.knex('logout_notices').insert({
      account_id: core.random.uuid(),
      client_id: 'karirhub',
      reason: 'sign-out',
      state,
      created_at: when,
      next_attempt_at: when,
      finished_at: state === 'pending' ? null : when,
    });
  const deps = { questions: Object.values(questions), timeZone: JAKARTA };
  const run = (
    more: { readonly turnMs?: number; readonly timeZone?: string; readonly questions?: readonly Question[] } = {},
  ): Promise<CountedReports> => countReports({ ...core, ...deps, ...more });
  const read = (question: Question, from: string, to: string, timeZone = JAKARTA): Promise<readonly Count[]> =>
    core.store.reports.read(question, { from, to, timeZone });
  const countedDays = async (report: string): Promise<readonly string[]> =>
    (
      await core.knex.raw<{ rows: { day: string }[] }>(
        `select to_char(day, 'YYYY-MM-DD') as day from report_days where report = ? order by day`,
        [report],
      )
    ).rows.map((row) => row.day);

  it('are counted once: the figures are the same as from the logs, and the logs are not read for them any more', async () => {
    for (const [moment, type, clientId, details] of [
      [at(3, '00:00:00.000'), 'sign-in.succeeded', 'karirhub', {}],
      [at(3, '23:59:59.999'), 'sign-in.succeeded', 'karirhub', {}],
      [at(2, '00:00:00.000'), 'registration.completed', 'skillhub', {}],
      [at(2), 'sign-in.refused', undefined, { reason: 'wrong' }],
      [at(2), 'consent.declined', undefined, {}],
      [at(2), 'registration.code.sent', undefined, { operator: 'xl' }],
      [at(0), 'sign-in.succeeded', 'karirhub', {}],
    ] as const)
      await happened(moment, type, clientId, details);
    await core.store.verifications.insert({
      id: core.random.uuid(),
      draftId: core.random.uuid(),
      nikHash: Buffer.alloc(32),
      at: at(3),
      outcome: 'unavailable',
      responseCode: undefined,
      institution: 'K',
      threshold: 90,
      reference: 'r',
      policyVersion: '1',
      clientId: undefined,
      durationMs: 1,
    });
    await noticed(at(3), 'delivered');
    const all = (): Promise<readonly (readonly Count[])[]> =>
      Promise.all(deps.questions.map((question) => read(question, day(5), today())));
    const before = await all();
    expect(before.map((counts) => counts.length)).to.deep.equal([3, 2, 1, 1, 1]);

    expect(await run()).to.include({ left: 0, atReplica: false });
    expect(await countedDays('activity'), 'yesterday, if that is over for an hour')
      .to.include.members([day(3), day(2)])
      .and.not.include(today());
    expect(await all()).to.deep.equal(before);
    const asked = await statementsOf(() =>
      Promise.all(deps.questions.map((question) => read(question, day(3), day(2)))),
    );
    expect(asked.filter(({ text }) => /audit_log|verification_log|logout_notices/.test(text))).to.deep.equal([]);
    expect(await run()).to.include({ counted: 0, left: 0 });
  });

  it('come to the same when two count at once, and when one is cut off and another goes on', async () => {
    for (const ago of [6, 5, 4, 3, 2]) for (let n = 0; n < ago; n += 1) await happened(at(ago));
    const before = await read(questions.activity, day(6), day(2));
    expect(before.map(({ count }) => count)).to.deep.equal([6, 5, 4, 3, 2]);
    const only = { questions: [questions.activity] };
    const first = await run({ ...only, turnMs: 0 });
    expect(first.counted, 'one at least').to.equal(1);
    expect(first.left).to.be.at.least(4);
    expect(await countedDays('activity'), 'the newest').to.have.length(1);
    expect(await read(questions.activity, day(6), day(2)), 'part of it counted, part from the log').to.deep.equal(
      before,
    );
    const stopped = await countReports({ ...core, ...deps, ...only }, AbortSignal.abort());
    expect(stopped.counted).to.equal(0);
    await Promise.all([run(only), run(only), run(only)]);
    expect(await countedDays('activity')).to.include.members([6, 5, 4, 3, 2].map(day));
    expect(await read(questions.activity, day(6), day(2))).to.deep.equal(before);
  });

  it('are over when nobody is writing any more who began before', async () => {
    const late = await core.knex.transaction();
    await late.raw(
      `insert into audit_log (id, at, type, client_id, details) values (gen_random_uuid(), now(), 'sign-in.succeeded', 'karirhub', '{}')`,
    );
    const {
      rows: [begun],
    } = await late.raw<{ rows: { at: Date }[] }>('select now() as at');
    expect((await core.store.reportDays.begin(0)).settledAt).to.deep.equal(begun!.at);
    await late.commit();
    expect((await core.store.reportDays.begin(0)).settledAt).to.be.above(begun!.at);
    await happened(at(0));
    await happened(at(5));
    // A day that ends this moment is not over: only an hour later it is.
    const end = new Date(`${day(0)}T00:00:00.000+07:00`);
    await countReports({ ...core, ...deps, clock: { now: () => new Date(end.getTime() + 3_599_999) } });
    expect((await countedDays('activity')).at(-1)).to.equal(day(2));
  });

  it('of logout notices are over when none of them can change any more; their figures stay when the notices go', async () => {
    const only = { questions: [questions.logouts] };
    for (const state of ['delivered', 'pending'] as const) await noticed(at(3), state);
    await noticed(at(29), 'delivered');
    await noticed(at(31), 'delivered');
    expect((await run(only)).left).to.equal(1);
    expect(await countedDays('logouts'))
      .to.include.members([day(29), day(4)])
      .and.not.include(day(3))
      .and.not.include(day(31));
    expect((await read(questions.logouts, day(3), day(3))).map(({ kind, count }) => [kind, count])).to.deep.equal([
      ['delivered', 1],
      ['pending', 1],
    ]);
    await core.knex('logout_notices').where('state', 'pending').update({ state: 'given-up', finished_at: new Date() });
    expect((await run(only)).left).to.equal(0);
    const figures = await read(questions.logouts, day(29), day(2));
    expect(figures.map(({ kind, count }) => [kind, count])).to.deep.equal([
      ['delivered', 1],
      ['delivered', 1],
      ['given-up', 1],
    ]);
    await core.knex('logout_notices').update({ finished_at: new Date(Date.now() - 31 * DAY_MS) });
    await purge({
      ...core,
      deviceSeconds: 1,
      formerAccountDays: 0,
      recoveryRequestDays: 90,
      purgeCounters: () => Promise.resolve(0),
    });
    expect(await core.knex('logout_notices')).to.have.length(0);
    expect(await read(questions.logouts, day(29), day(2))).to.deep.equal(figures);
  });

  it('are counted anew where something comes to them late: to the log, the evidence or what services were told', async () => {
    const proved = (): Promise<boolean> =>
      core.store.verifications.insert({
        id: core.random.uuid(),
        draftId: core.random.uuid(),
        nikHash: Buffer.alloc(32),
        at: at(3, '00:05:00.000'),
        outcome: 'verified',
        responseCode: undefined,
        institution: 'K',
        threshold: 90,
        reference: 'r',
        policyVersion: '1',
        clientId: undefined,
        durationMs: 1,
      });
    const figures = async (): Promise<readonly number[][]> =>
      Promise.all(
        [questions.activity, questions.registry, questions.logouts].map(async (question) =>
          (await read(question, day(4), day(2))).map(({ count }) => count),
        ),
      );
    for (let times = 0; times < 2; times += 1) {
      await happened(at(3, '23:59:59.999'));
      await proved();
      await noticed(at(3), 'delivered');
    }
    await chainAll(core.audit, core.store);
    await run();
    expect(await figures()).to.deep.equal([[2], [2], [2]]);
    expect(await run(), 'what came before the count is no reason for another').to.include({ counted: 0, left: 0 });

    await happened(at(3, '00:00:00.000'));
    await proved();
    await noticed(at(3), 'delivered');
    await happened(at(0));
    await chainAll(core.audit, core.store);
    const waiting = await uncountedDays({ ...core, ...deps, graceDays: 1 });
    expect(waiting, 'its month stays, and the doctor knows').to.deep.equal({ days: 1, oldest: day(3) });
    expect(await countedUntil({ ...core, ...deps, questions: [questions.activity] })).to.deep.equal(
      at(3, '00:00:00.000'),
    );
    expect((await run()).counted, 'that day of five reports: three of them read the log').to.equal(5);
    expect(await figures()).to.deep.equal([[3], [3], [3]]);
    expect(await run()).to.include({ counted: 0, left: 0 });
    expect(
      (
        await core
          .knex('report_days')
          .where({ report: 'activity' })
          .whereRaw('day = ?', [day(3)])
      ).length,
    ).to.equal(1);

    await core.knex('report_late').update({ noted_at: new Date(Date.now() - 91 * DAY_MS) });
    await run();
    expect(await core.knex('report_late').select()).to.deep.equal([]);
  });

  it('keep what was counted last, where one began to count before something came and comes to its end after', async () => {
    const counting = { question: questions.activity, timeZone: JAKARTA };
    await happened(at(3));
    const before = await core.store.reportDays.begin(0);
    await happened(at(3));
    await chainAll(core.audit, core.store);
    const after = await core.store.reportDays.begin(0);
    expect(await after.count(counting, day(3))).to.equal('counted');
    await core.knex('report_counts').update({ count: 7 });
    await before.count(counting, day(3));
    expect((await read(questions.activity, day(3), day(3))).map(({ count }) => count)).to.deep.equal([7]);
    expect(await run({ questions: [questions.activity] }), 'and no one has to count it again').to.include({ left: 0 });
    expect((await read(questions.activity, day(3), day(3))).map(({ count }) => count)).to.deep.equal([7]);
  });

  it('are counted anew in another zone, and never mixed with those of the one before', async () => {
    await happened(at(4, '22:30:00.000')); // the day after, in Jayapura
    await happened(at(2));
    const only = { questions: [questions.activity] };
    await run(only);
    const inJayapura = (): Promise<readonly [string, number][]> =>
      read(questions.activity, day(5), day(2), JAYAPURA).then((counts) =>
        counts.map(({ period, count }) => [period, count]),
      );
    const right = [
      [day(3), 1],
      [day(2), 1],
    ];
    expect(await inJayapura(), 'from the log').to.deep.equal(right);
    expect((await run({ ...only, timeZone: JAYAPURA })).counted).to.be.above(0);
    expect(await inJayapura(), 'counted').to.deep.equal(right);
    expect(
      (await read(questions.activity, day(5), day(2))).map(({ period }) => period),
      'a release of before still reads its own',
    ).to.deep.equal([day(4), day(2)]);
    await core
      .knex('report_days')
      .where('counting', countingOf(questions.activity, JAKARTA))
      .update({ counted_at: new Date(Date.now() - 8 * DAY_MS) });
    await run({ ...only, timeZone: JAYAPURA });
    const left = await core
      .knex('report_days')
      .where('counting', countingOf(questions.activity, JAKARTA))
      .select<{ day: Date }[]>('day');
    expect(left.length, 'only a day that is none in Jayapura').to.be.at.most(1);
  });

  it('are told by name: a change of what is counted, or of how, is another counting of all of them', () => {
    expect(
      Object.fromEntries(Object.values(questions).map((question) => [question.report, countingOf(question, JAKARTA)])),
    ).to.deep.equal({
      activity: 'ad58e43f9f2178ac',
      failures: 'e1a93f1d819649f1',
      registry: '1da66ab035f72f05',
      messages: '486c9cf3a0c927a0',
      logouts: 'd680f5c09cb4e810',
    });
    expect(countingOf(questions.activity, JAYAPURA)).to.not.equal(countingOf(questions.activity, JAKARTA));
    expect(countingOf({ report: 'messages', types: ['b', 'a'] }, JAKARTA), 'the order is none').to.equal(
      countingOf({ report: 'messages', types: ['a', 'b'] }, JAKARTA),
    );
    expect(countingOf({ report: 'failures', reasons: { a: 'x' } }, JAKARTA)).to.not.equal(
      countingOf({ report: 'failures', reasons: { a: null } }, JAKARTA),
    );
  });

  it('that are too large for one statement are counted piece by piece, to the same', async () => {
    for (const time of ['00:00:00.000', '00:59:59.999', '01:00:00.000', '12:34:56.789', '23:59:59.999'])
      await happened(at(3, time));
    await happened(at(2, '00:00:00.000'));
    await happened(at(4, '23:59:59.999'));
    const turn = await core.store.reportDays.begin(0);
    const blocker = await core.knex.transaction();
    await blocker.raw('lock table audit_log in access exclusive mode');
    core.knex.once('query-error', () => {
      void blocker.rollback();
    });
    const asked = await statementsOf(async () =>
      expect(await turn.count({ question: questions.activity, timeZone: JAKARTA }, day(3))).to.equal('counted'),
    );
    expect(asked.filter(({ text }) => text.includes('count(*)'))).to.have.length(1 + 24);
    expect(await read(questions.activity, day(3), day(3))).to.deep.equal([
      { period: day(3), kind: 'sign-in.succeeded', per: 'karirhub', count: 5 },
    ]);
  });

  it('go from the log when they are counted and not before, and the reports still know them', async () => {
    const kept = monthAfter(new Date(), -13);
    const old = new Date(kept.getTime() - 5 * DAY_MS);
    // The first part ends there, as it is years later.
    for (const [table, first] of [
      ['audit_log', 'audit_events'],
      ['verification_log', 'verifications'],
    ] as const) {
      await core.knex.raw('alter table ?? detach partition ??', [table, first]);
      await core.knex.raw('alter table ?? drop constraint ??', [first, `${first}_until`]);
      await core.knex.raw(
        `alter table ?? attach partition ?? for values from (minvalue) to ('${kept.toISOString()}')`,
        [table, first],
      );
    }
    await happened(old);
    await happened(new Date(kept.getTime() + DAY_MS));
    const only = { ...deps, questions: [questions.activity, questions.failures, questions.messages] };
    const remove = async (): Promise<readonly string[]> =>
      (
        await retain({
          ...core,
          months: 13,
          countedUntil: (table) =>
            countedUntil({
              ...core,
              timeZone: JAKARTA,
              questions: deps.questions.filter((question) => countedBy(question).table === table),
            }),
        })
      ).log;
    const oldDay = todayIn(JAKARTA, old);
    const figures = await read(questions.activity, oldDay, oldDay);
    expect(figures).to.have.length(1);
    await chainAll(core.audit, core.store);
    expect(await remove(), 'not counted yet').to.deep.equal([]);
    const waiting = await uncountedDays({ ...core, ...only, graceDays: 3 });
    expect(waiting.oldest).to.equal(oldDay);
    expect(judgeReports(waiting)).to.include({ state: 'warn' });

    await countReports({ ...core, ...only });
    expect(judgeReports(await uncountedDays({ ...core, ...only, graceDays: 3 }))).to.include({ state: 'ok' });
    expect(await remove()).to.deep.equal(['audit_events']);
    expect(await read(questions.activity, oldDay, oldDay)).to.deep.equal(figures);

    // Somebody changes the zone: what can be counted anew is, and of the rest is said that it was counted in another
    // way.
    await countReports({ ...core, ...only, timeZone: JAYAPURA });
    expect(await read(questions.activity, oldDay, oldDay, JAYAPURA)).to.deep.equal(
      figures.map((count) => ({ ...count, former: true })),
    );
    expect(
      await core
        .knex('report_days')
        .where({ report: 'activity', counting: countingOf(questions.activity, JAYAPURA) })
        .andWhere('day', '<=', todayIn(JAKARTA, kept))
        .select(),
      'a day of which a part is gone is not counted',
    ).to.deep.equal([]);
  });
});
