import { expect } from 'chai';
import type { Core } from '../../src/core.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { RecoveryRequests } from '../../src/recovery-request/service.ts';
import { recoveryRequestsOf } from '../../src/recovery-requests.ts';
import { addAccount } from '../support/accounts.ts';
import { somebody } from '../support/citizens.ts';
import { TestClock } from '../support/clock.ts';
import { createTestCore } from '../support/core.ts';
import { createDatabaseLine, type DatabaseLine } from '../support/database-line.ts';
import { e164, officer, why } from './steps.ts';

describe('A request for an account while the answer of the database is lost', () => {
  let core: Core;
  let line: DatabaseLine;
  let closing: () => Promise<void>;
  let requests: RecoveryRequests;
  const clock = new TestClock();
  before(async () => {
    const opened = await createTestCore(
      { DATABASE_STATEMENT_TIMEOUT_MS: '500' },
      async (url) => (line = await createDatabaseLine(url)).url,
    );
    core = opened.core;
    closing = () => opened.close();
    requests = recoveryRequestsOf(core, { clock });
  });
  after(async () => {
    await closing();
    await line.close();
  });

  /** The commit arrives, and nobody hears that it did. */
  async function unheard<T>(work: () => Promise<T>, answer = 'COMMIT'): Promise<T> {
    const lost = line.loseAnswerTo(answer);
    const value = await work();
    await lost;
    return value;
  }
  async function filed(): Promise<{ readonly id: string; readonly accountId: AccountId }> {
    const accountId = await addAccount({ container: { ...core, clock } }, somebody());
    const number = await core.store.transactionOnce(async (tx) =>
      requests.file(tx, {
        account: (await tx.accounts.findById(accountId))!,
        phone: e164(somebody().phone),
        passwordHash: 'the new hash',
        locale: 'id',
        clientId: undefined,
      }),
    );
    return (await core.store.recoveryRequests.findByNumber(number))!;
  }
  const [first, second] = ['a', 'b'].map((end) => officer(`00000000-0000-4000-8000-00000000000${end}`)) as [
    ReturnType<typeof officer>,
    ReturnType<typeof officer>,
  ];
  const eventsOf = async (accountId: AccountId): Promise<string[]> =>
    (await core.store.audit.list({ accountId }))
      .map(({ type }) => type)
      .filter((type) => type.startsWith('recovery.request.') && !type.endsWith('notice-sent'));

  for (const answer of ['COMMIT', 'update "recovery_requests"'])
    it(`is examined, approved and given once, where the answer to ${answer} is lost`, async () => {
      const { id, accountId } = await filed();
      expect(await unheard(() => requests.examine(id, why, first), answer)).to.include({ ok: true });
      expect(await unheard(() => requests.approve(id, why, second), answer)).to.include({ ok: true });
      clock.advance({ days: 1, minutes: 1 });
      expect(await unheard(() => requests.settleDue(), answer)).to.deep.equal({ completed: 1, lapsed: 0 });
      expect(await eventsOf(accountId)).to.deep.equal([
        'recovery.request.filed',
        'recovery.request.examined',
        'recovery.request.approved',
        'recovery.request.completed',
      ]);
      const messages = await core.knex('messages').where('purpose', 'recovery-request').select<object[]>('id');
      expect(messages.length % 3, 'two warnings, and what came of it').to.equal(0);
    });

  it('is cancelled and rejected once', async () => {
    const [one, two] = [await filed(), await filed()];
    expect(await unheard(() => requests.cancelAllOf(one.accountId))).to.equal(1);
    expect(await unheard(() => requests.reject(two.id, why, first))).to.include({ ok: true });
    expect([await eventsOf(one.accountId), await eventsOf(two.accountId)]).to.deep.equal([
      ['recovery.request.filed', 'recovery.request.cancelled'],
      ['recovery.request.filed', 'recovery.request.rejected'],
    ]);
  });
});
