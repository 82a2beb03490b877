import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { judgePartitions } from '../../src/cli/checks.ts';
import type { Core } from '../../src/core.ts';
import { inspectDatabase } from '../../src/store/inspect.ts';
import { makeComingPartitions, monthAfter, partitionsUntil } from '../../src/store/partitions.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { createTestCore } from '../support/core.ts';

describe('Audit log and evidence, in parts of a month', () => {
  let core: Core;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ core, close } = await createTestCore());
  });
  afterEach(() => close());

  const record = async (at: Date, id = core.random.uuid()): Promise<string> => {
    await core.store.audit.append({
      id,
      at,
      type: 'sign-out.completed',
      accountId: undefined,
      clientId: undefined,
      details: {},
    });
    return id;
  };
  const partOf = async (id: string): Promise<string | undefined> => {
    const { rows } = await core.knex.raw<{ rows: { part: string }[] }>(
      'select tableoid::regclass::text as part from audit_log where id = ?',
      [id],
    );
    return rows[0]?.part;
  };
  const partNamed = (month: Date): string => `audit_log_${month.toISOString().slice(0, 7).replace('-', '_')}`;
  const outcome = (text: string): Promise<unknown> =>
    core.knex.raw(text).then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code,
    );

  it('an event lies in the part of its time, the present in the table of before; one that comes twice is there once', async () => {
    const now = new Date();
    const later = monthAfter(now, 2);
    expect(await partOf(await record(now))).to.equal('audit_events');
    const id = await record(later);
    await record(later, id);
    expect(await partOf(id)).to.equal(partNamed(later));
    expect((await core.store.audit.list()).filter((row) => row.id === id)).to.have.length(1);
    expect((await core.store.auditSearch.page({}, undefined, 5)).map((row) => row.id)[0]).to.equal(id);
  });

  it('the release before, which knows the first part alone, reads and writes what this one does', async () => {
    const mine = await record(new Date());
    const text = `insert into audit_events (id, at, type, account_id, client_id, details) values ('00000000-0000-4000-8000-00000000beef', now(), 'sign-out.completed', null, null, '{}') on conflict (id) do nothing`;
    expect([await outcome(text), await outcome(text)]).to.deep.equal(['done', 'done']);
    expect((await core.store.audit.list()).map(({ id }) => id)).to.have.members([
      mine,
      '00000000-0000-4000-8000-00000000beef',
    ]);
    expect(await core.knex('audit_events').where('id', mine)).to.have.length(1);
    expect(await chainAll(core.audit, core.store)).to.equal(2);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });

  it('the chain stays whole across the parts, and none of them lets itself be changed', async () => {
    const now = new Date();
    const ahead = monthAfter(now, 30);
    const ids = [
      await record(now),
      await record(monthAfter(now, 2)),
      await record(monthAfter(now, 3)),
      await record(ahead),
      await record(new Date(0)),
    ];
    expect(await partOf(ids[3] ?? '')).to.equal('audit_log_rest');
    await chainAll(core.audit, core.store);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
    for (const part of ['audit_log', partNamed(monthAfter(now, 2)), 'audit_log_rest', 'audit_events']) {
      for (const change of [`delete from ${part}`, `update ${part} set type = 'x'`, `truncate ${part}`])
        expect(await outcome(change), change).to.equal('42501');
    }
    // Whoever owns the table can put the triggers away, and is found out.
    const part = partNamed(monthAfter(now, 3));
    await core.knex.raw(`alter table ${part} disable trigger all`);
    await core.knex.raw(`delete from ${part}`);
    expect(await core.audit.verify(core.store)).to.equal(3);
  });

  it('parts are made ahead of their month, by anybody; what a wrong clock wrote moves in unchanged', async () => {
    const until = await partitionsUntil(core.knex, 'audit_log');
    if (until === undefined) throw new Error('there are no parts');
    const misdated = await record(new Date(until.getTime() + 86_400_000));
    await chainAll(core.audit, core.store);
    expect(await partOf(misdated)).to.equal('audit_log_rest');
    const then = monthAfter(until, -3);
    const made = await Promise.all([makeComingPartitions(core.knex, then), makeComingPartitions(core.knex, then)]);
    expect(made.every((count) => count >= 0)).to.equal(true);
    expect(await partitionsUntil(core.knex, 'audit_log')).to.deep.equal(monthAfter(until, 1));
    expect(await partitionsUntil(core.knex, 'verification_log')).to.deep.equal(monthAfter(until, 1));
    expect(await partOf(misdated)).to.equal(partNamed(until));
    expect(await core.audit.verify(core.store)).to.equal(undefined);
    expect(await outcome(`delete from ${partNamed(until)}`)).to.equal('42501');
    expect(await outcome('delete from audit_log_rest')).to.equal('42501');
    expect(await makeComingPartitions(core.knex, then)).to.equal(0);
  });

  it('the doctor warns before the last part is in use, and of rows that fit none', async () => {
    const look = async (now: Date) =>
      [...judgePartitions(await inspectDatabase(core.knex, () => new Date()), now, 0)].map(
        ({ state, what }) => `${state} ${what}`,
      );
    expect((await look(new Date())).map((line) => line.slice(0, 4))).to.deep.equal(['ok a', 'ok v']);
    expect((await look(monthAfter(new Date(), 4))).join('\n')).to.match(
      /^warn audit_log reaches to before .*\nwarn verification_log/,
    );
    await record(monthAfter(new Date(), 30));
    expect((await look(new Date()))[0]).to.match(/^warn .*audit_log_rest/);
  });

  const day = (at: Date): string => at.toISOString().slice(0, 10);
  const stretched = async (now = new Date()): Promise<string[]> =>
    [...judgePartitions(await inspectDatabase(core.knex, () => new Date()), now, 0)]
      .filter(({ state, what }) => state === 'warn' && what.includes('stretches'))
      .map(({ what }) => what);
  const migrate = async (name: string, way: 'up' | 'down'): Promise<void> =>
    ((await import(`../../migrations/${name}`)) as Record<'up' | 'down', (knex: Core['knex']) => Promise<void>>)[way](
      core.knex,
    );

  it('the doctor warns of a part that one row of a wrong clock stretched over years, at the migration and ever after, and of no other', async () => {
    expect(await stretched()).to.deep.equal([]);
    expect(await stretched(monthAfter(new Date(), 24)), 'parts grow no longer by waiting').to.deep.equal([]);
    await migrate('20261128002000_partitions.ts', 'down');
    const wrong = monthAfter(new Date(), 50);
    await core
      .knex('audit_events')
      .insert({ id: core.random.uuid(), at: wrong, type: 'sign-out.completed', details: {} });
    await migrate('20261128002000_partitions.ts', 'up');
    const warning = `audit_events, a part of audit_log, stretches over 51 months, to before ${day(monthAfter(wrong, 1))}`;
    expect(await stretched()).to.deep.equal([warning]);
    expect(await stretched(monthAfter(new Date(), 49)), 'when the day has nearly come').to.deep.equal([warning]);
  });

  it('a part of thirteen months is let be, one of fourteen is not', async () => {
    const until = await partitionsUntil(core.knex, 'audit_log');
    if (until === undefined) throw new Error('there are no parts');
    const add = (name: string, from: Date, to: Date): Promise<unknown> =>
      core.knex.raw(
        `create table ${name} partition of audit_log for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
      );
    await add('audit_log_year', until, monthAfter(until, 13));
    expect(await stretched()).to.deep.equal([]);
    await add('audit_log_longer', monthAfter(until, 13), monthAfter(until, 27));
    expect(await stretched()).to.deep.equal([
      `audit_log_longer, a part of audit_log, stretches over 14 months, to before ${day(monthAfter(until, 27))}`,
    ]);
  });

  it('a stretched part is divided as the guide says, and nothing in it changes', async () => {
    const [now, wrong] = [await record(new Date()), core.random.uuid()];
    await migrate('20261128002000_partitions.ts', 'down');
    await core
      .knex('audit_events')
      .insert({ id: wrong, at: monthAfter(new Date(), 50), type: 'sign-out.completed', details: {} });
    await migrate('20261128002000_partitions.ts', 'up');
    await chainAll(core.audit, core.store);
    expect(await partOf(wrong)).to.equal('audit_events');

    const guide = readFileSync(new URL('../../docs/operasi/upgrade.md', import.meta.url), 'utf8');
    const steps = /```sql\n([^]*?)```/.exec(guide)?.[1] ?? expect.fail('no SQL in the guide');
    await core.knex.raw(steps.replaceAll('2027-02-01', day(monthAfter(new Date(), 2))));
    await makeComingPartitions(core.knex, new Date());
    expect([await partOf(now), await partOf(wrong)]).to.deep.equal(['audit_events', 'audit_log_rest']);
    expect(await stretched()).to.deep.equal([]);
    expect(await partOf(await record(monthAfter(new Date(), 2)))).to.equal(partNamed(monthAfter(new Date(), 2)));
    await chainAll(core.audit, core.store);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
    for (const part of ['audit_events', 'audit_log_rest'])
      expect(await outcome(`delete from ${part}`), part).to.equal('42501');
  });
});
