import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { Account } from '../../src/domain/account.ts';
import type { Nik } from '../../src/domain/nik.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
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

  it('is read once in a second, and let go when that is over, though nobody asks for anybody any more', async () => {
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

  it('is known from the look at the password, unless it has changed since', async () => {
    const citizen = somebody();
    const id = await addAccount({ container: core }, citizen);
    const people = createPeople(core.store, [core.store]);
    const asked: string[] = [];
    const standingOf = core.store.accounts.standingOf.bind(core.store.accounts);
    core.store.accounts.standingOf = (accountId) => {
      asked.push(accountId);
      return standingOf(accountId);
    };
    const identifier = sensitive({ kind: 'nik', value: citizen.nik as Nik } as const);
    const sendIn = (): Promise<unknown> => core.store.credentials.find(identifier, Buffer.alloc(32));
    try {
      await sendIn();
      expect(await people.standingOf(id)).to.deep.include({ status: 'active', hasSecondFactor: false });
      expect(asked).to.deep.equal([]);

      const looking = sendIn();
      await core.store.sessionEnds.endAll(id, 'ended-by-operator', new Date());
      await looking;
      expect((await people.standingOf(id))?.sessionsValidAfter).to.be.instanceOf(Date);
      expect(asked, 'what was read before the change is not held').to.deep.equal([id]);
    } finally {
      core.store.accounts.standingOf = standingOf;
    }
  });
});
