import { expect } from 'chai';
import { walk } from '../../src/cli/audit.ts';
import type { Core } from '../../src/core.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { createTestCore } from '../support/core.ts';

describe('The command line: whether the audit log is whole', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => {
    ({ core, close } = await createTestCore());
    await core.knex('audit_log').insert(
      Array.from({ length: 1203 }, () => ({
        id: core.random.uuid(),
        at: new Date(),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    await chainAll(core.audit, core.store);
  });
  after(() => close());

  async function alter(position: number, details: string): Promise<void> {
    await core.knex.transaction(async (trx) => {
      await trx.raw("set local session_replication_role = 'replica'");
      await trx.raw(
        'update audit_log set details = ? where id = (select event_id from audit_chain where position = ?)',
        [details, position],
      );
    });
  }
  /** With a store at whose second stretch something comes in between. */
  const disturbed = (between: () => void): Core => {
    let reads = 0;
    const chained: Core['store']['audit']['chained'] = (...args) => {
      reads += 1;
      if (reads === 2) between();
      return core.store.audit.chained(...args);
    };
    return { ...core, store: { ...core.store, audit: { ...core.store.audit, chained } } };
  };
  const refusal = (working: Promise<unknown>): Promise<string> =>
    working.then(
      () => '',
      (error: unknown) => (error as Error).message,
    );

  it('says how to go on where it is interrupted or the database goes away, and goes on there', async () => {
    const stop = new AbortController();
    const interrupted = await refusal(
      walk(
        disturbed(() => {
          stop.abort();
        }),
        undefined,
        stop.signal,
      ),
    );
    expect(interrupted).to.match(/^interrupted: whole so far, up to position 1000\. .* sso audit verify --after \S+$/);
    const lost = await refusal(
      walk(
        disturbed(() => {
          throw new Error('Connection terminated');
        }),
        undefined,
        new AbortController().signal,
      ),
    );
    expect(lost).to.match(/^Connection terminated\nwhole so far, up to position 500\./);
    const markIn = (text: string): string => /--after (\S+)$/.exec(text)?.[1] ?? '';

    await alter(3, '{"other":1}');
    await alter(1100, '{"other":1}');
    for (const mark of [markIn(interrupted), markIn(lost)])
      expect(await walk(core, mark, new AbortController().signal)).to.include({ brokenAt: 1100 });
    await alter(1100, '{}');
    const { from, ...told } = await walk(core, markIn(interrupted), new AbortController().signal);
    expect(told).to.deep.equal({ brokenAt: undefined, end: 1203, seal: undefined });
    expect(from?.position).to.equal(1000);
    expect(await walk(core, undefined, new AbortController().signal)).to.include({ brokenAt: 3 });
    await alter(3, '{}');
  });

  it('goes on by no mark that it has not made', async () => {
    const end = (await core.store.audit.chainEnd())!;
    const mark = core.audit.marks.of(end);
    const [note = '', signature = ''] = mark.split('.');
    const further = Buffer.from(Buffer.from(note, 'base64url').toString().replace(':1203', ':9999')).toString(
      'base64url',
    );
    for (const forged of ['', 'x', note, `${further}.${signature}`, `${note}.${signature.slice(1)}`])
      expect(await refusal(walk(core, forged, new AbortController().signal)), forged).to.include('no mark');
    expect(await walk(core, ` ${mark}\n`, new AbortController().signal)).to.include({ brokenAt: undefined });
  });
});
