import { expect } from 'chai';
import { createAudit, type Audit } from '../../src/audit/log.ts';
import { eventMeanings, type EventType } from '../../src/audit/events.ts';
import { createProgress } from '../../src/audit/progress.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { Core } from '../../src/core.ts';
import { createChainWatch } from '../../src/jobs/verify-chain.ts';
import { createTestCore } from '../support/core.ts';

const ACCOUNT = '00000000-0000-4000-8000-000000000001' as AccountId;

describe('The audit log', () => {
  let core: Core;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ core, close } = await createTestCore());
  });
  afterEach(() => close());

  async function record(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1)
      await core.audit.record(
        core.store,
        'sign-in.refused',
        { reason: `reason-${index}` },
        { accountId: ACCOUNT, clientId: 'karirhub' },
      );
  }
  async function laid(count: number): Promise<void> {
    await record(count);
    expect(await core.audit.chain(core.store)).to.equal(count);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  }
  /** As whoever owns the database, with its safeguards out of the way. */
  async function tamper(...statements: string[]): Promise<void> {
    await core.knex.transaction(async (trx) => {
      await trx.raw("set local session_replication_role = 'replica'");
      for (const statement of statements) await trx.raw(statement);
    });
  }
  const at = (position: number): string => `(select event_id from audit_chain where position = ${position})`;

  it('is whole when nothing has happened, and when much has', async () => {
    expect(await core.audit.verify(core.store)).to.equal(undefined);
    await laid(3);
    await laid(2);
    expect(await core.audit.chain(core.store), 'nothing is chained twice').to.equal(0);
  });

  it('is one chain, whoever lays it, and however many at once', async () => {
    await record(20);
    const laidBy = await Promise.all(Array.from({ length: 5 }, () => core.audit.chain(core.store)));
    expect(laidBy.reduce((sum, count) => sum + count, 0)).to.equal(20);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('is long enough for any day', async () => {
    const now = new Date();
    await core.knex('audit_events').insert(
      Array.from({ length: 1203 }, (_, index) => ({
        id: core.random.uuid(),
        at: new Date(now.getTime() + index),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    let total = 0;
    for (let count = 1; count > 0; total += count) count = await core.audit.chain(core.store);
    expect(total).to.equal(1203);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('takes up an event that was slow to appear', async () => {
    await laid(2);
    await core
      .knex('audit_events')
      .insert({ id: core.random.uuid(), at: new Date(Date.now() - 60_000), type: 'sign-out.completed', details: '{}' });
    expect(await core.audit.chain(core.store)).to.equal(1);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('takes up every event, though the clock of one instance is wrong', async () => {
    const told: unknown[] = [];
    const DAY_MS = 86_400_000;
    const instance = (aheadMs: number): Audit =>
      createAudit({
        ...core,
        clock: { now: () => new Date(Date.now() + aheadMs) },
        log: { ...core.log, info: () => undefined, warn: (fields: unknown) => told.push(fields) },
      });
    const [right, ahead, behind] = [instance(0), instance(400 * DAY_MS), instance(-DAY_MS)];
    for (const by of [right, ahead, right, behind, right]) {
      await by.record(core.store, 'sign-out.completed', {});
      expect(await right.chain(core.store)).to.equal(1);
    }
    expect(await core.audit.verify(core.store)).to.equal(undefined);
    expect(await core.store.backlog.auditChainLag(), 'nothing waits').to.equal(0);
    expect(told, 'and says that a clock is wrong').to.have.length(2);
    expect(told[0]).to.deep.include({ event: 'audit.chain.misdated', count: 1 });
  });

  it('takes up an event of a transaction that lasted while others were chained', async () => {
    const slow = await core.knex.transaction();
    await slow('audit_events').insert({
      id: core.random.uuid(),
      at: new Date(),
      type: 'sign-out.completed',
      details: '{}',
    });
    await laid(3);
    await slow.commit();
    expect(await core.audit.verify(core.store), 'it waits, and is not beside the chain').to.equal(undefined);
    expect(await core.store.backlog.auditChainLag()).to.be.above(0);
    expect(await core.audit.chain(core.store)).to.equal(1);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('goes on where the release before noted and laid without the times of the events', async () => {
    await record(4);
    await core.knex('audit_unchained').update({ at: null });
    expect(await core.audit.chain(core.store)).to.equal(4);
    expect(await core.knex('audit_chain').whereNotNull('event_at')).to.deep.equal([]);
    await laid(2);
    expect(await core.knex('audit_chain').whereNotNull('event_at')).to.have.length(2);
    await tamper(`update audit_events set details = '{}' where id = ${at(2)}`);
    expect(await core.audit.verify(core.store)).to.equal(2);
  });

  it('tells an event that somebody kept from the chain', async () => {
    await laid(2);
    await record(1);
    await core.knex('audit_unchained').delete();
    expect(await core.audit.chain(core.store)).to.equal(0);
    expect(await core.audit.verify(core.store)).to.equal(3);
  });

  const changes: Readonly<Record<string, { statements: readonly string[]; found: number }>> = {
    'other details': {
      statements: [`update audit_events set details = '{"reason":"other"}' where id = ${at(3)}`],
      found: 3,
    },
    'one more detail': {
      statements: [`update audit_events set details = details || '{"more":1}' where id = ${at(3)}`],
      found: 3,
    },
    'another account': {
      statements: [`update audit_events set account_id = '00000000-0000-4000-8000-000000000002' where id = ${at(2)}`],
      found: 2,
    },
    'no account': { statements: [`update audit_events set account_id = null where id = ${at(2)}`], found: 2 },
    'another service': { statements: [`update audit_events set client_id = 'skillhub' where id = ${at(1)}`], found: 1 },
    'another type': {
      statements: [`update audit_events set type = 'sign-in.succeeded' where id = ${at(5)}`],
      found: 5,
    },
    'another time, by a millisecond': {
      statements: [`update audit_events set at = at + interval '1 millisecond' where id = ${at(4)}`],
      found: 4,
    },
    'another hash': {
      statements: [`update audit_chain set hash = decode(repeat('00', 32), 'hex') where position = 3`],
      found: 3,
    },
    'an event deleted': { statements: [`delete from audit_events where id = ${at(3)}`], found: 3 },
    'the newest event deleted': { statements: [`delete from audit_events where id = ${at(5)}`], found: 5 },
    'another time in a link': {
      statements: [`update audit_chain set event_at = event_at + interval '1 second' where position = 3`],
      found: 3,
    },
    'an event put in by the id of another, in another month': {
      statements: [
        `insert into audit_log (id, at, type, details) values (${at(3)}, now() + interval '3 months', 'sign-out.completed', '{}')`,
      ],
      found: 6,
    },
    'an event deleted with its link': {
      statements: [`delete from audit_events where id = ${at(3)}`, 'delete from audit_chain where position = 3'],
      found: 3,
    },
    'a gap closed afterwards': {
      statements: [
        `delete from audit_events where id = ${at(2)}`,
        'delete from audit_chain where position = 2',
        'update audit_chain set position = position - 1 where position > 2',
      ],
      found: 2,
    },
    'the beginning cut off': {
      statements: ['delete from audit_chain where position < 3', 'update audit_chain set position = position - 2'],
      found: 1,
    },
    'two events exchanged': {
      statements: [
        'update audit_chain set position = -position',
        'update audit_chain set position = case -position when 2 then 3 when 3 then 2 else -position end',
      ],
      found: 2,
    },
    'an event put in with a hash made up': {
      statements: [
        "insert into audit_events (id, at, type, details) values ('00000000-0000-4000-8000-00000000dead', now(), 'sign-out.completed', '{}')",
        "insert into audit_chain (position, event_id, hash) values (6, '00000000-0000-4000-8000-00000000dead', decode(repeat('ab', 32), 'hex'))",
      ],
      found: 6,
    },
    'an event put in between, with the hash of its neighbour': {
      statements: [
        "insert into audit_events (id, at, type, details) values ('00000000-0000-4000-8000-00000000dead', now(), 'sign-out.completed', '{}')",
        'update audit_chain set position = -position',
        "insert into audit_chain (position, event_id, hash) select 3, '00000000-0000-4000-8000-00000000dead', hash from audit_chain where position = -2",
        'update audit_chain set position = case when -position >= 3 then 1 - position else -position end where position < 0',
      ],
      found: 3,
    },
    'an event put in long ago, which the chain will never take up': {
      statements: [
        "insert into audit_events (id, at, type, details) values ('00000000-0000-4000-8000-00000000dead', now() - interval '1 day', 'sign-out.completed', '{}')",
      ],
      found: 6,
    },
  };
  for (const [what, { statements, found }] of Object.entries(changes)) {
    it(`tells ${what}`, async () => {
      await laid(5);
      await tamper(...statements);
      await core.audit.chain(core.store);
      expect(await core.audit.verify(core.store)).to.equal(found);
    });
  }

  it('is worth nothing under other keys: nobody can lay it anew who has the database alone', async () => {
    await laid(3);
    const other = await createTestCore();
    try {
      expect(await other.core.audit.verify(core.store)).to.equal(1);
    } finally {
      await other.close();
    }
  });

  it('only grows: the database refuses to change, delete or empty it', async () => {
    await laid(2);
    for (const table of ['audit_events', 'audit_chain']) {
      for (const statement of [
        `delete from ${table}`,
        `truncate ${table} cascade`,
        table === 'audit_events'
          ? "update audit_events set type = 'x'"
          : 'update audit_chain set position = 9 where position = 1',
      ]) {
        const refused = await core.knex.raw(statement).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(refused, statement).to.be.an('error').and.to.include({ code: '42501' });
      }
    }
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('remembers what happened only where it happened: an event goes with its transaction', async () => {
    const failed = await core.store
      .transaction(async (tx) => {
        await core.audit.record(tx, 'sign-out.completed', {});
        throw new Error('and then it failed');
      })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failed).to.be.an('error');
    expect(await core.store.audit.list()).to.deep.equal([]);
  });

  it('writes an event once, though the connection was lost after it was written', async () => {
    const event = {
      id: core.random.uuid(),
      at: new Date(),
      type: 'sign-out.completed',
      accountId: undefined,
      clientId: undefined,
      details: {},
    };
    await core.store.audit.append(event);
    await core.store.audit.append(event);
    expect(await core.store.audit.list()).to.have.length(1);
  });

  it('finds what happened to one account, and of one kind, in order', async () => {
    // Each with a time of its own: two records in a row may fall into one millisecond.
    const events = [2, 0, 1].map((second) => ({
      id: core.random.uuid(),
      at: new Date(second * 1000),
      type: 'sign-in.refused',
      accountId: ACCOUNT,
      clientId: undefined,
      details: { reason: `reason-${second}` },
    }));
    for (const event of events) await core.store.audit.append(event);
    await core.audit.record(core.store, 'sign-out.completed', {});
    expect((await core.store.audit.list({ accountId: ACCOUNT })).map(({ details }) => details.reason)).to.deep.equal([
      'reason-0',
      'reason-1',
      'reason-2',
    ]);
    expect(await core.store.audit.list({ type: 'sign-out.completed' })).to.have.length(1);
  });

  it('explains each kind of event', () => {
    for (const [type, meaning] of Object.entries(eventMeanings) as [EventType, string][]) {
      expect(type).to.match(/^[a-z-]+(?:\.[a-z-]+)+$/);
      expect(meaning).to.match(/^[A-Z].+\.$/);
    }
  });

  describe('is watched', () => {
    const BATCH = 500;
    it('a stretch at a time, without end, and tells once of what does not fit', async () => {
      const told: unknown[] = [];
      const watch = createChainWatch({
        audit: core.audit,
        store: core.store,
        log: { error: (fields: unknown) => told.push(fields) },
      });
      const now = new Date();
      await core.knex('audit_events').insert(
        Array.from({ length: BATCH + 10 }, (_, index) => ({
          id: core.random.uuid(),
          at: new Date(now.getTime() + index),
          type: 'sign-out.completed',
          details: '{}',
        })),
      );
      for (let count = 1; count > 0;) count = await core.audit.chain(core.store);
      const round = async (): Promise<void> => {
        for (let stretch = 0; stretch < 3; stretch += 1) await watch.step(); // two, and the end
      };
      await round();
      await round();
      expect(watch.brokenAt()).to.equal(undefined);

      await tamper(`update audit_events set details = '{"by":"nobody"}' where id = ${at(BATCH + 3)}`);
      await watch.step();
      expect(watch.brokenAt(), 'the first stretch is whole').to.equal(undefined);
      await watch.step();
      await round();
      expect(watch.brokenAt()).to.equal(BATCH + 3);
      expect(told).to.deep.equal([{ event: 'audit.chain.broken', position: BATCH + 3 }]);

      await tamper(`update audit_events set details = '{}' where id = ${at(BATCH + 3)}`);
      await round();
      await round();
      expect(watch.brokenAt(), 'walked through without finding anything').to.equal(undefined);
    });

    const quiet = { error: () => undefined };
    const lay = async (events: number): Promise<void> => {
      await core.knex('audit_events').insert(
        Array.from({ length: events }, () => ({
          id: core.random.uuid(),
          at: new Date(),
          type: 'sign-out.completed',
          details: '{}',
        })),
      );
      for (let count = 1; count > 0;) count = await core.audit.chain(core.store);
    };

    it('by a process that goes on where the one before was, and not at the beginning with each release', async () => {
      await lay(3 * BATCH);
      const first = createChainWatch({ audit: core.audit, store: core.store, log: quiet, keepMs: 0 });
      await first.step();
      await first.step();
      await tamper(`update audit_events set details = '{"by":"nobody"}' where id = ${at(2 * BATCH + 3)}`);
      const next = createChainWatch({ audit: core.audit, store: core.store, log: quiet });
      await next.step();
      expect(next.brokenAt(), 'the third stretch was its first').to.equal(2 * BATCH + 3);

      // Whoever has found it broken is believed by those who come later, wherever others walk.
      const other = createChainWatch({ audit: core.audit, store: core.store, log: quiet, keepMs: 0 });
      await core.audit.walk.keep(core.store, { position: 3 * BATCH, hash: (await core.store.audit.chainEnd())!.hash });
      await other.step();
      expect(other.brokenAt()).to.equal(2 * BATCH + 3);
      await tamper(`update audit_events set details = '{}' where id = ${at(2 * BATCH + 3)}`);
      for (let stretch = 0; stretch < 5; stretch += 1) await other.step();
      expect(other.brokenAt(), 'walked through from the beginning').to.equal(undefined);
      const last = createChainWatch({ audit: core.audit, store: core.store, log: quiet });
      await last.step();
      expect(last.brokenAt()).to.equal(undefined);
    });

    it('from the beginning where the note of the place was not written by us, is of another walk, or old', async () => {
      await lay(2 * BATCH);
      await tamper(`update audit_events set details = '{"by":"nobody"}' where id = ${at(3)}`);
      const end = (await core.store.audit.chainEnd())!;
      const finds = async (clock = core.clock): Promise<number | undefined> => {
        const watch = createChainWatch({ audit: createAudit({ ...core, clock }), store: core.store, log: quiet });
        await watch.step();
        await core.knex('audit_progress').where({ of: 'broken' }).delete();
        return watch.brokenAt();
      };
      const note = async () => (await core.store.audit.progress('walk'))!;
      await core.audit.walk.keep(core.store, end);
      expect(await finds(), 'ours: the walk goes on behind the end').to.equal(undefined);
      await core.audit.walk.keep(core.store, { position: BATCH, hash: end.hash });
      const ours = await note();
      for (const forged of [
        { ...ours, note: ours.note.replace(`:${BATCH},`, `:${2 * BATCH},`) },
        { ...ours, mac: Buffer.alloc(32) },
        { ...ours, mac: Buffer.alloc(0) },
      ]) {
        await core.store.audit.keepProgress('walk', forged.note, forged.mac);
        expect(await finds()).to.equal(3);
      }
      await createProgress('other', 3600, core).keep(core.store, { position: BATCH, hash: end.hash.toString('hex') });
      const { note: text, mac } = (await core.store.audit.progress('other'))!;
      await core.store.audit.keepProgress('walk', text, mac);
      expect(await finds(), 'of another walk').to.equal(3);
      await core.audit.walk.keep(core.store, end);
      expect(await finds({ now: () => new Date(Date.now() + 8 * 86_400_000) }), 'a week old').to.equal(3);
    });

    it('as far as its time goes, so that it keeps up with what a busy instance writes', async () => {
      await core.knex('audit_events').insert(
        Array.from({ length: 3 * BATCH }, () => ({
          id: core.random.uuid(),
          at: new Date(),
          type: 'sign-out.completed',
          details: '{}',
        })),
      );
      for (let count = 1; count > 0;) count = await core.audit.chain(core.store);
      await tamper(`update audit_events set details = '{"by":"nobody"}' where id = ${at(2 * BATCH + 3)}`);
      const watch = createChainWatch({
        audit: core.audit,
        store: core.store,
        log: { error: () => undefined },
        stepMs: 60_000,
      });
      await watch.step();
      expect(watch.brokenAt()).to.equal(2 * BATCH + 3);
    });
  });
});
