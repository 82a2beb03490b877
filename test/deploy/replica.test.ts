import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeReplica, examineReplica } from '../../src/cli/replica-check.ts';
import { loadConfig, type Config } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { todayIn } from '../../src/domain/day.ts';
import { createKnex, migrate } from '../../src/store/knex.ts';
import { isDatabaseAway } from '../../src/store/reconnect.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { hasSystemPostgres, startSystemPostgres, type Standby, type SystemPostgres } from '../support/system-postgres.ts';

(hasSystemPostgres() ? describe : describe.skip)('A read replica for reports', function () {
  this.timeout(120_000);
  let directory: string;
  let server: SystemPostgres;
  let standby: Standby;
  let url: string;
  let core: Core;

  const configWith = (replicaUrl: string): Config => loadConfig({ NODE_ENV: 'test' }, { dataDir: directory, database: { url, replicaUrl } });
  const refusals = async (): Promise<number> => {
    const today = todayIn(core.config.identity.timeZone, core.clock.now());
    const counts = await core.store.reports.failures({ from: today, to: today, timeZone: core.config.identity.timeZone }, { 'sign-in.refused': 'reason' });
    return counts.reduce((sum, { count }) => sum + count, 0);
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sso-replica-'));
    server = await startSystemPostgres();
    url = await server.make('sso');
    const knex = createKnex({ url, poolMax: 2, statementTimeoutMs: 0 });
    await migrate(knex).finally(() => knex.destroy());
    standby = await server.follow();
    core = createCore({ config: configWith(standby.urlOf('sso')), databaseUrl: url, log: createLog({ level: 'silent' }) });
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
    const refused = await replica('counters').insert({ key: 'x', points: 1 }).catch((error: unknown) => error).finally(() => replica.destroy());
    expect(refused).to.include({ code: '25006' });
    await core.knex('counters').insert({ key: 'x', points: 1 });
  });

  it('is looked at by the doctor: that it follows this very database', async () => {
    expect(await examineReplica(configWith(standby.urlOf('sso')))).to.deep.equal([{ state: 'ok', check: 'replica', what: 'follows, 0 s behind' }]);
    const [itself] = await examineReplica(configWith(url));
    expect(itself).to.include({ state: 'warn' });
    expect(itself?.what).to.include('is the database itself');
    expect(judgeReplica({ isReplica: true, isSameSystem: false, behindMs: 0 })).to.include({ state: 'fail' });
    expect(judgeReplica({ isReplica: true, isSameSystem: true, behindMs: 600_000 })).to.include({ state: 'warn', what: '600 s behind' });
    expect(await examineReplica(loadConfig({ NODE_ENV: 'test' }, { dataDir: directory, database: { url } })), 'none, and none is missed').to.deep.equal([]);
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
