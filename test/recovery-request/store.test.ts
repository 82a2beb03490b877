import { expect } from 'chai';
import { down, up } from '../../migrations/20261128019000_recovery_requests.ts';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import { addKey, parseKeyring, useKey, writeKeyring, type KeyringDocument } from '../../src/crypto/keyring-document.ts';
import type { AccountId } from '../../src/domain/account.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { reencrypt } from '../../src/jobs/reencrypt.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { sealedColumns } from '../../src/store/sealed.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { newDocument } from '../crypto/keys.ts';
import { addAccount } from '../support/accounts.ts';
import { somebody } from '../support/citizens.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { e164 } from './steps.ts';

const AT = new Date('2026-11-23T03:00:00Z');
const minutes = (count: number): Date => new Date(AT.getTime() + count * 60_000);

describe('Requests for an account, as they are kept', () => {
  let database: TestDatabase;
  const opened: Core[] = [];
  beforeEach(async () => (database = await createTestDatabase()));
  afterEach(async () => {
    for (const core of opened.splice(0)) await core.close();
    await database.drop();
  });

  function open(keyring = newKeyring()): Core {
    const core = createCore({
      config: loadConfig({ NODE_ENV: 'test', KEYRING: writeKeyring(keyring) }),
      databaseUrl: database.url,
      log: createLog({ level: 'silent' }),
    });
    opened.push(core);
    return core;
  }
  const newKeyring = (): KeyringDocument => parseKeyring(JSON.stringify(newDocument()));
  const idOf = (serial: number): string => `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`;
  const insert = (core: Core, accountId: AccountId, serial: number, filedAt: Date): Promise<void> =>
    core.store.recoveryRequests.insert({
      id: idOf(serial),
      number: `K7Q2-${serial}`,
      accountId,
      wanted: { phone: e164('081234567890'), passwordHash: sensitive(`hash ${serial}`) },
      cancelHash: Buffer.from(`cancel ${serial}`),
      locale: 'id',
      clientId: undefined,
      filedAt,
      waitsUntil: minutes(60),
    });

  it('are listed page by page without gap or double, also where many were filed at the same moment', async () => {
    const core = open();
    const { recoveryRequests } = core.store;
    const id = await addAccount({ container: core }, somebody());
    for (let serial = 0; serial < 60; serial += 1) await insert(core, id, serial, minutes(Math.floor(serial / 20)));
    const seen: string[] = [];
    let after: { at: Date; id: string } | undefined;
    for (;;) {
      const page = await recoveryRequests.listOpen(7, after);
      if (page.length === 0) break;
      seen.push(...page.map((one) => one.id));
      const last = page.at(-1)!;
      after = { at: last.filedAt, id: last.id };
    }
    expect(seen).to.deep.equal(Array.from({ length: 60 }, (_, serial) => idOf(serial)));
    expect(await recoveryRequests.countOpenOf([id])).to.deep.equal(new Map([[id, 60]]));
    expect(await recoveryRequests.waiting()).to.deep.equal([{ state: 'filed', count: 60, since: AT }]);

    for (let serial = 0; serial < 60; serial += 1)
      await recoveryRequests.close(idOf(serial), 'lapsed', minutes(serial % 3));
    const closed: string[] = [];
    after = undefined;
    for (;;) {
      const page = await recoveryRequests.listClosed(7, after);
      if (page.length === 0) break;
      closed.push(...page.map((one) => one.id));
      const last = page.at(-1)!;
      after = { at: last.closedAt!, id: last.id };
    }
    expect([closed.length, new Set(closed).size]).to.deep.equal([60, 60]);
    expect(await recoveryRequests.listOpen(7)).to.deep.equal([]);
    expect(await recoveryRequests.countOpenOf([id])).to.deep.equal(new Map());
  });

  it('are purged in batches, the closed ones alone', async () => {
    const core = open();
    const { recoveryRequests } = core.store;
    const id = await addAccount({ container: core }, somebody());
    for (let serial = 0; serial < 25; serial += 1) {
      await insert(core, id, serial, AT);
      if (serial < 20) await recoveryRequests.close(idOf(serial), 'rejected', minutes(serial));
    }
    expect(await recoveryRequests.purge(minutes(12), 5)).to.equal(5);
    expect(await recoveryRequests.purge(minutes(12), 100)).to.equal(8);
    expect(await recoveryRequests.purge(minutes(12), 100)).to.equal(0);
    expect(await recoveryRequests.listClosed(100)).to.have.length(7);
    expect(await recoveryRequests.listOpen(100)).to.have.length(5);
  });

  it('are due when they have waited and are approved, or are older than anybody may take', async () => {
    const core = open();
    const { recoveryRequests } = core.store;
    const id = await addAccount({ container: core }, somebody());
    for (let serial = 0; serial < 4; serial += 1) await insert(core, id, serial, minutes(serial));
    const opinion = { by: 'operator:x', at: AT, reason: 'tiket 2041' };
    await recoveryRequests.examine(idOf(1), opinion);
    await recoveryRequests.approve(idOf(1), opinion);
    await recoveryRequests.close(idOf(3), 'rejected', AT);
    expect(await recoveryRequests.due(minutes(59), AT, 10)).to.deep.equal([]);
    expect(await recoveryRequests.due(minutes(60), AT, 10)).to.deep.equal([idOf(1)]);
    expect(await recoveryRequests.due(minutes(60), minutes(9), 10)).to.deep.equal([0, 1, 2].map(idOf));
    expect(await recoveryRequests.due(minutes(60), minutes(9), 1)).to.deep.equal([idOf(0)]);
  });

  it('move to another data key while they are open, and are read under it', async () => {
    const first = newKeyring();
    const core = open(first);
    const id = await addAccount({ container: core }, somebody());
    for (let serial = 0; serial < 3; serial += 1) await insert(core, id, serial, AT);
    await core.store.recoveryRequests.close(idOf(2), 'cancelled', AT);
    const { document, id: key } = addKey(first, 'sealing', systemRandom);
    const later = open(useKey(document, 'sealing', key));
    await reencrypt({ store: later.store, columns: sealedColumns });
    const counts = (await later.store.sealed.count()).filter(
      ({ table, rows }) => table === 'recovery_requests' && rows > 0,
    );
    expect(counts.map(({ keyId, rows }) => [keyId, rows])).to.deep.equal([[key, 2]]);
    expect((await later.store.recoveryRequests.find(idOf(1)))?.wanted?.passwordHash.reveal()).to.equal('hash 1');
    expect((await later.store.recoveryRequests.find(idOf(2)))?.wanted).to.equal(undefined);
  });

  it('go with their account, and their table comes and goes with its migration', async () => {
    const core = open();
    const id = await addAccount({ container: core }, somebody());
    await insert(core, id, 1, AT);
    await database.knex('accounts').where({ id }).delete();
    expect(await core.store.recoveryRequests.find(idOf(1))).to.equal(undefined);

    const draft = (journey: string): Promise<unknown> =>
      database.knex('drafts').insert({
        uid_hash: Buffer.from(journey),
        journey,
        id: idOf(7),
        sealed: Buffer.from('x'),
        created_at: AT,
        updated_at: AT,
        expires_at: AT,
      });
    await draft('recovery-request');
    await down(database.knex);
    expect(await database.knex.schema.hasTable('recovery_requests')).to.equal(false);
    expect(await database.knex('drafts').where('journey', 'recovery-request')).to.deep.equal([]);
    expect(
      await draft('recovery-request').then(
        () => 'taken',
        () => 'refused',
      ),
    ).to.equal('refused');
    await up(database.knex);
    expect(await core.store.recoveryRequests.listOpen(5)).to.deep.equal([]);
  });
});
