import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Nik } from '../../src/domain/nik.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { Core } from '../../src/core.ts';
import { purge } from '../../src/jobs/purge.ts';
import { purgeCounters } from '../../src/ports/counters/postgres.ts';
import { createPeriodicJobs } from '../../src/periodic.ts';
import { partitionsUntil } from '../../src/store/partitions.ts';
import { TestClock } from '../support/clock.ts';
import { createTestCore } from '../support/core.ts';

describe('Purging', () => {
  let core: Core;
  let close: () => Promise<void>;
  const clock = new TestClock();
  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  const run = (): ReturnType<typeof purge> =>
    purge({
      store: core.store,
      clock,
      deviceSeconds: 86_400,
      formerAccountDays: 2,
      recoveryRequestDays: 90,
      purgeCounters: (now, limit) => purgeCounters(core.knex, now, limit),
    });
  const inHours = (hours: number): Date => new Date(clock.now().getTime() + hours * 3_600_000);

  async function fill(count: number, hours: number): Promise<void> {
    const accountId = core.random.uuid() as AccountId;
    await core.knex('accounts').insert({
      id: accountId,
      row_key: Buffer.alloc(1),
      nik_sealed: Buffer.alloc(1),
      nik_index: randomBytes(32),
      name_sealed: Buffer.alloc(1),
      password_hash: '-',
      password_changed_at: clock.now(),
      locale: 'id',
      created_at: clock.now(),
      updated_at: clock.now(),
    });
    for (let index = 0; index < count; index += 1) {
      await core.store.protocolState.upsert({
        model: 'Session',
        id: randomBytes(32),
        payload: Buffer.alloc(1),
        grantId: undefined,
        uid: undefined,
        userCode: undefined,
        holder: undefined,
        ttlSeconds: hours > 0 ? hours * 3600 : 0,
      });
      await core.store.drafts.insert({
        journey: 'registration',
        uid: randomBytes(8).toString('hex'),
        id: core.random.uuid(),
        state: {},
        now: clock.now(),
        expiresAt: inHours(hours),
      });
      await core.store.confirmations.insert({
        tokenHash: randomBytes(32),
        accountId,
        emailIndex: randomBytes(32),
        at: inHours(0),
        expiresAt: inHours(hours),
      });
      await core
        .knex('counters')
        .insert({ key: randomBytes(8).toString('hex'), points: 1, expire: inHours(hours).getTime() });
    }
  }

  it('removes what has run out, of each kind, and leaves what has not', async () => {
    await fill(3, 1);
    await fill(4, -1);
    expect(await run()).to.deep.include({ protocolState: 4, drafts: 4, confirmations: 4, counters: 4 });
    expect(await run()).to.deep.include({ protocolState: 0, drafts: 0, confirmations: 0, counters: 0 });
    for (const table of ['protocol_state', 'drafts', 'email_confirmations', 'counters'])
      expect(await core.knex(table), table).to.have.length(3);
  });

  it('leaves the rest of what has piled up to the next turn, and ends between two batches when it is told to', async () => {
    const pileUp = (): Promise<unknown> =>
      core.knex.raw(
        `insert into drafts (uid_hash, journey, id, sealed, created_at, updated_at, expires_at)
                     select sha256(n::text::bytea), 'registration', gen_random_uuid(), '\\x01', now(), now(), ?::timestamptz from generate_series(1, 1500) n`,
        [inHours(-1)],
      );
    await pileUp();
    await fill(3, -1);
    const deps = {
      store: core.store,
      clock,
      deviceSeconds: 86_400,
      formerAccountDays: 2,
      recoveryRequestDays: 90,
      purgeCounters: (now: Date, limit: number) => purgeCounters(core.knex, now, limit),
    };
    expect(await purge(deps, { mostBatches: 1 })).to.include({ drafts: 1000, confirmations: 3 });
    expect(await purge(deps, { mostBatches: 1 })).to.include({ drafts: 503 });

    await pileUp();
    const stopped = new AbortController();
    const stopping = {
      ...deps,
      store: {
        ...core.store,
        drafts: {
          ...core.store.drafts,
          purge: (now: Date, limit: number) =>
            core.store.drafts.purge(now, limit).finally(() => {
              stopped.abort();
            }),
        },
      },
    };
    expect(await purge(stopping, { signal: stopped.signal })).to.include({ drafts: 1000 });
    expect(await run()).to.include({ drafts: 500 });
  });

  it('removes every other kind where one fails, and says so', async () => {
    await fill(2, -1);
    // As a statement ends that meets too much of what others have deleted.
    const isTooLong = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
    const failing = {
      store: {
        ...core.store,
        protocolState: { ...core.store.protocolState, purge: () => Promise.reject(isTooLong) },
      },
      clock,
      deviceSeconds: 86_400,
      formerAccountDays: 2,
      recoveryRequestDays: 90,
      purgeCounters: (now: Date, limit: number) => purgeCounters(core.knex, now, limit),
    };
    expect(
      await purge(failing).then(
        () => 'done',
        (error: unknown) => error,
      ),
    ).to.equal(isTooLong);
    expect(await run()).to.include({ protocolState: 2, drafts: 0, confirmations: 0, counters: 0 });

    await fill(2, -1);
    // As many kinds as there are would wait for it, one after the other.
    await purge({ ...failing, isConnectionLost: (error) => error === isTooLong }).catch(() => undefined);
    expect(await run()).to.include({ protocolState: 2, drafts: 2, confirmations: 2, counters: 2 });
  });

  it('forgets devices that have long not been seen', async () => {
    const accountId = core.random.uuid() as AccountId;
    await core.knex('accounts').insert({
      id: accountId,
      row_key: Buffer.alloc(1),
      nik_sealed: Buffer.alloc(1),
      nik_index: randomBytes(32),
      name_sealed: Buffer.alloc(1),
      password_hash: '-',
      password_changed_at: clock.now(),
      locale: 'id',
      created_at: clock.now(),
      updated_at: clock.now(),
    });
    for (const hours of [-25, -23]) await core.store.devices.remember(accountId, randomBytes(32), inHours(hours));
    expect(await run()).to.include({ devices: 1 });
    expect(await core.knex('known_devices').where('account_id', accountId)).to.have.length(1);
  });

  it('forgets records of a former system that nobody came for in time, and keeps them where that is the setting', async () => {
    const record = {
      line: 1,
      nik: sensitive('9901010101900001' as Nik),
      email: undefined,
      phone: undefined,
      passwordHash: undefined,
      bcryptCost: undefined,
      locale: 'id' as const,
      digest: randomBytes(32),
    };
    for (const hours of [-49, -47])
      await core.store.formerImport.insert(
        [{ ...record, id: core.random.uuid() as AccountId, legacyId: `u${hours}` }],
        inHours(hours),
      );
    expect(
      await purge({
        store: core.store,
        clock,
        deviceSeconds: 86_400,
        formerAccountDays: 0,
        recoveryRequestDays: 90,
        purgeCounters: () => Promise.resolve(0),
      }),
    ).to.include({ formerAccounts: 0 });
    expect(await run()).to.include({ formerAccounts: 1 });
    expect(await core.store.formerAccounts.findByLegacyId('u-49')).to.equal(undefined);
    expect((await core.store.formerAccounts.findByLegacyId('u-47'))?.nik?.reveal()).to.equal('9901010101900001');
  });

  it('forgets personal links and keys of checks thirty days after they ended, and keeps the standing keys', async () => {
    const { clientChecks, sandboxKeys } = core.store;
    const day = 24;
    const key = (
      kid: string,
      days: number,
    ): { kid: string; algorithm: string; jwk: Record<string, unknown>; createdAt: Date } => ({
      kid,
      algorithm: 'ES256',
      jwk: {},
      createdAt: inHours(days * day),
    });
    for (const clientId of ['lama', 'baru'])
      await core
        .knex('clients')
        .insert({ id: clientId, type: 'web', metadata: {}, created_at: clock.now(), updated_at: clock.now() });
    await clientChecks.giveLink({
      clientId: 'lama',
      token: randomBytes(32),
      madeBy: 'uji',
      endsAt: inHours(-30 * day),
    });
    await clientChecks.giveLink({
      clientId: 'baru',
      token: randomBytes(32),
      madeBy: 'uji',
      endsAt: inHours(-29 * day),
    });
    const [check, other] = [core.random.uuid(), core.random.uuid()];
    await clientChecks.insert({
      id: check,
      clientId: 'lama',
      fingerprint: '-',
      startedBy: 'uji',
      startedAt: inHours(-31 * day),
    });
    await clientChecks.insert({
      id: other,
      clientId: 'baru',
      fingerprint: '-',
      startedBy: 'uji',
      startedAt: inHours(-30 * day),
    });
    await sandboxKeys.insert(key('lebih-lama', -31), check);
    await sandboxKeys.insert(key('lama', -31), check);
    await sandboxKeys.insert(key('baru', -30), other);
    await sandboxKeys.insert(key('tetap', -400));
    expect(await run()).to.include({ checkLinks: 1, checkKeys: 1 });
    expect(await core.knex('client_check_links').pluck('client_id')).to.deep.equal(['baru']);
    expect(await core.knex('sandbox_keys').orderBy('kid').pluck('kid')).to.deep.equal(['baru', 'tetap']);
    expect(await core.knex('client_checks'), 'the runs themselves stay longer').to.have.length(2);
  });

  it('forgets after ninety days what was seen in checks, and those that were not passed', async () => {
    const { clientChecks } = core.store;
    await core.knex('client_checks').delete();
    const ids: Record<string, string> = {};
    for (const [name, days] of [
      ['passed', -91],
      ['open', -91],
      ['recent', -89],
    ] as const) {
      const id = (ids[name] = core.random.uuid());
      await core
        .knex('clients')
        .insert({ id: name, type: 'web', metadata: {}, created_at: clock.now(), updated_at: clock.now() });
      await clientChecks.insert({
        id,
        clientId: name,
        fingerprint: '-',
        startedBy: 'uji',
        startedAt: inHours(days * 24),
      });
      if (name === 'passed') await clientChecks.pass(id, inHours(days * 24));
      await clientChecks.record(id, { scenario: 'plain', kind: 'begun', details: {}, at: inHours(days * 24) });
    }
    expect(await run()).to.include({ checkEvents: 2, checks: 1 });
    expect((await core.knex('client_checks').pluck('client_id')).toSorted(), 'a pass is a record').to.deep.equal([
      'passed',
      'recent',
    ]);
    expect(await core.knex('client_check_events').pluck('check_id')).to.deep.equal([ids.recent]);
  });

  it('removes each row once, however many instances purge at once', async () => {
    await fill(10, -1);
    const results = await Promise.all([run(), run(), run()]);
    const sum = (kind: string): number => results.reduce((total, result) => total + (result[kind] ?? 0), 0);
    for (const kind of ['protocolState', 'drafts', 'confirmations', 'counters']) expect(sum(kind), kind).to.equal(10);
  });

  it('gets to the end of more than one batch', async () => {
    await core.knex('counters').insert(
      Array.from({ length: 2300 }, (_, index) => ({
        key: `many-${index}`,
        points: 1,
        expire: inHours(-1).getTime(),
      })),
    );
    expect(await run()).to.deep.include({ counters: 2300 });
  });

  it('takes nothing away before its time, though the clock of the instance whose turn it is is a year ahead', async () => {
    await core.store.drafts.insert({
      journey: 'registration',
      uid: 'belum-habis',
      id: core.random.uuid(),
      state: {},
      now: clock.now(),
      expiresAt: inHours(1),
    });
    const drafts = (): Promise<unknown[]> => core.knex('drafts').where('expires_at', '>', new Date()).pluck('id');
    const before = await drafts();
    const ahead = { now: () => new Date(Date.now() + 365 * 86_400_000) };
    const parts = await partitionsUntil(core.knex, 'audit_log');
    for (const job of ['purge', 'partitions'])
      expect(await createPeriodicJobs({ ...core, clock: ahead }).runNow(job), job).to.equal(true);
    expect(await drafts()).to.deep.equal(before).and.not.empty;
    expect(await partitionsUntil(core.knex, 'audit_log'), 'and makes no parts for nobody').to.deep.equal(parts);
  });

  it('leaves the audit log alone', async () => {
    await core.audit.record(core.store, 'sign-out.completed', {});
    clock.advance({ days: 3650 });
    await run();
    expect(await core.store.audit.list()).to.have.length(1);
  });
});
