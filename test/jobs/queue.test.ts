import { expect } from 'chai';
import { createJobQueue, type JobQueue, type PeriodicJob } from '../../src/store/job-queue.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

describe('Periodic jobs', () => {
  let database: TestDatabase;
  let instances: JobQueue[];
  beforeEach(async () => {
    database = await createTestDatabase();
    instances = [];
  });
  afterEach(async () => {
    await Promise.all(instances.map((queue) => queue.stop()));
    await database.drop();
  });

  /** One instance, and what it has done. */
  function join(
    run: PeriodicJob['run'],
    label = 'uji',
    beatMs = 60_000,
    cron = '0 0 1 1 *',
    goesOn = false,
  ): { queue: JobQueue; runs: { label: string; error?: unknown }[] } {
    const runs: { label: string; error?: unknown }[] = [];
    const queue = createJobQueue({
      knex: database.knex,
      jobs: [{ label, cron, everySeconds: 3600, longestSeconds: 60, goesOn, run }],
      ended: ({ seconds, ...rest }) => {
        expect(seconds).to.be.at.least(0);
        runs.push(rest);
      },
      trouble: (error) => {
        throw error;
      },
      beatMs,
    });
    instances.push(queue);
    return { queue, runs };
  }

  it('run once, however many instances want to at the same moment', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const joined = Array.from({ length: 3 }, () => join(() => held));
    await Promise.all(joined.map(({ queue }) => queue.start()));
    const asked = joined.map(({ queue }) => queue.runNow('uji'));
    let refused = 0;
    for (const answer of asked)
      void answer.then((done) => {
        refused += done ? 0 : 1;
      });
    await until('two were told that it is running', () => refused >= 2);
    const [standing] = await joined[0]!.queue.standings();
    expect(standing).to.include({ label: 'uji', running: true });
    expect(standing!.dueAt!.getTime(), 'the hour, and the minute that a run may take').to.be.within(
      Date.now() + 3_560_000,
      Date.now() + 3_660_000,
    );
    release();
    // Who asked does it, or an instance that looked for turns in that very moment: then all three were told.
    await Promise.all(asked);
    const runs = (): readonly unknown[] => joined.flatMap((one) => one.runs);
    await until('it has been done', () => runs().length > 0);
    expect(runs()).to.deep.equal([{ label: 'uji' }]);
  });

  it('are asked for, and done by whoever looks for turns next; once, however many ask', async () => {
    const { queue, runs } = join(() => Promise.resolve());
    for (let times = 0; times < 3; times += 1) await join(() => Promise.resolve()).queue.ask('uji');
    await queue.start();
    await until('it was done', () => runs.length > 0, 20_000);
    expect(runs).to.deep.equal([{ label: 'uji' }]);
    expect((await queue.standings())[0]?.waitingSince).to.equal(undefined);
  });

  it('leave what is left to their next turn, when the process ends', async () => {
    let stopped = false;
    const { queue } = join(
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            stopped = true;
            resolve(undefined);
          });
        }),
      'uji',
      60_000,
      '0 0 1 1 *',
      true,
    );
    await queue.ask('uji');
    await queue.start();
    await until('it is at work', async () => (await queue.standings())[0]?.running === true, 20_000);
    await queue.stop();
    expect(stopped).to.equal(true);
    const [standing] = await join(() => Promise.resolve()).queue.standings();
    expect(standing).to.include({ running: false, lastFailedAt: undefined });
    expect(standing?.lastDoneAt).to.be.instanceOf(Date);
  });

  it('say how they stand, over all instances', async () => {
    let fail = true;
    const { queue, runs } = join(() =>
      fail ? Promise.reject(new TypeError('insert into accounts values (9901…)')) : Promise.resolve(),
    );
    await queue.start();
    const [before] = await queue.standings();
    expect(before).to.deep.include({ label: 'uji', running: false, lastDoneAt: undefined });
    expect(before!.dueAt!.getTime(), 'one that was never done is due a period after it was first known').to.be.within(
      Date.now() + 3_500_000,
      Date.now() + 3_600_000,
    );
    const failure = await queue.runNow('uji').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.an('error');
    expect(runs[0]?.error).to.be.instanceOf(TypeError);
    const text = JSON.stringify(await database.knex.raw('select * from jobs.job'));
    expect(text, 'words of an error may carry values').not.to.include('9901');
    fail = false;
    await database.knex.raw(`update jobs.job set start_after = now() where name = 'uji'`);
    expect(await queue.runNow('uji')).to.equal(true);
    const [standing] = await join(() => Promise.resolve()).queue.standings();
    expect(standing?.lastDoneAt).to.be.instanceOf(Date);
    expect(standing?.dueAt, 'an hour after it was done').to.deep.equal(
      new Date(standing!.lastDoneAt!.getTime() + 3_600_000),
    );
  });

  it('say that they are at work when they were asked for, too: nobody begins a long one anew', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked = join(() => held, 'uji', 5);
    const done = asked.queue.runNow('uji');
    const silentFor = async (): Promise<number | undefined> =>
      (
        await database.knex.raw<{ rows: { silent: number }[] }>(
          `select extract(epoch from now() - heartbeat_on)::float as silent from jobs.job where name = 'uji' and state = 'active'`,
        )
      ).rows[0]?.silent;
    await until('it is at work', async () => (await silentFor()) !== undefined);
    const elsewhere = join(() => Promise.resolve());
    await elsewhere.queue.start();
    // As it would be after ten minutes of work.
    await database.knex.raw(
      `update jobs.job set heartbeat_on = now() - interval '10 minutes', started_on = now() - interval '10 minutes', expire_seconds = 3600 where name = 'uji'`,
    );
    await until('it has said so', async () => ((await silentFor()) ?? Infinity) < 60);
    await database.knex.raw(`update jobs.queue set monitor_on = null`);
    await elsewhere.queue.tidy();
    release();
    expect(await done).to.equal(true);
    expect([asked.runs, elsewhere.runs]).to.deep.equal([[{ label: 'uji' }], []]);
  });

  it('go on when a clock of the database that was a year ahead is right again, and are overdue until then', async () => {
    const { queue, runs } = join(() => Promise.resolve(), 'uji', 60_000, '* * * * *');
    await queue.start();
    for (const label of ['lain', 'lagi']) await join(() => Promise.resolve(), label).queue.start();
    expect(await queue.runNow('uji')).to.equal(true);
    const inAYear = `now() + interval '1 year'`;
    await database.knex.raw(
      `update jobs.queue set created_on = now() - interval '2 hours', monitor_claim_on = ${inAYear}, monitor_on = ${inAYear}, maintain_on = ${inAYear}`,
    );
    await database.knex.raw(`update jobs.version set cron_on = ${inAYear}, bam_on = ${inAYear}`);
    await database.knex.raw(`update jobs.job set completed_on = ${inAYear}, started_on = ${inAYear}`);
    // Two that nobody would ever take up, for each holds the one place of its job: a process that was killed meanwhile,
    // and a try after a failure.
    await database.knex.raw(
      `insert into jobs.job (name, state, started_on, heartbeat_on, heartbeat_seconds, expire_seconds, policy, retry_limit) values ('lain', 'active', ${inAYear}, ${inAYear}, 60, 3600, 'exclusive', 3)`,
    );
    await database.knex.raw(
      `insert into jobs.job (name, state, start_after, policy, retry_limit) values ('lagi', 'retry', ${inAYear}, 'exclusive', 3)`,
    );
    const [before] = await queue.standings();
    expect(before!.dueAt!.getTime(), 'the run in a year is none').to.be.below(Date.now());
    const now = runs.length;

    expect(await queue.setRight(), 'found').to.equal(true);
    expect(await queue.setRight(), 'only once').to.equal(false);
    const rows = async (text: string): Promise<number> =>
      (await database.knex.raw<{ rows: unknown[] }>(text)).rows.length;
    expect(
      await rows(
        `select 1 from jobs.version, jobs.queue where cron_on > now() or bam_on > now() or monitor_claim_on > now() or monitor_on > now() or maintain_on > now()`,
      ),
    ).to.equal(0);
    expect(
      await rows(`select 1 from jobs.job where greatest(start_after, started_on, heartbeat_on, completed_on) > now()`),
    ).to.equal(0);
    // An instance that begins looks at once; those at work do within half a minute.
    const third = join(() => Promise.resolve(), 'uji', 60_000, '* * * * *');
    await third.queue.start();
    await until('it was done again', () => runs.length + third.runs.length > now, 30_000);
  });

  it('go by what this release says of them, though one before has made them', async () => {
    await join(() => Promise.resolve()).queue.start();
    await database.knex.raw(
      `update jobs.queue set expire_seconds = 5, retry_limit = 0, heartbeat_seconds = 10 where name = 'uji'`,
    );
    await join(() => Promise.resolve()).queue.start();
    expect(
      await database.knex
        .withSchema('jobs')
        .table('queue')
        .where({ name: 'uji' })
        .first('expire_seconds', 'retry_limit', 'heartbeat_seconds', 'policy'),
    ).to.deep.equal({ expire_seconds: 60, retry_limit: 3, heartbeat_seconds: 60, policy: 'exclusive' });
  });

  it('wait for their next try as long as is meant', async () => {
    const { queue } = join(() => Promise.reject(new Error('no')));
    await queue.start();
    await queue.runNow('uji').catch(() => undefined);
    expect(await queue.setRight()).to.equal(false);
    const [standing] = await queue.standings();
    expect(standing!.waitingSince!.getTime()).to.be.above(Date.now() + 20_000);
  });

  it('are begun anew elsewhere, when the process at work was killed', async () => {
    const { queue, runs } = join(() => Promise.resolve());
    await queue.start();
    // As a killed process leaves it: taken, and silent since.
    await database.knex.raw(
      `insert into jobs.job (name, state, started_on, heartbeat_on, heartbeat_seconds, expire_seconds, policy, retry_limit) values ('uji', 'active', now() - interval '10 minutes', now() - interval '10 minutes', 60, 3600, 'exclusive', 3)`,
    );
    expect(await queue.runNow('uji'), 'while it is taken nobody else begins').to.equal(false);
    await database.knex.raw(`update jobs.queue set monitor_on = null`);
    await queue.tidy();
    await until('somebody else does it', () => runs.length > 0);
  });
});
