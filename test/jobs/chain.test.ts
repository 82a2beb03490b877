import { expect } from 'chai';
import type { Audit } from '../../src/audit/log.ts';
import type { Core } from '../../src/core.ts';
import { chainAll } from '../../src/jobs/chain.ts';
import { createScheduler } from '../../src/jobs/scheduler.ts';
import { createTestCore } from '../support/core.ts';

describe('The chain of the audit log, amid a long backlog', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => ({ core, close } = await createTestCore()));
  after(() => close());

  it('keeps no process from ending: a stop comes after one batch, and whoever comes next lays the rest', async () => {
    await core.knex('audit_events').insert(
      Array.from({ length: 1203 }, () => ({
        id: core.random.uuid(),
        at: new Date(),
        type: 'sign-out.completed',
        details: '{}',
      })),
    );
    await new Promise<void>((resolve, reject) => {
      let stopping: Promise<void> | undefined;
      const chain: Audit['chain'] = (store) => {
        if (stopping === undefined) {
          stopping = scheduler.stop();
          stopping.then(resolve, reject);
        }
        return core.audit.chain(store);
      };
      const scheduler = createScheduler(
        [{ label: 'audit-chain', everyMs: 1, run: (signal) => chainAll({ ...core.audit, chain }, core.store, signal) }],
        core.log,
      );
      scheduler.start();
    });
    expect(await core.knex('audit_chain').pluck('position')).to.have.length(core.audit.mostChained);
    expect(await chainAll(core.audit, core.store)).to.equal(1203 - core.audit.mostChained);
    expect(await core.audit.verify(core.store)).to.equal(undefined);
  });
});
