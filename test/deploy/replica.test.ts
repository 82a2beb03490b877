import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeReplica, examineReplica } from '../../src/cli/replica-check.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { daysLater, todayIn } from '../../src/domain/day.ts';
import { countReports, type CountedReports } from '../../src/jobs/reports.ts';
import { createKnex, migrate } from '../../src/store/knex.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { createLog } from '../../src/telemetry/log.ts';
import {
  hasSystemPostgres,
  startSystemPostgres,
  type Standby,
  type SystemPostgres,
} from '../support/system-postgres.ts';
import { until } from '../support/until.ts';

(hasSystemPostgres() ? describe : describe.skip)('A read replica for reports', function () {
  this.timeout(120_000);
  let directory: string;
  let server: SystemPostgres;
  let standby: Standby;
  let url: string;
  let core: Core;

  const configWith = (replicaUrl: string): Config =>
    loadConfig({ NODE_ENV: 'test' }, { dataDir: directory, database: { url, replicaUrl } });
  const refusals = async (): Promise<number> => {
    const today = todayIn(core.config.identity.timeZone, core.clock.now());
    const counts = await core.store.reports.read(
      { report: 'failures', reasons: { 'sign-in.refused': 'reason' } },
      { from: today, to: today, timeZone: core.config.identity.timeZone },
    );
    return counts.reduce((sum, { count }) => sum + count, 0);
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sso-replica-'));
    server = await startSystemPostgres();
    url = await server.make('sso');
    const knex = createKnex({ url, poolMax: 2, statementTimeoutMs: 0 });
    await migrate(knex).finally(() => knex.destroy());
    standby = await server.follow();
    core = createCore({
      config: configWith(standby.urlOf('sso')),
      databaseUrl: url,
      log: createLog({ level: 'silent' }),
    });
  });
  after(async () => {
    await core.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('counts what has arrived there', async () => {
    expect(await refusals()).to.equal(0);
    await core.audit.record(core.store, 'sign-in.refused', { reason: 'wrong' }, {});
    await standby.caughtUp();
    expect(await refusals()).to.equal(1);
  });

  it('is no place to write to: everything else stays with the database', async () => {
    const replica = createKnex({ url: standby.urlOf('sso'), poolMax: 1, statementTimeoutMs: 5000, readsOnly: true });
    const refused = await replica('counters')
      .insert({ key: 'x', points: 1 })
      .catch((error: unknown) => error)
      .finally(() => replica.destroy());
    expect(refused).to.include({ code: '25006' });
    await core.knex('counters').insert({ key: 'x', points: 1 });
  });

  it('is looked at by the doctor: that it follows this very database', async () => {
    expect(await examineReplica(configWith(standby.urlOf('sso')))).to.deep.equal([
      { state: 'ok', check: 'replica', what: 'follows, 0 s behind' },
    ]);
    const [itself] = await examineReplica(configWith(url));
    expect(itself).to.include({ state: 'warn' });
    expect(itself?.what).to.include('is the database itself');
    expect(judgeReplica({ isReplica: true, isSameSystem: false, behindMs: 0 })).to.include({ state: 'fail' });
    expect(judgeReplica({ isReplica: true, isSameSystem: true, behindMs: 600_000 })).to.include({
      state: 'warn',
      what: '600 s behind',
    });
    expect(
      await examineReplica(loadConfig({ NODE_ENV: 'test' }, { dataDir: directory, database: { url } })),
      'none, and none is missed',
    ).to.deep.equal([]);
  });

  it('counts the days that are over, where it has come as far as the database; otherwise the database does', async () => {
    const replica = createKnex({ url: standby.urlOf('sso'), poolMax: 1, statementTimeoutMs: 5000, readsOnly: true });
    const { timeZone } = core.config.identity;
    const [first, second] = [3, 2].map((ago) => daysLater(todayIn(timeZone, core.clock.now()), -ago)) as [
      string,
      string,
    ];
    const happened = (day: string): Promise<void> =>
      core.store.audit.append({
        id: core.random.uuid(),
        at: new Date(`${day}T05:00:00Z`),
        type: 'sign-in.refused',
        accountId: undefined,
        clientId: undefined,
        details: { reason: 'wrong' },
      });
    const question = { report: 'failures', reasons: { 'sign-in.refused': 'reason' } } as const;
    const count = (replicaWaitMs: number): Promise<CountedReports> =>
      countReports({ ...core, questions: [question], timeZone, replicaWaitMs });
    try {
      await happened(first);
      expect(await count(60_000)).to.include({ atReplica: true, left: 0 });
      await replica.raw('select pg_wal_replay_pause()');
      await until(
        'it stands still',
        async () =>
          (await replica.raw<{ rows: { state: string }[] }>('select pg_get_wal_replay_pause_state() as state')).rows[0]
            ?.state === 'paused',
      );
      await happened(second);
      await core.knex('report_days').delete();
      expect(await count(0), 'what has not arrived there is not counted there').to.include({
        atReplica: false,
        left: 0,
      });
    } finally {
      await replica.raw('select pg_wal_replay_resume()');
      await replica.destroy();
    }
    await standby.caughtUp();
    const counts = await core.store.reports.read(question, { from: first, to: second, timeZone });
    expect(counts.map(({ period, count: many }) => [period, many])).to.deep.equal([
      [first, 1],
      [second, 1],
    ]);
  });

  it('takes only the reports with it when it goes: they answer that they come back', async () => {
    await standby.close();
    const error = await refusals().catch((cause: unknown) => cause);
    expect(isDatabaseAway(error), String(error)).to.equal(true);
    await core.store.ping();
    const [gone] = await examineReplica(configWith(standby.urlOf('sso')));
    expect(gone).to.include({ state: 'fail' });
  });
});
