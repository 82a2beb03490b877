import { expect } from 'chai';
import { progressOf, receiptStates, type ReceiptState } from '../../src/domain/receipt.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { settings } from '../../src/settings.ts';
import { createMessageStore, type MessageStore } from '../../src/store/messages.ts';
import { createReceiptStore, type Outcome, type ReceiptStore } from '../../src/store/receipts.ts';
import { sealer } from '../messages/bench.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const NOW = new Date('2026-11-23T07:00:00Z');
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

describe('Receipts of messages', () => {
  let database: TestDatabase;
  let messages: MessageStore;
  let receipts: ReceiptStore;
  let made = 0;

  before(async () => {
    database = await createTestDatabase();
    messages = createMessageStore(database.knex, { sealer });
    receipts = createReceiptStore(database.knex);
  });
  after(() => database.drop());

  /** A message that is being sent. */
  async function sending(): Promise<string> {
    const id = `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;
    await messages.add({
      id,
      channel: 'sms',
      purpose: 'activation-code',
      locale: 'id',
      payload: sensitive({ to: '+6281234567890', text: '…' }),
      createdAt: NOW,
      expiresAt: undefined,
    });
    await messages.claim({ channel: 'sms', now: NOW, leaseSeconds: 30, leaseOwner: id, limit: 1 });
    return id;
  }
  const settle = (id: string, key: string, now = NOW): Promise<Outcome | undefined> =>
    receipts.settle(
      { id, leaseOwner: id },
      { key, providerId: key, operator: 'telkomsel', recipientHash: 'hash' },
      now,
    );
  const row = async (key: string): Promise<unknown> => database.knex('message_receipts').where({ key }).first();
  const outcome = (messageId: string, state: ReceiptState, sentAt = NOW): object => ({
    messageId,
    purpose: 'activation-code',
    operator: 'telkomsel',
    state,
    sentAt,
    recipientHash: 'hash',
  });

  it('have the states that the settings know', () => {
    expect([...new Set(Object.values(settings.sms.receipts.states.fallback))].sort()).to.deep.equal(
      [...receiptStates].sort(),
    );
  });

  it('find the message that was sent before', async () => {
    const id = await sending();
    expect(await settle(id, 'a')).to.equal(undefined);
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sent', receipt: 'sent' });
    expect(await receipts.take('a', 'delivered', later(4))).to.deep.equal(outcome(id, 'delivered'));
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sent', receipt: 'delivered' });
    await receipts.forgetRecipient('a');
    expect(await row('a')).to.include({ recipient_hash: null });
  });

  it('wait for the message that is not recorded as sent yet', async () => {
    const id = await sending();
    expect(await receipts.take('b', 'delivered', NOW)).to.equal(undefined);
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sending', receipt: undefined });
    expect(await settle(id, 'b', later(1))).to.deep.equal(outcome(id, 'delivered', later(1)));
    expect(await row('b')).to.include({ recipient_hash: null, state: 'delivered' });
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sent', receipt: 'delivered' });
  });

  it('count once, however often they come and on however many instances', async () => {
    const id = await sending();
    const all = await Promise.all([
      settle(id, 'c'),
      ...Array.from({ length: 8 }, () => receipts.take('c', 'undelivered', NOW)),
    ]);
    expect(all.filter((one) => one !== undefined)).to.have.length(1);
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sent', receipt: 'undelivered' });
  });

  it('know whose number it was, also where the message is recorded as sent while the receipt is being kept', async () => {
    const id = await sending();
    const trx = await database.knex.transaction();
    await createReceiptStore(trx).settle(
      { id, leaseOwner: id },
      { key: 'l', providerId: 'l', operator: 'telkomsel', recipientHash: 'hash' },
      NOW,
    );
    const taken = receipts.take('l', 'undelivered', later(1));
    await until(
      'the receipt waits for the other',
      async () =>
        (
          await database.knex.raw<{ rows: unknown[] }>(
            `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).rows.length > 0,
    );
    await trx.commit();
    expect(await taken).to.deep.equal(outcome(id, 'undelivered'));
  });

  it('keep nothing of the recipient once they are counted, and everything until then', async () => {
    const id = await sending();
    await settle(id, 'm');
    await receipts.forgetRecipient('m');
    expect(await row('m')).to.include({ recipient_hash: 'hash' });
    await receipts.take('m', 'delivered', later(1));
    await receipts.forgetRecipient('m');
    expect(await row('m')).to.include({ recipient_hash: null });
  });

  it('never go backwards: the first last word stands', async () => {
    const id = await sending();
    await settle(id, 'd');
    const seen: unknown[] = [];
    for (const state of [
      'accepted',
      'unknown',
      'sent',
      'delivered',
      'sent',
      'undelivered',
      'expired',
      'unknown',
      'delivered',
    ] as const) {
      await receipts.take('d', state, later(1));
      seen.push((await receipts.standingOf(id))?.receipt);
    }
    expect(seen).to.deep.equal(['sent', 'unknown', 'unknown', ...Array<string>(6).fill('delivered')]);
    for (const [first, second] of [
      ['accepted', 'sent'],
      ['sent', 'unknown'],
      ['unknown', 'expired'],
    ] as const)
      expect(progressOf[first]).to.be.lessThan(progressOf[second]);
  });

  it('of an id that the gateway has given before are not those of the new message', async () => {
    const [old, fresh, third] = [await sending(), await sending(), await sending()];
    await settle(old, 'e');
    await receipts.take('e', 'delivered', NOW);
    expect(await settle(fresh, 'e', later(3600))).to.equal(undefined);
    expect(await receipts.standingOf(fresh)).to.deep.equal({ state: 'sent', receipt: 'sent' });
    expect((await receipts.standingOf(old))?.receipt).to.equal(undefined);

    await receipts.take('f', 'undelivered', NOW);
    expect(await settle(third, 'f', later(3600)), 'a receipt of an hour ago').to.equal(undefined);
    expect(await receipts.standingOf(third)).to.deep.equal({ state: 'sent', receipt: 'sent' });
  });

  it('of messages that nobody knows are kept for a while and count for nobody', async () => {
    expect(await receipts.take('nobody', 'delivered', NOW)).to.equal(undefined);
    expect(await receipts.standingOf('00000000-0000-4000-8000-ffffffffffff')).to.equal(undefined);
    await database.knex('message_receipts').whereNot('key', 'nobody').del();
    expect(await receipts.purge(later(-1), 10)).to.equal(0);
    expect(await receipts.purge(NOW, 10)).to.equal(1);
  });

  it('of nobody go after an hour, and nothing of a message that was sent', async () => {
    const id = await sending();
    await settle(id, 'i', NOW);
    await receipts.take('j', 'delivered', NOW);
    await receipts.take('k', 'delivered', later(60));
    expect(await receipts.purgeUnknown(later(1), 10)).to.equal(1);
    expect([await row('i'), await row('k')].map((one) => one !== undefined)).to.deep.equal([true, true]);
    expect(await row('j')).to.equal(undefined);
  });

  it('change nothing where the lease has passed to somebody else', async () => {
    const id = await sending();
    expect(
      await receipts.settle(
        { id, leaseOwner: '00000000-0000-4000-8000-00000000000b' },
        { key: 'g', providerId: 'g', operator: 'xl', recipientHash: 'x' },
        NOW,
      ),
    ).to.equal(undefined);
    expect(await row('g')).to.equal(undefined);
    expect((await receipts.standingOf(id))?.state).to.equal('sending');
  });

  it('leave a message sent that the release before this one has recorded', async () => {
    const id = await sending();
    await messages.settle({ id, leaseOwner: id }, { state: 'sent', providerId: 'h' }, NOW);
    expect(await receipts.take('h', 'delivered', NOW)).to.equal(undefined);
    expect(await receipts.standingOf(id)).to.deep.equal({ state: 'sent', receipt: undefined });
  });
});
