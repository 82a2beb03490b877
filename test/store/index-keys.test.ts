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
import type { AccountId } from '../../src/domain/account.ts';
import type { Email } from '../../src/domain/email.ts';
import type { PersonName } from '../../src/domain/name.ts';
import type { Nik } from '../../src/domain/nik.ts';
import type { Phone } from '../../src/domain/phone.ts';
import { sensitive } from '../../src/domain/sensitive.ts';
import { reencrypt } from '../../src/jobs/reencrypt.ts';
import { systemRandom } from '../../src/ports/random/random.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { newDocument } from '../crypto/keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/**
 * The four keyrings of a replacement. Those that run beside each other during a rolling restart are neighbours:
 * one | known | used | done.
 */
describe('The key of the blind indexes, while it is replaced', () => {
  let database: TestDatabase;
  let one: Core;
  let known: Core;
  let used: Core;
  let done: Core;
  let serial = 0;
  const at = new Date();

  const coreWith = (document: KeyringDocument): Core =>
    createCore({
      config: loadConfig({ NODE_ENV: 'test', KEYRING: writeKeyring(document) }),
      databaseUrl: database.url,
      log: createLog({ level: 'silent' }),
    });
  beforeEach(async () => {
    database = await createTestDatabase();
    const first = parseKeyring(JSON.stringify(newDocument()));
    const { document: second, id } = addKey(first, 'blindIndex', systemRandom);
    const third = useKey(second, 'blindIndex', id);
    [one, known, used, done] = [
      coreWith(first),
      coreWith(second),
      coreWith(third),
      coreWith(removeKey(third, 'blindIndex', 'k1')),
    ];
  });
  afterEach(async () => {
    for (const core of [one, known, used, done]) await core.close();
    await database.drop();
  });

  const nikOf = (number: number): Nik => `990101010190${String(number).padStart(4, '0')}` as Nik;
  const emailOf = (number: number): Email => `orang${number}@contoh.test` as Email;
  const phoneOf = (number: number): Phone => `+62812345${String(number).padStart(5, '0')}` as Phone;
  const claim = (core: Core, number: number, verified = true): Promise<boolean> =>
    core.store.accounts.insert({
      id: core.random.uuid() as AccountId,
      nik: sensitive(nikOf(number)),
      name: sensitive('BUDI CONTOH' as PersonName),
      email: sensitive(emailOf(number)),
      emailVerified: verified,
      phone: sensitive(phoneOf(number)),
      phoneVerified: verified,
      passwordHash: '-',
      locale: 'id',
      at,
    });
  const move = (core: Core): ReturnType<typeof reencrypt> => reencrypt({ store: core.store, columns: [] });
  const findsAll = async (core: Core, number: number): Promise<void> => {
    const { accounts } = core.store;
    const found = await Promise.all([
      accounts.findByNik(sensitive(nikOf(number))),
      ...(
        [
          ['nik', nikOf(number)],
          ['email', emailOf(number)],
          ['phone', phoneOf(number)],
        ] as const
      ).map(([kind, value]) => accounts.findByIdentifier(sensitive({ kind, value } as never))),
    ]);
    for (const account of found) expect(account?.nik.reveal(), `account ${number}`).to.equal(nikOf(number));
  };

  it('a NIK is claimed once, whichever two neighbours claim it, in either order and at the same moment', async () => {
    for (const [a, b] of [
      [one, known],
      [known, used],
      [used, used],
      [known, known],
      [used, done],
    ] as const) {
      for (const [first, second] of [
        [a, b],
        [b, a],
      ] as const) {
        expect(await claim(first, (serial += 1))).to.equal(true);
        expect(await claim(second, serial)).to.equal(false);
      }
      for (let round = 0; round < 4; round += 1) {
        serial += 1;
        // Unproved contacts, so that it is the NIK alone that decides.
        const claims = await Promise.all([a, b, a, b].map((core) => claim(core, serial, false)));
        expect(claims.filter(Boolean), `round ${round}`).to.have.length(1);
      }
    }
    const { rows } = await database.knex.raw<{ rows: { niks: number }[] }>(
      'select count(*)::int as niks from accounts',
    );
    expect(rows[0]?.niks).to.equal(serial);
  });

  it('everybody finds everybody: under the former key, under the new one, before the move, in the middle of it and after', async () => {
    for (const core of [one, known]) await claim(core, (serial += 1));
    await claim(used, (serial += 1));
    const numbers = [serial - 2, serial - 1, serial];
    for (const core of [known, used]) for (const number of numbers) await findsAll(core, number);
    await used.store.indexKeys.move(1);
    for (const core of [known, used]) for (const number of numbers) await findsAll(core, number);
    expect(await move(used)).to.deep.equal({ indexes: 1 });
    for (const core of [known, used, done]) for (const number of numbers) await findsAll(core, number);
    expect(await done.store.indexKeys.count()).to.deep.equal([{ keyId: 'k2', rows: 3, about: false }]);
  });

  it('everybody else moves where a row does not open', async () => {
    for (let count = 0; count < 4; count += 1) await claim(known, (serial += 1));
    const broken = (await database.knex<{ id: string }>('accounts').orderByRaw('ctid').first('id'))!.id;
    await database
      .knex('accounts')
      .where({ id: broken })
      .update({ nik_sealed: Buffer.alloc(60, 1) });
    expect(
      await move(used).then(
        () => 'done',
        (error: unknown) => (error as Error).message,
      ),
    ).to.equal(`accounts ${broken} does not open`);
    expect(await used.store.indexKeys.count()).to.deep.equal([
      { keyId: 'k1', rows: 1, about: false },
      { keyId: 'k2', rows: 3, about: false },
    ]);
  });

  it('records of a former system are found all the same, and move with the accounts', async () => {
    const nik = sensitive(nikOf((serial += 1)));
    const record = {
      id: known.random.uuid() as AccountId,
      line: 1,
      legacyId: 'u-1',
      nik,
      email: sensitive(emailOf(serial)),
      phone: undefined,
      passwordHash: undefined,
      bcryptCost: undefined,
      locale: 'id' as const,
      digest: Buffer.alloc(32),
    };
    await known.store.formerImport.insert([record], at);
    const seen = async (core: Core): Promise<void> => {
      expect(await core.store.formerAccounts.claimsOf(nik, undefined)).to.deep.equal([
        { id: record.id, isOfNik: true },
      ]);
      expect(
        (await core.store.formerAccounts.findByIdentifier(sensitive({ kind: 'email', value: emailOf(serial) })))?.id,
      ).to.equal(record.id);
      expect(await core.store.formerImport.sharedBy([{ ...record, legacyId: 'u-2' }])).to.have.length(2);
    };
    await seen(used);
    expect(await move(used)).to.deep.equal({ indexes: 1 });
    for (const core of [known, used, done]) await seen(core);
    await used.store.formerImport.insert([{ ...record, id: known.random.uuid() as AccountId, legacyId: 'u-3' }], at);
    expect((await used.store.formerImport.sharedBy([record])).every(({ other }) => other.legacyId === 'u-3')).to.equal(
      true,
    );
  });

  it('a claim and the move of the same row meet without a second account', async () => {
    for (let round = 0; round < 5; round += 1) {
      await claim(known, (serial += 1));
      const [, byKnown, byUsed] = await Promise.all([
        used.store.indexKeys.move(10),
        claim(known, serial),
        claim(used, serial),
      ]);
      expect([byKnown, byUsed]).to.deep.equal([false, false]);
    }
  });

  it('a proved number or address moves to whoever proves it next, though the two stand under different keys', async () => {
    await claim(known, (serial += 1));
    const former = await used.store.accounts.findByNik(sensitive(nikOf(serial)));
    await used.store.transaction(async (tx) => {
      expect((await tx.accounts.releasePhone(sensitive(phoneOf(serial)), undefined, at))?.id).to.equal(former?.id);
      expect((await tx.accounts.releaseEmail(sensitive(emailOf(serial)), undefined, at))?.id).to.equal(former?.id);
    });
    expect((await known.store.accounts.findById(former!.id))?.phoneVerifiedAt).to.equal(undefined);
    expect(await used.store.accounts.confirmEmail(former!.id, sensitive(emailOf(serial)), at)).to.equal(true);
    expect(
      used.store.accounts.isIndexOf(
        sensitive(emailOf(serial)),
        known.store.accounts.emailIndex(sensitive(emailOf(serial))),
      ),
    ).to.equal(true);
  });

  it('a contact that is replaced is found under both keys, and an instance that slept through the replacement replaces none', async () => {
    await claim(known, (serial += 1));
    const account = await known.store.accounts.findByNik(sensitive(nikOf(serial)));
    const [phone, email] = [sensitive(phoneOf(serial + 1000)), sensitive(emailOf(serial + 1000))];
    await used.store.transaction((tx) => tx.accounts.replaceContact(account!.id, { phone }, at));
    await known.store.transaction((tx) => tx.accounts.replaceContact(account!.id, { email }, at));
    for (const core of [known, used]) {
      for (const [kind, value] of [
        ['nik', nikOf(serial)],
        ['phone', phone.reveal()],
        ['email', email.reveal()],
      ] as const) {
        expect((await core.store.accounts.findByIdentifier(sensitive({ kind, value } as never)))?.id, kind).to.equal(
          account!.id,
        );
      }
    }
    await move(used);
    expect(
      (
        await done.store.accounts.findByIdentifier(sensitive({ kind: 'phone', value: phone.reveal() } as never))
      )?.email?.reveal(),
    ).to.equal(email.reveal());
    await used.store.indexKeys.closeOlder();
    const late = await known.store.accounts
      .replaceContact(account!.id, { phone: sensitive(phoneOf(serial)) }, at)
      .catch((error: unknown) => error);
    expect((late as Error).message).to.include('needs the present keyring');
    expect((await used.store.accounts.findById(account!.id))?.phone?.reveal()).to.equal(phone.reveal());
  });

  it('a number leaves its holder beside the claim of the one who proves it, of several at the same moment too', async () => {
    await claim(known, (serial += 1));
    const phone = phoneOf(serial);
    const move = (core: Core): Promise<boolean> => {
      const number = (serial += 1);
      return core.store.transaction(async (tx) => {
        const keeper = core.random.uuid() as AccountId;
        const released = tx.accounts.releasePhone(sensitive(phone), keeper, at, sensitive(nikOf(number)));
        const inserted = tx.accounts.insert({
          id: keeper,
          nik: sensitive(nikOf(number)),
          name: sensitive('BUDI CONTOH' as PersonName),
          email: undefined,
          emailVerified: false,
          phone: sensitive(phone),
          phoneVerified: true,
          passwordHash: '-',
          locale: 'id',
          at,
        });
        const [former, claimed] = await Promise.all([released, inserted]);
        return claimed && former !== undefined;
      });
    };
    expect(await Promise.all([known, used, known, used].map(move))).to.deep.equal([true, true, true, true]);
    expect(await database.knex('accounts').whereNotNull('phone_verified_at')).to.have.length(1);
  });

  it('an instance that slept through it all is refused: it would not see who holds a NIK under the new key', async () => {
    await claim(one, (serial += 1));
    await move(used);
    const refused = await claim(one, serial).then(
      () => 'claimed',
      (error: unknown) => (error as Error).message,
    );
    expect(refused).to.include('the blind index key k1 is replaced');
    expect(await database.knex('accounts')).to.have.length(1);
    // Back to the former key, on purpose: it is opened again, and everything moves back.
    expect(await move(known)).to.deep.equal({ indexes: 1 });
    expect(await claim(one, (serial += 1))).to.equal(true);
    await findsAll(one, serial - 1);
  });

  it('is moved by a job only where all running instances use the new one', async () => {
    await one.store.instances.beat(one.random.uuid(), known.keyring.ids, new Date());
    const second = one.random.uuid();
    await one.store.instances.beat(second, used.keyring.ids, new Date());
    expect(await used.store.instances.allUse(used.keyring.ids)).to.equal(false);
    await database.knex('instances').update({ keys: JSON.stringify(used.keyring.ids) });
    expect(await used.store.instances.allUse(used.keyring.ids)).to.equal(true);
  });

  it('waits for none that was heard of in a year, by a clock of the database that was ahead', async () => {
    const { store, random, keyring } = used;
    const [alive, killed] = [random.uuid(), random.uuid()];
    await store.instances.beat(killed, known.keyring.ids, new Date());
    await database.knex.raw(`update instances set seen_at = now() + interval '1 year'`);
    await database.knex.raw(`update key_uses set last_used_at = now() + interval '1 year'`);
    await store.instances.beat(alive, keyring.ids, new Date());
    expect(await store.instances.allUse(keyring.ids), 'it may be at work: it was heard of just now').to.equal(false);
    const others = await store.instances.clocksBut(alive);
    expect(others, 'that is no news of its clock').to.deep.equal([]);
    await database.knex.raw(`update instances set seen_at = seen_at - interval '61 seconds' where id = ?`, [killed]);
    expect(await store.instances.allUse(keyring.ids), 'a minute later').to.equal(true);
    const { rows } = await database.knex.raw<{ rows: unknown[] }>('select 1 from key_uses where last_used_at > now()');
    expect(rows, 'nor would a key count as used until then').to.deep.equal([]);
  });
});
