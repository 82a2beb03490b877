import { once } from 'node:events';
import { expect } from 'chai';
import type { Core } from '../../../src/core.ts';
import type { AccountId } from '../../../src/domain/account.ts';
import { createLogoutSender } from '../../../src/oidc/logout/sender.ts';
import { createTestCore } from '../../support/core.ts';

describe('Sending logout notices', () => {
  let core: Core;
  let close: () => Promise<void>;

  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  it('leaves places for other services while one hangs that has dozens to come', async () => {
    const { store, clock, random } = core;
    const accountId = random.uuid() as AccountId;
    const queue = (clientId: string): Promise<void> => store.logouts.add({ accountId, clientId, sid: undefined, reason: 'sign-out' }, random.uuid(), clock.now());
    await Promise.all(Array.from({ length: 80 }, () => queue('hanging')));
    await queue('quick');

    const told = new Map<string, number>();
    const released = new AbortController();
    const sender = createLogoutSender({
      ...core,
      deliver: async ({ clientId }) => {
        told.set(clientId, (told.get(clientId) ?? 0) + 1);
        if (clientId === 'hanging' && !released.signal.aborted) await once(released.signal, 'abort');
        return 'delivered';
      },
    });
    await sender.pump();
    await sender.pump();
    expect([...told]).to.have.deep.members([['hanging', 16], ['quick', 1]]);

    released.abort();
    await sender.drain();
    expect(told.get('hanging')).to.equal(80);
    await sender.close();
  });

  it('ends an attempt that is under way when the process must stop, and leaves it to be tried again', async () => {
    const { store, clock, random } = core;
    const accountId = random.uuid() as AccountId;
    await store.logouts.add({ accountId, clientId: 'slow', sid: undefined, reason: 'sign-out' }, random.uuid(), clock.now());
    const sender = createLogoutSender({
      ...core,
      deliver: async (_notice, signal) => {
        await once(signal, 'abort');
        return { error: 'unreachable', refused: false };
      },
      graceMs: 1,
    });
    await sender.pump();
    await sender.close();
    const [notice] = await store.logouts.newest({ clientId: 'slow', limit: 1 });
    expect(notice).to.deep.include({ state: 'pending', attempts: 1, lastError: 'unreachable' });
  });
});
