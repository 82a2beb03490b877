import { expect } from 'chai';
import { down, up } from '../../migrations/20261123000200_messages.ts';
import { createSealer } from '../../src/crypto/seal.ts';
import { createSmsOutbox } from '../../src/ports/sms/outbox.ts';
import { createOutboxStore, type OutboxStore } from '../../src/store/outbox.ts';
import { newKeyring } from '../crypto/keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { handClock } from './parts.ts';

const sealer = createSealer(newKeyring());
const sms = {
  channel: 'sms',
  to: '+6281234567890',
  subject: undefined,
  text: 'SIAPkerja: 123456',
  code: '123456',
  createdAt: new Date('2026-11-23T07:00:00Z'),
} as const;
const mail = {
  ...sms,
  channel: 'email',
  to: 'Budi@contoh.test',
  subject: 'Konfirmasi',
  text: 'Halo',
  code: undefined,
} as const;

describe('Outbox', () => {
  let database: TestDatabase;
  let outbox: OutboxStore;

  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.knex('outbox').del();
    outbox = createOutboxStore(database.knex, { sealer });
  });

  const ids = (entries: readonly { readonly id: string }[]): string[] => entries.map(({ id }) => id);

  it('shows messages newest first, in the promised shape', async () => {
    await outbox.add({ ...sms, id: 'a' });
    await outbox.add({ ...mail, id: 'b' });
    expect(await outbox.newest()).to.deep.equal([
      {
        id: 'b',
        channel: 'email',
        to: 'Budi@contoh.test',
        subject: 'Konfirmasi',
        text: 'Halo',
        code: null,
        createdAt: '2026-11-23T07:00:00.000Z',
      },
      {
        id: 'a',
        channel: 'sms',
        to: '+6281234567890',
        subject: null,
        text: 'SIAPkerja: 123456',
        code: '123456',
        createdAt: '2026-11-23T07:00:00.000Z',
      },
    ]);
  });

  for (const to of ['+6281234567890', '6281234567890', ' 6281234567890', '081234567890', '0812-3456-7890']) {
    it(`finds the messages to a number written "${to}"`, async () => {
      await outbox.add({ ...sms, id: 'a' });
      await outbox.add({ ...sms, id: 'other', to: '+6281234567891' });
      expect(ids(await outbox.newest({ to }))).to.deep.equal(['a']);
    });
  }

  it('finds the messages to an address, in capitals or not', async () => {
    await outbox.add({ ...mail, id: 'a' });
    expect(ids(await outbox.newest({ to: 'budi@CONTOH.test' }))).to.deep.equal(['a']);
  });

  it('is kept when the process starts again', async () => {
    await outbox.add({ ...sms, id: 'a' });
    expect(ids(await createOutboxStore(database.knex, { sealer }).newest())).to.deep.equal(['a']);
  });

  it('keeps the newest messages only', async () => {
    outbox = createOutboxStore(database.knex, { sealer, keep: 3 });
    for (const id of ['a', 'b', 'c', 'd', 'e']) await outbox.add({ ...sms, id });
    expect(ids(await outbox.newest())).to.deep.equal(['e', 'd', 'c']);
    expect(ids(await outbox.newest({ limit: 1 }))).to.deep.equal(['e']);
    expect(await database.knex('outbox')).to.have.length(3);
  });

  it('takes a message that is handed over twice once, as a good gateway does', async () => {
    const gateway = createSmsOutbox({ outbox, clock: handClock() });
    for (let time = 0; time < 2; time += 1)
      await gateway.send({ to: sms.to, text: sms.text, code: sms.code, ref: 'same', ttlSeconds: 300 });
    expect(ids(await outbox.newest())).to.deep.equal(['same']);
  });

  it('has neither number nor code in clear in its table', async () => {
    await outbox.add({ ...sms, id: 'a' });
    // As bytes: among the hexadecimal digits of something sealed any number can be found.
    const { rows } = await database.knex.raw<{ rows: { line: string }[] }>(
      "select (to_jsonb(o) - 'sealed')::text || encode(sealed, 'escape') as line from outbox o",
    );
    expect(rows[0]?.line)
      .to.include('sms')
      .and.not.match(/81234567890|123456/);
  });
});

describe('The migration of messages', () => {
  it('can be taken back and made again', async () => {
    const database = await createTestDatabase();
    try {
      await down(database.knex);
      const tables = await database.knex('information_schema.tables').whereIn('table_name', ['messages', 'outbox']);
      expect(tables).to.have.length(0);
      await up(database.knex);
      expect(await database.knex('messages')).to.have.length(0);
    } finally {
      await database.drop();
    }
  });
});
