import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { loadConfig } from '../../src/config.ts';
import { createCore, type Core } from '../../src/core.ts';
import {
  addKey,
  parseKeyring,
  removeKey,
  useKey,
  writeKeyring,
  type KeyringDocument,
} from '../../src/crypto/keyring-document.ts';
import { makeKey } from '../../src/crypto/signing-key.ts';
import type { AccountId } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { reencrypt, reencryptTurn } from '../../src/jobs/reencrypt.ts';
import { createPeriodicJobs } from '../../src/periodic.ts';
import { createProtocolAdapter } from '../../src/oidc/state/adapter.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { sealedColumns } from '../../src/store/sealed.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { newDocument } from '../crypto/keys.ts';
import { createTestDatabase, everythingIn, type TestDatabase } from '../support/database.ts';
import { hasRedis, startRedis } from '../support/redis.ts';

/** Bytes that no key of the keyring's own versions is needed for; whoever adds a column decides what it is. */
const openedByRowKey = [
  'accounts.nik_sealed',
  'accounts.name_sealed',
  'accounts.email_sealed',
  'accounts.phone_sealed',
  'second_factors.secret_sealed',
  'former_accounts.nik_sealed',
  'former_accounts.email_sealed',
  'former_accounts.phone_sealed',
];
const keyedHashes = [
  'accounts.nik_index',
  'accounts.email_index',
  'accounts.phone_index',
  'known_devices.device_hash',
  'email_confirmations.token_hash',
  'email_confirmations.email_index',
  'drafts.uid_hash',
  'verification_log.nik_hash',
  'protocol_state.id',
  'protocol_state.grant_id',
  'protocol_state.uid',
  'protocol_state.user_code',
  'protocol_state.holder',
  'audit_chain.hash',
  'audit_seals.hash',
  'audit_seals.seal',
  'audit_progress.mac',
  'recovery_codes.code_hash',
  'recovery_requests.cancel_hash',
  'consent_receipts.occasion',
  'client_secrets.hash',
  'former_accounts.nik_index',
  'former_accounts.email_index',
  'former_accounts.phone_index',
  'former_accounts.line_digest',
  'initial_tokens.hash',
  'registration_tokens.hash',
  'client_check_events.grant_id',
  'client_check_links.token',
];
const public_ = ['client_logos.bytes'];

describe('What lies sealed in the database', () => {
  let database: TestDatabase;
  let redisUrl: string | undefined;
  const opened: Core[] = [];
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    for (const core of opened.splice(0)) await core.close();
    await database.drop();
  });

  /** What runs on this database with that keyring. */
  function coreWith(document: KeyringDocument): Core {
    const core = createCore({
      config: loadConfig({
        NODE_ENV: 'test',
        KEYRING: writeKeyring(document),
        ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      }),
      databaseUrl: database.url,
      log: createLog({ level: 'silent' }),
    });
    opened.push(core);
    return core;
  }
  const first = (): KeyringDocument => parseKeyring(JSON.stringify(newDocument()));
  /** Both kinds of data keys followed by a second one. */
  function replaced(document: KeyringDocument, { used = true } = {}): KeyringDocument {
    return (['personalData', 'sealing'] as const).reduce((keyring, use) => {
      const { document: added, id } = addKey(keyring, use, systemRandom);
      return used ? useKey(added, use, id) : added;
    }, document);
  }
  const withoutFirst = (document: KeyringDocument): KeyringDocument =>
    removeKey(removeKey(document, 'personalData', 'k1'), 'sealing', 'k1');
  const run = (core: Core): ReturnType<typeof reencrypt> =>
    reencrypt({ store: core.store, columns: sealedColumns, others: core.redisSealed });

  /** A turn of the job, which does not pause. */
  const turn = (
    { store, redisSealed }: Core,
    more: Partial<Parameters<typeof reencryptTurn>[0]> = {},
  ): ReturnType<typeof reencryptTurn> =>
    reencryptTurn({
      store,
      columns: sealedColumns,
      others: redisSealed,
      doAllAgree: () => Promise.resolve(true),
      pause: () => Promise.resolve(),
      ...more,
    });
  const tenMinutesLater = (): Promise<unknown> =>
    database.knex.raw("update reencryption set rests_until = rests_until - interval '10 minutes'");

  const at = new Date();
  const later = new Date(at.getTime() + 3_600_000);
  const ids = {
    account: '00000000-0000-4000-8000-000000000001' as AccountId,
    draft: '00000000-0000-4000-8000-000000000002',
    message: '00000000-0000-4000-8000-000000000003',
    outbox: '00000000-0000-4000-8000-000000000004',
  };
  const es256 = makeKey('ES256', at);

  async function insertAccount({ store }: Core, id: AccountId, number = 1): Promise<void> {
    const nik = sensitive(`990101010190${String(number).padStart(4, '0')}` as Nik);
    await store.accounts.insert({
      id,
      nik,
      name: sensitive('BUDI CONTOH' as PersonName),
      email: sensitive(`orang${number}@contoh.test` as Email),
      emailVerified: true,
      phone: undefined,
      phoneVerified: false,
      passwordHash: '-',
      locale: 'id',
      at,
    });
  }

  async function fill(core: Core): Promise<void> {
    const { store, knex, sealer } = core;
    await insertAccount(core, ids.account);
    await store.formerImport.insert(
      [
        {
          id: ids.draft as AccountId,
          line: 1,
          legacyId: 'u-1',
          nik: sensitive('9901010101909999' as Nik),
          email: sensitive('lama@contoh.test' as Email),
          phone: undefined,
          passwordHash: undefined,
          bcryptCost: undefined,
          locale: 'id',
          digest: Buffer.alloc(32),
        },
      ],
      at,
    );
    await store.secondFactors.insert({ accountId: ids.account, secret: sensitive('JBSWY3DPEHPK3PXP'), step: 1, at });
    await store.drafts.insert({
      journey: 'registration',
      uid: 'uid',
      id: ids.draft,
      state: { step: 'contact' },
      now: at,
      expiresAt: later,
    });
    await store.confirmations.insert({
      tokenHash: Buffer.alloc(32),
      accountId: ids.account,
      emailIndex: Buffer.alloc(32),
      at,
      expiresAt: later,
      replacing: sensitive('baru@contoh.test' as Email),
    });
    await store.messages.add({
      id: ids.message,
      channel: 'sms',
      purpose: 'code',
      locale: 'id',
      payload: sensitive({ to: '+62812', text: 'kode' }),
      createdAt: at,
      expiresAt: later,
    });
    await store.outbox.add({
      id: ids.outbox,
      channel: 'sms',
      to: '+62812',
      subject: undefined,
      text: 'kode',
      code: undefined,
      createdAt: at,
    });
    await createProtocolAdapter({ state: store.protocolState, sealer, keyedHash: core.keyedHash })('Session').upsert(
      'sesi',
      { jti: 'sesi', accountId: ids.account },
      3600,
    );
    await store.recoveryRequests.insert({
      id: ids.message,
      number: 'K7Q2-M9',
      accountId: ids.account,
      wanted: { phone: sensitive('+6281234567890' as Phone), passwordHash: sensitive('hash') },
      cancelHash: Buffer.from('cancel'),
      locale: 'id',
      clientId: undefined,
      filedAt: at,
      waitsUntil: at,
    });
    await store.sandboxKeys.insert(es256);
    await store.signingKeys.insert(es256, 'current', at);
    await knex('clients').insert({
      id: 'lama',
      type: 'web',
      metadata: {},
      secret_sealed: sealer.seal('client-secret', 'lama', 'rahasia'),
      created_at: at,
      updated_at: at,
    });
  }

  /** Everything that `fill` put there, read as the product reads it. */
  async function readAll(core: Core): Promise<void> {
    const { store, knex, sealer } = core;
    expect((await store.accounts.findById(ids.account))?.name.reveal()).to.equal('BUDI CONTOH');
    expect((await store.formerAccounts.findById(ids.draft))?.email?.reveal()).to.equal('lama@contoh.test');
    expect((await store.secondFactors.find(ids.account))?.secret.reveal()).to.equal('JBSWY3DPEHPK3PXP');
    expect((await store.drafts.find('registration', 'uid', at))?.state).to.deep.equal({ step: 'contact' });
    expect((await store.confirmations.waitingFor(ids.account, at))?.email.reveal()).to.equal('baru@contoh.test');
    expect((await store.recoveryRequests.findByNumber('K7Q2-M9'))?.wanted?.passwordHash.reveal()).to.equal('hash');
    expect((await store.outbox.newest())[0]?.text).to.equal('kode');
    expect(
      await createProtocolAdapter({ state: store.protocolState, sealer, keyedHash: core.keyedHash })('Session').find(
        'sesi',
      ),
    ).to.include({ accountId: ids.account });
    for (const [key] of [await store.sandboxKeys.list(), await store.signingKeys.list()])
      expect(key?.jwk).to.deep.equal(es256.jwk);
    const message = await knex<{ id: string; sealed: Buffer }>('messages').where('id', ids.message).first('sealed');
    expect(sealer.open('message', ids.message, message!.sealed).toString()).to.include('kode');
    const client = await knex<{ id: string; secret_sealed: Buffer }>('clients')
      .where('id', 'lama')
      .first('secret_sealed');
    expect(sealer.open('client-secret', 'lama', client!.secret_sealed).toString()).to.equal('rahasia');
  }

  it('is known column by column: a new column of bytes is sealed and listed, or said to be something else', async () => {
    const { rows } = await database.knex.raw<{ rows: { name: string }[] }>(
      "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and data_type = 'bytea' and not (select relispartition from pg_class where oid = to_regclass(table_name)) order by 1",
    );
    const sealed = sealedColumns.map(({ table, column }) => `${table}.${column}`);
    expect(rows.map(({ name }) => name)).to.have.members([...sealed, ...openedByRowKey, ...keyedHashes, ...public_]);
  });

  it('moves to new keys, all of it, so that the former ones can go', async () => {
    const old = first();
    await fill(coreWith(old));
    const both = replaced(old);
    const core = coreWith(both);
    await readAll(core);
    expect(await run(core)).to.deep.equal(Object.fromEntries(sealedColumns.map(({ table }) => [table, 1])));
    expect((await core.store.sealed.count()).map(({ keyId, rows }) => ({ keyId, rows }))).to.deep.equal(
      sealedColumns.map(() => ({ keyId: 'k2', rows: 1 })),
    );
    await readAll(coreWith(withoutFirst(both)));
    expect(await run(core)).to.deep.equal({});
  });

  it('is of no use to who has the new dump and the keyring that leaked before', async () => {
    const old = first();
    await fill(coreWith(old));
    const core = coreWith(replaced(old));
    await run(core);
    const thief = coreWith(old);
    const failures = [
      () => thief.store.accounts.findById(ids.account),
      () => thief.store.secondFactors.find(ids.account),
      () => thief.store.drafts.find('registration', 'uid', at),
      () => thief.store.signingKeys.list(),
      () => thief.store.outbox.newest(),
    ];
    for (const read of failures)
      expect(
        await read().then(
          () => 'read',
          (error: unknown) => (error as { code?: string }).code,
        ),
      ).to.equal('SEAL_BROKEN');
    expect(await everythingIn(database)).not.to.include('BUDI CONTOH');
  });

  it('is read and written by instances with the former and the new keyring beside each other', async () => {
    const old = first();
    const known = replaced(old, { used: false });
    const [knowing, using] = [coreWith(known), coreWith(useKey(useKey(known, 'personalData', 'k2'), 'sealing', 'k2'))];
    await fill(using);
    await readAll(knowing);
    await insertAccount(knowing, '00000000-0000-4000-8000-000000000009' as AccountId, 2);
    expect((await using.store.accounts.findById('00000000-0000-4000-8000-000000000009'))?.name.reveal()).to.equal(
      'BUDI CONTOH',
    );
  });

  it('is moved in pieces by many at once, each row once; interrupted, the rest waits for the next', async () => {
    const old = first();
    const before = coreWith(old);
    for (let number = 0; number < 30; number += 1)
      await insertAccount(before, before.random.uuid() as AccountId, number);
    const core = coreWith(replaced(old));
    const accounts = sealedColumns.find(({ table }) => table === 'accounts')!;
    const reseal = async (limit: number): Promise<number> => (await core.store.sealed.reseal(accounts, limit)).rows;
    expect(await reseal(10)).to.equal(10);
    expect(await core.store.sealed.personalDataWaiting()).to.equal(20);
    // Somebody is at one of them: nobody waits, and it is not lost.
    const moved = await core.knex.transaction(async (trx) => {
      await trx('accounts').whereRaw("sealed_by(row_key) = 'k1'").limit(1).forUpdate().select('id');
      const done = await Promise.all(Array.from({ length: 4 }, () => reseal(5)));
      const rest = await reseal(100);
      return done.reduce((sum, one) => sum + one, rest);
    });
    expect(moved).to.equal(19);
    const stopped = new AbortController();
    stopped.abort();
    expect(await reencrypt({ store: core.store, columns: sealedColumns }, { signal: stopped.signal })).to.deep.equal(
      {},
    );
    expect(await run(core)).to.deep.equal({ accounts: 1 });
  });

  it('changes nothing but its key: a request that writes meanwhile loses nothing', async () => {
    const old = first();
    await fill(coreWith(old));
    const { row_key: keyBefore, ...before } = (await database.knex('accounts').first()) as Record<string, unknown>;
    const core = coreWith(replaced(old));
    await run(core);
    const { row_key: keyAfter, ...after } = (await database.knex('accounts').first()) as Record<string, unknown>;
    expect(after).to.deep.equal(before);
    expect(keyAfter).not.to.deep.equal(keyBefore);
  });

  it('rests where nothing is left, and looks again later: an instance with the former keyring may have written', async () => {
    const old = first();
    const core = coreWith(replaced(old));
    const work = (): ReturnType<typeof turn> =>
      turn(core, { doAllAgree: () => core.store.instances.allUse(core.keyring.ids) });
    expect(await work()).to.deep.equal({});
    await insertAccount(coreWith(old), ids.account);
    expect(await work()).to.deep.equal({});
    await tenMinutesLater();
    expect(await work()).to.deep.equal({ accounts: 1 });
  });

  it('is moved by turns, in rounds with a pause between them, which end where a process with another keyring comes or this one ends', async () => {
    const old = first();
    const core = coreWith(replaced(old));
    let rounds = 0;
    const pauses: number[] = [];
    const reseal: typeof core.store.sealed.reseal = (column) =>
      Promise.resolve(column.table === 'messages' ? { rows: 250, next: 0 } : { rows: 0, next: undefined });
    const store = { ...core.store, sealed: { ...core.store.sealed, reseal } };
    const pause = (ms: number): Promise<void> => {
      pauses.push(ms);
      return Promise.resolve();
    };
    expect(
      await turn(core, { store, pause, doAllAgree: () => Promise.resolve((rounds += 1) <= 3) }),
      'eight batches in each of three rounds',
    ).to.deep.equal({ messages: 6000 });
    expect(pauses).to.have.length(3);
    const stopped = new AbortController();
    const stopping = (): Promise<void> => {
      stopped.abort();
      return Promise.resolve();
    };
    expect(
      await reencryptTurn(
        { store, columns: sealedColumns, doAllAgree: () => Promise.resolve(true), pause: stopping },
        stopped.signal,
      ),
    ).to.deep.equal({ messages: 2000 });
    expect(
      await reencryptTurn({ store, columns: sealedColumns, doAllAgree: () => Promise.resolve(true) }, stopped.signal),
    ).to.deep.equal({});
  });

  it('is moved by the job of the queue, where all running instances use the same keys', async () => {
    const old = first();
    await fill(coreWith(old));
    const core = coreWith(replaced(old));
    const jobs = createPeriodicJobs(core);
    const waits = (): Promise<number> => core.store.sealed.personalDataWaiting();
    await core.store.instances.beat(core.random.uuid(), coreWith(old).keyring.ids, new Date());
    expect([await jobs.runNow('re-encryption'), await waits()]).to.deep.equal([true, 3]);
    await database.knex('instances').delete();
    expect([await jobs.runNow('re-encryption'), await waits()]).to.deep.equal([true, 0]);
    const standing = (await jobs.standings()).find(({ label }) => label === 're-encryption');
    expect(standing?.lastDoneAt).to.be.instanceOf(Date);
  });

  it('moves whatever it can where one table fails, which is tried again after a rest', async () => {
    const old = first();
    await fill(coreWith(old));
    const core = coreWith(replaced(old));
    // As a statement on a large table ends that finds no row before its limit.
    const isTooLong = new Error('canceling statement due to statement timeout');
    let tries = 0;
    const sealed: typeof core.store.sealed = {
      ...core.store.sealed,
      reseal(column, ...rest) {
        if (column.table !== 'messages') return core.store.sealed.reseal(column, ...rest);
        tries += 1;
        return Promise.reject(isTooLong);
      },
    };
    const work = (): ReturnType<typeof turn> => turn(core, { store: { sealed, indexKeys: core.store.indexKeys } });
    expect(await work().catch((error: unknown) => error)).to.equal(isTooLong);
    const left = (await core.store.sealed.count()).filter(({ keyId }) => keyId === 'k1').map(({ table }) => table);
    expect(left).to.deep.equal(['messages']);
    expect(await work()).to.deep.equal({});
    expect(tries).to.equal(1);
    await tenMinutesLater();
    expect(await work().catch((error: unknown) => error)).to.equal(isTooLong);
    expect(tries).to.equal(2);
  });

  it('moves though a row does not open, in whatever table, and says which that is', async () => {
    const old = first();
    const before = coreWith(old);
    await fill(before);
    for (let number = 2; number < 40; number += 1)
      await insertAccount(before, before.random.uuid() as AccountId, number);
    for (const id of ['uid-2', 'uid-3'])
      await before.store.drafts.insert({
        journey: 'registration',
        uid: id,
        id: before.random.uuid(),
        state: {},
        now: at,
        expiresAt: later,
      });
    // A byte of the first account and of the first draft, as a disk or somebody at the database alters it.
    for (const [table, column, id] of [
      ['accounts', 'row_key', ids.account],
      ['drafts', 'sealed', ids.draft],
    ] as const)
      await database
        .knex(table)
        .where({ id })
        .update({
          [column]: database.knex.raw('set_byte(??, length(??) - 1, 255 - get_byte(??, length(??) - 1))', [
            column,
            column,
            column,
            column,
          ]),
        });
    const left = async (): Promise<Readonly<Record<string, number>>> => {
      const counts = (await before.store.sealed.count()).filter(({ keyId }) => keyId === 'k1');
      return Object.fromEntries(counts.map(({ table, rows }) => [table, rows]));
    };
    const why = (error: unknown): unknown => (error as Error).message;
    const core = coreWith(replaced(old));
    expect(await turn(core).catch(why), 'the job').to.equal(`drafts ${ids.draft} does not open`);
    expect(await left()).to.deep.equal({ accounts: 1, drafts: 1 });
    expect(await turn(core), 'both rest').to.deep.equal({});

    await insertAccount(before, before.random.uuid() as AccountId, 50);
    await database.knex('drafts').where({ id: ids.draft }).delete();
    expect(await run(core).catch(why), 'the command').to.equal(`accounts ${ids.account} does not open`);
    expect(await left()).to.deep.equal({ accounts: 1 });
  });

  it('is found at the end of a large table too, some of it at each turn, on whichever instance', async () => {
    const old = first();
    const both = replaced(old);
    const core = coreWith(both);
    // Forty megabytes, all of it under the current key but the last row.
    await core.knex.raw(
      "insert into drafts (uid_hash, journey, id, sealed, created_at, updated_at, expires_at) select sha256(n::text::bytea), 'registration', gen_random_uuid(), '\\x01026b32'::bytea || decode(repeat('00', 1500), 'hex'), now(), now(), now() from generate_series(1, 15000) n",
    );
    await coreWith(old).store.drafts.insert({
      journey: 'registration',
      uid: 'uid',
      id: ids.draft,
      state: { step: 'contact' },
      now: at,
      expiresAt: later,
    });
    const turns = [];
    for (const instance of [core, coreWith(both), core, core]) turns.push(await turn(instance, { turnMs: 0 }));
    expect(turns).to.deep.equal([{}, {}, { drafts: 1 }, {}]);
    expect((await core.store.drafts.find('registration', 'uid', at))?.state).to.deep.equal({ step: 'contact' });
  });

  it('is never under a key that nobody has: a row that names another is an error, not a loss', async () => {
    await fill(coreWith(first()));
    const stranger = coreWith(replaced(first()));
    expect(
      await run(stranger).then(
        () => 'done',
        (error: unknown) => (error as { code?: string }).code,
      ),
    ).to.equal('SEAL_BROKEN');
    expect(await database.knex('accounts').whereRaw("sealed_by(row_key) = 'k1'")).to.have.length(1);
  });

  it('is counted as far as that is quick; of more rows it is said about how many PostgreSQL takes there to be', async () => {
    const old = first();
    await fill(coreWith(old));
    await database.knex
      .raw(`insert into former_accounts (id, legacy_id, row_key, nik_sealed, nik_index, index_key, bcrypt_cost, password_hash, locale, line_digest, line, imported_at)
                             select gen_random_uuid(), 'lama-' || n, '\\x01026b31', '\\x01', sha256(n::text::bytea), 'k1', 10, 'x', 'id', '\\x01', n, now() from generate_series(1, 30000) n`);
    await database.knex.raw('analyze former_accounts');
    const core = coreWith(replaced(old));
    const counts = await core.store.sealed.count();
    expect(counts.find(({ table }) => table === 'accounts')).to.deep.include({ keyId: 'k1', rows: 1, about: false });
    const former = counts.find(({ table }) => table === 'former_accounts')!;
    expect(former.about).to.equal(true);
    expect(former.rows).to.be.within(27_000, 33_000);
    expect(await core.store.sealed.personalDataWaiting()).to.be.within(27_000, 33_000);
    expect(await core.store.sealed.countUnder('personalData', 'k1', 1000)).to.equal(1000);
    expect(await core.store.sealed.countUnder('personalData', 'k2', 1000)).to.equal(0);
    expect((await core.store.indexKeys.count()).find(({ keyId }) => keyId === 'k1')?.rows).to.be.within(27_000, 33_000);
    expect(await core.store.indexKeys.countUnder('k2', 1000)).to.equal(0);
  });

  it('of which much lies in a table without an index is read in part, and said to be about so many', async () => {
    const old = first();
    await fill(coreWith(old));
    const key = (id: string): string => `'\\x0102' || encode('${id}', 'hex') || repeat('00', 300)`;
    // A third of them, here and there, under the former key; some three thousand blocks in all.
    await database.knex.raw(`insert into drafts (uid_hash, journey, id, sealed, created_at, updated_at, expires_at)
                             select sha256(n::text::bytea), 'recovery', gen_random_uuid(), (case when n % 3 = 0 then ${key('k1')} else ${key('k2')} end)::bytea, now(), now(), now() from generate_series(1, 60000) n`);
    const core = coreWith(replaced(old));
    const drafts = async (mostBlocks?: number) =>
      (await core.store.sealed.count(mostBlocks)).filter(({ table }) => table === 'drafts');
    expect((await drafts()).map(({ keyId, rows, about }) => ({ keyId, rows, about }))).to.deep.equal([
      { keyId: 'k1', rows: 20_001, about: false },
      { keyId: 'k2', rows: 40_000, about: false },
    ]);
    const [former, current] = await drafts(600);
    expect([former?.about, current?.about]).to.deep.equal([true, true]);
    expect(former?.rows, 'k1').to.be.within(15_000, 25_000);
    expect(current?.rows, 'k2').to.be.within(32_000, 48_000);
    await database.knex('drafts').whereRaw("sealed_by(sealed) = 'k1'").delete();
    expect(
      (await drafts(600)).find(({ keyId }) => keyId === 'k1'),
      'what is not seen may be there',
    ).to.deep.include({ rows: 0, about: true });
    expect(
      await core.store.sealed.countUnder('sealing', 'k1', 1000),
      'asked about one key, everything is looked at',
    ).to.be.at.most(10);
  });

  it('names its key, whatever stands there', async () => {
    const ask = async (value: Buffer): Promise<unknown> =>
      (await database.knex.raw<{ rows: { key: unknown }[] }>('select sealed_by(?) as key', [value])).rows[0]?.key;
    expect(await ask(Buffer.concat([Buffer.from([1, 2]), Buffer.from('k1'), randomBytes(40)]))).to.equal('k1');
    for (const value of [Buffer.alloc(0), Buffer.alloc(1), Buffer.from([1, 200, 1, 2, 3])])
      expect(await ask(value)).to.equal(null);
  });

  (hasRedis() ? it : it.skip)(
    'leaves alone in Redis what is under a key of another keyring, or is none of ours, and moves the rest',
    async () => {
      const redis = await startRedis();
      redisUrl = redis.url;
      try {
        const adapterOf = ({ store, sealer, keyedHash }: Core) =>
          createProtocolAdapter({ state: store.protocolState, sealer, keyedHash });
        const old = first();
        for (const id of ['a', 'b', 'c']) await adapterOf(coreWith(old))('Interaction').upsert(id, { jti: id }, 60);
        // An older snapshot of Redis, say, whose keys were taken out of the keyring since.
        await adapterOf(coreWith(withoutFirst(replaced(replaced(first())))))('Interaction').upsert(
          'd',
          { jti: 'd' },
          60,
        );
        const foreign = [
          Buffer.alloc(0),
          Buffer.from('ab'),
          Buffer.from([0, 0, 0, 0, 9]),
          Buffer.alloc(7),
          Buffer.concat([Buffer.alloc(7), Buffer.from([1])]),
          Buffer.concat([Buffer.alloc(7), Buffer.from([1, 200, 0x6b])]),
          Buffer.from('a value of somebody else'),
        ];
        for (const [index, value] of foreign.entries())
          await redis.admin.set(`sso:p:Interaction:${index}`, value, 'PX', 60_000);
        const core = coreWith(replaced(old));
        expect(await core.redisSealed?.count()).to.deep.equal({
          rows: new Map([
            ['k1', 3],
            ['k3', 1],
          ]),
          about: false,
        });
        expect(await core.redisSealed?.countUnder('k1', 1000)).to.equal(3);
        expect(await core.redisSealed?.countUnder('k1', 2)).to.equal(2);
        expect(await core.redisSealed?.countUnder('k2', 1000)).to.equal(0);
        expect(await run(core)).to.deep.equal({ redis: 3 });
        expect(await core.redisSealed?.count()).to.deep.equal({
          rows: new Map([
            ['k2', 3],
            ['k3', 1],
          ]),
          about: false,
        });
        for (const [index, value] of foreign.entries())
          expect(await redis.admin.getBuffer(`sso:p:Interaction:${index}`)).to.deep.equal(value);
      } finally {
        redisUrl = undefined;
        for (const core of opened.splice(0)) await core.close();
        await redis.close();
      }
    },
  );

  (hasRedis() ? it : it.skip)(
    'is looked for in Redis a little at each turn, and there only while a key of it is being replaced',
    async () => {
      const redis = await startRedis();
      redisUrl = redis.url;
      try {
        const old = first();
        const upsert = ({ store, sealer, keyedHash }: Core, id: string): Promise<unknown> =>
          Promise.resolve(
            createProtocolAdapter({ state: store.protocolState, sealer, keyedHash })('Interaction').upsert(
              id,
              { jti: id },
              600,
            ),
          );
        const both = replaced(old);
        const core = coreWith(both);
        for (let from = 0; from < 6000; from += 1000)
          await Promise.all(Array.from({ length: 1000 }, (_, at) => upsert(core, `new-${from + at}`)));
        await upsert(coreWith(old), 'old');
        let asked = 0;
        const watched = (of: Core): Promise<Readonly<Record<string, number>>> => {
          const call = of.redis!.call.bind(of.redis!);
          of.redis!.call = (...args) => {
            asked += 1;
            return call(...args);
          };
          return turn(of, { turnMs: 0 });
        };
        const turns = [await watched(core)];
        expect(asked).to.be.within(1000, 4500);
        // On another instance, from there.
        turns.push(await watched(coreWith(both)));
        expect(turns.reduce((sum, { redis: moved = 0 }) => sum + moved, 0)).to.equal(1);
        expect(asked).to.be.within(6001, 6100);

        const { document, id } = addKey(old, 'personalData', systemRandom);
        await watched(coreWith(useKey(document, 'personalData', id)));
        expect(asked, 'nothing of Redis lies under that').to.be.below(6100);
      } finally {
        redisUrl = undefined;
        for (const core of opened.splice(0)) await core.close();
        await redis.close();
      }
    },
  );

  (hasRedis() ? it : it.skip)('moves in Redis too, and keeps its end and its use', async () => {
    const redis = await startRedis();
    redisUrl = redis.url;
    try {
      const old = first();
      const before = coreWith(old);
      const adapterOf = ({ store, sealer, keyedHash }: Core) =>
        createProtocolAdapter({ state: store.protocolState, sealer, keyedHash });
      for (const id of ['a', 'b', 'c'])
        await adapterOf(before)('AuthorizationCode').upsert(
          id,
          { jti: id, grantId: `grant-${id}`, uid: `uid-${id}` },
          60,
        );
      await adapterOf(before)('AuthorizationCode').consume('b');
      const both = replaced(old);
      const core = coreWith(both);
      const { rows, about } = (await core.redisSealed?.count(0)) ?? { rows: new Map<string, number>(), about: false };
      expect(about, 'none was looked at').to.equal(true);
      expect([...rows]).to.have.deep.members([
        ['k1', 0],
        ['k2', 0],
      ]);
      expect(await core.redisSealed?.count()).to.deep.equal({ rows: new Map([['k1', 3]]), about: false });
      expect(await run(core)).to.deep.equal({ redis: 3 });
      expect(await core.redisSealed?.count()).to.deep.equal({ rows: new Map([['k2', 3]]), about: false });
      const after = adapterOf(coreWith(withoutFirst(both)));
      expect(await after('AuthorizationCode').find('a')).to.include({ jti: 'a' });
      expect(await after('AuthorizationCode').findByUid('uid-c')).to.include({ jti: 'c' });
      expect(await after('AuthorizationCode').find('b')).to.have.property('consumed');
      for (const key of await redis.admin.keysBuffer('sso:p:*'))
        expect(await redis.admin.pttl(key)).to.be.within(1, 60_000);
    } finally {
      redisUrl = undefined;
      for (const core of opened.splice(0)) await core.close();
      await redis.close();
    }
  });
});
