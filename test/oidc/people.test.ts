import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { Account } from '../../src/domain/account.ts';
import { createPeople } from '../../src/oidc/people.ts';
import { addAccount } from '../support/accounts.ts';
import { somebody } from '../support/citizens.ts';
import { createTestCore } from '../support/core.ts';
import { until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('What is read of an account', () => {
  let core: Core;
  let close: () => Promise<void>;
  before(async () => {
    ({ core, close } = await createTestCore());
  });
  after(() => close());

  it('is read once in a second, and let go when it is over, though nobody asks for anybody any more', async () => {
    const id = await addAccount({ container: core }, somebody());
    const people = createPeople(core.store, [core.store]);
    // In a function of its own, so that no variable of this one holds it.
    const read = async (): Promise<WeakRef<Account & object>> => {
      const [first, again] = await Promise.all([people.find(id), people.find(id)]);
      expect(first).to.equal(again).and.be.an('object');
      return new WeakRef(first as Account & object);
    };
    const held = await read();
    await until('it is let go', () => {
      collect();
      return held.deref() === undefined;
    });
  });
});
