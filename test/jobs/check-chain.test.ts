import { expect } from 'chai';
import type { ChainCheck } from '../../src/audit/check.ts';
import { createAudit } from '../../src/audit/log.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { checkChain } from '../../src/jobs/check-chain.ts';
import { createChainWatch } from '../../src/jobs/verify-chain.ts';
import type { Core } from '../../src/core.ts';
import { createTestCore } from '../support/core.ts';

const LINKS = 1203;

describe('The check of the whole audit log that somebody asks for', () => {
  let core: Core;
  let close: () => Promise<void>;
  const told: unknown[] = [];
  const log = { error: (fields: unknown) => void told.push(fields) };
  beforeEach(async () => {
    ({ core, close } = await createTestCore());
    await core.knex('audit_log').insert(
      Array.from({ length: LINKS }, () => ({
        id: core.random.uuid(),
        at: new Date(),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    await chainAll(core.audit, core.store);
    told.length = 0;
  });
  afterEach(() => close());

  async function alter(position: number, details: string): Promise<void> {
    await core.knex.transaction(async (trx) => {
      await trx.raw("set local session_replication_role = 'replica'");
      await trx.raw(
        'update audit_log set details = ? where id = (select event_id from audit_chain where position = ?)',
        [details, position],
      );
    });
  }
  const ask = (by = 'operator:a'): Promise<ChainCheck> => core.audit.checks.ask(core.store, by);
  /** One turn on some instance, which is over after a stretch. */
  const turn = (): Promise<ChainCheck | undefined> =>
    checkChain({ audit: core.audit, store: core.store, log, turnMs: 0 });
  const whole = (): Promise<ChainCheck | undefined> => checkChain({ audit: core.audit, store: core.store, log });
  const events = async (type: string): Promise<readonly object[]> =>
    (await core.store.audit.list({ type })).map(({ details }) => details);

  it('is done by turns, each of which goes on where the one before was cut off', async () => {
    expect(await turn(), 'nobody has asked').to.equal(undefined);
    expect(await ask()).to.include({ by: 'operator:a', begunAt: undefined, reached: 0 });
    const first = await turn();
    expect(first).to.include({ reached: 500, outcome: undefined });
    // Behind the place that it has come to: had it begun anew, it would find this.
    await alter(3, '{"other":1}');
    const stopped = new AbortController();
    stopped.abort();
    const second = await checkChain({ audit: core.audit, store: core.store, log }, stopped.signal);
    expect(second, 'a process that is told to end leaves after a stretch').to.include({
      reached: 1000,
      outcome: undefined,
    });
    expect(await core.audit.checks.find(core.store)).to.deep.include({
      reached: 1000,
      beside: undefined,
      begunAt: first!.begunAt,
    });
    expect((await turn())?.reached).to.be.at.least(LINKS);
    const beside = await turn();
    expect(beside?.beside, 'looks for events beside the chain').to.be.within(0, 1);
    const done = await whole();
    expect(done?.outcome).to.include({ brokenAt: undefined });
    expect(done?.outcome?.end).to.be.at.least(LINKS);
    expect(await core.audit.checks.find(core.store)).to.deep.include({
      by: 'operator:a',
      begunAt: first!.begunAt,
      outcome: done?.outcome,
    });
    expect(await turn(), 'it is over').to.equal(undefined);
    expect(await events('audit.checked')).to.deep.equal([
      { by: 'operator:a', whole: true, position: done?.outcome?.end },
    ]);
  });

  it('is one at a time, though two ask at the same moment; the next begins at the beginning', async () => {
    const asked = await Promise.all([ask('operator:a'), ask('client:mesin'), ask('operator:b')]);
    expect(new Set(asked.map(({ id }) => id))).to.have.length(1);
    expect(await events('audit.check-asked')).to.deep.equal([{ by: asked[0].by }]);
    await turn();
    expect(await ask('operator:b'), 'while it is under way').to.include({ id: asked[0].id, reached: 500 });
    await whole();
    expect(await ask('operator:b')).to.include({
      by: 'operator:b',
      reached: 0,
      begunAt: undefined,
      outcome: undefined,
    });
    expect(await core.audit.checks.find(core.store)).to.include({ reached: 0, begunAt: undefined });
  });

  it('ends once, where a run that was taken for dead goes on beside the next', async () => {
    await ask();
    const both = await Promise.all([whole(), whole()]);
    expect(both.filter((one) => one?.outcome !== undefined)).to.have.length(1);
    expect(await events('audit.checked')).to.have.length(1);
  });

  it('leaves the next one alone, where a run that was taken for dead goes on after the end of its own', async () => {
    await ask();
    const dead = (await turn())!;
    await whole();
    const { id } = await ask('operator:b');
    await turn();
    expect(await core.audit.checks.keep(core.store, dead, dead.place)).to.equal(undefined);
    const next = await core.audit.checks.find(core.store);
    expect(next).to.include({ id, reached: 500 });
    expect(next?.begunAt).to.be.instanceOf(Date);
  });

  it('says where the chain is broken: to whoever asked, in the log and by the figure of each instance', async () => {
    const watch = createChainWatch({ audit: core.audit, store: core.store, log, keepMs: 0 });
    await watch.step();
    await ask();
    await turn();
    await alter(1100, '{"other":1}');
    const done = await whole();
    expect(done?.outcome).to.include({ brokenAt: 1100, end: 1000 });
    expect(told).to.deep.equal([{ event: 'audit.chain.broken', position: 1100 }]);
    expect(await events('audit.checked')).to.deep.equal([{ by: 'operator:a', whole: false, position: 1100 }]);
    await watch.step();
    expect(watch.brokenAt()).to.equal(1100);
    await alter(1100, '{}');
    for (let steps = 0; steps < 20 && watch.brokenAt() !== undefined; steps += 1) await watch.step();
    expect(watch.brokenAt(), 'until it was walked through from the beginning').to.equal(undefined);
  });

  it('is known to all, and so is where the chain is broken, though the clock was ahead by which that was noted', async () => {
    const ahead = createAudit({ ...core, clock: { now: () => new Date(Date.now() + 600_000) } });
    const { id } = await ahead.checks.ask(core.store, 'operator:a');
    expect(await core.audit.checks.find(core.store)).to.include({ id, by: 'operator:a' });
    expect((await ask('operator:b')).id, 'no other beside it').to.equal(id);
    await ahead.walk.keepBroken(core.store, 7);
    expect((await core.audit.walk.find(core.store)).brokenAt).to.equal(7);
    const watch = createChainWatch({ audit: core.audit, store: core.store, log });
    await watch.step();
    expect(watch.brokenAt(), 'by a process that starts then').to.equal(7);
  });

  it('is not found whole by who can write the database and has not the keyring', async () => {
    await ask();
    const note = (await core.knex<{ of: string; note: string }>('audit_progress').where('of', 'check').first('note'))!
      .note;
    const forged = JSON.parse(note) as { state: object };
    await core
      .knex('audit_progress')
      .where('of', 'check')
      .update({
        note: JSON.stringify({ ...forged, state: { ...forged.state, outcome: { begunAt: 0, at: 0, end: 9999 } } }),
      });
    expect(await core.audit.checks.find(core.store)).to.equal(undefined);
  });
});
